"""What waits on Celery's queue in Redis, and what the worker's log says of it."""

import json
import re
from dataclasses import dataclass
from typing import Final, cast

from redis import Redis

QUEUE: Final = "celery"
NAMES: Final = """
import json
from booking_portal.celery import app
app.loader.import_default_modules()
print(json.dumps(sorted(name for name in app.tasks if not name.startswith("celery."))))
"""
"""The version's tasks."""
PUT_ON_QUEUE: Final = """
import json
from booking_portal.celery import app
app.loader.import_default_modules()
names = sorted(name for name in app.tasks if not name.startswith("celery."))
print(json.dumps([app.tasks[name].apply_async().id for name in names]))
"""
"""Each of the version's tasks once, without an end to its time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task on the queue; `lasts` where it does not expire."""

    id: str
    name: str
    lasts: bool


def waiting(redis_url: str) -> list[Waiting]:
    """What is on the queue now."""
    with Redis.from_url(redis_url) as redis:
        raw = cast("list[bytes]", redis.lrange(QUEUE, 0, -1))
    headers = [json.loads(message)["headers"] for message in raw]
    return [Waiting(one["id"], one["task"], one["expires"] is None) for one in headers]


def executed(log: str) -> set[str]:
    """The ids of the tasks that the worker has brought to an end."""
    return set(re.findall(r"Task \S+\[([0-9a-f-]{36})\] succeeded", log))


def failed(log: str) -> list[str]:
    """The tasks that ended in an error."""
    return re.findall(r"Task (\S+\[[0-9a-f-]{36}\]) raised", log)


def unknown(log: str) -> list[str]:
    """The tasks that the worker does not know, and has thrown away."""
    return re.findall(r"Received unregistered task of type (\S+)", log)

"""Several people at once: each in a thread with database connections of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run them in threads of their own; what each returned or raised."""
    told: list[Any] = [None] * len(actions)

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            told[number] = action()
        except Exception as problem:  # noqa: BLE001 - compared by the test
            told[number] = problem
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(number, action)) for number, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return told

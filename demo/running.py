"""The environment of this clone's running demo, kept in a file so that manage.py can join it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.places import environment_name, state_directory

FILE = "environment.json"
NAMES = (
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "TRUSTED_PROXIES",
    "PRIVATE_NETWORK_HOSTS",
    "PLAIN_HTTP_TO_PRACTICES",
    "NHS_API_CA_BUNDLE",
    "READ_DEADLINE_SECONDS",
    "WRITE_DEADLINE_SECONDS",
)
PREFIXES = ("GPCONNECT_", "PDS_")


@contextmanager
def remembered(environment: Mapping[str, str], state: Path) -> Iterator[None]:
    """Keep what the settings read, for the owner's eyes only, while the demo runs."""
    file = state / FILE
    kept = {
        name: value
        for name, value in environment.items()
        if name in NAMES or name.startswith(PREFIXES)
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept, indent=2))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def join() -> None:
    """Take over what is not set yet. Without a running demo, only its settings are chosen."""
    file = state_directory() / FILE
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    for name, value in kept.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"booking_portal.settings.{environment_name()}")

"""The one place that reads the process environment."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The value of an environment variable.

    Raises: ImproperlyConfigured when it is unset and has no default.
    """
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def secret(name: str, default: str | None = None) -> str:
    """A value that nobody may read: of the variable, or of the file that `name`_FILE names.

    A file is how Docker and Kubernetes hand secrets in; its last line's end is no part of it.

    Raises: ImproperlyConfigured, without the value, where both are given, where the file cannot be
    read or is empty, or where neither is given and there is no default.
    """
    file = os.environ.get(f"{name}_FILE", "")
    if not file:
        if not os.environ.get(name) and default is None:
            raise ImproperlyConfigured(
                f"Set the environment variable {name}. Or {name}_FILE, to a file that holds it."
            )
        return text(name, default)
    if os.environ.get(name):
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: unset one of them.")
    try:
        value = Path(file).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ImproperlyConfigured(
            f"{name}_FILE names {file}, which cannot be read: {why}."
        ) from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE names {file}, which is empty.")
    return value


def secrets(name: str) -> list[str]:
    """Several secrets, one a line of the variable or its file; none where neither is given."""
    return [line.strip() for line in secret(name, "").splitlines() if line.strip()]


def names(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def path(name: str) -> Path | None:
    """A file's path, or None where the variable is unset or empty."""
    value = text(name, "")
    return Path(value) if value else None


def number(name: str, default: int) -> int:
    """A whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from None


def database(name: str) -> dict[str, object]:
    """Django's settings for a `postgres://user:password@host:port/name` URL.

    Raises: ImproperlyConfigured for any other engine: PostgreSQL is the only one, everywhere.
    """
    url = urlsplit(secret(name))
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.removeprefix("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3},
    }

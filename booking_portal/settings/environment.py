"""The one place that reads the process environment."""

import os
import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from booking_portal.settings import server_addresses


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


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of addresses and networks, such as `10.2.0.7, 172.20.0.0/24`.

    Raises: ImproperlyConfigured for any other word, and for a network of the whole world.
    """
    try:
        found = [ip_network(word) for word in names(name)]
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} has addresses (10.2.0.7) and networks (172.20.0.0/24), divided by commas."
        ) from None
    if any(network.prefixlen == 0 for network in found):
        raise ImproperlyConfigured(f"{name} must not have the whole world in it.")
    return found


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


def choice(name: str, default: str, *others: str) -> str:
    """One of some words.

    Raises: ImproperlyConfigured for any other.
    """
    value = text(name, default)
    if value not in {default, *others}:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join((default, *others))}.")
    return value


def version(project: Path) -> str:
    """The product's version, from the one place that has it: `pyproject.toml`.

    It is read from the file, as nothing is installed as a package in an image.
    Raises: ImproperlyConfigured when there is no such file, or no version in it.
    """
    try:
        return str(tomllib.loads(project.read_text())["project"]["version"])
    except (OSError, ValueError, KeyError):
        raise ImproperlyConfigured(f"{project} must name the product's version.") from None


def database(name: str) -> dict[str, object]:
    """Django's settings for a `postgres://user:password@host:port/name?option=value` URL.

    The password may stand in a variable of its own instead, as it is: DATABASE_PASSWORD for
    DATABASE_URL.

    Raises: ImproperlyConfigured for any other engine: PostgreSQL is the only one, everywhere.
    """
    pooling = choice("DATABASE_POOLING", "none", "transaction")
    return server_addresses.postgres(name, secret(name), _password(name)) | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Between two transactions such a pooler gives the connection to somebody else.
        "DISABLE_SERVER_SIDE_CURSORS": pooling == "transaction",
    }


def redis(name: str) -> str:
    """The address of Redis, in the form that all of its clients understand.

    Its password may stand in a variable of its own too: REDIS_PASSWORD for REDIS_URL.
    """
    return server_addresses.redis(name, secret(name), _password(name))


def _password(name: str) -> str | None:
    return secret(f"{name.removesuffix('_URL')}_PASSWORD", "") or None

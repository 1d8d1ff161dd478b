"""What production refuses to start with. [SSP-3]

Registered always, and active only where ENVIRONMENT_NAME is `production`, so that neither a
forgotten `--deploy` nor a demo's value can slip through.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 50
SHORTEST_REQUEST_LIFETIME = 360
NOT_SECRET = ("demo", "test", "insecure", "secret", "change", "example")
TEST_API_KEYS = frozenset({"sandbox-sds-key"})


def production_values(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every setting that must not reach production, one error each."""
    if settings.ENVIRONMENT_NAME != "production":
        return []
    found = [*_addresses(), *_proxies(), *_files(), *_secrets(), *_demo(), *_times()]
    return [Error(text, hint=hint, id=f"booking_portal.{number}") for number, text, hint in found]


def refuse_test_values() -> None:
    """For servers, which run no checks when they start.

    Raises: ImproperlyConfigured naming every setting that must not reach production.
    """
    found = production_values()
    if found:
        raise ImproperlyConfigured(" ".join(error.msg for error in found))


Finding = tuple[str, str, str]
"""The error's number, what is wrong, what to do."""


def _addresses() -> Iterator[Finding]:
    if not settings.GPCONNECT_SSP_URL:
        yield ("E001", "GPCONNECT_SSP_URL is empty.", "Everything goes through the Spine's proxy.")
    elif not _is_https(settings.GPCONNECT_SSP_URL):
        yield ("E002", "GPCONNECT_SSP_URL is not https.", "Use the Spine's https address.")
    for name in ("GPCONNECT_DIRECTORY_URL", "PDS_URL", "PDS_TOKEN_URL", "GPCONNECT_ISSUER"):
        value = getattr(settings, name)
        if urlsplit(value).scheme == "file":
            yield ("E003", f"{name} is a file.", "Files are for tests: give the service's address.")
        elif not _is_https(value) and not (
            name == "GPCONNECT_DIRECTORY_URL" and urlsplit(value).scheme == "ldaps"
        ):
            yield ("E004", f"{name} is not encrypted.", "Use an https address.")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield ("E005", "ALLOWED_HOSTS is empty or open.", "Name the portal's own host names.")


def _proxies() -> Iterator[Finding]:
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXIES:
        yield (
            "E020",
            "TRUSTED_PROXIES is empty.",
            "Name the addresses of the proxy that ends TLS; nobody else is believed.",
        )


def _files() -> Iterator[Finding]:
    for name in (
        "GPCONNECT_CLIENT_CERT",
        "GPCONNECT_CLIENT_KEY",
        "GPCONNECT_CA_BUNDLE",
        "GPCONNECT_REVOCATIONS",
        "PDS_PRIVATE_KEY",
    ):
        file = getattr(settings, name)
        if file is None or not file.is_file():
            yield ("E006", f"{name} names no file.", "Mutual TLS and PDS need it.")
    if settings.PDS_KEY_ID_FILE is not None and not settings.PDS_KEY_ID_FILE.is_file():
        yield ("E006", "PDS_KEY_ID_FILE names no file.", "Unset it, or put the key's id there.")
    spine, api = settings.GPCONNECT_CA_BUNDLE, settings.NHS_API_CA_BUNDLE
    if api is None:  # the operating system's
        return
    if not api.is_file():
        yield ("E006", "NHS_API_CA_BUNDLE names no file.", "Unset it, or name the authorities.")
    elif spine is not None and spine.is_file() and spine.read_bytes() == api.read_bytes():
        yield (
            "E014",
            "NHS_API_CA_BUNDLE is the same as GPCONNECT_CA_BUNDLE.",
            "Spine's authorities for the one, the internet's for the other.",
        )


def _secrets() -> Iterator[Finding]:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        value = getattr(settings, name)
        if any(_is_poor(secret) for secret in ([value] if isinstance(value, str) else value)):
            yield ("E007", f"{name} is short or a default.", "Make a random one of 50 characters.")
    if settings.GPCONNECT_DIRECTORY_API_KEY in TEST_API_KEYS:
        yield ("E008", "GPCONNECT_DIRECTORY_API_KEY is the sandbox's.", "Use your own.")
    if _pds_key_id().startswith("demo"):
        yield ("E009", "PDS_KEY_ID is the demo's.", "Register your own key.")


def _demo() -> Iterator[Finding]:
    if apps.is_installed("demo.pages"):
        yield ("E010", "The demo's pages are installed.", "Use booking_portal.settings.production.")
    if settings.DEBUG:
        yield ("E011", "DEBUG is on.", "It shows patients' data on error pages.")


def _is_poor(secret: str) -> bool:
    return len(secret) < SHORTEST_SECRET or any(word in secret.lower() for word in NOT_SECRET)


def _pds_key_id() -> str:
    file = settings.PDS_KEY_ID_FILE
    return settings.PDS_KEY_ID if file is None else file.read_text() if file.is_file() else ""


def _is_https(address: str) -> bool:
    return urlsplit(address).scheme == "https"


def _times() -> Iterator[Finding]:
    if settings.REQUEST_LIFETIME_SECONDS < SHORTEST_REQUEST_LIFETIME:
        yield (
            "E013",
            "REQUEST_LIFETIME_SECONDS is shorter than a request can take to arrive.",
            f"Give at least {SHORTEST_REQUEST_LIFETIME}: the token's five minutes and a minute.",
        )

"""What an environment refuses to start with: forms for tests that it does not declare. [SSP-3]

Registered always, so that neither a forgotten `--deploy` nor a demo's value can slip through;
which forms are let pass says the settings file (REAL_PATIENTS, TEST_FORMS), never its name.
Nothing here asks the database: `migrate` runs these checks before its tables exist.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from booking_portal import traces
from booking_portal.settings.declared import TestForm

SHORTEST_SECRET = 50
SHORTEST_REQUEST_LIFETIME = 360
NOT_SECRET = ("demo", "test", "insecure", "secret", "change", "example")
_SERVICE_NAME = re.compile(r"[a-z][a-z0-9-]*")
TEST_API_KEYS = frozenset({"sandbox-sds-key"})
DEADLINES = {
    "READ_DEADLINE_SECONDS": 8,
    "WRITE_DEADLINE_SECONDS": 12,
    "SEND_AGAIN_WINDOW_SECONDS": 600,
    "SECOND_STEP_WINDOW_SECONDS": 120,
}
"""What production waits, in seconds: measured, and what the pages' words and the leases rest on."""
LIVE_HOSTS = frozenset({"api.service.nhs.uk"})
TEST_HOSTS = frozenset(f"{name}.api.service.nhs.uk" for name in ("sandbox", "int", "dep", "ref"))
ADDRESSES = ("GPCONNECT_DIRECTORY_URL", "PDS_URL", "PDS_TOKEN_URL", "GPCONNECT_ISSUER")


def production_values(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Every setting that this environment must not start with, one error each."""
    found = [*_declared(), *_traces()]
    if not _allowed(TestForm.DEMO_VALUES):
        found += [*_addresses(), *_proxies(), *_files(), *_secrets(), *_demo(), *_times()]
    if settings.REAL_PATIENTS:
        found += _servers()
    return [Error(text, hint=hint, id=f"booking_portal.{number}") for number, text, hint in found]


def refuse_test_values() -> None:
    """For servers, which run no checks when they start.

    Raises: ImproperlyConfigured naming every setting that this environment must not start with.
    """
    found = production_values()
    if found:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint}" for error in found))


Finding = tuple[str, str, str]
"""The error's number, what is wrong, what to do."""


def _allowed(form: TestForm) -> bool:
    return form in settings.TEST_FORMS


def _declared() -> Iterator[Finding]:
    """Real patients and test-only forms exclude each other, and so do their services."""
    if settings.REAL_PATIENTS and settings.TEST_FORMS:
        forms = ", ".join(sorted(settings.TEST_FORMS))
        yield (
            "E015",
            f"Where patients are real there are no forms for tests: {forms}.",
            "Take them out of TEST_FORMS, or declare REAL_PATIENTS = False.",
        )
    wrong, whose = (
        (TEST_HOSTS, "tests") if settings.REAL_PATIENTS else (LIVE_HOSTS, "real patients")
    )
    for name in ("GPCONNECT_SSP_URL", *ADDRESSES):
        if urlsplit(getattr(settings, name)).hostname in wrong:
            yield (
                "E016",
                f"{name} is a service for {whose}, and {settings.ENVIRONMENT_NAME} is not.",
                "Give the address that belongs to this environment, or choose another one.",
            )


def _addresses() -> Iterator[Finding]:
    if not settings.GPCONNECT_SSP_URL:
        if not _allowed(TestForm.NO_SSP):
            hint = "Everything goes through the Spine's proxy."
            yield ("E001", "GPCONNECT_SSP_URL is empty.", hint)
    elif not _is_https(settings.GPCONNECT_SSP_URL):
        yield ("E002", "GPCONNECT_SSP_URL is not https.", "Use the Spine's https address.")
    for name in ADDRESSES:
        value = getattr(settings, name)
        if urlsplit(value).scheme == "file":
            if not _is_allowed_file(name):
                hint = "Files are for tests: give the service's address."
                yield ("E003", f"{name} is a file.", hint)
        elif name == "PDS_TOKEN_URL" and not value and _is_file(settings.PDS_URL):
            continue
        elif not _is_https(value) and not (
            name == "GPCONNECT_DIRECTORY_URL" and urlsplit(value).scheme == "ldaps"
        ):
            yield ("E004", f"{name} is not encrypted.", "Use an https address.")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield ("E005", "ALLOWED_HOSTS is empty or open.", "Name the portal's own host names.")
    if settings.PLAIN_HTTP and not (
        _allowed(TestForm.PLAIN_HTTP) and not settings.GPCONNECT_SSP_URL
    ):
        yield (
            "E017",
            "PLAIN_HTTP_TO_PRACTICES is on.",
            "Practices are asked by https; without TLS only where the environment allows it, and "
            "without the Spine's proxy.",
        )


def _is_file(address: str) -> bool:
    return urlsplit(address).scheme == "file"


def _is_allowed_file(name: str) -> bool:
    forms = {
        "GPCONNECT_DIRECTORY_URL": TestForm.FILE_DIRECTORY,
        "PDS_URL": TestForm.FILE_DEMOGRAPHICS,
    }
    return name in forms and _allowed(forms[name])


def _proxies() -> Iterator[Finding]:
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXIES:
        yield (
            "E020",
            "TRUSTED_PROXIES is empty.",
            "Name the addresses of the proxy that ends TLS; nobody else is believed.",
        )


def _servers() -> Iterator[Finding]:
    """Patients' data on its way to PostgreSQL and Redis. [IG-4]"""
    private = set(settings.PRIVATE_NETWORK_HOSTS)
    for name in private:
        if not _SERVICE_NAME.fullmatch(name):
            yield (
                "E023",
                "PRIVATE_NETWORK_HOSTS has more than names of containers.",
                "Only what never leaves this machine may be in the clear: demand TLS of others.",
            )
    database = settings.DATABASES["default"]
    hosts = str(database["HOST"]).split(",")
    on_this_machine = all(host in private or host.startswith("/") for host in hosts)
    options = cast(dict[str, object], database["OPTIONS"])
    verified = options.get("sslmode") == "verify-full" and options.get("gssencmode") == "disable"
    if not verified and not on_this_machine:
        yield (
            "E021",
            "DATABASE_URL does not demand TLS with a verified name.",
            "Add ?sslmode=verify-full&sslrootcert=file (and no gssencmode).",
        )
    redis = urlsplit(settings.REDIS_URL)
    trusting = {"ssl_cert_reqs=required", "ssl_check_hostname=true"} - {*redis.query.split("&")}
    if (redis.scheme != "rediss" or trusting) and redis.hostname not in private:
        yield (
            "E022",
            "REDIS_URL does not demand TLS with a verified name.",
            "Use rediss:// with ssl_ca_certs=file, and leave its verifying on.",
        )


def _files() -> Iterator[Finding]:
    for name in _files_needed():
        file = getattr(settings, name)
        if file is None:
            yield ("E006", f"{name} names no file.", "Mutual TLS and PDS need it.")
            continue
        why = unreadable(file)
        if why:
            yield ("E006", f"{name} names {file}: {why}.", READABLE)
    id_file = settings.PDS_KEY_ID_FILE
    if id_file is not None and (why := unreadable(id_file)):
        hint = f"Unset it, or put the key's id there. {READABLE}"
        yield ("E006", f"PDS_KEY_ID_FILE names {id_file}: {why}.", hint)
    spine, api = settings.GPCONNECT_CA_BUNDLE, settings.NHS_API_CA_BUNDLE
    if api is None:  # the operating system's
        return
    why = unreadable(api)
    if why:
        hint = f"Unset it, or name the authorities. {READABLE}"
        yield ("E006", f"NHS_API_CA_BUNDLE names {api}: {why}.", hint)
    elif spine is not None and not unreadable(spine) and spine.read_bytes() == api.read_bytes():
        yield (
            "E014",
            "NHS_API_CA_BUNDLE is the same as GPCONNECT_CA_BUNDLE.",
            "Spine's authorities for the one, the internet's for the other.",
        )


READABLE = (
    "The file must be there and readable by the user of this process "
    "(in the container number 10001): docs/install.md."
)


def unreadable(file: Path) -> str:
    """Why this process cannot read the file, or nothing. By reading: a mode does not say it."""
    try:
        with file.open("rb") as opened:
            return "" if opened.read(1) else "it is empty"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()


def _files_needed() -> list[str]:
    """Files without which nothing works: none of the Spine's for plain HTTP, no key for a file."""
    names = (
        []
        if settings.PLAIN_HTTP
        else [
            "GPCONNECT_CLIENT_CERT",
            "GPCONNECT_CLIENT_KEY",
            "GPCONNECT_CA_BUNDLE",
            "GPCONNECT_REVOCATIONS",
        ]
    )
    return names if _is_file(settings.PDS_URL) else [*names, "PDS_PRIVATE_KEY"]


def _secrets() -> Iterator[Finding]:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        value = getattr(settings, name)
        if any(_is_poor(secret) for secret in ([value] if isinstance(value, str) else value)):
            yield ("E007", f"{name} is short or a default.", "Make a random one of 50 characters.")
    if settings.GPCONNECT_DIRECTORY_API_KEY in TEST_API_KEYS:
        yield ("E008", "GPCONNECT_DIRECTORY_API_KEY is the sandbox's.", "Use your own.")
    if _pds_key_id().startswith("demo"):
        yield ("E009", "PDS_KEY_ID is the demo's.", "Register your own key.")


def _traces() -> Iterator[Finding]:
    if settings.OPENTELEMETRY_ENDPOINT and not traces.installed():
        yield (
            "E024",
            "OPENTELEMETRY_ENDPOINT is set, and its packages are not installed.",
            "Install requirements-traces.txt (image: build it with OPENTELEMETRY=1), or unset it.",
        )


def _demo() -> Iterator[Finding]:
    if apps.is_installed("demo.pages"):
        yield ("E010", "The demo's pages are installed.", "Use booking_portal.settings.live.")
    if settings.DEBUG:
        yield ("E011", "DEBUG is on.", "It shows patients' data on error pages.")


def _is_poor(secret: str) -> bool:
    return len(secret) < SHORTEST_SECRET or any(word in secret.lower() for word in NOT_SECRET)


def _pds_key_id() -> str:
    file = settings.PDS_KEY_ID_FILE
    return settings.PDS_KEY_ID if file is None else "" if unreadable(file) else file.read_text()


def _is_https(address: str) -> bool:
    return urlsplit(address).scheme == "https"


def _times() -> Iterator[Finding]:
    if _allowed(TestForm.DEADLINES):
        return
    if settings.REQUEST_LIFETIME_SECONDS < SHORTEST_REQUEST_LIFETIME:
        yield (
            "E013",
            "REQUEST_LIFETIME_SECONDS is shorter than a request can take to arrive.",
            f"Give at least {SHORTEST_REQUEST_LIFETIME}: the token's five minutes and a minute.",
        )
    for name, usual in DEADLINES.items():
        if getattr(settings, name) != usual:
            yield ("E018", f"{name} is not {usual}.", "Unset it: other deadlines are for tests.")

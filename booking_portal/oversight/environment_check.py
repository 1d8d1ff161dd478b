"""Does this environment work? Every part, in the order in which one needs the other.

Asked by who runs the portal, before the first booking and when something is wrong. Each step says
what was found, what the other side said of it, and what to do. Nothing is written at a practice,
and nothing is asked about a patient. [SSP-3, SDS-4]
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import redis
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.demo_accounts import open_demo_accounts
from booking_portal.accounts.models import Membership
from booking_portal.application_role import owns_the_tables
from booking_portal.checks import production_values, unreadable
from booking_portal.commands import monitoring
from booking_portal.commands.beat_lease import BeatLease
from booking_portal.commands.database_clock import database_now
from booking_portal.database_connections import pooled, room
from booking_portal.integration import clients, trust
from booking_portal.integration.exchange_audit import Subject, TrailObserver
from booking_portal.oversight.clock_drift import kernel_clock
from booking_portal.practices.models import Practice
from gpconnect import london
from gpconnect.attempt import why_no_trust
from gpconnect.demographics import ApplicationToken
from gpconnect.diagnostics import masked
from gpconnect.errors import DirectoryError, GPConnectError
from gpconnect.models import Endpoint, SlotSearch
from gpconnect.wire import Wire

FEW_DAYS = timedelta(days=30)
CLOCK_DRIFT = timedelta(milliseconds=250)
TWO_WEEKS = timedelta(days=13)
LONG_QUEUE = 200
"""Beat's ticks expire: more tasks than this means that nobody takes them."""
QUEUE = "celery"
HANDSHAKE_SECONDS = 5.0
FILES = (
    "GPCONNECT_CLIENT_CERT",
    "GPCONNECT_CLIENT_KEY",
    "GPCONNECT_CA_BUNDLE",
    "GPCONNECT_REVOCATIONS",
    "NHS_API_CA_BUNDLE",
    "PDS_PRIVATE_KEY",
    "PDS_KEY_ID_FILE",
)
READABLE = (
    "Put the file there, owned by the user of web and worker (10001 in the containers) with mode "
    "0400, in a folder that this user may enter: docs/install.md."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One part: `ok`, None where it could not be looked at, what was found, what the other side
    `said` (untrusted, masked), and what to `do`."""

    part: str
    ok: bool | None
    found: str
    said: str = ""
    do: str = ""


def check_environment(practice_ods: str = "") -> Iterator[Step]:
    """All parts in order; a practice's by `practice_ods`, or the first one that may be searched."""
    yield from _settings()
    yield from _files()
    yield from _certificates()
    yield _clock()
    database = _database()
    yield database
    yield _connections() if database.ok else Step("connections", None, NEEDS_DATABASE)
    answers = cache.reachable()  # type: ignore[attr-defined]
    yield Step("Redis", answers, *_either(answers, "answers", "does not answer", "", START_REDIS))
    yield from _names()
    yield _spine_proxy()
    yield _token()
    if database.ok is None or not database.ok:
        for part in ("SDS", "capability statement", "slots", "beat"):
            yield Step(part, None, NEEDS_DATABASE)
    else:
        yield from _practice(practice_ods)
        yield _beat()
    yield _worker()
    yield _queue()


NEEDS_DATABASE = "not tried: it needs the database"
START_REDIS = "Start Redis, and compare REDIS_URL and its password with what it was started with."


def _either(ok: bool, good: str, bad: str, said: str, do: str) -> tuple[str, str, str]:
    return (good, "", "") if ok else (bad, said, do)


def _settings() -> Iterator[Step]:
    """What the system checks refuse, but for files, which have steps of their own."""
    wrong = [error for error in production_values() if error.id != "booking_portal.E006"]
    for error in wrong:
        yield Step("settings", False, error.msg, do=error.hint or "")
    if not wrong:
        reaches = f"{settings.ENVIRONMENT_NAME}: {settings.ENVIRONMENT_REACHES}"
        yield Step("settings", True, reaches)


def _named_files() -> dict[str, Path]:
    left_out = FILES[:4] if settings.PLAIN_HTTP else ()
    named = {name: getattr(settings, name) for name in FILES if name not in left_out}
    return {name: file for name, file in named.items() if file is not None}


def _files() -> Iterator[Step]:
    """Whether this process can read each; whoever runs it should be the user of web and worker."""
    wrong = False
    for name, file in _named_files().items():
        if why := unreadable(file):
            wrong = True
            yield Step("files", False, f"{name}: {file} cannot be read: {why}.", do=READABLE)
    if not wrong:
        yield Step("files", True, f"{len(_named_files())} can be read by this process")


def _certificates() -> Iterator[Step]:
    for of in (trust.spine(), trust.services()):
        standing = of.standing()
        if settings.PLAIN_HTTP and of is trust.spine():
            continue
        if standing.refused:
            do = "Give files that are whole and belong together: docs/rotation.md."
            yield Step("certificates", False, f"{of.name}: {standing.refused}.", do=do)
        elif standing.used and standing.used.ends:
            left = standing.used.ends - timezone.now()
            found = f"{of.name}: {max(left.days, 0)} days until the first of them runs out"
            do = "Renew it before: docs/rotation.md." if left < FEW_DAYS else ""
            yield Step("certificates", left >= FEW_DAYS, found, do=do)
    if not settings.PLAIN_HTTP:
        yield from _chain()


def _chain() -> Iterator[Step]:
    """From our certificate to one of the Spine's authorities."""
    client, bundle = settings.GPCONNECT_CLIENT_CERT, settings.GPCONNECT_CA_BUNDLE
    if client is None or bundle is None:
        yield Step(
            "chain", None, "not tried: GPCONNECT_CLIENT_CERT or GPCONNECT_CA_BUNDLE is unset"
        )
        return
    try:
        ours = x509.load_pem_x509_certificates(client.read_bytes())
        theirs = x509.load_pem_x509_certificates(bundle.read_bytes())
    except (OSError, ValueError):
        yield Step("chain", None, "not tried: a file of it cannot be read")
        return
    if any(_signed(each, authority) for each in ours for authority in theirs):
        yield Step("chain", True, "leads from our certificate to an authority of the Spine's")
        return
    yield Step(
        "chain",
        False,
        f"Our certificate is of {ours[0].issuer.rfc4514_string()}, which is not in "
        "GPCONNECT_CA_BUNDLE, and no certificate between is in GPCONNECT_CLIENT_CERT.",
        do="Append the certificates between to GPCONNECT_CLIENT_CERT, and check that certificate "
        "and authorities are of the same environment.",
    )


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    with suppress(ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        certificate.verify_directly_issued_by(authority)
        return True
    return False


def _clock() -> Step:
    do = "Let NTP keep this machine's clock (docs/operations.md, Clock): practices refuse tokens."
    clock = kernel_clock()
    if clock is None or not clock.synchronised:
        known = "nothing tells the kernel how far this machine's clock is off"
        return Step("clock", None, known, do=do)
    drift = f"off by {clock.drift.total_seconds():.3f} s at the most likely"
    ok = clock.drift <= CLOCK_DRIFT
    return Step("clock", ok, drift, do="" if ok else do)


def _database() -> Step:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            found = f"{len(waiting)} migrations have not run, the first {waiting[0][0]}"
            do = "Run manage.py migrate (the container set-up does; see its log)."
            return Step("database", False, found, do=do)
        if settings.APPLICATION_ROLE and owns_the_tables():
            found = "web and worker sign in as the owner of the tables"
            do = "Let DATABASE_URL name APPLICATION_ROLE, the role that set-up makes; run set-up."
            return Step("database", False, found, do=do)
        apart = abs(database_now() - timezone.now())
        if apart > timedelta(seconds=5):
            found = f"its clock is {apart.total_seconds():.0f} s from this machine's"
            return Step("database", False, found, do="Let NTP keep both clocks.")
        if settings.REAL_PATIENTS and (left := open_demo_accounts()):
            found = "accounts of the demo are active: " + ", ".join(left)
            return Step("database", False, found, do="Switch them off under Administration.")
        if not Membership.objects.filter(is_active=True).exists():
            found = "nobody can sign in yet"
            return Step("database", False, found, do="Run manage.py first_organisation.")
    except (DatabaseError, InterfaceError) as error:
        said = str(error.__cause__ or error).strip().splitlines()[0][:200]
        do = "Start PostgreSQL, and compare DATABASE_URL and DATABASE_PASSWORD with its own."
        return Step("database", False, "cannot be asked", said=said, do=do)
    return Step("database", True, "answers, and all migrations have run")


def _connections() -> Step:
    """Whether the processes that run can all have those that they may take."""
    if pooled():
        return Step("connections", True, "a pooler deals them out")
    found = room()
    running = ", ".join(f"{one.processes} {one.kind} {one.most}" for one in found.taken)
    told = f"at the most {found.most} of {found.limit} are taken ({running})"
    if found.most <= found.limit:
        return Step("connections", True, told)
    do = (
        "Start fewer processes, lower WEB_WORKERS or WEB_THREADS, raise max_connections and run "
        "set-up again, or put PgBouncer between: docs/operations.md, The database."
    )
    return Step("connections", False, told, do=do)


def _addresses() -> dict[str, str]:
    names = ("GPCONNECT_SSP_URL", "GPCONNECT_DIRECTORY_URL", "PDS_URL", "PDS_TOKEN_URL")
    found = {name: str(getattr(settings, name)) for name in names}
    return {name: url for name, url in found.items() if urlsplit(url).hostname}


def _names() -> Iterator[Step]:
    hosts = {str(urlsplit(url).hostname): name for name, url in _addresses().items()}
    wrong = False
    for host, name in hosts.items():
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            wrong = True
            said = getattr(error, "strerror", None) or "no host name"
            do = f"Check the spelling in {name}, and the DNS servers of this machine (HSCN's?)."
            yield Step("DNS", False, f"{host} of {name} has no address", said=said, do=do)
    if not wrong:
        yield Step("DNS", True, f"{len(hosts)} host names have addresses")


def _spine_proxy() -> Step:
    """A TLS handshake, and a moment to hear whether our certificate is refused."""
    parts = urlsplit(settings.GPCONNECT_SSP_URL)
    if not parts.hostname:
        return Step("SSP", None, "none: practices are asked straight")
    address = (parts.hostname, parts.port or 443)
    standing = trust.spine().standing()
    if standing.used is None:
        return Step("SSP", None, "not tried: our own files are not good")
    try:
        with (
            socket.create_connection(address, HANDSHAKE_SECONDS) as plain,
            standing.used.context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            secure.settimeout(0.5)
            with suppress(TimeoutError):  # it waits for a request: all is well
                if not secure.recv(1):
                    said = "they hung up after the handshake"
                    return Step("SSP", False, "no trust", said=said, do=OUR_CERTIFICATE)
    except ssl.SSLError as error:
        return Step("SSP", False, "no trust", said=why_no_trust(error), do=OUR_CERTIFICATE)
    except OSError as error:
        said = error.strerror or "no answer in time"
        do = "Check GPCONNECT_SSP_URL, the firewall, and that this machine is on HSCN."
        return Step("SSP", False, f"{parts.hostname} cannot be reached", said=said, do=do)
    return Step("SSP", True, f"{parts.hostname} and we trust each other")


OUR_CERTIFICATE = (
    "Check GPCONNECT_CA_BUNDLE and GPCONNECT_REVOCATIONS where it is about their certificate, and "
    "GPCONNECT_CLIENT_CERT, registered for this environment, where they refused ours."
)


def _token() -> Step:
    if urlsplit(settings.PDS_URL).scheme == "file":
        file = Path(urlsplit(settings.PDS_URL).path)
        why = unreadable(file)
        return Step(
            "PDS token", not why, f"none: patients are in {file} {why}", do=why and READABLE
        )
    keys = trust.signing_keys()
    if not settings.PDS_TOKEN_URL or keys is None:
        do = "Set PDS_TOKEN_URL and PDS_PRIVATE_KEY."
        return Step("PDS token", False, "nothing names the token's address or key", do=do)
    wire = Wire(trust.services(), clients.read_deadlines())
    try:
        ApplicationToken(
            settings.PDS_TOKEN_URL,
            client_id=settings.PDS_CLIENT_ID,
            keys=keys,
            wire=wire,
            clock=london.now_utc,
        ).value()
    except (GPConnectError, ValueError) as error:
        do = (
            "Compare PDS_CLIENT_ID, PDS_KEY_ID and PDS_PRIVATE_KEY with what is registered, and "
            "PDS_TOKEN_URL with the environment; where there is no trust, NHS_API_CA_BUNDLE."
        )
        return _failed("PDS token", error, do)
    finally:
        wire.close()
    return Step("PDS token", True, "given")


def _failed(part: str, error: Exception, do: str) -> Step:
    if not isinstance(error, GPConnectError):
        return Step(part, False, str(error)[:200], do=do)
    status = f" (HTTP {error.status})" if error.status else ""
    found = f"{error.code}{status}: {error.sentence}"
    return Step(part, False, found, said=masked(error.diagnostics), do=do)


def _practice(practice_ods: str) -> Iterator[Step]:
    membership = (
        Membership.objects.filter(is_active=True, organisation__is_active=True)
        .select_related("user", "organisation")
        .order_by("organisation__pk", "pk")
        .first()
    )
    parts = ("SDS", "capability statement", "slots")
    if membership is None:
        for part in parts:
            yield Step(part, None, "not tried: there is no organisation to ask for")
        return
    actor = Actor(
        membership.user,
        membership.organisation,
        membership,
        "command line",
        by_system="check_environment",
    )
    mine = Practice.objects.for_organisation(actor.organisation).order_by("pk").first()
    code = practice_ods or (mine.ods_code if mine else "")
    if not code:
        for part in parts:
            yield Step(part, None, "not tried: there is no practice", do="Give --practice.")
        return
    subject = Subject(practice_ods=code[:16])
    endpoint: Endpoint | None = None
    try:
        endpoint = clients.directory().look_up(
            code,
            requester=clients.requester(actor),
            observer=TrailObserver(actor.who, subject),
        )
        yield Step("SDS", True, f"{code}: {endpoint.service_root}, ASID {endpoint.asid}")
    except (GPConnectError, ValueError) as error:
        check = error.check if isinstance(error, DirectoryError) else ""
        key = "GPCONNECT_DIRECTORY_URL and GPCONNECT_DIRECTORY_API_KEY"
        yield _failed("SDS", error, f"Check {check or 'the directory'}; and {key}.")
    if endpoint is None:
        for part in parts[1:]:
            yield Step(part, None, "not tried: nobody knows where the practice is")
        return
    try:
        client = clients.client(actor, endpoint, subject)
    except ValueError as error:
        for part in parts[1:]:
            yield _failed(part, error, "Check GPCONNECT_SSP_URL.")
        return

    def capability() -> str:
        said = client.capability_statement()
        return f"GP Connect {said.version or 'of no version'}, FHIR {said.fhir_version or '?'}"

    def slots() -> str:
        today = london.today()
        free = client.search_free_slots(SlotSearch(today, today + TWO_WEEKS))
        doubt = "" if free.complete else f"; not all could be read: {' '.join(free.faults)}"
        return f"{len(free.slots)} free slots in two weeks{doubt}"

    yield _asked("capability statement", code, capability)
    yield _asked("slots", code, slots)


def _asked(part: str, code: str, ask: Callable[[], str]) -> Step:
    try:
        return Step(part, True, f"{code}: {ask()}")
    except GPConnectError as error:
        do = (
            "Ask the practice's supplier with the words above; check that both ends are in the "
            "same environment, that a data sharing agreement covers this organisation, and, where "
            "the words are about iss, that GPCONNECT_ISSUER is what the Spine has registered."
        )
        return _failed(part, error, do)


def _worker() -> Step:
    refused = monitoring.worker_refuses()
    if refused:
        do = f"The worker reads files of its own. {READABLE}"
        return Step("worker", False, "refuses files", said="; ".join(refused), do=do)
    seen = monitoring.worker_last_seen()
    if monitoring.worker_is_alive() and seen is not None:
        return Step("worker", True, f"seen at {_at(seen)}")
    do = "Start worker (and beat, which makes it say so); read its log. Look at Redis first."
    found = f"last seen at {_at(seen)}" if seen else "never seen"
    return Step("worker", False, found, do=do)


def _beat() -> Step:
    lease = BeatLease.objects.first()
    if lease is not None and lease.until > database_now():
        return Step("beat", True, "ticks")
    found = f"has not ticked since {_at(lease.until)}" if lease else "has never ticked"
    return Step("beat", False, found, do="Start beat, and read its log.")


def _queue() -> Step:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, retry=None) as asked:
            waiting = int(asked.llen(QUEUE))
    except redis.RedisError:
        return Step("queue", None, "not tried: Redis does not answer")
    do = "Nobody takes them, or too few: look at worker's log, and start more workers."
    ok = waiting <= LONG_QUEUE
    return Step("queue", ok, f"{waiting} tasks wait", do="" if ok else do)


def _at(moment: datetime) -> str:
    return f"{moment:%d %B %Y, %H:%M:%S} UTC"

"""The portal's way to the outside: one transport, directory and demographics a process."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from booking_portal.accounts.actor import Actor
from booking_portal.integration import trust
from booking_portal.integration.bulkhead import Bulkhead
from booking_portal.integration.circuit_breaker import Breaker, Guard, Limits
from booking_portal.integration.exchange_audit import Subject, TrailObserver
from booking_portal.integration.page_budget import within_budget
from booking_portal.integration.pds_rate_limit import SharedRateLimit
from gpconnect import demographics as pds
from gpconnect import directory as sds
from gpconnect.client import GPConnectClient
from gpconnect.identity import Device, Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import Endpoint
from gpconnect.transport import Deadlines, ExchangeObserver, Transport

PRODUCT = "GP Connect booking portal"
LOCAL_USER_SYSTEM = "/Id/local-user-id"
DEVICE_SYSTEM = "/Id/device"


@lru_cache(maxsize=1)
def transport() -> Transport:
    """This process's transport to the Spine proxy, with its connection pool."""
    return Transport(
        settings.GPCONNECT_SSP_URL,
        trust.spine(),
        read_deadlines(),
        plain_http=settings.PLAIN_HTTP,
    )


@lru_cache(maxsize=1)
def directory() -> sds.Directory:
    """Where practices are found (SDS, or a file for test use); by LDAP it is part of Spine."""
    url = settings.GPCONNECT_DIRECTORY_URL
    return sds.from_url(
        url,
        tls=trust.spine() if urlsplit(url).scheme == "ldaps" else trust.services(),
        api_key=settings.GPCONNECT_DIRECTORY_API_KEY,
        deadlines=read_deadlines(),
        plain_http=settings.PLAIN_HTTP,
    )


@lru_cache(maxsize=1)
def demographics() -> pds.Demographics:
    """Where patients are traced (PDS, or a file for test use)."""
    return pds.from_url(
        settings.PDS_URL,
        tls=trust.services(),
        token_url=settings.PDS_TOKEN_URL,
        client_id=settings.PDS_CLIENT_ID,
        keys=trust.signing_keys(),
        rate_limit=SharedRateLimit(
            settings.REDIS_URL,
            per_second=settings.PDS_REQUESTS_PER_SECOND,
            per_second_alone=settings.PDS_REQUESTS_PER_SECOND_ALONE,
        ),
        deadlines=read_deadlines(),
    )


@lru_cache(maxsize=1)
def breaker() -> Breaker:
    """What spares practices that do not answer, for all processes together."""
    longest_read = settings.READ_DEADLINE_SECONDS + 1
    limits = Limits(
        failures=settings.BREAKER_FAILURES,
        wait=max(settings.BREAKER_WAIT_SECONDS, longest_read),
        memory=settings.BREAKER_MEMORY_SECONDS,
    )
    return Breaker(settings.REDIS_URL, limits)


@lru_cache(maxsize=1)
def bulkhead() -> Bulkhead:
    """What keeps one practice from holding all threads of this process."""
    return Bulkhead(settings.WAITING_AT_ONE_PRACTICE)


def client(actor: Actor, endpoint: Endpoint, subject: Subject) -> GPConnectClient:
    """A client for one practice on the actor's behalf; every exchange is audited."""
    return observed_client(actor, endpoint, TrailObserver(actor.who, subject))


def observed_client(
    actor: Actor, endpoint: Endpoint, observer: ExchangeObserver
) -> GPConnectClient:
    """The same with an observer of the caller's, for threads that may not use the database.

    Every exchange passes the practice's breaker (the system's own reads always do) and its
    bulkhead. Reads take no
    longer than the page still has.
    """
    if settings.BREAKER:
        observer = Guard(
            breaker(),
            bulkhead(),
            endpoint.ods_code,
            observer,
            reads_pass=bool(actor.by_system),
            limits=read_deadlines(),
        )
    return GPConnectClient(transport(), requester(actor), endpoint, observer, page_deadlines)


def not_answering(ods_codes: Iterable[str]) -> dict[str, datetime]:
    """Those of the practices that are not answering, each with since when (aware, in UTC)."""
    return breaker().not_answering(ods_codes) if settings.BREAKER else {}


def in_doubt(ods_codes: Iterable[str]) -> frozenset[str]:
    """Those of the practices that brought no answer when they were last asked."""
    return breaker().in_doubt(ods_codes) if settings.BREAKER else frozenset()


def requester(actor: Actor) -> Requester:
    """Who asks, as the GP Connect token says it. [JWT-2..5, SSP-2]"""
    user, organisation = actor.user, actor.organisation
    issuer = settings.GPCONNECT_ISSUER
    return Requester(
        issuer=issuer,
        device=Device(issuer + DEVICE_SYSTEM, "web", PRODUCT, settings.VERSION),
        organisation=RequestingOrganisation(
            ods_code=organisation.ods_code,
            name=organisation.name,
            type=organisation.type_id,
            asid=organisation.asid,
            telephone=organisation.telephone,
        ),
        user=RequestingUser(
            local_id=str(user.local_id),
            local_id_system=issuer + LOCAL_USER_SYSTEM,
            family=user.last_name or user.username,
            given=tuple(user.first_name.split()) or (user.username,),
            prefix=user.title or None,
            sds_user_id=user.sds_user_id or None,
            sds_role_profile_id=actor.membership.sds_role_profile_id or None,
        ),
    )


def read_deadlines() -> Deadlines:
    """How long a read may take, in seconds."""
    return Deadlines(settings.CONNECT_DEADLINE_SECONDS, settings.READ_DEADLINE_SECONDS)


def page_deadlines() -> Deadlines:
    """How long a read that begins now may take on the page that it is for, in seconds.

    Raises: PageOutOfTime (a GPConnectError).
    """
    return within_budget(read_deadlines())


def write_deadlines() -> Deadlines:
    """How long a write may take, in seconds; the sender's lease is longer."""
    return Deadlines(settings.CONNECT_DEADLINE_SECONDS, settings.WRITE_DEADLINE_SECONDS)

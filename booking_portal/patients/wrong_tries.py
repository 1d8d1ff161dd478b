"""How often somebody may be wrong about who a patient is: nobody is found out by trying. [PDS-8]

Whoever tries again and again until something matches is no help to the patient on the line. Wrong
tries are counted for the user, of one patient and of all together, in the cache, as failed
sign-ins are: beyond its limit a try is refused before PDS is asked. A right one is not counted,
nor is one that PDS did not answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.cache import TRIES
from booking_portal.patients.confirmation import BirthDateDiffers, DetailsDiffer, TooManyTries
from gpconnect.errors import PatientInvalidated, PatientNotUnique, PatientUnknown

WRONG: Final = (
    BirthDateDiffers,
    DetailsDiffer,
    PatientInvalidated,
    PatientNotUnique,
    PatientUnknown,
)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many wrong tries in so many seconds, which begin with the first of them."""

    name: str
    most: int
    seconds: int


OF_PATIENT: Final = Limit("patient", 5, 900)
OF_USER: Final = Limit("user", 40, 3600)


@contextmanager
def one_try(actor: Actor, nhs_number: str = "") -> Iterator[None]:
    """One try at who a patient is, of whom the number may be known.

    It counts before it is made, so that many at once are no way round, and is given back if it was
    not wrong.

    Raises: TooManyTries, after the refusal has been audited.
    """
    user = str(actor.user.pk)
    counts = [(OF_USER, _keys(OF_USER, user))]
    if nhs_number:
        counts.insert(0, (OF_PATIENT, _keys(OF_PATIENT, f"{user}:{nhs_number}")))
    for limit, keys in counts:
        if _counted(keys, limit.seconds) > limit.most:
            trail.record(
                EventKind.BLOCKED, actor.who, nhs_number=nhs_number, outcome=TooManyTries.outcome
            )
            raise TooManyTries(limit.seconds // 60)
    try:
        yield
    except WRONG:
        raise
    except BaseException:
        _give_back(counts)
        raise
    _give_back(counts)


def _counted(keys: list[str], seconds: int) -> int:
    """How many tries there have been, with this one."""
    key, *others = keys
    before = sum(cache.get(other) or 0 for other in others)
    for _ in range(2):
        cache.add(key, 0, seconds)
        with suppress(ValueError):  # its time is over, or Redis has come or gone in between
            return int(cache.incr(key)) + before
    return 1 + before


def _give_back(counts: list[tuple[Limit, list[str]]]) -> None:
    for _, (key, *_others) in counts:
        with suppress(ValueError):  # its time is over
            cache.decr(key)


def _keys(limit: Limit, whose: str) -> list[str]:
    """Where this process counts, and where those do that have another secret meanwhile: a new
    secret is no new set of tries.

    They say nothing of the patient, also to whoever can try all numbers. [IG-3]
    """
    digests = (
        salted_hmac("booking_portal.patients.wrong_tries", whose, secret=secret, algorithm="sha256")
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
    return [f"{TRIES}{limit.name}:{digest.hexdigest()}" for digest in digests]

"""What is sent is checked before it leaves. [RES-1, BOOK-1..6, AMEND-1, CANCEL-1, REG-2]

fhirclient checks types; dates, lengths, codes, references and rules are checked here. Every
function raises InvalidRequest (its `diagnostics` name the field, never its content).
"""

import itertools
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from gpconnect.error_evidence import failure
from gpconnect.languages import LANGUAGES
from gpconnect.models import (
    Address,
    Appointment,
    Booking,
    ContactPoint,
    PracticeTime,
    Registration,
    SlotChoice,
)

DESCRIPTION_LIMIT: Final = 100
COMMENT_LIMIT: Final = 500

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_CODE: Final = re.compile(r"\S+( \S+)*")
_ODS: Final = re.compile(r"[A-Za-z0-9]{1,12}", re.ASCII)
_VERSION: Final = re.compile(r"[!#-~]+", re.ASCII)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_GENDERS: Final = frozenset({"male", "female", "other", "unknown"})
_USES: Final = frozenset({"home", "work", "mobile", "temp"})


def require(condition: object, field: str) -> None:
    if not condition:
        raise failure("INVALID_REQUEST", diagnostics=field)


def logical_id(identity: str, field: str = "id") -> str:
    """An id in FHIR's form that no path can turn into dot segments. [RES-1]"""
    require(_ID.fullmatch(identity) and identity.strip("."), field)
    return identity


def ods_code(code: str, field: str = "ODS code") -> str:
    require(_ODS.fullmatch(code), field)
    return code


def words(text: str, field: str, limit: int | None = None) -> str:
    """Text that says something, has no control characters and is not too long; never cut."""
    require(text.strip() and not _CONTROL.search(text), field)
    require(limit is None or len(text) <= limit, f"{field}: more than {limit} characters")
    return text


def description(text: str) -> str:
    return words(text, "description", DESCRIPTION_LIMIT)


def comment(text: str) -> str:
    return words(text, "comment", COMMENT_LIMIT)


def booking(asked: Booking, now: datetime) -> None:
    """Check a booking against everything that can be known before it is sent. `now` is aware."""
    logical_id(asked.patient_id, "patient")
    logical_id(asked.location_id, "location")
    if asked.practitioner_id is not None:
        logical_id(asked.practitioner_id, "practitioner")
    description(asked.description)
    if asked.comment is not None:
        comment(asked.comment)
    if asked.delivery_channel is not None:
        require(_CODE.fullmatch(asked.delivery_channel), "delivery channel")
    if asked.practitioner_role is not None:
        words(asked.practitioner_role, "practitioner role")
    if asked.practitioner_role_code is not None:
        require(_CODE.fullmatch(asked.practitioner_role_code), "practitioner role")
    if asked.identifier is not None:
        words(asked.identifier, "identifier")
    require(asked.created.tzinfo is not None, "created: without a time zone")
    organisation = asked.organisation
    ods_code(organisation.ods_code, "booking organisation: ODS code")
    words(organisation.name or "", "booking organisation: name")
    words(organisation.telephone or "", "booking organisation: telephone")
    if organisation.type is not None:
        require(_CODE.fullmatch(organisation.type), "booking organisation: type")
    _slots(asked.slots, now)


def changeable(appointment: Appointment, now: datetime) -> None:
    """Only a future appointment that is not cancelled, of a known version, can be changed."""
    logical_id(appointment.id)
    require(_VERSION.fullmatch(appointment.version or ""), "version")
    require(not appointment.cancelled, "status: cancelled already")
    start = appointment.start.instant
    require(start is None or start > now, "start: in the past")
    require(appointment.raw and appointment.intact, "the appointment as last read")


def registration(asked: Registration, today: date) -> None:
    """Identity complete, and of everything else at most what may be sent. [REG-2]

    `today` is London's.
    """
    words(asked.family, "family name")
    require(asked.given and not isinstance(asked.given, str), "given name")
    for given in asked.given:
        words(given, "given name")
    require(not isinstance(asked.birth_date, datetime), "birth date: with a time")
    require(asked.birth_date <= today, "birth date: in the future")
    require(asked.gender is None or asked.gender in _GENDERS, "gender")
    require(asked.language is None or asked.language in LANGUAGES, "language")
    require(asked.language or not asked.interpreter_required, "language: needed by an interpreter")
    _address(asked.home_address, "home address")
    _address(asked.temporary_address, "temporary address")
    _contact_points(asked.telecoms)


def _address(place: Address | None, field: str) -> None:
    if place is not None:
        parts = [part for part in place.as_lines() if part.strip()]
        require(parts, field)
        for part in parts:
            words(part, field)


def _contact_points(points: Sequence[ContactPoint]) -> None:
    kinds = [point.use if point.system == "phone" else point.system for point in points]
    require(len(kinds) == len(set(kinds)), "telecom: more than one of a use")
    for point in points:
        words(point.value, "telecom")
        require(point.system in {"phone", "email"}, "telecom: system")
        require(point.use in _USES, "telecom: use")
        require(point.system == "phone" or point.use != "temp", "telecom: temporary e-mail")


def _slots(slots: Sequence[SlotChoice], now: datetime) -> None:
    require(slots, "slots")
    require(len({slot.id for slot in slots}) == len(slots), "slots: the same one twice")
    times = [_times(slot) for slot in slots]
    require(times[0][0] > now, "slots: in the past")
    for (_, end), (start, _) in itertools.pairwise(times):
        require(end == start, "slots: not adjacent")
    first = slots[0]
    for slot in slots[1:]:
        require(
            (slot.schedule_id, slot.delivery_channel, slot.service_type)
            == (first.schedule_id, first.delivery_channel, first.service_type),
            "slots: of different schedules, channels or types",
        )


def _times(slot: SlotChoice) -> tuple[datetime, datetime]:
    logical_id(slot.id, "slot")
    start, end = PracticeTime.read(slot.start), PracticeTime.read(slot.end)
    require(not start.doubtful and not end.doubtful, "slots: doubtful time")
    assert start.instant is not None  # not doubtful
    assert end.instant is not None
    require(start.instant < end.instant, "slots: end before start")
    return start.instant, end.instant

"""The patient's page: the registered practice, the others, and what is not settled."""

from dataclasses import dataclass
from typing import Self

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission, Role
from booking_portal.appointments.messages.work_rows import WorkRow, row_of
from booking_portal.appointments.shared import formatting
from booking_portal.commands.models import Command
from booking_portal.commands.requests.registration import DemographicsIncomplete, registration_for
from booking_portal.integration import clients
from booking_portal.patients.facts import (
    FactRow,
    RecordAt,
    at_practices,
    in_national_record,
)
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice


@dataclass(frozen=True, slots=True)
class PracticeLine:
    """A practice that the organisation may ask."""

    ods_code: str
    name: str
    town: str
    telephone: str

    @classmethod
    def of(cls, practice: Practice) -> Self:
        """The practice as one line."""
        return cls(practice.ods_code, practice.name, practice.town, practice.telephone)


@dataclass(frozen=True, slots=True)
class EncounterPage:
    """What the page offers.

    `registered` is the registered practice if the organisation may ask it, `registered_ods` its
    code as PDS gave it, `others` the other practices. `silent` says since when the registered
    practice is not answering, empty when it is not known not to. `follow_up_first`: a
    clinician's page, where the registered practice comes before the search. `last_practice` names
    where a registration has ended, of a patient without a current one. `cannot_register` says
    what the national record lacks for a temporary registration, and is empty otherwise. `record`
    is what the national record has besides, `at_practices` what practices have that were asked.
    """

    registered: PracticeLine | None
    registered_ods: str
    silent: str
    others: tuple[PracticeLine, ...]
    unsettled: tuple[WorkRow, ...]
    last_practice: str
    cannot_register: str
    record: tuple[FactRow, ...]
    at_practices: tuple[RecordAt, ...]
    may_book: bool
    fresh: bool
    follow_up_first: bool

    @classmethod
    def of(cls, encounter: Encounter, actor: Actor) -> Self:
        """The page for this encounter's actor."""
        ods_code = encounter.registered_practice_ods
        practices = [
            PracticeLine.of(practice)
            for practice in Practice.objects.for_organisation(actor.organisation)
        ]
        registered = next((one for one in practices if one.ods_code == ods_code), None)
        unsettled = (
            Command.objects.for_organisation(actor.organisation)
            .unsettled()
            .shown()
            .filter(nhs_number=encounter.nhs_number)
        )
        return cls(
            registered=registered,
            registered_ods=ods_code,
            silent=_silent(registered),
            others=tuple(one for one in practices if one != registered),
            unsettled=tuple(row_of(command) for command in unsettled),
            last_practice=_last_practice(encounter, practices),
            cannot_register=_cannot_register(encounter),
            record=in_national_record(encounter),
            at_practices=at_practices(encounter.places.values()),
            may_book=actor.may(Permission.BOOK_APPOINTMENT) and not encounter.deceased,
            fresh=encounter.trace_is_fresh,
            follow_up_first=actor.role is Role.CLINICIAN,
        )


def _last_practice(encounter: Encounter, practices: list[PracticeLine]) -> str:
    ods_code = encounter.last_practice_ods
    known = next((one.name for one in practices if one.ods_code == ods_code), "")
    return f"{known} (code {ods_code})" if known else ods_code and f"code {ods_code}"


def _cannot_register(encounter: Encounter) -> str:
    try:
        registration_for(encounter)
    except DemographicsIncomplete as lacking:
        return str(lacking)
    return ""


def _silent(registered: PracticeLine | None) -> str:
    if registered is None:
        return ""
    since = clients.not_answering([registered.ods_code]).get(registered.ods_code)
    return (
        f"This practice is not answering since {formatting.clock_on_day(since)}." if since else ""
    )

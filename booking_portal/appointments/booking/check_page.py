"""The page before a booking: what will be booked, and what the patient has already."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_of,
    card_of_command,
    card_of_offers,
)
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests.booking import looked_until
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.presenters import full_name
from gpconnect.models import Appointments

FIELD_LABELS = {
    "family": "Family name",
    "given": "Given name",
    "gender": "Gender",
    "birth_date": "Date of birth",
}


@dataclass(frozen=True, slots=True)
class KnownAppointment:
    """An appointment that the patient has already, in one line."""

    when: str
    what: str
    where: str
    clashes: bool


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference between PDS and the practice's record. [PDS-6]"""

    label: str
    at_pds: str
    at_practice: str
    serious: bool


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What the user checks with the patient before booking."""

    card: AppointmentCard
    slots: str
    practice: str
    telephone: str
    button: str
    asked_until: str
    there: tuple[KnownAppointment, ...]
    elsewhere: tuple[KnownAppointment, ...]
    clash: bool
    faults: str
    differences: tuple[DifferenceRow, ...]
    must_acknowledge: bool
    may_decline: str
    how: str
    by_telephone: bool
    telephones: tuple[str, ...]

    @classmethod
    def of(
        cls,
        proposal: Proposal,
        at: PatientAtPractice,
        there: Appointments,
        elsewhere: list[Command],
        actor: Actor,
    ) -> "CheckPage":
        """The page for a proposal, with the patient's appointments there and ours elsewhere."""
        offers = proposal.chosen
        card = card_of_offers(offers)
        practice = proposal.practice
        moved = _moved(proposal)
        coming = [
            card_of(each) for each in there.appointments if (practice.ods_code, each.id) != moved
        ]
        known_there = tuple(
            _known(each, practice.name, card)
            for each in coming
            if not each.cancelled and not each.started
        )
        known_elsewhere = tuple(
            _known(card_of_command(each), each.practice.name, card)
            for each in elsewhere
            if (each.practice.ods_code, each.appointment_id) != moved
        )
        name = full_name(at.encounter.name)
        with_whom = f" with {card.practitioner or card.role}" if card.who else ""
        return cls(
            card=card,
            slots=f"{len(offers)} slots together" if len(offers) > 1 else "",
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            button=(
                f"Book {name}{with_whom} at {practice.name}, "
                f"{card.short_day} {card.start.time_label}"
            ),
            asked_until=formatting.long_date(looked_until(proposal)),
            there=known_there,
            elsewhere=known_elsewhere,
            clash=any(known.clashes for known in known_there + known_elsewhere),
            faults=" ".join(there.faults),
            differences=tuple(_difference(each) for each in at.differences),
            must_acknowledge=bool(at.serious_differences) and not at.differences_acknowledged,
            may_decline=patient_script.may_decline(actor.organisation),
            how=patient_script.how(card, at.numbers_held),
            by_telephone=card.by_telephone,
            telephones=tuple(at.telephones),
        )


def _moved(proposal: Proposal) -> tuple[str, str]:
    """The practice and id of the appointment that makes room for this one, if there is one."""
    moving = proposal.moving or {"practice_ods": "", "appointment_id": ""}
    return moving["practice_ods"], moving["appointment_id"]


def _known(known: AppointmentCard, where: str, wanted: AppointmentCard) -> KnownAppointment:
    status = "" if known.booked else known.status
    same_day = known.start.local_date == wanted.start.local_date
    return KnownAppointment(
        when=f"{known.day}, {known.time}",
        what=", ".join(part for part in (status, known.channel, known.who) if part),
        where=where,
        clashes=same_day,
    )


def _difference(kept: dict[str, Any]) -> DifferenceRow:
    return DifferenceRow(
        FIELD_LABELS.get(kept["field"], str(kept["field"]).capitalize()),
        _shown(kept["at_pds"]),
        _shown(kept["at_practice"]),
        kept["serious"],
    )


def _shown(value: object) -> str:
    text = str(value or "")
    try:
        return f"{datetime.strptime(text, '%Y-%m-%d'):%d-%b-%Y}"  # noqa: DTZ007 - a birth date
    except ValueError:
        return text or formatting.NOT_GIVEN

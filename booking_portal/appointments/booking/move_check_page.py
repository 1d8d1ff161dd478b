"""The page before a move: the old appointment beside the new one. [MOVE-1]"""

from dataclasses import dataclass
from typing import Self

from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_of_offers
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.commands.models import Proposal
from booking_portal.practices.models import Practice
from gpconnect.models import DeliveryChannel

MOVE = "Move the appointment"
BOOK_FIRST = (
    "First the new one is booked. If it cannot be, the old one stays as it is.",
    "Only when the practice has confirmed it, the old one is cancelled.",
)
CANCEL_FIRST = (
    "First the old one is cancelled.",
    "Only when the practice has confirmed that, the new one is booked.",
)


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One fact of the old appointment beside that of the new one."""

    label: str
    old: str
    new: str

    @property
    def differs(self) -> bool:
        """Whether the patient has to hear of it."""
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class MoveCheckPage:
    """What the check page says of a move besides what it says of any booking.

    `address` is the old appointment's page.

    `version` is the old appointment's, as this page shows it; `changed`: it is not the one that
    the user saw before.
    """

    address: str
    version: str
    rows: tuple[ComparedRow, ...]
    order: tuple[str, ...]
    say: str
    button: str
    changed: bool
    cancel_first: bool

    @classmethod
    def of(
        cls,
        moving: MoveInProgress,
        old: AppointmentCard,
        old_practice: Practice,
        proposal: Proposal,
        *,
        changed: bool,
        cancel_first: bool,
    ) -> Self:
        """For the proposed slots and the old appointment as the practice holds it now."""
        new = card_of_offers(proposal.chosen)
        rows = compared(old, old_practice, new, proposal.practice)
        kept = (
            "The old one is cancelled first: until the new one is booked you have none."
            if cancel_first
            else "The old one is kept until the practice has confirmed the new one."
        )
        return cls(
            address=moving.address(proposal.encounter_id),
            version=moving.version,
            rows=rows,
            order=CANCEL_FIRST if cancel_first else BOOK_FIRST,
            say=(
                f"I am moving your appointment from {old.day} at {old.start.time_label} to "
                f"{new.day} at {new.start.time_label}. {_besides(rows, new)}{kept}"
            ),
            button="Cancel the old one, then book the new" if cancel_first else MOVE,
            changed=changed,
            cancel_first=cancel_first,
        )


def compared(
    old: AppointmentCard, old_practice: Practice, new: AppointmentCard, new_practice: Practice
) -> tuple[ComparedRow, ...]:
    """Day, time, place, who, how and what kind: the old one beside the new one. [SFS-5]"""
    facts = (
        ("Day", old.day, new.day),
        ("Time", old.time, new.time),
        ("Practice", _name(old_practice), _name(new_practice)),
        ("Where", _place(old), _place(new)),
        ("With", old.who, new.who),
        ("How", old.channel, new.channel),
        ("Slot type", old.slot_type, new.slot_type),
        ("Session", old.schedule_type, new.schedule_type),
        *((("Service", old.service, new.service),) if old.service or new.service else ()),
    )
    return tuple(
        ComparedRow(label, before or formatting.NOT_GIVEN, after or formatting.NOT_GIVEN)
        for label, before, after in facts
    )


def _besides(rows: tuple[ComparedRow, ...], new: AppointmentCard) -> str:
    """What else is different, to be said: where they have to go, and with whom it is."""
    differs = {row.label: row.new for row in rows if row.differs}
    place = differs.get("Where") or differs.get("Practice")
    if new.channel in {DeliveryChannel.TELEPHONE, DeliveryChannel.VIDEO}:
        place = differs.get("Practice")
    parts = (f"at {place}" if place else "", f"with {differs['With']}" if "With" in differs else "")
    said = ", ".join(part for part in parts if part)
    return f"It is then {said}. " if said else ""


def _name(practice: Practice) -> str:
    return f"{practice.name}, {practice.town}"


def _place(card: AppointmentCard) -> str:
    return ", ".join(part for part in (card.location, card.address) if part)

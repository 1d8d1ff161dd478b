"""The patient's appointments at one practice. [RET-1, RET-2]"""

from dataclasses import dataclass
from datetime import date

from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_of, card_with
from booking_portal.commands.requests.appointment_reads import NamedResources
from booking_portal.practices.models import Practice
from gpconnect import london
from gpconnect.models import Appointment, Appointments


@dataclass(frozen=True, slots=True)
class AppointmentListPage:
    """What the practice holds for the patient on the days that were asked for.

    `asked` says from when until when.
    """

    asked: str
    practice: str
    telephone: str
    upcoming: tuple[AppointmentCard, ...]
    earlier_today: tuple[AppointmentCard, ...]
    cancelled: tuple[AppointmentCard, ...]
    faults: str

    @classmethod
    def of(
        cls,
        there: Appointments,
        known: NamedResources,
        practice: Practice,
        *,
        start: date,
        end: date,
    ) -> "AppointmentListPage":
        """The page for London's dates, with where and with whom as far as the practice told."""
        cards = [card_with(each, known) for each in there.appointments]
        last = formatting.long_date(end)
        return cls(
            asked=(
                f"From today, the earliest day that a practice shows, to {last}"
                if start == london.today()
                else f"From {formatting.long_date(start)} to {last}"
            ),
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            upcoming=tuple(card for card in cards if not card.cancelled and not card.started),
            earlier_today=tuple(card for card in cards if not card.cancelled and card.started),
            cancelled=tuple(card for card in cards if card.cancelled),
            faults=" ".join(there.faults),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One field that somebody changed while the user was looking. [AMEND-2]"""

    label: str
    was: str
    now: str


SEEN_FIELDS = {
    "status": "Status",
    "time": "Time",
    "description": "What it is for",
    "comment": "Comment",
    "cancellation_reason": "Why it was cancelled",
}


def seen_fields(appointment: Appointment) -> dict[str, str]:
    """What a page shows of an appointment, to be compared later with what it has become."""
    card = card_of(appointment)
    shown = {name: str(getattr(card, name)) for name in SEEN_FIELDS}
    shown["time"] = f"{card.day}, {card.time}"
    return shown | {"id": appointment.id, "version": appointment.version or ""}


def changes(seen: dict[str, str], current: Appointment) -> tuple[Change, ...]:
    """What has become different since it was seen; may be empty though the version moved."""
    now = seen_fields(current)
    return tuple(
        Change(label, seen.get(name) or "Nothing", now[name] or "Nothing")
        for name, label in SEEN_FIELDS.items()
        if seen.get(name, "") != now[name]
    )

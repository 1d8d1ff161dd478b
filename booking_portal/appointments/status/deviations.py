"""In what a booking is not as asked for, as pages tell it. [BOOK-7]"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared import formatting
from booking_portal.commands.deviations import Deviation, deviations_of, is_acknowledged, shown_as
from booking_portal.commands.models import Command
from gpconnect.models import HealthcareService, Practitioner


@dataclass(frozen=True, slots=True)
class DeviationNotice:
    """What is not as asked for. `must_tell`: the patient has to hear of it first, and nobody has
    told them; `seen` is what the form sends back; `told` says who has told them, and when."""

    parts: tuple[Deviation, ...]
    must_tell: bool
    may_tell: bool
    seen: str
    told: str

    @classmethod
    def of(
        cls,
        command: Command,
        actor: Actor,
        person: Practitioner | None = None,
        service: HealthcareService | None = None,
    ) -> Self | None:
        """None where all is as asked for; `person` and `service` as `deviations_of` takes them."""
        parts = deviations_of(command, person, service)
        if not parts:
            return None
        acknowledged = is_acknowledged(command)
        return cls(
            parts=tuple(_in_words(part) for part in parts),
            must_tell=any(part.minded for part in parts) and not acknowledged,
            may_tell=actor.may(Permission.BOOK_APPOINTMENT),
            seen=shown_as(command),
            told=_told(command) if acknowledged else "",
        )


def _in_words(part: Deviation) -> Deviation:
    asked, told = part.asked, part.told
    if part.label == "Gender":
        asked, told = formatting.gender_of(asked), formatting.gender_of(told)
    nothing = formatting.NAMELESS_SERVICE if part.label == "Service" else formatting.NOT_GIVEN
    return Deviation(part.label, asked or nothing, told or nothing, part.minded)


def _told(command: Command) -> str:
    kept = command.acknowledged or {}
    when = formatting.clock_on_day(datetime.fromisoformat(kept["at"]))
    return f"{kept['by']} has told the patient, {when}."

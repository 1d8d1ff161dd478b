"""The bar that says which appointment is being moved. [MOVE-1]"""

import uuid
from dataclasses import dataclass
from typing import Self

from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.practices.models import Practice


@dataclass(frozen=True, slots=True)
class MoveBar:
    """The bar over search and results. `token` is what the page carries on."""

    token: str
    ods: str
    when: str
    where: str

    @classmethod
    def of(cls, moving: MoveInProgress, encounter_id: uuid.UUID) -> Self:
        """The bar for pages of this encounter."""
        practice = Practice.objects.filter(ods_code=moving.practice_ods).first()
        return cls(
            token=moving.signed(encounter_id),
            ods=moving.practice_ods,
            when=when_of(moving),
            where=practice.name if practice else moving.practice_ods,
        )


def when_of(moving: MoveInProgress) -> str:
    """Tue 24 Nov, 18:40."""
    start = moving.start
    day = formatting.short_date(start.local_date) if start.local_date else ""
    return ", ".join(part for part in (day, start.time_label) if part) or formatting.NOT_GIVEN

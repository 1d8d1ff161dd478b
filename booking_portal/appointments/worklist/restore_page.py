"""After a restore: what is on hold, what was compared with the practices, what was found."""

from dataclasses import dataclass

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.shared import formatting
from booking_portal.commands.restore_models import OK, Restoration, Stray
from booking_portal.commands.restores.reconciliation import many_missing
from booking_portal.patients.presenters import full_name
from gpconnect import nhs_number
from gpconnect.models import PracticeTime


@dataclass(frozen=True, slots=True)
class StrayRow:
    """An appointment that the practice holds for us and our record does not have."""

    stray_id: str
    patient: str
    nhs_number: str
    practice: str
    telephone: str
    day: str
    time: str
    about: str
    found: str

    @classmethod
    def of(cls, stray: Stray) -> "StrayRow":
        """The row."""
        start = PracticeTime.read(stray.result.get("starts", ""))
        practice = stray.practice
        return cls(
            stray_id=str(stray.pk),
            patient=full_name(stray.encounter.name),
            nhs_number=nhs_number.spaced(stray.nhs_number),
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            day=formatting.day_of(start),
            time=start.time_label or "Time not given",
            about=str(stray.result.get("description") or ""),
            found=formatting.clock_on_day(stray.found_at),
        )


@dataclass(frozen=True, slots=True)
class RestoredPage:
    """The page "After a restore". `missing` are commands whose booking the practice does
    not show, `many_missing` practices where that is rather one fault.

    `parts` counts patients at a practice: all, compared, still to come, and given up.
    """

    on_hold: bool
    noticed: str
    reason: str
    released: str
    parts: int
    compared: int
    to_come: int
    given_up: tuple[tuple[str, int], ...]
    settled: int
    changed: int
    missing: tuple[str, ...]
    begun: int
    many_missing: tuple[str, ...]
    strays: tuple[StrayRow, ...]

    @classmethod
    def of(cls, restoration: Restoration, strays: list[StrayRow]) -> "RestoredPage":
        """The page for the organisation's latest restoration."""
        parts = list(restoration.parts.select_related("practice"))
        left = [part for part in parts if part.outcome != OK and part.next_look_at is None]
        codes = sorted({part.outcome for part in left})
        return cls(
            on_hold=restoration.released_at is None,
            noticed=formatting.clock_on_day(restoration.noticed_at),
            reason=restoration.reason,
            released=_released(restoration),
            parts=len(parts),
            compared=sum(part.outcome == OK for part in parts),
            to_come=sum(part.next_look_at is not None for part in parts),
            given_up=tuple(
                (_why(code), sum(part.outcome == code for part in left)) for code in codes
            ),
            settled=sum(part.settled for part in parts),
            changed=sum(part.changed for part in parts),
            missing=tuple(command for part in parts for command in part.missing),
            begun=sum(part.begun for part in parts),
            many_missing=tuple(
                f"{number} at {practice.name}, {practice.town}, telephone {practice.telephone}"
                for practice, number in many_missing(parts)
            ),
            strays=tuple(strays),
        )


def strays_of(actor: Actor) -> list[StrayRow]:
    """What the actor's organisation has not seen to yet."""
    return [
        StrayRow.of(stray) for stray in Stray.objects.for_organisation(actor.organisation).to_see()
    ]


def _released(restoration: Restoration) -> str:
    if restoration.released_at is None:
        return ""
    when = formatting.clock_on_day(restoration.released_at)
    by = restoration.released_by
    return f"{by.full_name if by else 'who runs the portal'}, {when}"


def _why(code: str) -> str:
    return {
        "RESTRICTED": "the patient's record has become restricted",
        "PATIENT_MISMATCH": "the practice's answer was not this one patient",
        "PATIENT_NOT_AT_PRACTICE": "the practice shows no record of the patient, which says "
        "nothing of their appointments: ring the practice",
        "PRACTICE_MOVED": "the practice has changed its system since: ring it",
        "NOBODY_MAY_LOOK": "none of the users who met the patient may look any more",
    }.get(code, f"the practice could not be asked ({code})")

"""Is the practice's answer what was asked for? [BOOK-7, AMEND-1, CANCEL-1]"""

from gpconnect.models import Appointment, Booking, PracticeTime
from gpconnect.text_equivalence import same_words_joined


def differences_from_booking(asked: Booking, got: Appointment) -> tuple[str, ...]:
    """The names of the fields in which an appointment is not the one asked for."""
    fields = {
        "status": got.status == "booked",
        "patient": got.patient_id == asked.patient_id,
        "slots": set(got.slot_ids) == {slot.id for slot in asked.slots},
        "start": _same_moment(asked.slots[0].start, got.start),
        "end": _same_moment(asked.slots[-1].end, got.end),
        "location": got.location_id == asked.location_id,
    }
    return _unlike(fields)


def differences_from_amendment(before: Appointment, got: Appointment) -> tuple[str, ...]:
    """As above, of an appointment whose texts were to change. Those cast no doubt on it: whether
    they did change is for `says`. [AMEND-1]"""
    return _unlike({**_unchanged(before, got), "status": got.status == before.status})


def says(got: Appointment, description: str, comment: str | None) -> bool:
    """Whether an appointment says these words and no others, however the practice writes them.

    [BOOK-4, BOOK-7]
    """
    return same_words_joined(
        (description, comment or ""), (got.description or "", got.comment or "")
    )


def differences_from_cancellation(before: Appointment, got: Appointment) -> tuple[str, ...]:
    """As above; the reason is not compared, as a practice may shorten it."""
    return _unlike({**_unchanged(before, got), "status": got.cancelled})


def _unchanged(before: Appointment, got: Appointment) -> dict[str, bool]:
    """Identity, time and place. Whose and when it is has to be said again; what was left out, as
    by a system that keeps no slots of what is cancelled, is no difference."""
    return {
        "id": got.id == before.id,
        "patient": got.patient_id == before.patient_id,
        "start": _same_moment(before.start.written, got.start),
        "end": _unsaid(before.end.written, got.end.written)
        or _same_moment(before.end.written, got.end),
        "location": _unsaid(before.location_id, got.location_id)
        or got.location_id == before.location_id,
        "slots": _unsaid(before.slot_ids, got.slot_ids)
        or set(got.slot_ids) == set(before.slot_ids),
    }


def _unsaid(before: object, got: object) -> bool:
    return not before or not got


def _same_moment(asked: str, got: PracticeTime) -> bool:
    wanted = PracticeTime.read(asked)
    if wanted.instant is None:
        return wanted.written == got.written
    return wanted.instant == got.instant


def _unlike(fields: dict[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, same in fields.items() if not same)

"""Is the practice's answer what was asked for? [BOOK-7, AMEND-1, CANCEL-1]"""

from gpconnect.models import Appointment, Booking, PracticeTime


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


def differences_from_amendment(
    before: Appointment, description: str, comment: str | None, got: Appointment
) -> tuple[str, ...]:
    """As above; a practice may keep description and comment joined in one field. [BOOK-4]"""
    kept = _plain(f"{got.description or ''} {got.comment or ''}")
    fields = {
        **_unchanged(before, got),
        "status": got.status == before.status,
        "description": _plain(description) in kept,
        "comment": _plain(comment or "") in kept,
    }
    if all(fields.values()) and not says(got, description, comment):
        return ("texts",)
    return _unlike(fields)


def says(got: Appointment, description: str, comment: str | None) -> bool:
    """Whether an appointment says these words and no others, be it in one field or two. [BOOK-4]

    "Knee" is not said by an appointment for "Knee pain": that is somebody else's, or unchanged.
    """
    wanted = [_plain(description), _plain(comment or "")]
    if [_plain(got.description or ""), _plain(got.comment or "")] == wanted:
        return True
    left = _plain(f"{got.description or ''} {got.comment or ''}")
    for words in sorted(wanted, key=len, reverse=True):
        if words not in left:
            return False
        left = left.replace(words, " ", 1)
    return not any(letter.isalnum() for letter in left)


def differences_from_cancellation(before: Appointment, got: Appointment) -> tuple[str, ...]:
    """As above; the reason is not compared, as a practice may shorten it."""
    return _unlike({**_unchanged(before, got), "status": got.cancelled})


def _unchanged(before: Appointment, got: Appointment) -> dict[str, bool]:
    return {
        "id": got.id == before.id,
        "patient": got.patient_id == before.patient_id,
        "start": _same_moment(before.start.written, got.start),
    }


def _plain(text: str) -> str:
    """The words with every white space between them made one."""
    return " ".join(text.split())


def _same_moment(asked: str, got: PracticeTime) -> bool:
    wanted = PracticeTime.read(asked)
    if wanted.instant is None or got.instant is None:
        return wanted.written == got.written
    return wanted.instant == got.instant


def _unlike(fields: dict[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, same in fields.items() if not same)

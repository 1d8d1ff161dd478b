"""What is known of a saga when a person decides how it goes on. [MOVE-1, REG-1]"""

from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage, stage_of, step_of, time_over
from booking_portal.commands.states import State


def known_when_deciding(saga: Saga) -> str:
    """What is known, and why it did not go on by itself, when a person decides; else empty."""
    if stage_of(saga) is not Stage.NEEDS_DECISION:
        return ""
    second = step_of(saga, Command.Step.SECOND)
    if second is not None and second.state == State.DONE:
        return "Both appointments have been cancelled. The patient has no appointment."
    if saga.stopped == "NEW_CANCELLED":
        return saga.sentence
    why = (second.sentence if second else saga.sentence) or time_over(saga)
    return f"{_known_after_first_step(saga)} {why}"


def _known_after_first_step(saga: Saga) -> str:
    """What is certain once the first step is done."""
    match Saga.Kind(saga.kind):
        case Saga.Kind.MOVE:
            return "The new appointment is booked. The portal has not cancelled the old one."
        case Saga.Kind.CANCEL_FIRST:
            return (
                "The old appointment is cancelled and the new one is not booked: the patient has "
                "no appointment."
            )
        case Saga.Kind.REGISTER_AND_BOOK:
            return (
                "The patient is on the practice's list now, temporarily, and that remains. "
                "Nothing is booked."
            )

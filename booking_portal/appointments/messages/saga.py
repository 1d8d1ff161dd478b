"""Every stage of two writes for one wish in plain words. [MOVE-1, REG-1]"""

from dataclasses import dataclass, replace
from typing import Self

from booking_portal.appointments.messages.command import (
    ASK_WHO_READS_THE_AUDIT_TRAIL,
    HIDDEN,
    message_for_command,
)
from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.appointments.messages.in_doubt import answered_so
from booking_portal.appointments.messages.message import StatusMessage
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_of_command,
    card_of_offers,
)
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.refusal_reasons import slot_gone
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import Kind, State
from gpconnect.models import PracticeTime

Step = Command.Step
NEW_CANCELLED = "NEW_CANCELLED"
NEW_ONE = {
    State.SENDING: "The new one is being asked for",
    State.UNCONFIRMED: "The new one is not confirmed yet",
}
DECIDE = "Ask the patient, and decide below."
WAIT = "Wait here: this page follows by itself. Do not book or cancel anything else meanwhile."


@dataclass(frozen=True, slots=True)
class About:
    """What the words of a saga are made of: its stage, its steps, old and new in words.

    `booking` is the step that has made the new appointment, None while none has. `old` is empty
    where nothing is moved.
    """

    stage: Stage
    first: Command | None
    second: Command | None
    undo: Command | None
    card: AppointmentCard
    booking: Command | None
    old: str
    new: str
    name: str
    asked_by: str

    @classmethod
    def of(cls, saga: Saga) -> Self:
        """For the saga, with its steps as they were when it first asked for them."""
        booking = next(
            (one for one in saga_status.steps_of(saga) if one.kind == Kind.BOOK and _done(one)),
            None,
        )
        card = card_of_command(booking) if booking else _asked_for(saga)
        return cls(
            stage=saga_status.stage_of(saga),
            first=saga_status.step_of(saga, Step.FIRST),
            second=saga_status.step_of(saga, Step.SECOND),
            undo=saga_status.step_of(saga, Step.UNDO),
            card=card,
            booking=booking,
            old=_spoken(PracticeTime.read(saga.old_starts)) if saga.old_starts else "",
            new=_spoken(card.start),
            name=saga.proposal.practice.name,
            asked_by=formatting.who_and_when(saga.user, saga.created_at),
        )


def message_for_saga(saga: Saga, about: About) -> StatusMessage:
    """The words for where the saga stands."""
    match Saga.Kind(saga.kind):
        case Saga.Kind.MOVE:
            return _of_move(saga, about)
        case Saga.Kind.CANCEL_FIRST:
            return _of_cancel_first(saga, about)
        case Saga.Kind.REGISTER_AND_BOOK:
            return _of_registering(saga, about)


def message_for_restricted_saga() -> StatusMessage:
    """What is said of steps that wait for a person, where nothing may be shown. [PDS-3]"""
    return StatusMessage(
        "bad",
        "Somebody has to see to a booking that is half done",
        f"{HIDDEN} One step was done, and the portal does not do the next: the patient may have "
        "two appointments, or none.",
        "",
        f"{ASK_WHO_READS_THE_AUDIT_TRAIL}.",
    )


def _of_move(saga: Saga, about: About) -> StatusMessage:
    old, new, name = about.old, about.new, about.name
    stands = f"Your appointment on {old} stands."
    match about.stage:
        case Stage.FIRST_UNSETTLED:
            return _first_of_move(about)
        case Stage.FIRST_FAILED:
            return replace(
                _with(_standing(about.first), "The old appointment stands."),
                title="Not moved",
                say=f"I could not move it to {new}. {stands}",
            )
        case Stage.AUTOMATIC:
            return StatusMessage(
                "waiting",
                "The new one is booked, the old one is being cancelled",
                f"{name} has confirmed the new appointment. The portal is cancelling the old one.",
                f"You have the new appointment on {new}. One moment please, I am waiting for the "
                "old one to be cancelled.",
                WAIT,
            )
        case Stage.SECOND_UNSETTLED:
            return _second_unsettled(
                about,
                "The new one is booked, the old one is not cancelled for certain",
                f"{name} has confirmed the new appointment.",
                f"You have the new appointment on {new}: please come to that one. I am still "
                f"waiting to hear that the old one, on {old}, is cancelled. We will see to that.",
            )
        case Stage.NEEDS_DECISION:
            return _move_for_a_person(saga, about)
        case Stage.FINISHED:
            return _moved(about)
        case Stage.UNDOING:
            return replace(
                _with(_standing(about.undo), "The old appointment stands."),
                title="The new one is being cancelled again",
                say=f"{stands} The new one, on {new}, is being cancelled. That is not confirmed "
                "yet; we will see to it.",
            )
        case Stage.UNDONE:
            return StatusMessage(
                "good",
                "Not moved: the old one is kept",
                f"The old appointment stands. {name} has confirmed that the new one is cancelled.",
                f"Your appointment stays as it was, on {old}. The new one is cancelled.",
                "",
            )
        case Stage.CLOSED:
            return _move_closed(saga, about)


def _first_of_move(about: About) -> StatusMessage:
    """Every sentence says which of the two it is about."""
    first = about.first
    assert first is not None
    message = _with(_standing(first), "The old appointment is kept until the new one is certain.")
    say = f"Your appointment on {about.old} stands."
    if first.withdrawn_at is not None:
        return replace(message, say=say)
    then = (
        "We will ring the practice, and then ring you back."
        if first.state == State.NEEDS_ATTENTION
        else "Please do not count on the new one until you hear from us."
    )
    return replace(
        message,
        title=NEW_ONE.get(State(first.state), message.title),
        say=f"{say} The new one, on {about.new}, is not confirmed yet. {then}",
    )


def _move_for_a_person(saga: Saga, about: About) -> StatusMessage:
    known = known_when_deciding(saga)
    if saga_status.without_appointment(saga):
        return _nothing_left(known)
    if saga.stopped == NEW_CANCELLED:
        return StatusMessage(
            "bad",
            "Not moved: the new one has been cancelled",
            known,
            f"I could not move it: the new appointment has been cancelled. Your appointment on "
            f"{about.old} stands.",
            "Search again if another time is still wanted.",
        )
    return StatusMessage(
        "bad",
        "The new one is booked, and the old one still stands",
        known,
        f"You have the new appointment on {about.new}. The old one, on {about.old}, is not "
        "cancelled yet. Which of them do you want to keep?",
        DECIDE,
    )


def _move_closed(saga: Saga, about: About) -> StatusMessage:
    if saga.closing == Saga.Closing.KEPT_BOTH:
        return StatusMessage(
            "good",
            "Both appointments are kept",
            f"{about.name} has confirmed the new appointment. The old one was not cancelled.",
            f"You have both appointments now: on {about.old}, and on {about.new}.",
            "",
        )
    if _done(about.second):
        return _given_up(saga)
    return StatusMessage(
        "good",
        "Not moved: the old one is kept",
        f"The old appointment stands. The new one at {about.name} has been cancelled.",
        f"Your appointment stays as it was, on {about.old}.",
        "",
    )


def _moved(about: About) -> StatusMessage:
    if about.card.cancelled:
        return _nothing_left(
            f"The old appointment is cancelled, and the new one at {about.name} has been "
            "cancelled since."
        )
    return StatusMessage(
        "good",
        "Moved",
        f"{about.name} has confirmed the new appointment, and the old one, on {about.old}, is "
        "cancelled.",
        "",
        "",
    )


def _of_cancel_first(saga: Saga, about: About) -> StatusMessage:
    match about.stage:
        case Stage.FIRST_UNSETTLED:
            return replace(
                _with(_standing(about.first), "The new one is not booked yet."),
                say=f"I am still waiting to hear whether your appointment on {about.old} is "
                f"cancelled. The new one, on {about.new}, is not booked yet. If we end the call "
                "before I know, we will ring you back.",
            )
        case Stage.FIRST_FAILED:
            return replace(
                _with(_standing(about.first), "The new one was not booked."),
                title="Not moved",
                say=f"I could not move it to {about.new}. Your appointment on {about.old} stands.",
            )
        case Stage.AUTOMATIC:
            return StatusMessage(
                "waiting",
                "The old one is cancelled, the new one is being booked",
                "The practice has confirmed that the old appointment is cancelled. The portal is "
                "booking the new one.",
                "The old appointment is cancelled. One moment please, I am booking the new one.",
                WAIT,
            )
        case Stage.SECOND_UNSETTLED:
            return _second_unsettled(
                about,
                "The old one is cancelled, the new one is not certain",
                "The old appointment is cancelled.",
                "The old appointment is cancelled.",
            )
        case Stage.FINISHED:
            return _moved(about)
        case Stage.CLOSED:
            return _given_up(saga)
        case Stage.NEEDS_DECISION | Stage.UNDOING | Stage.UNDONE:
            return _nothing_left(known_when_deciding(saga))


def _of_registering(saga: Saga, about: About) -> StatusMessage:
    name = about.name
    match about.stage:
        case Stage.FIRST_UNSETTLED | Stage.FIRST_FAILED:
            return _standing(about.first)
        case Stage.AUTOMATIC:
            return StatusMessage(
                "waiting",
                "Registered, the appointment is being booked",
                f"{name} has the patient on its list now, temporarily. The portal is booking the "
                "appointment.",
                "You are registered there for the time being. One moment please, I am booking "
                "the appointment.",
                WAIT,
            )
        case Stage.SECOND_UNSETTLED:
            return _second_unsettled(
                about,
                "Registered, the appointment is not certain yet",
                f"{name} has the patient on its list now, temporarily.",
                "You are registered there for the time being.",
            )
        case Stage.FINISHED if about.card.cancelled or not _done(about.first):
            return _standing(about.second)  # booked all the same, and seen there after a "no"
        case Stage.FINISHED:
            return StatusMessage(
                "good",
                "Registered and booked",
                f"{name} has the patient on its list, temporarily, and has confirmed the "
                "appointment. The registered practice is as it was.",
                "",
                "",
            )
        case Stage.CLOSED:
            return _given_up(saga)
        case Stage.NEEDS_DECISION | Stage.UNDOING | Stage.UNDONE:
            return StatusMessage(
                "bad",
                "Registered, not booked",
                known_when_deciding(saga),
                f"You are registered at {name} for the time being. The appointment is not booked "
                "yet.",
                "Choose another slot below. The registration remains."
                if gone_of(saga)
                else "Book it now, or choose another slot. The registration remains either way.",
            )


def _second_unsettled(about: About, title: str, known: str, say: str) -> StatusMessage:
    """The first step is certain; the second one's own words say the rest."""
    second = about.second
    assert second is not None
    message = _standing(second)
    told, so_far = f"{say} {message.say}", message.known
    if second.kind == Kind.CANCEL:
        told, so_far = say, _of_the_old_one(second)
    if second.state == State.NEEDS_ATTENTION:
        title = f"{title}: somebody has to ring the practice"
    return replace(message, title=title, known=f"{known} {so_far}", say=told)


def _of_the_old_one(cancelling: Command) -> str:
    """What is known of a cancellation that is not settled, so that nobody mistakes which one."""
    name = cancelling.practice.name
    match State(cancelling.state):
        case State.SENDING:
            return f"The cancellation of the old one is on its way to {name}."
        case State.NEEDS_ATTENTION:
            return f"The portal could not find out whether {name} has cancelled the old one."
        case _:
            return (
                f"The cancellation of the old one was sent, but {name} has not given a clear "
                f"answer.{answered_so(cancelling)} The old one may still stand. The portal is "
                "looking there to find out."
            )


def _nothing_left(known: str) -> StatusMessage:
    return StatusMessage(
        "bad",
        "The patient has no appointment",
        known,
        "The old appointment is cancelled, and the new one is not booked. Let me find you a time "
        "now.",
        "Book another slot now, or ring the practice.",
    )


def _given_up(saga: Saga) -> StatusMessage:
    """Somebody decided that the rest is not wanted."""
    who = saga.closed_by.full_name if saga.closed_by else "Somebody"
    registered = saga.kind == Saga.Kind.REGISTER_AND_BOOK
    remains = (
        "The temporary registration remains."
        if registered
        else "The patient has no appointment from this."
    )
    return StatusMessage(
        "bad", "Ended: nothing more is booked", f"{who} ended this here. {remains}", "", ""
    )


def _with(message: StatusMessage, known: str) -> StatusMessage:
    return replace(message, known=f"{message.known} {known}")


def _standing(command: Command | None) -> StatusMessage:
    assert command is not None
    return message_for_command(command, card_of_command(command))


def _asked_for(saga: Saga) -> AppointmentCard:
    proposal = saga.proposal
    card = card_of_offers(proposal.chosen)
    return replace(card, description=proposal.description, comment=proposal.comment)


def gone_of(saga: Saga) -> Command | None:
    """The booking whose slot somebody else has, if it is the one that the saga still wants."""
    bookings = [one for one in saga_status.steps_of(saga) if one.kind == Kind.BOOK]
    last = bookings[-1] if bookings else None
    if last is None or not slot_gone(last):
        return None
    return last if last.payload["offers"] == saga.proposal.offers else None


def _spoken(start: PracticeTime) -> str:
    return f"{formatting.day_of(start)} at {start.time_label or formatting.NOT_GIVEN}"


def _done(command: Command | None) -> bool:
    return command is not None and command.state == State.DONE

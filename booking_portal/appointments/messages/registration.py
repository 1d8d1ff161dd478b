"""Every state of a temporary registration in plain words. [REG-1, REG-3]"""

from booking_portal.appointments.messages.final import why_not_made
from booking_portal.appointments.messages.in_doubt import answered_so, sent_how_often
from booking_portal.appointments.messages.message import NO_BOOKING, PRACTICE_SILENT, StatusMessage
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.requests.registration import DUPLICATE
from booking_portal.commands.states import State


def message_for_registration(command: Command) -> StatusMessage:
    """The words for where the registration stands."""
    name, telephone = command.practice.name, command.practice.telephone
    match State(command.state):
        case State.SENDING:
            return StatusMessage(
                "waiting",
                "Being sent",
                f"The temporary registration is on its way to {name}.",
                "One moment please, I am waiting for the practice's answer.",
                "Wait on this page: it follows by itself. Do not send it again.",
            )
        case State.UNCONFIRMED:
            return StatusMessage(
                "waiting",
                "Not confirmed yet",
                f"The temporary registration was sent{sent_how_often(command)}, but {name} has not "
                f"given a clear answer.{answered_so(command)} "
                f"The portal is looking at the practice to find out. {NO_BOOKING}",
                "You are not registered there for certain yet, and nothing is booked. If we end "
                "the call before it is certain, we will ring you back.",
                "Wait here: once it is certain, this page goes on to the booking. Do not send it "
                "again, and do not book elsewhere yet.",
            )
        case State.NEEDS_ATTENTION:
            return StatusMessage(
                "bad",
                "Somebody has to ring the practice",
                f"The portal could not find out whether the patient was registered at {name}. "
                f"{NO_BOOKING}",
                "This is not confirmed. We will ring the practice, and then ring you back.",
                f"Ring {name} on {telephone} and ask whether they have the patient. Then "
                "close it here with what they say.",
            )
        case State.DONE:
            return _done(command)
        case State.REFUSED:
            return _refused(command)
        case State.NOT_MADE | State.WITHDRAWN:
            return _not_made(command)


def _done(command: Command) -> StatusMessage:
    name = command.practice.name
    if command.resolution == Command.Resolution.BY_TELEPHONE:
        return StatusMessage(
            "good",
            "Closed: the practice has the patient",
            f"{command.sentence} {NO_BOOKING}",
            "",
            "The portal has not seen it itself. Search for a slot to book there.",
        )
    known_before = command.attempts.filter(purpose=Attempt.Purpose.SEND, outcome=DUPLICATE).exists()
    known = (
        f"{name} has the patient on its list already."
        if known_before
        else f"{name} has registered the patient temporarily. Their registered practice is as it "
        "was."
    )
    return StatusMessage(
        "good", "Registered", f"{known} {NO_BOOKING}", "", "Go on with the booking."
    )


def _refused(command: Command) -> StatusMessage:
    name, telephone = command.practice.name, command.practice.telephone
    known = command.sentence or f"{name} did not accept it."
    if command.error_code == DUPLICATE:
        known += " The portal has looked once more, and the practice does not show the patient."
        step = f"Do not register again: ring {name} on {telephone}, or choose another practice."
    else:
        step = command.next_step or f"Ring {name}, or choose another practice."
    return StatusMessage(
        "bad",
        "Not registered",
        f"{known} {NO_BOOKING}",
        "I could not register you there, so I have not booked anything yet.",
        step,
    )


def _not_made(command: Command) -> StatusMessage:
    name = command.practice.name
    say = "You are not registered there, and nothing is booked. Let me try again."
    if command.resolution == Command.Resolution.BY_TELEPHONE:
        step = "If it is still wanted, start again."
        return StatusMessage("bad", "Not registered", f"{command.sentence} {NO_BOOKING}", say, step)
    step = f"Try again, or ring {name}."
    if command.error_code in PRACTICE_SILENT:
        say = "The practice's system is not answering, so you are not registered or booked there."
        step = command.next_step or step
    known = why_not_made(command, "the patient is not there, and the request can no longer arrive")
    return StatusMessage("bad", "Not registered", f"{known} {NO_BOOKING}", say, step)

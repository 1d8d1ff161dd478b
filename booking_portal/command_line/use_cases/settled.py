"""Where a command stands once it was asked for, as the command line tells it."""

from collections.abc import Callable
from typing import Any

from booking_portal.command_line.answers import Answer, Problem
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import State
from booking_portal.commands.storing import AlreadyAsked

SENTENCES = {
    State.SENDING: "It was not sent in time, and is looked after by the portal.",
    State.UNCONFIRMED: "The practice has not given a clear answer. The portal looks again by "
    "itself until it is certain.",
    State.NEEDS_ATTENTION: "Somebody has to ring the practice and ask what they have.",
    State.NOT_MADE: "It was not made.",
    State.REFUSED: "The practice did not accept it.",
    State.WITHDRAWN: "It was withdrawn.",
}


def settled(ask: Callable[[], Command]) -> Answer:
    """Where the command stands; only `done` is success."""
    command = asked(ask)
    result = standing(command) | {"appointment": command.result or None}
    return Answer(result, problem=problem_with(command))


def asked(ask: Callable[[], Command]) -> Command:
    """The command that this makes, or the unsettled one that stands for it already."""
    try:
        return ask()
    except AlreadyAsked as before:
        return before.command


def standing(command: Command) -> dict[str, Any]:
    """What is said of every command."""
    return {
        "command": str(command.pk),
        "kind": command.kind,
        "state": command.state,
        "practice": command.practice.ods_code,
    }


def problem_with(command: Command) -> Problem | None:
    """Why it is not done; None when it is."""
    state = State(command.state)
    if state is State.DONE:
        return None
    sent = command.attempts.filter(purpose=Attempt.Purpose.SEND).last()
    return Problem(
        command.error_code or state.value.upper(),
        " ".join(filter(None, (command.sentence, SENTENCES[state]))),
        command.next_step,
        origin="practice",
        status=sent.status if sent else None,
        trace_id=(sent.trace_id or None) if sent else None,
        outcome_known=command.settled,
        detail={"state": state.value},
    )

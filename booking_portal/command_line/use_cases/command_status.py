"""Where a command stands once it was asked for, as the command line tells it."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from booking_portal.command_line.answers import Answer, Problem
from booking_portal.command_line.identity import in_production
from booking_portal.command_line.problems import DO_NOT_SEND_AGAIN
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.deviations import deviations_of
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import Kind, State
from booking_portal.integration.exchange_audit import what_was_said
from gpconnect.error_table import TABLE, Says
from gpconnect.errors import (
    DirectoryError,
    GPConnectError,
    NoAnswer,
    Origin,
    TLSFailure,
    Unreachable,
)

SENTENCES = {
    State.SENDING: "It was not sent in time, and is looked after by the portal.",
    State.UNCONFIRMED: "The practice has not given a clear answer. The portal looks again by "
    "itself until it is certain.",
    State.NEEDS_ATTENTION: "Somebody has to ring the practice and ask what they have.",
    State.NOT_MADE: "It was not made.",
    State.REFUSED: "The practice did not accept it.",
    State.WITHDRAWN: "It was withdrawn.",
}

LOOK_FIRST = {
    Kind.BOOK: "It may be booked: look at the patient's appointments there (use case appointments)",
    Kind.AMEND: "It may be changed: look at the appointment (use case read-appointment)",
    Kind.CANCEL: "It may be cancelled: look at the appointment (use case read-appointment)",
    Kind.REGISTER: "They may be registered: look for the patient there (use case find-patient)",
}


def settled(ask: Callable[[], Command]) -> Answer:
    """Where the command stands; only `done` is success."""
    command = asked(ask)
    result = status_of(command) | {"appointment": command.result or None}
    if parts := deviations_of(command):
        rows = [
            {"what": part.label, "asked_for": part.asked, "booked": part.told} for part in parts
        ]
        result |= {"not_as_asked_for": rows}
    return Answer(result, problem=problem_with(command))


def asked(ask: Callable[[], Command]) -> Command:
    """The command that this makes, or the unsettled one that stands for it already."""
    try:
        return ask()
    except AlreadyAsked as before:
        return before.command


def status_of(command: Command) -> dict[str, Any]:
    """What is said of every command."""
    return {
        "command": str(command.pk),
        "kind": command.kind,
        "state": command.state,
        "practice": command.practice.ods_code,
    }


def problem_with(command: Command) -> Problem | None:
    """Why it is not done; None when it is. [ERR-1]"""
    state = State(command.state)
    if state is State.DONE:
        return None
    sent = command.attempts.filter(purpose=Attempt.Purpose.SEND).last()
    detail = {"state": state.value}
    said = what_was_said(sent.trace_id) if sent is not None and sent.trace_id else ""
    if said and not in_production():
        detail["said"] = said
    return Problem(
        command.error_code or state.value.upper(),
        " ".join(filter(None, (command.sentence, SENTENCES[state]))),
        command.next_step if command.settled else way_on(command),
        origin=_origin(command, sent).value,
        status=sent.status if sent else None,
        trace_id=(sent.trace_id or None) if sent else None,
        outcome_known=command.settled,
        detail=detail,
    )


def way_on(command: Command) -> str:
    """What to do about a write of which nobody knows how it ended: never to ask for it again."""
    first = LOOK_FIRST[Kind(command.kind)]
    follow = f"or follow it in the portal: {reverse('command', args=[command.pk])}"
    return f"{DO_NOT_SEND_AGAIN} {first}, {follow}."


def _origin(command: Command, sent: Attempt | None) -> Origin:
    """Who said so, or where it broke."""
    code = command.error_code
    meaning = TABLE.get(code)
    if sent is not None and sent.status is not None:
        by_spine = meaning is not None and meaning.says is Says.SPINE_REFUSES
        return Origin.SSP if by_spine or code.startswith("SSP_") else Origin.PRACTICE
    kind = meaning.kind if meaning is not None else GPConnectError
    if issubclass(kind, Unreachable | TLSFailure | NoAnswer):
        return Origin.NETWORK
    return Origin.SDS if issubclass(kind, DirectoryError) else Origin.PORTAL

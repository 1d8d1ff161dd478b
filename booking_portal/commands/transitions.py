"""The only place where a command changes state: enforced, atomic, audited."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands import callbacks
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import LATE, MAY_FOLLOW, UNSETTLED, Kind, State
from booking_portal.commands.work_item import left_to_a_person
from gpconnect.diagnostics import masked
from gpconnect.errors import GPConnectError
from gpconnect.models import Appointment, Patient

NUMBER_IN_USE = "NUMBER_IN_USE"
"""The practice's id for the appointment is another booking's already."""


class StateChanged(Exception):
    """Another process has moved the command on in the meantime; look again."""


def who_of(command: Command, by_system: str = "") -> trail.Who:
    """The stored actor, as the audit trail keeps them."""
    return trail.Who(**command.actor | {"by_system": by_system})


def transition(
    command: Command,
    to: State,
    *,
    reason: str,
    by_system: str = "",
    who: trail.Who | None = None,
    **fields: Any,
) -> Command:
    """Put the command into another state, with its audit event, in one transaction.

    The event is the stored actor's, or that of `who`. `fields` are stored with the command. One
    that is settled is not looked at again, unless they say when.

    Raises: StateChanged when its state is not the one that this process has seen, or when another
    command for the same is unsettled since it ended; ValueError for a transition that the table
    does not allow.
    """
    was = State(command.state)
    if to not in MAY_FOLLOW[was]:
        raise ValueError(f"{was} cannot become {to}")
    if to not in UNSETTLED:
        fields = {"settled_at": timezone.now(), "next_look_at": None} | fields
    if was in LATE and to in UNSETTLED and _asked_for_again(command):
        raise StateChanged
    fields |= _beside_its_saga(command, to)
    if to is State.NEEDS_ATTENTION or _made_though_withdrawn(command, to):
        fields |= left_to_a_person(timezone.now())
    watching = not by_system and who is None  # in the user's own request
    fields = callbacks.callback_fields(command, to, watching=watching) | fields
    with transaction.atomic():
        moved = Command.objects.filter(pk=command.pk, state=was).update(state=to, **fields)
        if not moved:
            raise StateChanged
        if command.saga_id is not None:
            Saga.objects.filter(pk=command.saga_id).update(**news_of_a_step())
        trail.record(
            EventKind.COMMAND_MOVED,
            who or who_of(command, by_system),
            outcome=to.value,
            error_code=fields.get("error_code", ""),
            nhs_number=command.nhs_number,
            practice_ods=command.practice.ods_code,
            encounter_id=command.encounter_id,
            command_id=command.pk,
            appointment_id=fields.get("appointment_id", command.appointment_id),
            detail={"from": was.value, "reason": reason, "kind": command.kind}
            | ({"resolution": fields["resolution"]} if fields.get("resolution") else {}),
        )
    command.state = to
    for name, value in fields.items():
        setattr(command, name, value)
    return command


def news_of_a_step() -> dict[str, Any]:
    """What it does to the saga: perhaps a person decides now, and nobody has taken it over."""
    return left_to_a_person(Now()) | {"owner": None}


def confirm_done(
    command: Command,
    made: Appointment | Patient,
    *,
    reason: str,
    by_system: str = "",
    found: bool = False,
) -> Command:
    """The practice has done it: `done`, with what the practice returned.

    `found`: a look has shown it, whatever was answered before. A booking whose appointment
    another command has claimed already needs a person.

    Raises: StateChanged.
    """
    if claimed_by_another(command, made.id):
        if command.state == State.NEEDS_ATTENTION:  # somebody has to see to it anyway
            return command
        return transition(
            command,
            State.NEEDS_ATTENTION,
            reason="another booking has claimed this appointment",
            by_system=by_system,
            next_look_at=None,
            error_code=NUMBER_IN_USE,
            error_status=None,
            said="",
            sentence="The practice has answered with an appointment whose number in its system"
            " another booking has already.",
            next_step="Ring the practice: ask whether this appointment stands, and the other one.",
        )
    return transition(
        command,
        State.DONE,
        reason=reason,
        by_system=by_system,
        sentence="",
        next_step="",
        **_how_confirmed(command, found),
        **_returned(made),
    )


def _how_confirmed(command: Command, found: bool) -> dict[str, Any]:
    if command.state in LATE:  # it was held, and said, to be not made
        return {"resolution": Command.Resolution.FOUND_LATER}
    if found:
        return {"resolution": Command.Resolution.FOUND}
    answered = Command.Resolution.ANSWERED
    return {"resolution": answered, "error_code": "", "error_status": None, "said": ""}


def _beside_its_saga(command: Command, to: State) -> dict[str, Any]:
    """A step that shows up late, when another try of it is done, stands for itself from now on.

    So does one that has to be seen to while another step of its saga is unsettled. Asked before,
    as PostgreSQL would log the row that a constraint refuses.
    """
    if command.saga_id is None:
        return {}
    others = Command.objects.filter(saga=command.saga_id).exclude(pk=command.pk)
    if to is State.DONE:
        another = others.filter(step=command.step, state=State.DONE).exists()
    else:
        another = to in UNSETTLED and others.filter(state__in=UNSETTLED).exists()
    return {"saga": None, "step": ""} if another else {}


def _made_though_withdrawn(command: Command, to: State) -> bool:
    """Whether the practice has a booking that the patient let go of: somebody is to cancel it."""
    booked = command.kind == Kind.BOOK and to is State.DONE
    return booked and command.withdrawn_at is not None


def _asked_for_again(command: Command) -> bool:
    """Whether the same booking or registration is unsettled under another command."""
    if command.kind not in {Kind.BOOK, Kind.REGISTER}:
        return False
    same = Command.objects.filter(
        kind=command.kind,
        organisation=command.organisation_id,
        nhs_number=command.nhs_number,
        practice=command.practice_id,
        slot_key=command.slot_key,
        state__in=UNSETTLED,
    )
    return same.exists()


def claimed_by_another(command: Command, appointment_id: str) -> bool:
    """Whether another booking has this appointment at the practice for its own already."""
    claims = Command.objects.filter(
        practice=command.practice,
        asid=command.asid,
        service_root=command.service_root,
        appointment_id=appointment_id,
        kind=Kind.BOOK,
        state=State.DONE,
    )
    return command.kind == Kind.BOOK and claims.exclude(pk=command.pk).exists()


def _returned(made: Appointment | Patient) -> dict[str, Any]:
    if isinstance(made, Patient):
        return {"patient_id": made.id}
    return {"appointment_id": made.id, "result": as_json(made)}


def fail(
    command: Command, to: State, error: GPConnectError, *, by_system: str = "", **fields: Any
) -> Command:
    """Move with what the error says to the user.

    Raises: StateChanged.
    """
    ended: dict[State, dict[str, Any]] = {
        State.REFUSED: {"resolution": Command.Resolution.ANSWERED},
        State.NOT_MADE: {"resolution": Command.Resolution.NOT_SENT},
    }
    return transition(
        command,
        to,
        reason=error.code,
        by_system=by_system,
        **answer_of(command, error),
        **ended.get(to, {}),
        **fields,
    )


def answer_of(command: Command, error: GPConnectError) -> dict[str, Any]:
    """What a command keeps of an answer: its code and status, our words for it, and theirs."""
    kept = {"error_code": error.code, "error_status": error.status}
    kept |= {"sentence": error.sentence, "next_step": error.next_step}
    if not error.diagnostics and error.code == command.error_code:
        return kept  # the same answer again, as a look makes it count
    return kept | {"said": masked(error.diagnostics)}


def alarm(
    command: Command,
    error: GPConnectError,
    appointment: Appointment | None,
    *,
    by_system: str = "",
) -> Command:
    """The practice has made something else than was asked for: a person has to ring. [BOOK-7]

    Raises: StateChanged.
    """
    made = {}
    if appointment is not None:
        made = {"appointment_id": appointment.id, "result": as_json(appointment)}
    return fail(
        command, State.NEEDS_ATTENTION, error, by_system=by_system, next_look_at=None, **made
    )


def as_json(appointment: Appointment) -> dict[str, Any]:
    """What the practice returned, for pages; empty parts left out."""
    booked_by = appointment.booking_organisation
    shown = {
        "id": appointment.id,
        "version": appointment.version,
        "status": appointment.status,
        "starts": appointment.start.written,
        "ends": appointment.end.written,
        "description": appointment.description,
        "comment": appointment.comment,
        "delivery_channel": appointment.delivery_channel,
        "practitioner_role": appointment.practitioner_role,
        "practitioner_id": appointment.practitioner_id,
        "location_id": appointment.location_id,
        "service_id": appointment.service_id,
        "slot_type": appointment.slot_type,
        "schedule_type": appointment.schedule_type,
        "cancellation_reason": appointment.cancellation_reason,
        "booked_by": booked_by.name if booked_by else None,
    }
    return {key: value for key, value in shown.items() if value}

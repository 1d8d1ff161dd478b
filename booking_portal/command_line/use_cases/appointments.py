"""A patient's appointments: see, book, amend, cancel. Writes are stored commands, always."""

import uuid

from booking_portal.accounts.roles import Permission
from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.use_cases.command_status import settled
from booking_portal.command_line.use_cases.slots import chosen
from booking_portal.commands.requests import amend_cancel, appointment_reads
from booking_portal.commands.requests.amended_texts import texts_of
from booking_portal.commands.requests.appointment_reads import (
    appointments_there,
    named_resources,
)
from booking_portal.commands.requests.booking import (
    acknowledge_differences,
    propose,
    remember_before,
)
from booking_portal.commands.sagas.start import begin_booking as send_booking
from booking_portal.patients.practice_record import client_at
from gpconnect.models import Appointment

COLUMNS = (
    "id",
    "when",
    "minutes",
    "status",
    "delivery_channel",
    "practitioner_name",
    "location_name",
    "description",
    "booked_by",
)


def appointments(call: Call) -> Answer:
    """The patient's appointments at the practice, today's and cancelled ones too. [RET-1, 2]"""
    options = call.options
    call.require_days()
    there = appointments_there(call.at, actor=call.actor, start=options.start, end=options.end)
    known = named_resources(call.at, there.appointments, actor=call.actor)
    rows = [shapes.appointment(one, known) for one in there.appointments]
    result = {"complete": there.complete, "faults": list(there.faults), "appointments": rows}
    return Answer(result, {"appointments": shapes.with_service(COLUMNS, rows)})


def read_appointment(call: Call) -> Answer:
    """One appointment as it is now. [READ-1, RET-2]"""
    found = appointment_reads.read_appointment(call.at, call.needs_id(), actor=call.actor)
    return Answer(shapes.appointment(found, named_resources(call.at, [found], actor=call.actor)))


def book(call: Call) -> Answer:
    """Book the slots: from a proposal to a stored, sent command. [BOOK-1..8]

    Raises: everything that the commands' `propose` and `book` raise; Stopped.
    """
    call.actor.require(Permission.SEARCH_SLOTS)
    description = call.text("description", call.options.description or "", code="NOT_BOOKABLE")
    comment = call.text("comment", call.options.comment or "", code="NOT_BOOKABLE")
    _require_same_person(call)
    offers = chosen(call, client_at(call.at, actor=call.actor))
    proposal = propose(call.encounter, call.practice, offers, actor=call.actor)
    remember_before(proposal, call.at, actor=call.actor)
    return settled(lambda: send_booking(proposal, description, comment, actor=call.actor))


def amend(call: Call) -> Answer:
    """Change description and comment; one that is left out stays as it is. [AMEND-1, AMEND-2]

    Raises: as the commands' `amend`.
    """
    call.actor.require(Permission.AMEND_APPOINTMENT)
    for name, typed in zip(("description", "comment"), _texts(call), strict=True):
        if typed is not None:
            call.text(name, typed, code="NOT_CHANGEABLE")
    now = appointment_reads.read_appointment(call.at, call.needs_id(), actor=call.actor)
    there = texts_of(now, call.at, actor=call.actor)
    description, comment = (
        kept if typed is None else typed
        for typed, kept in zip(_texts(call), (there.description, there.comment), strict=True)
    )
    return settled(
        lambda: amend_cancel.amend(
            call.at,
            now.id,
            _version(now),
            description,
            comment,
            form_token=uuid.uuid4(),
            actor=call.actor,
        )
    )


def cancel(call: Call) -> Answer:
    """Cancel, for a reason. [CANCEL-1, CANCEL-2]

    Raises: as the commands' `cancel`.
    """
    call.actor.require(Permission.CANCEL_APPOINTMENT)
    reason = call.text("reason", call.options.reason or "", code="NOT_CHANGEABLE")
    now = appointment_reads.read_appointment(call.at, call.needs_id(), actor=call.actor)
    return settled(
        lambda: amend_cancel.cancel(
            call.at,
            now.id,
            _version(now),
            reason,
            form_token=uuid.uuid4(),
            actor=call.actor,
        )
    )


def _texts(call: Call) -> tuple[str | None, str | None]:
    """The description and the comment as given; None for one that was left out."""
    return call.options.description, call.options.comment


def _require_same_person(call: Call) -> None:
    """[PDS-6]"""
    if not call.at.serious_differences:
        return
    if not call.options.acknowledge_differences:
        raise Stopped(
            Problem(
                "DIFFERENCES_NOT_ACKNOWLEDGED",
                "The practice's record differs from PDS. Confirm that it is the same person.",
                "If it is, add --acknowledge-differences.",
                detail={"differences": list(call.at.differences)},
            )
        )
    acknowledge_differences(call.at, actor=call.actor)


def _version(now: Appointment) -> str:
    return now.version or ""

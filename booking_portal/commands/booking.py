"""Book the chosen slots: from a choice to a stored, sent command. [BOOK-1..11]"""

import uuid

from django.db import transaction
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.reading import appointments_there
from booking_portal.commands.sending import send
from booking_portal.commands.states import Kind, State
from booking_portal.commands.storing import AlreadyAsked, one_at_a_time, slot_key_of, store
from booking_portal.patients.finding import find, subject_of
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import NotBookable, Offer, require_bookable, starts_at
from gpconnect.errors import InvalidRequest
from gpconnect.fhir import checks
from gpconnect.models import Appointments

DESCRIPTION_LIMIT = 100
COMMENT_LIMIT = 500
CANNOT_BE_SENT = (
    "The text has a character that cannot be sent, perhaps a line break pasted from a document. "
    "Type it anew"
)


class PatientDeceased(NotBookable):
    """PDS knows of a death. [PDS-4]"""


class DifferencesNotAcknowledged(NotBookable):
    """Family name or birth date differ at the practice, and nobody has said it is fine. [PDS-6]"""


class BookingUnsettled(Exception):
    """The patient has a booking whose outcome is not known yet; `command` is it."""

    def __init__(self, command: Command) -> None:
        super().__init__(str(command.pk))
        self.command = command


def propose(
    encounter: Encounter,
    practice: Practice,
    offers: list[Offer],
    *,
    actor: Actor,
    typed: Proposal | None = None,
    moving: dict[str, str] | None = None,
) -> Proposal:
    """Keep the user's choice of slots for the check page, with what they typed for another.

    `moving` tells the appointment that is to be moved to these slots. [MOVE-1]

    Raises: NotPermitted, NotBookable (past, doubtful, not adjacent, deceased).
    """
    actor.require(Permission.BOOK_APPOINTMENT)
    if moving is not None:
        actor.require(Permission.CANCEL_APPOINTMENT)
    require_alive(encounter, actor)
    chosen = require_bookable(offers)
    if any(offer.practice_ods != practice.ods_code for offer in chosen):
        raise NotBookable("Choose slots of one practice.")
    return Proposal.objects.create(
        encounter=encounter,
        practice=practice,
        offers=[offer.as_json() for offer in chosen],
        description=typed.description if typed else "",
        comment=typed.comment if typed else "",
        moving=moving,
    )


def unsettled_booking(encounter: Encounter, *, actor: Actor) -> Command | None:
    """The organisation's booking for this patient that is not settled yet, if there is one."""
    return (
        Command.objects.for_organisation(actor.organisation)
        .unsettled()
        .filter(kind=Kind.BOOK, nhs_number=encounter.nhs_number)
        .first()
    )


def booked_elsewhere(encounter: Encounter, practice: Practice, *, actor: Actor) -> list[Command]:
    """The organisation's confirmed bookings to come for this patient at other practices.

    As the portal last knew them: those that it has cancelled, or has seen cancelled, are left
    out.
    """
    coming = (
        Command.objects.for_organisation(actor.organisation)
        .filter(
            kind=Kind.BOOK,
            state=State.DONE,
            nhs_number=encounter.nhs_number,
            starts_at__gt=timezone.now(),
        )
        .exclude(practice=practice)
        .order_by("starts_at")
    )
    cancelled = set(
        Command.objects.filter(
            kind=Kind.CANCEL, state=State.DONE, nhs_number=encounter.nhs_number
        ).values_list("practice_id", "appointment_id")
    )
    return [
        command
        for command in coming
        if command.result.get("status") != "cancelled"
        and (command.practice_id, command.appointment_id) not in cancelled
    ]


def book(proposal: Proposal, description: str, comment: str, *, actor: Actor) -> Command:
    """Book the proposed slots for the encounter's patient. [BOOK-1..8, PDS-1, PDS-4, PDS-6]

    The command is durable before anything is sent; the answer may still be `unconfirmed`, and
    then settles in the background. The same proposal gives the same command, however often.

    Raises: NotPermitted, TraceTooOld, NotBookable (and its kinds), BookingUnsettled,
    AlreadyAsked, PatientNotAtPractice, PatientMismatch, GPConnectError (directory or find).
    """
    actor.require(Permission.BOOK_APPOINTMENT)
    asked_before = Command.objects.filter(form_token=proposal.pk).first()
    if asked_before is not None:
        return asked_before
    encounter = proposal.encounter
    encounter.require_fresh_trace()
    require_alive(encounter, actor)
    offers = require_bookable(proposal.chosen)
    require_text(description, comment)
    proposal.description, proposal.comment = description, comment
    proposal.save(update_fields=["description", "comment"])
    _require_settled(proposal, actor)
    at = find(encounter, proposal.practice, actor=actor)
    if at.serious_differences and not at.differences_acknowledged:
        raise DifferencesNotAcknowledged(
            "The practice's record differs from PDS. Confirm that it is the same person."
        )
    if proposal.before is None:  # not every request comes by way of the check page
        remember_before(proposal, at, actor=actor)
    with transaction.atomic():
        one_at_a_time(encounter.nhs_number, actor.organisation)
        _require_settled(proposal, actor)  # again: another tab may have been quicker
        command = store(_command(proposal, offers, actor), at, actor=actor)
    return send(command, actor=actor)


def _require_settled(proposal: Proposal, actor: Actor) -> None:
    rival = unsettled_booking(proposal.encounter, actor=actor)
    if rival is None:
        return
    if rival.form_token == proposal.pk:  # a double click: it is this one
        raise AlreadyAsked(rival)
    raise BookingUnsettled(rival)


def require_text(description: str, comment: str) -> None:
    """Go on only with texts that a practice can take. The forms check the same. [BOOK-4]

    Raises: NotBookable.
    """
    if not description.strip():
        raise NotBookable("Say in a few words what the appointment is for.")
    if len(description) > DESCRIPTION_LIMIT or len(comment) > COMMENT_LIMIT:
        raise NotBookable("The text is longer than the practice can take.")
    if not can_be_sent(description) or not can_be_sent(comment):
        raise NotBookable(CANNOT_BE_SENT)


def can_be_sent(text: str) -> bool:
    """Whether the text has only characters that practices take."""
    try:
        checks.words(f"text {text}", "text")
    except InvalidRequest:
        return False
    return True


def acknowledge_differences(at: PatientAtPractice, *, actor: Actor) -> None:
    """The user has seen the differences and says it is the same person. [PDS-6]"""
    at.differences_acknowledged = True
    at.save(update_fields=["differences_acknowledged"])
    trail.record(
        EventKind.DIFFERENCES_FOUND,
        actor.who,
        outcome="acknowledged",
        **subject_of(at.encounter, at.practice).facts(),
    )


def remember_before(proposal: Proposal, at: PatientAtPractice, *, actor: Actor) -> Appointments:
    """Note which appointments the patient has at the practice already; returns them.

    Raises: NotPermitted, TraceTooOld, PatientMismatch, GPConnectError.
    """
    there = appointments_there(at, actor=actor)
    proposal.before = [appointment.id for appointment in there.appointments]
    proposal.save(update_fields=["before"])
    return there


def _command(proposal: Proposal, offers: list[Offer], actor: Actor) -> Command:
    organisation = actor.organisation
    first = offers[0]
    return Command(
        id=uuid.uuid4(),
        kind=Kind.BOOK,
        form_token=proposal.pk,
        slot_key=slot_key_of([offer.slot_id for offer in offers]),
        starts=first.starts,
        starts_at=starts_at(first),
        payload={
            "offers": [offer.as_json() for offer in offers],
            "before": proposal.before,
            "description": proposal.description,
            "comment": proposal.comment,
            "organisation": {
                "ods_code": organisation.ods_code,
                "name": organisation.name,
                "telephone": organisation.telephone,
                "type": organisation.type_id,
            },
        },
    )


def require_alive(encounter: Encounter, actor: Actor) -> None:
    """Go on only with a patient whom PDS does not know to have died. [PDS-4]

    Raises: PatientDeceased.
    """
    if encounter.deceased:
        trail.record(
            EventKind.BLOCKED,
            actor.who,
            outcome="deceased on PDS",
            nhs_number=encounter.nhs_number,
            encounter_id=encounter.pk,
        )
        raise PatientDeceased("PDS says that this patient has died. Nothing is sent.")

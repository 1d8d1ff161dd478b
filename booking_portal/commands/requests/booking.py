"""Book the chosen slots: from a choice to a stored, sent command. [BOOK-1..11]"""

import uuid
from datetime import date

from django.db.models import Q
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands import saga_status
from booking_portal.commands.delivery.outbox import (
    AlreadyAsked,
    CheckedCommand,
    slot_key_of,
)
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests.appointment_reads import LOOK_AHEAD, appointments_there
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import (
    audit_subject_at,
    find_at_practice,
    require_same_system,
)
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import rows_if_any
from booking_portal.slots.offers import NotBookable, Offer, require_bookable, starts_at
from gpconnect import london
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


def unsettled_booking(
    encounter: Encounter, *, actor: Actor, saga: Saga | None = None
) -> Command | None:
    """What stands in the way of another booking for this patient at the organisation.

    A booking that is not settled yet, be it under a superseded NHS number, or the first step of
    a saga that goes on to book by itself; `saga` is one that does not stand in its own way.
    """
    same_patient = Q(nhs_number__in=encounter.nhs_numbers) | Q(
        encounter__nhs_number=encounter.nhs_number
    )
    for at in encounter.places.values():
        if at.patient_id:
            same_patient |= Q(practice=at.practice_id, patient_id=at.patient_id)
    found = Command.objects.for_organisation(actor.organisation).unsettled()
    found = found.filter(same_patient, kind=Kind.BOOK)
    newest = max(rows_if_any(found), key=lambda command: command.created_at, default=None)
    return newest or saga_status.booking_to_come(
        encounter.nhs_numbers, actor.organisation, but_for=saga
    )


def require_settled(
    encounter: Encounter, form_token: uuid.UUID, *, actor: Actor, saga: Saga | None = None
) -> None:
    """Go on only if no unsettled booking stands in the way of this form's. [BOOK-8]

    Raises: AlreadyAsked (a double click: it is this one), BookingUnsettled.
    """
    rival = unsettled_booking(encounter, actor=actor, saga=saga)
    if rival is not None and rival.form_token == form_token:
        raise AlreadyAsked(rival)
    if rival is not None:
        raise BookingUnsettled(rival)


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
            nhs_number__in=encounter.nhs_numbers,
            starts_at__gt=timezone.now(),
        )
        .exclude(practice=practice)
        .select_related("practice")
        .order_by()
    )
    if not coming:
        return []
    gone = Command.objects.filter(
        kind=Kind.CANCEL, state=State.DONE, nhs_number__in=encounter.nhs_numbers
    )
    ids = ("practice_id", "asid", "service_root", "appointment_id")
    cancelled = set(gone.order_by().values_list(*ids))
    return [
        command
        for command in sorted(coming, key=lambda command: command.starts_at)
        if command.result.get("status") != "cancelled"
        and tuple(getattr(command, name) for name in ids) not in cancelled
    ]


def ready_to_book(
    proposal: Proposal,
    description: str,
    comment: str,
    *,
    actor: Actor,
    encounter: Encounter | None = None,
    form_token: uuid.UUID | None = None,
    saga: Saga | None = None,
) -> CheckedCommand:
    """What is checked before a booking is stored; the texts are kept for later.

    That nothing unsettled stands in its way is for `still_free` to ask, under the patient's lock;
    whoever wants to know before the practice is asked asks it (`require_settled`) first.
    `encounter` is the acting user's own, where the proposal is a colleague's; `saga` the one
    whose second step it is.

    Raises: as `book`; AlreadyAsked and BookingUnsettled come from `still_free` alone.
    """
    actor.require(Permission.BOOK_APPOINTMENT)
    encounter = encounter or proposal.encounter
    form_token = form_token or proposal.pk
    encounter.require_fresh_trace()
    require_alive(encounter, actor)
    offers = require_bookable(proposal.chosen)
    keep_texts(proposal, description, comment)

    def still_free() -> None:
        require_settled(encounter, form_token, actor=actor, saga=saga)

    at = find_at_practice(encounter, proposal.practice, actor=actor)
    require_offered_there(proposal, at, actor=actor)
    if at.serious_differences and not at.differences_acknowledged:
        raise DifferencesNotAcknowledged(
            "The practice's record differs from PDS. Confirm that it is the same person."
        )
    if proposal.before is None:  # not every request comes by way of the check page
        remember_before(proposal, at, actor=actor)
    return CheckedCommand(_command(proposal, offers, form_token, actor), at, still_free)


def require_offered_there(proposal: Proposal, at: PatientAtPractice, *, actor: Actor) -> None:
    """Go on only while the practice has the system that offered the slots. [SDS-3]

    Raises: PracticeMoved.
    """
    for offer in proposal.chosen:
        require_same_system(at, offer.system, actor=actor)


def keep_texts(proposal: Proposal, description: str, comment: str) -> None:
    """Keep what the user typed, if a practice can take it. [BOOK-4]

    Raises: NotBookable.
    """
    require_text(description, comment)
    proposal.description, proposal.comment = description, comment
    proposal.save(update_fields=["description", "comment"])


def require_text(description: str, comment: str) -> None:
    """Go on only with texts that a practice can take. The forms check the same. [BOOK-4]

    Raises: NotBookable.
    """
    require_purpose(description)
    require_sendable(description, DESCRIPTION_LIMIT)
    require_sendable(comment, COMMENT_LIMIT)


def require_purpose(description: str) -> None:
    """Go on only if it says what the appointment is for. Raises: NotBookable."""
    if not description.strip():
        raise NotBookable("Say in a few words what the appointment is for.")


def require_sendable(text: str, limit: int) -> None:
    """Go on only with a text that a practice can take. Raises: NotBookable."""
    if len(text) > limit:
        raise NotBookable("The text is longer than the practice can take.")
    if not can_be_sent(text):
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
        **audit_subject_at(at.encounter, at.practice).facts(),
    )


def looked_until(proposal: Proposal) -> date:
    """The last of London's dates that the check before a booking asks the practice for.

    As far as ever, and always past the chosen slots: a clash with them must not be missed.
    """
    last = max((offer.start.local_date or date.min for offer in proposal.chosen), default=date.min)
    return max(london.today() + LOOK_AHEAD, last)


def remember_before(proposal: Proposal, at: PatientAtPractice, *, actor: Actor) -> Appointments:
    """Note which appointments the patient has at the practice already; returns them.

    A list of which a part could not be read is no such note.

    Raises: NotPermitted, TraceTooOld, PatientMismatch, GPConnectError.
    """
    there = appointments_there(at, actor=actor, end=looked_until(proposal))
    ids = [appointment.id for appointment in there.appointments]
    proposal.before = ids if there.complete else None
    proposal.save(update_fields=["before"])
    return there


def _command(
    proposal: Proposal, offers: list[Offer], form_token: uuid.UUID, actor: Actor
) -> Command:
    organisation = actor.organisation
    first = offers[0]
    return Command(
        id=uuid.uuid4(),
        kind=Kind.BOOK,
        form_token=form_token,
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

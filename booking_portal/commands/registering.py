"""Register a patient temporarily at a practice that does not know them. [REG-1..3]"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.asking import registration_payload
from booking_portal.commands.booking import require_alive
from booking_portal.commands.models import Command
from booking_portal.commands.sending import send
from booking_portal.commands.states import Kind, State
from booking_portal.commands.steps.preparing import Ready, keep
from booking_portal.commands.storing import AlreadyAsked
from booking_portal.patients.finding import NO_RECORD, find, reach, shows_nothing, subject_of
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.querying import rarely_one
from gpconnect.models import Address, ContactPoint, Registration

DUPLICATE = "DUPLICATE_REJECTED"
# There is no slot by whose end it has to be settled.
LOOKED_FOR = timedelta(days=1)
TELEPHONE_USES = ("home", "work", "mobile")


class NotRegistrable(Exception):
    """The patient is not registered there, and nothing was sent; the text says why."""


class RegisteredHere(NotRegistrable):
    """It is the patient's own practice. [REG-1]"""


class DemographicsIncomplete(NotRegistrable):
    """PDS lacks what identifies a patient. [REG-2]"""


class StillNotShown(NotRegistrable):
    """The practice has registered them, or says that it had, and does not show them. [REG-3]"""


class KnownThere(NotRegistrable):
    """The practice has an active record of the patient: nothing needs registering. [REG-1]"""

    def __init__(self, at: PatientAtPractice) -> None:
        super().__init__("The practice has an active record of the patient.")
        self.at = at


@dataclass(frozen=True, slots=True)
class AsSaid:
    """What the patient says beyond what PDS knows. [REG-2]

    `language` is a code of CareConnect-HumanLanguage-1.
    """

    address: Address | None = None
    telephone: str = ""
    email: str = ""
    language: str = ""
    interpreter_required: bool = False


def registration_for(encounter: Encounter, said: AsSaid | None = None) -> Registration:
    """Exactly what is sent: PDS's identity, address and telephones, and what was said. [REG-2]

    Without `said`, PDS's e-mail address is in it; with it, the one that was said or none.

    Raises: DemographicsIncomplete.
    """
    name, birth_date = encounter.name, encounter.birth_date
    if not (name.family and name.given and birth_date):
        raise DemographicsIncomplete(
            "The national record lacks a name or birth date, so nothing was sent."
        )
    said = said or AsSaid(email=email_of(encounter))
    telecoms = list(telephones_of(encounter))
    if said.telephone:
        telecoms.append(ContactPoint("phone", said.telephone, "temp"))
    if said.email:
        telecoms.append(ContactPoint("email", said.email, "home"))
    return Registration(
        nhs_number=encounter.nhs_number,
        family=name.family,
        given=name.given,
        birth_date=birth_date,
        gender=encounter.gender or None,
        home_address=encounter.home_address,
        temporary_address=said.address,
        telecoms=tuple(telecoms),
        language=said.language or None,
        interpreter_required=said.interpreter_required,
    )


def telephones_of(encounter: Encounter) -> tuple[ContactPoint, ...]:
    """PDS's telephone numbers, the first of each use that may be sent. [REG-2]"""
    by_use = {
        point.use: point
        for point in reversed(encounter.telecoms)
        if point.system == "phone" and point.use in TELEPHONE_USES
    }
    return tuple(by_use[use] for use in TELEPHONE_USES if use in by_use)


def email_of(encounter: Encounter) -> str:
    """PDS's first e-mail address; empty when there is none."""
    return next((each.value for each in encounter.telecoms if each.system == "email"), "")


def earlier_registration(
    encounter: Encounter, practice: Practice, *, actor: Actor
) -> Command | None:
    """The organisation's last registration of this patient there within a day."""
    return (
        Command.objects.for_organisation(actor.organisation)
        .filter(
            kind=Kind.REGISTER,
            nhs_number=encounter.nhs_number,
            practice=practice,
            created_at__gt=timezone.now() - settings.TRACE_LIFETIME,
        )
        .first()
    )


def require_registrable(encounter: Encounter, practice: Practice, *, actor: Actor) -> None:
    """Go on only where a registration that the practice does not know of may be asked for.

    No loop: what the practice has called a duplicate is not asked for again. [REG-1, REG-3]

    Raises: NotRegistrable (RegisteredHere, DemographicsIncomplete, StillNotShown), AlreadyAsked
    (one is not settled yet).
    """
    if encounter.registered_practice_ods == practice.ods_code:
        raise RegisteredHere(
            "The patient is registered at this practice: no temporary registration is needed."
        )
    registration_for(encounter)
    earlier = earlier_registration(encounter, practice, actor=actor)
    if earlier is None:
        return
    if not earlier.settled:
        raise AlreadyAsked(earlier)
    if earlier.state == State.DONE or earlier.error_code == DUPLICATE:
        raise StillNotShown(
            "The practice says that it has the patient on its list, and does not show them."
        )


def register(
    encounter: Encounter,
    practice: Practice,
    said: AsSaid | None = None,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> Command:
    """Register the encounter's patient temporarily; the registered practice stays. [REG-1..3]

    The command is durable before anything is sent; the answer may still be `unconfirmed`, and
    then settles in the background.

    Raises: NotPermitted, TraceTooOld, PatientDeceased, NotRegistrable (also KnownThere),
    AlreadyAsked, PatientMismatch, GPConnectError (directory or find).
    """
    actor.require(Permission.REGISTER_PATIENT)
    mine = Command.objects.filter(form_token=form_token, encounter=encounter)
    asked_before = rarely_one(mine)
    if asked_before is not None:
        return asked_before
    ready = ready_to_register(encounter, practice, said, form_token=form_token, actor=actor)
    return send(keep(ready, actor=actor), actor=actor)


def ready_to_register(
    encounter: Encounter,
    practice: Practice,
    said: AsSaid | None = None,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> Ready:
    """Everything that is checked before a registration is stored.

    Raises: as `register`.
    """
    actor.require(Permission.REGISTER_PATIENT)
    encounter.require_fresh_trace()
    require_alive(encounter, actor)
    try:
        require_registrable(encounter, practice, actor=actor)
    except NotRegistrable as reason:
        if isinstance(reason, StillNotShown):  # by then; as on the screens, what is there counts
            _require_unknown_there(encounter, practice, actor)
        _blocked(encounter, practice, actor, type(reason).__name__)
        raise
    _require_unknown_there(encounter, practice, actor)
    sent = registration_for(encounter, said)
    command = Command(
        id=uuid.uuid4(),
        kind=Kind.REGISTER,
        form_token=form_token,
        starts_at=timezone.now() + LOOKED_FOR,
        payload=registration_payload(sent),
    )
    # Of two at the same moment the database takes one.
    return Ready(command, reach(encounter, practice, actor=actor), still_free=lambda: None)


def _require_unknown_there(encounter: Encounter, practice: Practice, actor: Actor) -> None:
    """Only after a find that returned nothing. [REG-1]"""
    try:
        at = find(encounter, practice, actor=actor)
    except NO_RECORD as error:
        if not shows_nothing(error):
            raise
        return
    raise KnownThere(at)


def _blocked(encounter: Encounter, practice: Practice, actor: Actor, why: str) -> None:
    facts = subject_of(encounter, practice).facts()
    trail.record(EventKind.BLOCKED, actor.who, outcome=f"not registered: {why}", **facts)

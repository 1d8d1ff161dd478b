"""Register a patient temporarily at a practice that does not know them. [REG-1..3]"""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.client_values import registration_payload
from booking_portal.commands.delivery.outbox import (
    AlreadyAsked,
    CheckedCommand,
    made_by_form,
    store_checked,
)
from booking_portal.commands.delivery.sender import send
from booking_portal.commands.models import Command
from booking_portal.commands.requests.booking import require_alive
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import (
    NO_RECORD,
    audit_subject_at,
    find_at_practice,
    locate_practice,
    shows_nothing,
)
from booking_portal.practices.models import Practice
from gpconnect.languages import LANGUAGES
from gpconnect.models import Address, ContactPoint, HumanName, Registration

DUPLICATE = "DUPLICATE_REJECTED"
# There is no slot by whose end it has to be settled.
LOOKED_FOR = timedelta(days=1)
TELEPHONE_USES = ("home", "work", "mobile")
OFFICIAL_USES = ("official", "usual", None)  # PDS itself calls the usual name so


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
    """Exactly what is sent: PDS's identity, addresses and telephones, and what was said. [REG-2]

    Of PDS only what counts today and is what it is sent as: a temporary address never as home.
    Without `said`, PDS's e-mail address and language are in it; with it, those that were said.

    Raises: DemographicsIncomplete.
    """
    name, birth_date = _identity(encounter)
    said = said or AsSaid(
        email=email_of(encounter),
        language=sendable_language(encounter),
        interpreter_required=interpreter_of(encounter),
    )
    telecoms = list(telephones_of(encounter))
    if said.telephone:
        telecoms.append(ContactPoint("phone", said.telephone, "temp"))
    else:
        telecoms += _telephones(encounter, ("temp",))
    if said.email:
        telecoms.append(_email(encounter, said.email))
    return Registration(
        nhs_number=encounter.nhs_number,
        family=name.family or "",
        given=name.given,
        birth_date=birth_date,
        gender=encounter.gender or None,
        home_address=encounter.home_address,
        temporary_address=said.address or encounter.temporary_address,
        telecoms=tuple(telecoms),
        language=said.language or None,
        interpreter_required=said.interpreter_required,
    )


def _identity(encounter: Encounter) -> tuple[HumanName, date]:
    """A name that is current and may be called official, and the birth date, both whole.

    Raises: DemographicsIncomplete, which says what is lacking.
    """
    names = (
        name for name in encounter.names if name.use in OFFICIAL_USES and name.family and name.given
    )
    name, birth_date = next(names, None), encounter.birth_date
    lacking = [
        what
        for what, known in (("current whole name", name), ("full date of birth", birth_date))
        if not known
    ]
    if name is None or birth_date is None:
        raise DemographicsIncomplete(
            f"The national record has no {' and no '.join(lacking)} of the patient, and a "
            "registration needs it. Nothing was sent. The patient's own practice can complete "
            "the national record."
        )
    return name, birth_date


def telephones_of(encounter: Encounter) -> tuple[ContactPoint, ...]:
    """PDS's lasting telephone numbers, the first of each use that may be sent. [REG-2]"""
    return _telephones(encounter, TELEPHONE_USES)


def _telephones(encounter: Encounter, uses: tuple[str, ...]) -> tuple[ContactPoint, ...]:
    by_use = {
        point.use: point
        for point in reversed(encounter.telecoms)
        if point.system == "phone" and point.use in uses
    }
    return tuple(by_use[use] for use in uses if use in by_use)


def email_of(encounter: Encounter) -> str:
    """PDS's first e-mail address; empty when there is none."""
    return next((each.value for each in encounter.telecoms if each.system == "email"), "")


def _email(encounter: Encounter, address: str) -> ContactPoint:
    """With the use that PDS gives to this very address, if it may be sent; or else home."""
    for point in encounter.telecoms:
        if point.system == "email" and point.value == address and point.use in TELEPHONE_USES:
            return point
    return ContactPoint("email", address, "home")


def sendable_language(encounter: Encounter) -> str:
    """PDS's language, if it is one that may be sent; or empty. [PDS-9, REG-2]"""
    code = encounter.communication.language or ""
    return code if code in LANGUAGES else ""


def interpreter_of(encounter: Encounter) -> bool:
    """Whether PDS says that an interpreter is needed, for a language that may be sent."""
    return bool(sendable_language(encounter) and encounter.communication.interpreter_required)


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
    asked_before = made_by_form(form_token)
    if asked_before is not None and asked_before.encounter_id == encounter.pk:
        return asked_before
    ready = ready_to_register(encounter, practice, said, form_token=form_token, actor=actor)
    return send(store_checked(ready, actor=actor), actor=actor)


def ready_to_register(
    encounter: Encounter,
    practice: Practice,
    said: AsSaid | None = None,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> CheckedCommand:
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
    return CheckedCommand(
        command, locate_practice(encounter, practice, actor=actor), still_free=lambda: None
    )


def _require_unknown_there(encounter: Encounter, practice: Practice, actor: Actor) -> None:
    """Only after a find that returned nothing. [REG-1]"""
    try:
        at = find_at_practice(encounter, practice, actor=actor)
    except NO_RECORD as error:
        if not shows_nothing(error):
            raise
        return
    raise KnownThere(at)


def _blocked(encounter: Encounter, practice: Practice, actor: Actor, why: str) -> None:
    facts = audit_subject_at(encounter, practice).facts()
    trail.record(EventKind.BLOCKED, actor.who, outcome=f"not registered: {why}", **facts)

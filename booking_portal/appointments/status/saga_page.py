"""The page of two writes for one wish: what is certain, and what a person can decide. [MOVE-1]"""

from dataclasses import dataclass, replace
from typing import Self

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.messages.command import (
    message_for_command,
    outcome_checks_in_words,
)
from booking_portal.appointments.messages.message import TAG, StatusMessage
from booking_portal.appointments.messages.saga import (
    NEW_CANCELLED,
    About,
    gone_of,
    message_for_restricted_saga,
    message_for_saga,
)
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_of_command,
)
from booking_portal.appointments.shared.owner import who_deals
from booking_portal.appointments.status.command_page import marks_of
from booking_portal.appointments.status.deviations import DeviationNotice
from booking_portal.commands import saga_status
from booking_portal.commands.callbacks import to_be_told
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import Kind, State
from gpconnect.models import HealthcareService, Location, Practitioner

Step = Command.Step
NAMES = {
    Kind.BOOK: "Book the new appointment",
    Kind.CANCEL: "Cancel the old appointment",
    Kind.REGISTER: "Register the patient temporarily",
}
STEPS_OF = {
    Saga.Kind.MOVE: (Kind.BOOK, Kind.CANCEL),
    Saga.Kind.CANCEL_FIRST: (Kind.CANCEL, Kind.BOOK),
    Saga.Kind.REGISTER_AND_BOOK: (Kind.REGISTER, Kind.BOOK),
}
MOVING = {Stage.AUTOMATIC, Stage.SECOND_UNSETTLED, Stage.FIRST_UNSETTLED, Stage.UNDOING}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a saga. `command_id` is empty while it has not been asked for."""

    name: str
    practice: str
    state: str
    tag: str
    command_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person can decide now; an empty text: this is not offered."""

    finish: str = ""
    undo: str = ""
    keep: str = ""

    def __bool__(self) -> bool:
        return bool(self.finish or self.undo or self.keep)


@dataclass(frozen=True, slots=True)
class SagaPage:
    """The page of one saga as it is now. `mark` changes with everything that the page says."""

    saga_id: str
    kind: str
    stage: str
    message: StatusMessage
    steps: tuple[StepRow, ...]
    follows: bool
    looks: str
    mark: str
    looked: int
    decision: Decision
    owner: str
    may_take: bool
    card: AppointmentCard
    practice: str
    telephone: str
    heading: str
    old_when: str
    old_practice: str
    sentences: tuple[str, ...]
    deviation: DeviationNotice | None
    booking_id: str
    limited_information: str
    cancel_first: bool
    asked_by: str
    reference: str

    @classmethod
    def of(
        cls,
        saga: Saga,
        actor: Actor,
        telephones: list[str] | None = None,
        place: Location | None = None,
        person: Practitioner | None = None,
        service: HealthcareService | None = None,
    ) -> Self:
        """The page for the saga, with its steps as they were when it first asked for them.

        `place`, `person` and `service` are what the practice has named instead of what was asked
        for.
        """
        about = About.of(saga)
        about = replace(about, card=about.card.at(place, person, service))
        practice = saga.proposal.practice
        running = _running(saga)
        follows = _follows(about.stage, running)
        has_it = _has_the_new_one(about)
        booking = about.booking
        differs = (
            DeviationNotice.of(booking, actor, person, service) if booking and has_it else None
        )
        read_out = has_it and not (differs and differs.must_tell)
        return cls(
            saga_id=str(saga.pk),
            kind=saga.kind,
            stage=about.stage,
            message=message_for_saga(saga, about),
            steps=step_rows(saga),
            follows=follows,
            looks=outcome_checks_in_words(running) if running else "",
            mark=_mark(saga, about.stage),
            looked=sum(step.looks for step in saga.steps.all()),
            decision=decision_of(saga, about.stage, actor),
            owner=who_deals(saga, actor) if about.stage is Stage.NEEDS_DECISION else "",
            may_take=_may_take(saga, about.stage, actor),
            card=about.card,
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            heading=_heading(about),
            old_when=about.old,
            old_practice=saga.old_practice.name if saga.old_practice else "",
            sentences=patient_script.confirmation(about.card, practice, telephones)
            if read_out
            else (),
            deviation=differs,
            booking_id=str(booking.pk) if booking else "",
            limited_information=patient_script.limited_information(actor.organisation),
            cancel_first=saga_status.may_cancel_first(saga),
            asked_by=about.asked_by,
            reference=_reference(saga),
        )


@dataclass(frozen=True, slots=True)
class RestrictedSagaPage:
    """The page of steps that wait for a person, when the patient has become restricted. [PDS-3]

    Neither the patient nor a practice nor an appointment is in it.
    """

    saga_id: str
    message: StatusMessage
    owner: str
    may_take: bool
    may_close: bool
    asked_by: str
    reference: str

    @classmethod
    def of(cls, saga: Saga, actor: Actor) -> Self:
        """The page for what is stored now; there is one for what a person decides only."""
        return cls(
            saga_id=str(saga.pk),
            message=message_for_restricted_saga(),
            owner=who_deals(saga, actor),
            may_take=_may_take(saga, Stage.NEEDS_DECISION, actor),
            may_close=actor.may(Permission.BOOK_APPOINTMENT),
            asked_by=formatting.who_and_when(saga.user, saga.created_at),
            reference=_reference(saga),
        )


def step_rows(saga: Saga) -> tuple[StepRow, ...]:
    """Both steps in their order, and the undoing where there is one."""
    first, second = STEPS_OF[Saga.Kind(saga.kind)]
    rows = [_row(saga, Step.FIRST, first), _row(saga, Step.SECOND, second)]
    undo = saga_status.step_of(saga, Step.UNDO)
    if undo is not None:
        rows.append(_told(undo, "Cancel the new appointment again"))
    return tuple(rows)


def decision_of(saga: Saga, stage: Stage, actor: Actor) -> Decision:
    """What this actor may decide; nothing while no decision is asked of anybody."""
    if stage is not Stage.NEEDS_DECISION:
        return Decision()
    may_book = actor.may(Permission.BOOK_APPOINTMENT)
    may_book_it = may_book and gone_of(saga) is None
    may_cancel = actor.may(Permission.CANCEL_APPOINTMENT)
    match Saga.Kind(saga.kind):
        case Saga.Kind.MOVE if saga.stopped == NEW_CANCELLED:
            return Decision(keep="Leave it at the old appointment" if may_book else "")
        case Saga.Kind.MOVE if not has_both(saga):
            return Decision(keep="The patient needs no appointment" if may_book else "")
        case Saga.Kind.MOVE:
            return Decision(
                finish="Cancel the old appointment now" if may_cancel else "",
                undo="Keep the old one: cancel the new" if may_cancel else "",
                keep="Keep both" if may_book else "",
            )
        case Saga.Kind.CANCEL_FIRST:
            return Decision(
                finish="Book the new appointment now" if may_book_it else "",
                keep="The patient needs no appointment" if may_book else "",
            )
        case Saga.Kind.REGISTER_AND_BOOK:
            return Decision(
                finish="Book the appointment now" if may_book_it else "",
                keep="Do not book" if may_book else "",
            )


def _may_take(saga: Saga, stage: Stage, actor: Actor) -> bool:
    waits = stage is Stage.NEEDS_DECISION and not saga.dealt_with_by(actor.user)
    return waits and actor.may(Permission.VIEW_WORKLIST)


def _reference(saga: Saga) -> str:
    return str(saga.pk)[:8]


def has_both(saga: Saga) -> bool:
    """Whether the old and the new appointment of a move stand, as far as is known."""
    gone = saga.stopped == NEW_CANCELLED or saga_status.without_appointment(saga)
    return saga.kind == Saga.Kind.MOVE and not gone


def _row(saga: Saga, step: Command.Step, kind: Kind) -> StepRow:
    command = saga_status.step_of(saga, step)
    name = NAMES[kind] if saga.kind != Saga.Kind.REGISTER_AND_BOOK else _registering(kind)
    if command is not None:
        return _told(command, name)
    cancels_old = kind is Kind.CANCEL and saga.old_practice is not None
    practice = saga.old_practice if cancels_old else saga.proposal.practice
    assert practice is not None
    state = "Not asked for" if saga.closed_at else "Not asked for yet"
    return StepRow(name, practice.name, state, "grey", "")


def _registering(kind: Kind) -> str:
    return "Book the appointment" if kind is Kind.BOOK else NAMES[kind]


def _told(command: Command, name: str) -> StepRow:
    message = message_for_command(command, card_of_command(command))
    return StepRow(name, command.practice.name, message.title, TAG[message.tone], str(command.pk))


def of_concern(saga: Saga) -> Command | None:
    """The step that somebody has to see to: not settled, or the patient does not know of it."""
    steps = list(reversed(saga_status.steps_of(saga)))
    untold = (step for step in steps if to_be_told(step))
    return _running(saga) or next(untold, None)


def _running(saga: Saga) -> Command | None:
    """The step that is not settled, if there is one."""
    return next((step for step in saga.steps.all() if not step.settled), None)


def _follows(stage: Stage, running: Command | None) -> bool:
    """Whether something comes by itself."""
    waits_for_a_person = running is not None and running.state == State.NEEDS_ATTENTION
    return stage in MOVING and not waits_for_a_person


def _mark(saga: Saga, stage: Stage) -> str:
    states = [f"{step.step}.{marks_of(step)}" for step in saga_status.steps_of(saga)]
    return "-".join([stage, saga.stopped, *states])


def _heading(about: About) -> str:
    """What the card below shows, so that nobody reads out what is not so."""
    if about.stage is Stage.UNDONE or about.card.cancelled:
        return "What has been cancelled"
    if about.booking is None:
        return "What was asked for"
    return "The new appointment" if about.old else "The appointment"


def _has_the_new_one(about: About) -> bool:
    """Whether the patient certainly has the new appointment, and is to keep it."""
    return about.stage is Stage.FINISHED and about.card.stands

"""The page of one command, in whatever state it is."""

from dataclasses import dataclass

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.messages.command import (
    last_seen,
    message_for_command,
    message_for_restricted_command,
    outcome_checks_in_words,
    resolution_in_words,
)
from booking_portal.appointments.messages.final import could_not_look, is_not_shown
from booking_portal.appointments.messages.in_doubt import shows_difference
from booking_portal.appointments.messages.message import StatusMessage
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_asked,
    card_of_command,
)
from booking_portal.appointments.status.callback import CallbackPanel, offers_to_cancel
from booking_portal.appointments.status.deviations import DeviationNotice
from booking_portal.commands.models import Command
from booking_portal.commands.refusal_reasons import slot_gone
from booking_portal.commands.states import PERMISSION, UNSETTLED, Kind, State
from gpconnect.models import HealthcareService, Practitioner
from gpconnect.text_equivalence import same_words_joined

WANTED: dict[Kind, str] = {
    Kind.BOOK: "appointment",
    Kind.AMEND: "change",
    Kind.CANCEL: "cancellation",
    Kind.REGISTER: "registration",
}
"""What a patient no longer wants when a command of the kind is withdrawn."""


@dataclass(frozen=True, slots=True)
class CommandPage:
    """The page of one command, in whatever state it is.

    `marks` is what the page shows of its state: when it changes the page is loaded again.
    `asked` is what was asked for, shown `beside` what the practice answered where that is not
    certain to be the same; `rewritten`: how the practice's texts differ from those. [BOOK-7]
    """

    command_id: str
    kind: str
    state: str
    marks: str
    message: StatusMessage
    follows: bool
    looks: str
    looks_count: int
    card: AppointmentCard
    asked: AppointmentCard
    beside: bool
    rewritten: str
    deviation: DeviationNotice | None
    practice: str
    telephone: str
    asked_by: str
    seen: str
    sentences: tuple[str, ...]
    limited_information: str
    reference: str
    confirmed_booking: bool
    slot_gone: bool
    callback: CallbackPanel | None
    may_withdraw: bool
    no_longer_wanted: str
    withdrawn: str
    cancel_it: bool
    ended: str

    @classmethod
    def of(
        cls,
        command: Command,
        actor: Actor,
        card: AppointmentCard | None = None,
        asked: AppointmentCard | None = None,
        telephones: list[str] | None = None,
        person: Practitioner | None = None,
        why_not_looked: str = "",
        service: HealthcareService | None = None,
    ) -> "CommandPage":
        """The page for what is stored now; `card` and `asked` where more has been looked up.

        `person` and `service` are what the practice has named instead of what was asked for;
        `why_not_looked` says why the practice could not be looked at again just now.
        """
        card, asked = card or card_of_command(command), asked or card_asked(command)
        practice = command.practice
        state = State(command.state)
        seen = bool(command.result)
        to_cancel = offers_to_cancel(command, cancelled=card.cancelled)
        booked = command.kind == Kind.BOOK and state is State.DONE
        asks_texts = command.kind in {Kind.BOOK, Kind.AMEND} and seen
        stands = booked and seen and card.booked and not to_cancel
        live = stands and not is_not_shown(command) and not why_not_looked
        differs = DeviationNotice.of(command, actor, person, service) if live else None
        return cls(
            command_id=str(command.pk),
            kind=command.kind,
            state=command.state,
            marks=marks_of(command),
            message=_standing(command, card, why_not_looked),
            follows=state in {State.SENDING, State.UNCONFIRMED},
            looks=outcome_checks_in_words(command),
            looks_count=command.looks,
            card=card,
            asked=asked,
            beside=state is State.NEEDS_ATTENTION and shows_difference(command),
            rewritten=_rewritten(asked, card) if state is State.DONE and asks_texts else "",
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            asked_by=formatting.who_and_when(command.user, command.created_at),
            seen=last_seen(command),
            deviation=differs,
            sentences=(
                patient_script.confirmation(card, practice, telephones)
                if live and not (differs and differs.must_tell)
                else ()
            ),
            limited_information=patient_script.limited_information(actor.organisation),
            reference=reference_of(command),
            confirmed_booking=live,
            slot_gone=slot_gone(command),
            callback=CallbackPanel.of(command, actor, cancelled=card.cancelled),
            may_withdraw=may_withdraw(command, actor),
            no_longer_wanted=f"The patient no longer wants this {WANTED[Kind(command.kind)]}",
            withdrawn=withdrawn_by(command),
            cancel_it=to_cancel and not is_not_shown(command),
            ended=resolution_in_words(command),
        )


def _standing(command: Command, card: AppointmentCard, why_not_looked: str) -> StatusMessage:
    """Nothing that was not seen just now is told as good news to be read out."""
    message = message_for_command(command, card)
    if why_not_looked and message.tone == "good":
        return could_not_look(command, why_not_looked)
    return message


@dataclass(frozen=True, slots=True)
class RestrictedPage:
    """The page of a command whose patient's record has become restricted. [PDS-3]

    Neither the patient nor the practice nor the appointment is in it.
    """

    command_id: str
    message: StatusMessage
    may_take: bool
    owner: str
    asked_by: str
    reference: str

    @classmethod
    def of(cls, command: Command, actor: Actor) -> "RestrictedPage":
        """The page for what is stored now."""
        callback = CallbackPanel.of(command, actor, cancelled=False)
        waiting = command.state == State.NEEDS_ATTENTION
        return cls(
            command_id=str(command.pk),
            message=message_for_restricted_command(command),
            may_take=waiting and callback is not None and callback.may_take,
            owner=callback.owner if waiting and callback is not None else "",
            asked_by=formatting.who_and_when(command.user, command.created_at),
            reference=reference_of(command),
        )


def _rewritten(asked: AppointmentCard, card: AppointmentCard) -> str:
    """What to say of texts that are not letter by letter those asked for; empty: they are."""
    wanted, there = ((each.description, each.comment) for each in (asked, card))
    if [text.split() for text in wanted] == [text.split() for text in there]:
        return ""
    if same_words_joined(wanted, there):
        return "The practice writes the text its own way. The words are the same."
    return (
        "The practice has another text than was asked for here; somebody may have changed it "
        "since. The appointment is not affected."
    )


def marks_of(command: Command) -> str:
    """The state, and what else a page shows of it: withdrawn, taken over."""
    parts = [
        command.state,
        "withdrawn" if command.withdrawn_at else "",
        "taken" if command.taken_at else "",
    ]
    return "-".join(part for part in parts if part)


def may_withdraw(command: Command, actor: Actor) -> bool:
    """Whether it is not settled, and the actor may say that nobody wants it any more."""
    return (
        command.state in UNSETTLED
        and command.withdrawn_at is None
        and actor.may(PERMISSION[Kind(command.kind)])
    )


def withdrawn_by(command: Command) -> str:
    """Who withdrew it, and when; empty when nobody has."""
    if command.withdrawn_at is None or command.withdrawn_by is None:
        return ""
    return formatting.who_and_when(command.withdrawn_by, command.withdrawn_at)


def reference_of(command: Command) -> str:
    """What support staff search for: the error's code, the command, the failed exchange."""
    asked = command.attempts.exclude(trace_id="").order_by().values_list("id", "trace_id")
    _, last = max(asked, default=(0, ""))
    parts = (command.error_code, str(command.pk)[:8], last)
    return " ".join(part for part in parts if part)

"""The pages before a temporary registration: may it be, and what would be sent. [REG-1, REG-2]"""

from dataclasses import dataclass

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_of_offers
from booking_portal.appointments.shared.registration_facts import address_lines, sent_from_pds
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests.registration import telephones_of
from booking_portal.patients.facts import FactRow
from booking_portal.patients.presenters import full_name
from booking_portal.practices.models import Practice
from gpconnect.models import Registration


@dataclass(frozen=True, slots=True)
class NoRecordPage:
    """The practice does not show the patient: what can be done about it.

    `offers`: to register them. `unsettled`: the id of a registration that is not settled yet.
    """

    practice: str
    telephone: str
    why: str
    next_step: str
    offers: bool = False
    unsettled: str = ""

    @classmethod
    def offering(cls, practice: Practice) -> "NoRecordPage":
        """The patient may be registered temporarily. [REG-1]"""
        return cls(practice.name, practice.telephone, "", "", offers=True)

    @classmethod
    def waiting(cls, practice: Practice, command: Command) -> "NoRecordPage":
        """They are being registered, and it is not certain yet."""
        return cls(
            practice.name,
            practice.telephone,
            "A temporary registration of this patient there is not settled yet.",
            "See how it stands. Do not register them again.",
            unsettled=str(command.pk),
        )

    @classmethod
    def stopping(cls, practice: Practice, why: str = "") -> "NoRecordPage":
        """They cannot be registered from here; `why` is a sentence."""
        step = "Choose another practice, or ring the practice."
        return cls(practice.name, practice.telephone, why, step)


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """What will be sent and booked, and what it means."""

    name: str
    practice: str
    telephone: str
    card: AppointmentCard
    slots: str
    button: str
    from_pds: tuple[FactRow, ...]
    own_practice: str
    say: str
    how: str
    may_decline: str

    @classmethod
    def of(cls, proposal: Proposal, registration: Registration, actor: Actor) -> "RegisterPage":
        """The page for a proposal, and for what would be sent of the encounter's patient."""
        encounter, practice, offers = proposal.encounter, proposal.practice, proposal.chosen
        card = card_of_offers(offers)
        numbers = [point.value for point in telephones_of(encounter)]
        own = Practice.objects.filter(ods_code=encounter.registered_practice_ods).first()
        name = own.name if own else f"practice {encounter.registered_practice_ods}"
        return cls(
            name=practice.name,
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            card=card,
            slots=f"{len(offers)} slots together" if len(offers) > 1 else "",
            button=f"Register and book {full_name(encounter.name)} at {practice.name}",
            from_pds=sent_from_pds(registration) + _temporary_from_pds(registration),
            own_practice=name if encounter.registered_practice_ods else "",
            say=(
                f"{practice.name} has no record of you yet. To book there I register you with "
                "them temporarily. You stay registered with your own practice. The temporary "
                "registration remains even if the appointment cannot be booked afterwards. Is "
                "that all right?"
            ),
            how=patient_script.how_once_registered(card, numbers),
            may_decline=patient_script.may_decline(actor.organisation),
        )


def _temporary_from_pds(sent: Registration) -> tuple[FactRow, ...]:
    """What the national record calls temporary, and is sent so. [PDS-9]"""
    rows = (
        FactRow("Temporary address", address_lines(sent.temporary_address)),
        FactRow("Temporary telephone", tuple(p.value for p in sent.telecoms if p.use == "temp")),
    )
    return tuple(
        FactRow(row.label, (*row.lines, "(unless the patient gives another below)"))
        for row in rows
        if row.lines
    )

"""What to say to the patient, word for word. [BOOK-10, BOOK-11]"""

from booking_portal.accounts.models import Organisation
from booking_portal.appointments.shared.appointment_card import AppointmentCard
from booking_portal.practices.models import Practice
from gpconnect.models import DeliveryChannel


def limited_information(organisation: Organisation) -> str:
    """What the patient should know: what is seen is clinical too. [BOOK-10]"""
    return (
        f"Staff at {organisation.name} may see limited clinical information with this "
        "appointment: what it is for and any comment, not only its date, time and place."
    )


def may_decline(organisation: Organisation) -> str:
    """The same before anything is done, when the patient can still say no. [BOOK-10]"""
    return (
        f"{limited_information(organisation)} If you do not want that, tell me now, and you can "
        "arrange it with the practice yourself."
    )


def how(card: AppointmentCard, telephones: list[str] | None) -> str:
    """How the appointment is held, in a sentence; `telephones` as the practice gave them, None
    when it has not been asked. [BOOK-11]"""
    match card.channel:
        case DeliveryChannel.TELEPHONE:
            return f"The practice will ring you. {_number_held(telephones)}"
        case DeliveryChannel.VIDEO:
            return "It is a video appointment. The practice will tell you how to join."
        case DeliveryChannel.IN_PERSON:
            return "Please come to the surgery in person."
        case "":
            return "The practice did not say whether it is in person, by telephone or by video."
        case _:
            said = f"The practice gives it as: {card.channel}. Ask the practice how it is held."
            return f"{said} {_number_held(telephones)}" if card.by_telephone else said


def _number_held(telephones: list[str] | None) -> str:
    if telephones is None:
        return "I cannot see on which number."
    if not telephones:
        return "It has shown us no number for you: tell me which it should ring."
    return f"The number it holds for you is {' or '.join(telephones)}."


def how_once_registered(card: AppointmentCard, telephones: list[str]) -> str:
    """The same before the practice knows the patient: it gets these numbers of PDS's. [REG-2]"""
    if card.channel != DeliveryChannel.TELEPHONE:
        return how(card, None)
    if not telephones:
        return (
            "The practice will ring you. The national record gives no number to send it: tell me "
            "which it should ring."
        )
    return (
        "The practice will ring you. The number that it is sent from the national record is "
        f"{' or '.join(telephones)}."
    )


def confirmation(
    card: AppointmentCard, practice: Practice, telephones: list[str] | None
) -> tuple[str, ...]:
    """The confirmation to read aloud, one sentence after the other."""
    place = f"{practice.name}, {practice.town}"
    who = f", with {card.who}" if card.who else ""
    length = f", for {card.minutes} minutes" if card.minutes else ""
    said = [
        f"You have an appointment at {place}, on {card.day} at {card.start.time_label}"
        f"{length}{who}."
    ]
    said.append(how(card, telephones))
    if card.channel not in {DeliveryChannel.TELEPHONE, DeliveryChannel.VIDEO}:
        where = ", ".join(part for part in (card.location, card.address) if part)
        said.append(f"The address is {where}." if where else "Ask the practice for the address.")
    said.append(f"To change or cancel it, ring the practice on {practice.telephone}.")
    return tuple(said)

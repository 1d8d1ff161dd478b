"""What a registration sends, as facts to read. [REG-2]"""

from dataclasses import dataclass

from booking_portal.commands.client_values import registration_of
from booking_portal.commands.models import Command
from booking_portal.patients.facts import FactRow
from booking_portal.patients.presenters import GENDERS
from gpconnect import nhs_number
from gpconnect.languages import LANGUAGES
from gpconnect.models import Address, Registration

NOTHING = "Not in the national record, and not sent"
USES = {"home": "Home", "work": "Work", "mobile": "Mobile", "temp": "Temporary"}


@dataclass(frozen=True, slots=True)
class SentRegistration:
    """What a registration has sent."""

    sent: tuple[FactRow, ...]

    @classmethod
    def of(cls, command: Command) -> "SentRegistration":
        """For a command of that kind."""
        sent = registration_of(command)
        return cls(sent_from_pds(sent) + sent_as_said(sent))


def sent_from_pds(sent: Registration) -> tuple[FactRow, ...]:
    """The part that comes from the national record and cannot be changed here. [REG-2]"""
    numbers = tuple(
        f"{USES[point.use or '']}: {point.value}"
        for point in sent.telecoms
        if point.system == "phone" and point.use != "temp"
    )
    return (
        FactRow("NHS number", (nhs_number.spaced(sent.nhs_number),)),
        FactRow("Official name", (f"{sent.family.upper()}, {' '.join(sent.given)}",)),
        FactRow("Date of birth", (f"{sent.birth_date:%d-%b-%Y}",)),
        FactRow("Gender", (GENDERS.get(sent.gender or "", NOTHING),)),
        FactRow("Home address", address_lines(sent.home_address) or (NOTHING,)),
        FactRow("Telephone", numbers or (NOTHING,)),
    )


def sent_as_said(sent: Registration) -> tuple[FactRow, ...]:
    """The part that the patient has said, as far as they have."""
    temporary = tuple(point.value for point in sent.telecoms if point.use == "temp")
    emails = tuple(point.value for point in sent.telecoms if point.system == "email")
    language = LANGUAGES.get(sent.language or "", "")
    spoken = f"{language}, with an interpreter" if sent.interpreter_required else language
    rows = (
        FactRow("Temporary address", address_lines(sent.temporary_address)),
        FactRow("Temporary telephone", temporary),
        FactRow("E-mail", emails),
        FactRow("Language", (spoken,) if spoken else ()),
    )
    return tuple(row for row in rows if row.lines)


def address_lines(address: Address | None) -> tuple[str, ...]:
    return address.as_lines() if address else ()

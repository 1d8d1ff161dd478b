"""What a page says of where a command stands."""

from dataclasses import dataclass
from typing import Literal

from booking_portal.commands.states import Kind

AboutAppointment = Literal[Kind.BOOK, Kind.AMEND, Kind.CANCEL]

ASKED_FOR: dict[Kind, str] = {
    Kind.BOOK: "the booking",
    Kind.AMEND: "the change",
    Kind.CANCEL: "the cancellation",
    Kind.REGISTER: "the temporary registration",
}
DONE_TITLES: dict[Kind, str] = {
    Kind.BOOK: "Booked",
    Kind.AMEND: "Changed",
    Kind.CANCEL: "Cancelled",
    Kind.REGISTER: "Registered",
}
NO_BOOKING = "No appointment has been booked."
PRACTICE_SILENT = frozenset({"PRACTICE_NOT_ANSWERING", "OTHERS_WAITING"})


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """One state of one kind of command in words.

    `tone` is "good", "waiting" or "bad"; `say` is what to tell the patient.
    """

    tone: str
    title: str
    known: str
    say: str
    next_step: str


TAG = {"good": "green", "waiting": "yellow", "bad": "red"}

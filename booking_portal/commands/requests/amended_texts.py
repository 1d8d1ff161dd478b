"""What an appointment says, as the two texts that a form takes. [BOOK-4]

Practices join and rewrite texts. What the organisation itself has sent stands in its own commands;
of what is somebody else's, nothing has to be cut to be kept.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from booking_portal import typed_input
from booking_portal.accounts.actor import Actor
from booking_portal.commands.models import Command
from booking_portal.commands.requests.booking import COMMENT_LIMIT, DESCRIPTION_LIMIT
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import PatientAtPractice
from booking_portal.query_helpers import rows_if_any
from gpconnect.comparison import says
from gpconnect.models import Appointment

# Where one text may end and the other begin: better at a mark that joins than at a mere space.
_JOINTS: Final = (re.compile(r"\s*(?:\||//|\n|;)\s*"), re.compile(r"\s+"))


class Source(StrEnum):
    """Where the two texts come from."""

    PRACTICE = "practice"
    OURS = "ours"  # the practice has joined or rewritten them
    DIVIDED = "divided"  # one that is too long for its box, kept whole in both
    TOO_LONG = "too_long"  # for both boxes


@dataclass(frozen=True, slots=True)
class Texts:
    """Description and comment for a form."""

    description: str
    comment: str
    source: Source = Source.PRACTICE


def texts_of(current: Appointment, at: PatientAtPractice, *, actor: Actor) -> Texts:
    """The texts of an appointment as the practice has it now.

    Our own where it still says those; else the practice's, divided between the boxes where one
    is too long for its own; whole and as it is where both are.
    """
    ours = _ours(current, at, actor)
    if ours is not None:
        return ours
    description, comment = current.description or "", current.comment or ""
    if _fits(description, comment):
        return Texts(description, comment)
    return _divided(current) or Texts(description, comment, Source.TOO_LONG)


def texts_as_held(typed: str, there: str | None) -> str:
    """The practice's own text, character by character, where the user has left it as it was."""
    return there if there and is_unchanged(typed, there) else typed


def is_unchanged(typed: str, there: str) -> bool:
    """Whether what a form brought is what the practice has, as a form carries it."""
    return bool(there) and typed_input.words(typed).strip() == typed_input.words(there).strip()


def _ours(current: Appointment, at: PatientAtPractice, actor: Actor) -> Texts | None:
    done = Command.objects.for_organisation(actor.organisation).filter(
        kind__in=(Kind.BOOK, Kind.AMEND),
        state=State.DONE,
        practice=at.practice,
        appointment_id=current.id,
        nhs_number__in=at.encounter.nhs_numbers,
    )
    latest_first = sorted(rows_if_any(done), key=lambda command: command.created_at, reverse=True)
    for command in latest_first:
        description, comment = command.payload["description"], command.payload["comment"]
        # An id of the practice's former system is another appointment's. [SDS-3]
        if command.system == at.system and says(current, description, comment):
            as_sent = (current.description or "", current.comment or "") == (description, comment)
            return Texts(description, comment, Source.PRACTICE if as_sent else Source.OURS)
    return None


def _divided(current: Appointment) -> Texts | None:
    """All of the words, in two texts that fit; None where they do not."""
    whole = "\n".join(filter(None, (current.description, current.comment)))
    for joint in _JOINTS:
        for place in reversed(list(joint.finditer(whole, 0, len(whole)))):
            description, comment = whole[: place.start()].strip(), whole[place.end() :].strip()
            if description and _fits(description, comment) and says(current, description, comment):
                return Texts(description, comment, Source.DIVIDED)
    return None


def _fits(description: str, comment: str) -> bool:
    return len(description) <= DESCRIPTION_LIMIT and len(comment) <= COMMENT_LIMIT

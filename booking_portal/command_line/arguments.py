"""The flags of the command line, once, as data; which use case takes which is in the table."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from booking_portal import typed_input
from booking_portal.commands.requests.amend_cancel import REASON_LIMIT
from booking_portal.commands.requests.booking import COMMENT_LIMIT, DESCRIPTION_LIMIT, can_be_sent
from gpconnect.errors import InvalidRequest
from gpconnect.fhir import checks
from gpconnect.transport import OfficialTest

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked, as values. Dates are London's; an option left out is None (or empty)."""

    username: str
    organisation: str
    practice: str = ""
    nhs_number: str | None = None
    birth_date: date | None = None
    id: str | None = None
    identifier: str | None = None
    start: date | None = None
    end: date | None = None
    slots: tuple[str, ...] = ()
    description: str | None = None
    comment: str | None = None
    reason: str | None = None
    acknowledge_differences: bool = False
    unchecked: bool = False
    official_test: OfficialTest | None = None

    @classmethod
    def of(cls, parsed: Mapping[str, Any]) -> "Options":
        """The options among what argparse gave."""
        names = [each.name for each in fields(cls)]
        given = {name: parsed[name] for name in names if parsed.get(name) is not None}
        return cls(**given | {"slots": tuple(given.get("slots", ()))})


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag as argparse wants it."""

    name: str
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def add_to(self, parser: argparse.ArgumentParser, *, required: bool) -> None:
        """Let the parser take it. `required`: it cannot do without."""
        settings: dict[str, Any] = {**self.settings, "help": self.help}
        if required:
            settings["required"] = True
        parser.add_argument(f"--{self.name}", **settings)


def day(text: str) -> date:
    """A date as yyyy-mm-dd, or as people here write one. Raises: argparse.ArgumentTypeError."""
    try:
        return typed_input.day(text)
    except typed_input.YearNotWhole:
        why = "the year has to have 4 numbers"
    except typed_input.YearOutOfRange:
        why = f"the year has to be from {typed_input.EARLIEST.year} to {typed_input.LATEST.year}"
    except typed_input.NotADate:
        why = "this is not a date"
    raise argparse.ArgumentTypeError(
        f"{why}. Expected is yyyy-mm-dd, or the day before the month, "
        "for example 1962-11-27, 27/11/1962 or '27 Nov 1962'"
    )


def line(text: str) -> str:
    """One line, without what cannot be seen. Raises: argparse.ArgumentTypeError when empty."""
    plain = typed_input.line(text)
    if not plain:
        raise argparse.ArgumentTypeError("it is empty")
    return plain


def ods(text: str) -> str:
    """An ODS code. Raises: argparse.ArgumentTypeError."""
    code = line(text)
    if not re.fullmatch(r"[A-Za-z0-9]{1,12}", code, re.ASCII):
        raise argparse.ArgumentTypeError(
            "this is not an ODS code. Expected are letters and numbers, for example A20047"
        )
    return code


def logical_id(text: str) -> str:
    """An id in FHIR's form. Raises: argparse.ArgumentTypeError."""
    identity = line(text)
    try:
        return checks.logical_id(identity)
    except InvalidRequest:
        raise argparse.ArgumentTypeError(
            "this is not an id of a practice's. Expected are at most 64 letters, numbers, hyphens "
            "and dots, for example 1584"
        ) from None


@dataclass(frozen=True, slots=True)
class Text:
    """What a practice can take of a text, and an example. Counted as the screens do. [BOOK-4]"""

    limit: int
    example: str
    may_be_empty: bool = False

    def wrong(self, text: str) -> str:
        """What is wrong with it, in words for the user; empty when nothing is."""
        if not text and not self.may_be_empty:
            return "it is empty"
        if len(text) > self.limit:
            return f"it has {len(text)} characters, and may have {self.limit}"
        return "" if can_be_sent(text) else "it has a character that cannot be sent"


TEXTS = {
    "description": Text(DESCRIPTION_LIMIT, "'Sore throat'"),
    "comment": Text(COMMENT_LIMIT, "'Uses a wheelchair'", may_be_empty=True),
    "reason": Text(REASON_LIMIT, "'Patient feels better'"),
}

_DAY = {"type": day, "metavar": "YYYY-MM-DD"}
_ID = {"type": logical_id, "metavar": "ID"}
_ODS = {"type": ods, "metavar": "ODS"}
_WORDS = {"type": typed_input.words, "metavar": "TEXT"}

FLAGS = {
    flag.name: flag
    for flag in (
        Flag(
            "as",
            "who asks: a user of the portal",
            {"dest": "username", "metavar": "USERNAME", "type": line},
        ),
        Flag("organisation", "for whom the user acts, by ODS code", _ODS),
        Flag("practice", "whom to ask, by ODS code", _ODS),
        Flag(
            "nhs-number",
            "the patient; '-' reads it from standard input, left out it is prompted for",
            {"metavar": "NUMBER"},
        ),
        Flag("birth-date", "the birth date that the patient says", _DAY),
        Flag("id", "the practice's own id of what to read or change", _ID),
        Flag("identifier", "an ODS code or an SDS user id", {"type": line}),
        Flag("from", "first day, today when left out", {**_DAY, "dest": "start"}),
        Flag("to", "last day, two weeks in all when left out", {**_DAY, "dest": "end"}),
        Flag(
            "slot",
            "a slot's id as search-slots gives it; again for each further, adjacent one",
            {"dest": "slots", "action": "append", **_ID},
        ),
        Flag(
            "description",
            f"what the appointment is for, at most {DESCRIPTION_LIMIT} characters",
            _WORDS,
        ),
        Flag(
            "comment",
            f"a note for the practice, at most {COMMENT_LIMIT} characters; '' takes it away",
            _WORDS,
        ),
        Flag(
            "reason",
            f"why it is cancelled, at most {REASON_LIMIT} characters; the practice keeps it",
            _WORDS,
        ),
        Flag(
            "acknowledge-differences",
            "the practice's record differs from PDS, and it is the same person",
            {"action": "store_true"},
        ),
        Flag(
            "unchecked",
            "test environments only: send the number or id as typed, without check digit and trace",
            {"action": "store_true"},
        ),
        Flag(
            "official-test",
            "test environments only: send the request as this official Spine test wants it",
            {"type": OfficialTest, "choices": list(OfficialTest), "metavar": "ID"},
        ),
    )
}

"""The flags of the command line, once, as data; which use case takes which is in the table."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

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
    """A date as yyyy-mm-dd. Raises: argparse.ArgumentTypeError."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise argparse.ArgumentTypeError("give a date as yyyy-mm-dd")


_DAY = {"type": day, "metavar": "YYYY-MM-DD"}

FLAGS = {
    flag.name: flag
    for flag in (
        Flag(
            "as",
            "who asks: a user of the portal",
            {"dest": "username", "metavar": "USERNAME"},
        ),
        Flag("organisation", "for whom the user acts, by ODS code", {"metavar": "ODS"}),
        Flag("practice", "whom to ask, by ODS code", {"metavar": "ODS"}),
        Flag(
            "nhs-number",
            "the patient; '-' reads it from standard input, left out it is prompted for",
            {"metavar": "NUMBER"},
        ),
        Flag("birth-date", "the birth date that the patient says", _DAY),
        Flag("id", "the practice's own id of what to read or change"),
        Flag("identifier", "an ODS code or an SDS user id"),
        Flag("from", "first day, today when left out", {**_DAY, "dest": "start"}),
        Flag("to", "last day, two weeks in all when left out", {**_DAY, "dest": "end"}),
        Flag(
            "slot",
            "a slot's id as search-slots gives it; again for each further, adjacent one",
            {"dest": "slots", "action": "append", "metavar": "ID"},
        ),
        Flag("description", "what the appointment is for, at most 100 characters"),
        Flag("comment", "a note for the practice, at most 500 characters; '' takes it away"),
        Flag("reason", "why it is cancelled; the practice keeps it"),
        Flag(
            "acknowledge-differences",
            "the practice's record differs from PDS, and it is the same person",
            {"action": "store_true"},
        ),
        Flag(
            "unchecked",
            "test environments only: send the number as typed, without check digit and trace",
            {"action": "store_true"},
        ),
    )
}

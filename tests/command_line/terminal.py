"""Somebody at a terminal: what they type, and what comes back."""

import io
import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from booking_portal.command_line.use_case_table import UseCase
from gpconnect import london
from tests.sandbox_control import Json


@dataclass(frozen=True)
class Told:
    """How one command ended: its exit status, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def result(self) -> Json:
        assert self.status == 0, self.out + self.err
        assert self.document["ok"] is True
        return self.document["result"]

    @property
    def error(self) -> Json:
        assert self.status != 0, self.out
        assert self.document["ok"] is False
        return self.document["error"]


class Terminal:
    """Runs `manage.py gpconnect` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.username = "receptionist"
        self.organisation = "A1001"
        self.practice = "A20047"

    def runs(self, use_case: str, *flags: str, typed: str = "", json_wanted: bool = True) -> Told:
        """Run one use case; `typed` is its standard input."""
        who = ["--as", self.username, "--organisation", self.organisation]
        where = ["--practice", self.practice]
        wanted = ["--json"] if json_wanted else []
        return self.types(use_case, *who, *where, *flags, *wanted, typed=typed)

    def about(self, nhs_number: str, use_case: str, *flags: str, **more: Any) -> Told:
        """Run one use case about a patient."""
        return self.runs(use_case, "--nhs-number", nhs_number, *flags, **more)

    def free_slot(self) -> str:
        """A free slot of the practice, tomorrow or later."""
        slot_id: str = self.free_slots()[0]["slot_id"]
        return slot_id

    def free_slots(self) -> list[Json]:
        """The free slots of the practice from tomorrow on, none of them doubtful."""
        tomorrow = (london.today() + timedelta(days=1)).isoformat()
        slots = self.runs("search-slots", "--from", tomorrow).result["slots"]
        return [slot for slot in slots if not slot["doubt"]]

    def books(self, nhs_number: str, description: str = "Sore throat") -> Json:
        """Book a free slot for the patient; returns the result."""
        slot = self.free_slot()
        flags = ("--slot", slot, "--description", description)
        return self.about(nhs_number, "book", *flags).result

    def types(self, *arguments: str, typed: str = "") -> Told:
        """Run exactly this."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        self._capsys.readouterr()
        status = 0
        try:
            call_command("gpconnect", *arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        return Told(status, *self._capsys.readouterr())


NEEDED = {
    "id": "1",
    "identifier": "A20047",
    "slot": "1",
    "description": "Cough",
    "reason": "Feels better",
}


def flags_needed(use_case: UseCase, nhs_number: str = "9658218873") -> list[str]:
    """The flags that a use case cannot do without, beside who and where."""
    flags = [part for name in use_case.needs for part in (f"--{name}", NEEDED[name])]
    return [*flags, "--nhs-number", nhs_number] if use_case.patient else flags

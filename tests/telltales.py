"""What would give a patient away, looked for in what a run has written. [IG-3]"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from sandbox import people, practices
from sandbox.people import Person

SEED = 1
"""The sandbox's own, unless it is given another."""

_WORD = re.compile(r"\w+")


class Telltales:
    """Numbers, names, telephones and addresses of patients."""

    def __init__(self, patients: Iterable[Person]) -> None:
        self._words: set[str] = set()
        self._phrases: set[str] = set()
        for patient in patients:
            number = patient.nhs_number
            self._words |= {number, patient.family.casefold()}
            spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
            self._phrases |= {spaced, spaced.replace(" ", "%20"), spaced.replace(" ", "+")}
            self._phrases |= set(patient.telephones.values()) | {patient.address.lines[0]}

    def found_in(self, text: str) -> set[str]:
        """Those that the text holds."""
        words = set(_WORD.findall(text.casefold()))
        return (self._words & words) | {phrase for phrase in self._phrases if phrase in text}

    def found_below(self, directory: Path) -> dict[str, set[str]]:
        """Those that the logs there hold, by the names of the files that hold any."""
        found = {
            log.name: self.found_in(log.read_text(errors="replace"))
            for log in sorted(directory.glob("*.log"))
        }
        return {name: words for name, words in found.items() if words}


@cache
def of_the_sandbox() -> Telltales:
    """Those of all the sandbox's patients."""
    return Telltales(everybody())


def everybody() -> tuple[Person, ...]:
    """The sandbox's patients."""
    return people.population(practices.load().practices, SEED)

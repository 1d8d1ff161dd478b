"""What the users still have to do, and what they know of each other; all their threads share it."""

import itertools
import queue
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from chaos.commands.browser import Browser
from chaos.commands.scale import Wish

# A patient without an appointment can only be booked: the rest is done when it can be.
EAGERNESS: Final[Mapping[Wish, int]] = {
    "book": 1,
    "amend": 2,
    "cancel": 2,
    "move": 5,
    "register": 4,
}


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented patient: `born` is an ISO date, `practice` the registered one's ODS code."""

    nhs_number: str
    born: str
    practice: str


class Plan:
    """The wishes that have not reached a practice yet, the patients, and what has been done."""

    def __init__(self, patients: Sequence[Patient], wishes: Mapping[Wish, int]) -> None:
        self.practices = sorted({patient.practice for patient in patients})
        self.over = threading.Event()
        self.rivals: queue.SimpleQueue[Browser] = queue.SimpleQueue()
        self.remaining = dict(wishes)
        self.booked: set[Patient] = set()
        self.seen: deque[str] = deque(maxlen=400)
        self.races = 0
        self.clicks: dict[str, int] = {"double": 0, "again": 0, "withdrawn": 0, "interrupted": 0}
        self._waiting = deque(patients)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def marker(self, wish: Wish) -> str:
        """A word that no other click's text has."""
        return f"{wish[0]}k{next(self._numbers):06}"

    def wish(self, dice: Random, possible: Sequence[Wish]) -> Wish | None:
        """One of the possible wishes, the more is left of it the likelier; None when none is.

        When nothing is left at all, and it is not over, anything goes.
        """
        enough = not any(number > 0 for number in self.remaining.values())
        left = [
            1 if enough else max(0, self.remaining[wish]) * EAGERNESS[wish] for wish in possible
        ]
        return dice.choices(possible, left)[0] if any(left) else None

    def patient(self, practice: str = "") -> Patient:
        """The patient who has waited longest, of one practice or any, for this caller alone.

        When nothing new is to be booked any more, one who has an appointment to change.
        """
        with self._lock:
            changes = bool(self.booked) and not (practice or self.new_wanted)
            for patient in self._waiting:
                wanted = patient in self.booked if changes else practice in {"", patient.practice}
                if wanted:
                    self._waiting.remove(patient)
                    return patient
            if changes:
                return self._waiting.popleft()
        raise LookupError("nobody is waiting")

    @property
    def new_wanted(self) -> bool:
        """Whether there is still something to book that is not a change."""
        return self.remaining["book"] > 0 or self.remaining["register"] > 0

    def back(self, patient: Patient) -> None:
        """The patient has rung off, and may be rung again later."""
        with self._lock:
            self._waiting.append(patient)

    def rivals_home(self) -> Iterator[Browser]:
        """The colleagues who are free; all of them when the users have ended."""
        while not self.rivals.empty():
            yield self.rivals.get()

    def count(self, what: str) -> None:
        """One more of what users do that they should not."""
        with self._lock:
            self.clicks[what] += 1

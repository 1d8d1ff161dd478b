"""What a page says of where a command stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """One state of one kind of command in words.

    `tone` is "good", "waiting" or "bad"; `say` is what to tell the patient.
    """

    tone: str
    title: str
    known: str
    say: str
    next_step: str

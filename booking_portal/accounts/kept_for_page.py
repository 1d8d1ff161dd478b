"""What is kept of a form for the page that is asked for, and what the page says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from booking_portal.accounts.models import KeptForm

LOST = "lost"
"""The id of what could not be kept."""

Why = KeptForm.Why
NOTHING = "nothing was sent: nothing was booked, changed or cancelled by it."
SAID: dict[str, str] = {
    Why.SIGNED_OUT: f"You had been signed out when you pressed the button, so {NOTHING}",
    Why.OUT_OF_DATE: f"The page was out of date when you pressed the button, so {NOTHING}",
    Why.OTHER_ORGANISATION: (
        f"You were acting for another organisation when you pressed the button, so {NOTHING}"
    ),
    Why.NOT_READ: (
        "The practice could not be read when you pressed the button, so nothing was booked, "
        "changed or cancelled by it."
    ),
}


@dataclass(slots=True)
class Kept:
    """What is kept for the page that is asked for; `filled_in` once a form of it shows it,
    `given_back` where a page that has no form gives it back to be copied."""

    id: str
    why: str
    typed: Mapping[str, list[str]] = field(default_factory=dict)
    filled_in: bool = False
    given_back: bool = False

    @property
    def said(self) -> str:
        """What happened and what to do, in words; empty where the page itself says it."""
        if self.why not in SAID:
            return ""
        if self.filled_in:
            then = "What you typed is in the form again: check it, and press the button again."
        elif self.id == LOST:
            then = "What you typed could not be kept."
        elif self.given_back:
            then = "It cannot be sent from this page."
        else:
            then = "Press the button again if it is still wanted."
        return f"{SAID[self.why]} {then}"

    def text(self, name: str) -> str:
        """What was typed into one box; empty for nothing."""
        return (self.typed.get(name) or [""])[-1].replace("\r\n", "\n")

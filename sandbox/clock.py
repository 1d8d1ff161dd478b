"""The one clock of the sandbox: the real one, until a test sets it; from there it goes on.

Everything that asks for the time asks here: the diary, booking windows, what has passed, the times
of tokens, and when something was created or written down.
"""

import time
from datetime import datetime

_ahead = 0.0  # seconds that it is before the real one


def now() -> float:
    """Seconds since 1970."""
    return time.time() + _ahead


def set_to(moment: datetime) -> None:
    """Let it be that (aware) moment now."""
    global _ahead
    _ahead = moment.timestamp() - time.time()


def set_back() -> None:
    """The real time again."""
    global _ahead
    _ahead = 0.0

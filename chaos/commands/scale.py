"""How much is done to the portal, and by which clocks it runs meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Wish = Literal["book", "amend", "cancel", "move", "register"]
WISHES: Final[tuple[Wish, ...]] = ("book", "amend", "cancel", "move", "register")

# Shorter than in production, so that minutes are enough; what they mean stays as it is. What a
# practice does late (`commit_late`) comes within the life of the request, as it must.
CLOCKS: Final[Mapping[str, str]] = {
    "READ_DEADLINE_SECONDS": "2",
    "WRITE_DEADLINE_SECONDS": "3",
    "REQUEST_LIFETIME_SECONDS": "20",
    "SEND_AGAIN_WINDOW_SECONDS": "90",
    "SECOND_STEP_WINDOW_SECONDS": "30",
    "ESCALATE_AFTER_SECONDS": "120",
    "BREAKER_WAIT_SECONDS": "5",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How many of each wish are to reach a practice, by how many users, and what dies meanwhile.

    `kills` end web and worker processes, about `pause` seconds apart; `restarts` is how often each
    of PostgreSQL and Redis. `late` is after how many seconds a practice does what it does late.
    `longest` is how many seconds users go on at the most, `settling` how long what is left may
    take after the faults, `within` how long all of it may. `faulted` is the least share of
    exchanges that a fault is to strike, `each_fault` how often each kind is to at the least.
    """

    wishes: Mapping[Wish, int]
    users: int
    kills: int
    pause: float
    restarts: int
    longest: float
    settling: float
    late: float = 15.0
    within: float | None = None
    faulted: float = 0.35
    each_fault: int = 1
    clocks: Mapping[str, str] = field(default_factory=lambda: CLOCKS)


FULL: Final = Scale(
    wishes={"book": 1_000, "amend": 300, "cancel": 300, "move": 200, "register": 100},
    users=16,
    kills=20,
    pause=12.0,
    restarts=2,
    longest=505.0,
    settling=120.0,
    within=600.0,
)
SMALL: Final = Scale(
    wishes={"book": 40, "amend": 12, "cancel": 12, "move": 8, "register": 4},
    users=4,
    kills=4,
    pause=3.0,
    restarts=1,
    longest=300.0,
    settling=120.0,
    late=6.0,
    faulted=0.25,
    each_fault=0,
    clocks={
        **CLOCKS,
        "READ_DEADLINE_SECONDS": "1",
        "WRITE_DEADLINE_SECONDS": "2",
        "REQUEST_LIFETIME_SECONDS": "15",
        "SEND_AGAIN_WINDOW_SECONDS": "40",
        "SECOND_STEP_WINDOW_SECONDS": "15",
    },
)

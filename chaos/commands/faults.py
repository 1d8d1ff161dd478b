"""The mixture of faults: each kind; the quick ones often, those that keep people waiting seldom."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

WRITES: Final = ("book", "amend", "cancel", "register")

# Kind: how often it strikes an exchange that none before it has struck.
_EVERYWHERE: Final[Mapping[str, float]] = {
    "refuse": 0.05,
    "reset_before": 0.05,
    "reset_after": 0.06,
    "status_500": 0.04,
    "status_500_after": 0.04,
    "status_502": 0.04,
    "truncated": 0.05,
    "garbled": 0.04,
    "cut_after_headers": 0.05,
    "hang_before": 0.004,
    "hang_after": 0.006,
    "drip": 0.004,
}
_WRITES_ONLY: Final[Mapping[str, float]] = {
    "commit_late": 0.015,
    "own_409": 0.05,
    "refusal_500": 0.04,
    "refusal_500_after": 0.05,
    "other_slot": 0.015,
    "other_patient": 0.015,
}
# What is there is said not to be, by the practice and by something on the way to it.
_READS_ONLY: Final[Mapping[str, float]] = {"not_found": 0.03, "not_found_bare": 0.02}
_READ: Final = ("read", "retrieve", "find_patient")
_MADE: Final[Mapping[str, Mapping[str, float]]] = {
    "book": {"slot_taken": 0.04, "cancelled_at_once": 0.03},
    "amend": {"cancelled_at_once": 0.02},
}
CONNECTIONS: Final = "refuse_connection"  # no exchange comes of it
KINDS: Final = (*_EVERYWHERE, *_WRITES_ONLY, *_READS_ONLY, "slot_taken", "cancelled_at_once")
NOT_TO_BE_BELIEVED: Final = ("refusal_500", "refusal_500_after", *_READS_ONLY)


def mixture(late: float) -> Iterator[dict[str, Any]]:
    """What to ask of the sandbox's control address, in this order.

    `late` is after how many seconds a practice does what it does late.
    """
    for use_case, kinds in _MADE.items():
        for kind, probability in kinds.items():
            yield _fault(kind, probability, use_case)
    for kind, probability in _WRITES_ONLY.items():
        for use_case in WRITES:
            if not (use_case == "register" and kind == "other_slot"):
                yield _fault(kind, probability, use_case, late)
    for kind, probability in _READS_ONLY.items():
        for use_case in _READ:
            yield _fault(kind, probability, use_case)
    for kind, probability in _EVERYWHERE.items():
        yield _fault(kind, probability, "*")
    yield _fault(CONNECTIONS, 0.01, "*")


def _fault(kind: str, probability: float, use_case: str, seconds: float = 0.05) -> dict[str, Any]:
    """`seconds` is how late it is, and between two bytes of what drips."""
    return {
        "practice": "*",
        "kind": kind,
        "probability": probability,
        "use_case": use_case,
        "seconds": seconds,
    }

"""Faults on request: how services misbehave when a test or a demonstration asks them to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any

from sandbox.interactions import USE_CASES

_PRACTICES = frozenset({"practice"})
_NATIONAL = frozenset({"pds", "sds"})

# Kind: where it may strike. "Before" and "after" are seen from what the practice does.
KINDS: Mapping[str, frozenset[str]] = {
    # Nothing is done.
    "refuse_connection": frozenset({"connection"}),  # the TLS handshake is refused
    "refuse": _PRACTICES | _NATIONAL,  # the connection is dropped without an answer
    "reset_before": _PRACTICES,  # the connection is reset without an answer
    "hang_before": _PRACTICES | _NATIONAL,  # no answer ever comes
    "status_500": _PRACTICES | _NATIONAL,
    "status_502": _PRACTICES | _NATIONAL,
    "status_429": frozenset({"pds"}),
    "refusal_500": _PRACTICES,  # a code that refuses, under the status of a failure
    "not_found": _PRACTICES,  # 404 with an OperationOutcome, whether it is there or not
    "not_found_bare": _PRACTICES,  # 404 from something on the way, with no word of the practice's
    "slot_taken": _PRACTICES,  # another patient takes the slot just before
    # It is done, and the answer does not say so.
    "reset_after": _PRACTICES,
    "hang_after": _PRACTICES | _NATIONAL,
    "status_500_after": _PRACTICES | _NATIONAL,
    "refusal_500_after": _PRACTICES,
    "own_409": _PRACTICES,  # asked twice: the second answer arrives
    "truncated": _PRACTICES,  # half of the body
    "garbled": _PRACTICES,  # a body of the right length that is no JSON
    "cut_after_headers": _PRACTICES,
    "drip": _PRACTICES,  # the body byte by byte, `seconds` apart
    "held_after": _PRACTICES,  # answered when the faults are cleared
    # It is done, or done otherwise, and the answer says something else.
    "other_slot": _PRACTICES,
    "other_patient": _PRACTICES,
    "two_records": _PRACTICES,  # a search finds everything twice, under two ids
    "tricky_text": _PRACTICES,  # names and words that reorder or hide others
    "latin_1": _PRACTICES,  # a byte that is no UTF-8 in every family name
    "cancelled_at_once": _PRACTICES,  # by the practice, just after its answer
    # It is done and kept otherwise than asked, in a part that is the practice's to write.
    "encoded_text": _PRACTICES,  # as HTML, twice
    "upper_case_text": _PRACTICES,
    "replaced_text": _PRACTICES,  # ? for what is not ASCII
    "shortened_text": _PRACTICES,
    "unchanged_text": _PRACTICES,  # the one of before a change
    "other_digit_text": _PRACTICES,
    "other_practitioner": _PRACTICES,  # of another gender, or role
    "practitioner_alike": _PRACTICES,  # another of the same gender, in the same role
    "other_channel": _PRACTICES,
    # It is done `seconds` later, and answered then, if anybody still waits.
    "commit_late": _PRACTICES,
}


@dataclass(slots=True)
class Fault:
    """One fault: where, what, how often. `times` None lasts until it is cleared.

    `seconds` is how late `commit_late` is, and the pause of `drip` after each byte.
    `retry_after` is the header of that name that comes with `status_429`: seconds, a date of
    HTTP, or empty for none. `words` is what a system that fails says of it. `over` says that it
    was cleared, to those who suffer it still.
    """

    kind: str
    practice: str | None = None
    use_case: str = "*"
    service: str | None = None
    times: int | None = None
    probability: float = 1.0
    seconds: float = 1.0
    retry_after: str = "1"
    words: str = ""
    happened: int = 0
    over: bool = False

    def is_for(self, practice: str | None, use_case: str | None, service: str | None) -> bool:
        """Whether it applies to this exchange and is not used up."""
        if self._is_spent() or self.strikes_connections():
            return False
        if service is not None or self.service is not None:
            return service == self.service
        return self.practice in {"*", practice} and self.use_case in {"*", use_case}

    def is_for_connections(self) -> bool:
        """Whether it applies to a new connection, of which no exchange is known yet."""
        return self.strikes_connections() and not self._is_spent()

    def strikes_connections(self) -> bool:
        """Whether it is of a kind that strikes connections, not exchanges."""
        return "connection" in KINDS[self.kind]

    def _is_spent(self) -> bool:
        return self.times is not None and self.happened >= self.times


_FIELDS = frozenset(each.name for each in fields(Fault)) - {"happened", "over"}


class Faults:
    """The faults in force, in the order in which they were asked for.

    Each throws dice of its own, the same for the same seed and place in that order.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: list[tuple[Fault, Random]] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Bring a fault into force. Raises ValueError if it cannot be understood."""
        _check(wish)
        fault = Fault(**wish)
        self._faults.append((fault, Random(f"{self._seed} {len(self._faults)} {fault.kind}")))
        return fault

    def strike(
        self,
        *,
        practice: str | None = None,
        use_case: str | None = None,
        service: str | None = None,
    ) -> str | None:
        """The kind of fault that this exchange suffers, counted as happened; None for none."""
        fault = self.striking(practice=practice, use_case=use_case, service=service)
        return fault.kind if fault else None

    def striking(
        self,
        *,
        practice: str | None = None,
        use_case: str | None = None,
        service: str | None = None,
    ) -> Fault | None:
        """The fault that this exchange suffers, counted as happened; None for none."""
        for fault, dice in self._faults:
            if fault.is_for(practice, use_case, service) and _falls(fault, dice):
                return fault
        return None

    def refuses_connection(self) -> bool:
        """Whether a new connection is refused, counted as happened."""
        return any(
            fault.is_for_connections() and _falls(fault, dice) for fault, dice in self._faults
        )

    def listed(self) -> list[dict[str, Any]]:
        """All faults, spent ones too, with how often each happened."""
        return [asdict(fault) for fault, _ in self._faults]

    def clear(self) -> None:
        """Everything works again; what was held goes out."""
        for fault, _ in self._faults:
            fault.over = True
        self._faults.clear()


def _falls(fault: Fault, dice: Random) -> bool:
    """Whether the dice say so; counted if they do."""
    if fault.probability < 1 and dice.random() >= fault.probability:
        return False
    fault.happened += 1
    return True


def _check(wish: Mapping[str, Any]) -> None:
    """Raise ValueError if a wish for a fault makes no sense."""
    unknown = set(wish) - _FIELDS
    if unknown:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    kind, service, use_case = wish.get("kind"), wish.get("service"), wish.get("use_case", "*")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is not one of {', '.join(KINDS)}")
    if (service is None) == (wish.get("practice") is None):
        raise ValueError("give either practice or service")
    if service is not None and service not in KINDS[kind]:
        raise ValueError(f"service is not one of {', '.join(sorted(KINDS[kind] & _NATIONAL))}")
    if service is None and not KINDS[kind] & {"practice", "connection"}:
        raise ValueError(f"{kind} is not for practices")
    if use_case not in {"*", *USE_CASES}:
        raise ValueError(f"use_case is not one of *, {', '.join(sorted(USE_CASES))}")
    if "connection" in KINDS[kind] and (wish["practice"], use_case) != ("*", "*"):
        raise ValueError(f"{kind} comes before the practice and the use case are known: give *")
    times = wish.get("times")
    if times is not None and not (isinstance(times, int) and times >= 0):
        raise ValueError("times is neither null nor a whole number from 0 on")
    for name in ("probability", "seconds"):
        number = wish.get(name, 1)
        if not isinstance(number, int | float) or number < 0:
            raise ValueError(f"{name} is not a number from 0 on")
    for name in ("retry_after", "words"):
        if not isinstance(wish.get(name, ""), str):
            raise ValueError(f"{name} is not text")

"""Faults on request: how services misbehave when a test or a demonstration asks them to."""

from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, Literal, get_args

from sandbox.interactions import USE_CASES

Kind = Literal[
    "refuse", "hang_before", "hang_after", "status_500", "status_502", "slot_taken",
    "status_500_after", "status_429",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
SERVICES = ("pds", "sds")


@dataclass(slots=True)
class Fault:
    """One fault: where, what, how often. `times` None lasts until it is cleared.

    `retry_after` is the header of that name that comes with `status_429`: seconds, a date of
    HTTP, or empty for none.
    """

    kind: str
    practice: str | None = None
    use_case: str = "*"
    service: str | None = None
    times: int | None = None
    probability: float = 1.0
    retry_after: str = "1"
    happened: int = 0

    def is_for(self, practice: str | None, use_case: str | None, service: str | None) -> bool:
        """Whether it applies to this exchange and is not used up."""
        if self.times is not None and self.happened >= self.times:
            return False
        if service is not None or self.service is not None:
            return service == self.service
        return self.practice in {"*", practice} and self.use_case in {"*", use_case}


_FIELDS = frozenset(each.name for each in fields(Fault)) - {"happened"}


class Faults:
    """The faults in force, in the order in which they were asked for."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._faults: list[Fault] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Bring a fault into force. Raises ValueError if it cannot be understood."""
        unknown = set(wish) - _FIELDS
        if unknown:
            raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
        if wish.get("kind") not in KINDS:
            raise ValueError(f"kind is not one of {', '.join(KINDS)}")
        if wish["kind"] == "status_429" and wish.get("service") != "pds":
            raise ValueError("status_429 is for the service pds")
        if not isinstance(wish.get("retry_after", ""), str):
            raise ValueError("retry_after is not text")
        if (wish.get("service") is None) == (wish.get("practice") is None):
            raise ValueError("give either practice or service")
        if wish.get("service") not in {None, *SERVICES}:
            raise ValueError(f"service is not one of {', '.join(SERVICES)}")
        if wish.get("use_case", "*") not in {"*", *USE_CASES}:
            raise ValueError(f"use_case is not one of *, {', '.join(sorted(USE_CASES))}")
        fault = Fault(**wish)
        self._faults.append(fault)
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
        for fault in self._faults:
            if fault.is_for(practice, use_case, service) and (
                fault.probability >= 1 or self._dice.random() < fault.probability
            ):
                fault.happened += 1
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        """All faults, spent ones too, with how often each happened."""
        return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        """Everything works again."""
        self._faults.clear()

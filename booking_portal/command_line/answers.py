"""What a use case comes back with: a result, or a problem, and never silence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Why it did not work, for the user and for support staff. [ERR-1]

    With `outcome_known` False the practice may have done what was asked. `detail` is what else
    there is to know, as JSON.
    """

    code: str
    sentence: str
    next_step: str = ""
    origin: str = "portal"
    status: int | None = None
    trace_id: str | None = None
    outcome_known: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Every field, so that a script can rely on them."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "next_step": self.next_step,
            "origin": self.origin,
            "status": self.status,
            "trace_id": self.trace_id,
            "outcome_known": self.outcome_known,
            "detail": dict(self.detail),
        }


class Stopped(Exception):
    """The command line itself stops; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """The result as JSON; `columns` choose what people see of its lists of objects.

    An answer may have both: a result so far, and the problem that ended it.
    """

    result: Mapping[str, Any]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: Problem | None = None

"""One figure, its goal, and the line that says whether it is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; `goal` is the most that is allowed, `least` the least that is wanted.

    None where none is set.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    least: float | None = None

    @property
    def short(self) -> bool:
        too_much = self.goal is not None and self.value > self.goal
        return too_much or (self.least is not None and self.value < self.least)

    def __str__(self) -> str:
        goals = []
        if self.least is not None:
            goals.append(f"at least {_shown(self.least, self.unit)}")
        if self.goal is not None:
            goals.append(f"at most {_shown(self.goal, self.unit)}")
        verdict = "short" if self.short else "ok"
        return (
            f"{self.name} | {_shown(self.value, self.unit)} | {', '.join(goals) or '-'} | {verdict}"
        )


def _shown(value: float, unit: str) -> str:
    whole = isinstance(value, int) or value >= 10
    return f"{value:,.0f} {unit}" if whole else f"{value:.2f} {unit}"

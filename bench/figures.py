"""One figure, its goal, and the line that says whether it is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; `goal` is the most that is allowed, or None where none is set."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def short(self) -> bool:
        return self.goal is not None and self.value > self.goal

    def __str__(self) -> str:
        goal = "-" if self.goal is None else f"at most {_shown(self.goal, self.unit)}"
        verdict = "short" if self.short else "ok"
        return f"{self.name} | {_shown(self.value, self.unit)} | {goal} | {verdict}"


def _shown(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if value < 10 else f"{value:,.0f} {unit}"

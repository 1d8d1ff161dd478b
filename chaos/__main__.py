"""Prints `name | value | goal | ok` (or `short`) a line; fails when a figure is short.

    python -m chaos [PART ...]

The parts are `memory`, `answers` and `commands`, which is `breaker-off` and then `breaker-on`; none
means all. SEED (a number) makes other users, faults and kills of the commands' scenarios.
"""
# ruff: noqa: T201 - it reports to a terminal

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench.figures import Figure
from chaos import answers, memory
from chaos.commands import scenario
from chaos.commands.scale import FULL
from demo import certificates
from demo.places import ROOT

DEFAULT_SEED: Final = "2611"
COMMANDS: Final = ("breaker-off", "breaker-on")


def _of_commands(made: Path, *, breaker: bool) -> Iterator[Figure]:
    name = f"commands, breaker {'on' if breaker else 'off'}"
    seed = int(os.environ.get("SEED", DEFAULT_SEED))
    clocks = ", ".join(f"{name}={value}" for name, value in FULL.clocks.items())
    print(f"\n{name}: SEED={seed}, {clocks}")
    print(f"a practice that commits late does so after {FULL.late:.0f} s", flush=True)
    logs = ROOT / "var" / "chaos-logs" / ("on" if breaker else "off")
    outcome = scenario.run(FULL, seed, made / "commands", logs, breaker=breaker)
    yield from scenario.figures(outcome)
    (logs / "findings.txt").write_text("".join(f"{line}\n" for line in scenario.lines(outcome)))
    print(f"what is behind the figures: {logs}")


PARTS: Final[Mapping[str, Callable[[Path], Iterator[Figure]]]] = {
    "memory": memory.figures,
    "answers": answers.figures,
    "breaker-off": partial(_of_commands, breaker=False),
    "breaker-on": partial(_of_commands, breaker=True),
}


def main() -> None:
    short = 0
    for part in _wanted(sys.argv[1:]):
        with tempfile.TemporaryDirectory() as directory:
            made = Path(directory)
            if part not in COMMANDS:
                certificates.make(made)
            for figure in PARTS[part](made):
                print(figure, flush=True)
                short += figure.short
    sys.exit(f"{short} short" if short else 0)


def _wanted(named: list[str]) -> list[str]:
    wanted: list[str] = []
    for name in named or PARTS:
        if name != "commands" and name not in PARTS:
            sys.exit(f"There is no part {name}. There are: {', '.join(PARTS)}, commands.")
        wanted += COMMANDS if name == "commands" else (name,)
    return wanted


if __name__ == "__main__":
    main()

"""Processor time, as the kernel counts it: what a busy machine cannot make longer."""

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """What a process and all that it has started have used so far, those that ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    spent = sum(map(int, fields[11:15])) / _TICKS  # own, and of children that have ended
    return spent + sum(seconds_of(child) for child in _children(pid))


def seconds_of_machine() -> float:
    """What all processes of this machine have used so far."""
    user, nice, system, _, _, *interrupts = _of_all()
    return (user + nice + system + sum(interrupts[:2])) / _TICKS


def _of_all() -> list[int]:
    first = Path("/proc/stat").read_text().partition("\n")[0]
    return [int(number) for number in first.split()[1:]]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    found = (task / "children" for task in tasks.iterdir())
    return [int(child) for children in found for child in children.read_text().split()]

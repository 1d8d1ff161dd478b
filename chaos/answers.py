"""Ten thousand answers gone wrong: what comes of them, and when."""

import contextlib
import sys
import threading
import time
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.figures import Figure
from chaos.fuzz import Fuzz, fuzzing
from chaos.mutations import Mutant, mutants
from chaos.use_cases import USE_CASES, UseCase

ANSWERS: Final = 10_000
LATEST: Final = 0.5  # seconds after the deadline, besides what this machine is late by itself


def figures(certificates: Path) -> Iterator[Figure]:
    """How many were tried, what was not the library's own, and the latest of all."""
    each = -(-ANSWERS // len(USE_CASES))
    begun = time.monotonic()
    foreign = 0
    with _sleeper() as overslept, fuzzing(certificates) as fuzz:
        for use_case in USE_CASES:
            while (tried := fuzz.tally.answers) < each * (USE_CASES.index(use_case) + 1):
                wanted = each * (USE_CASES.index(use_case) + 1) - tried
                if not _holds(fuzz, use_case, wanted, seeded=tried):
                    foreign += 1
                    break
        tally = fuzz.tally
    yield Figure("mutated answers, of every use case", tally.answers, "answers")
    yield Figure("of these read all the same", tally.read, "answers")
    yield Figure("different errors that came of the others", len(tally.codes), "codes")
    yield Figure("use cases from which something foreign came out", foreign, "use cases", 0)
    own = max(overslept)
    yield Figure("latest waking of a thread that only sleeps", own, "s")
    yield Figure("latest answer after its deadline", max(tally.late, 0.0), "s", LATEST + own)
    yield Figure("time for all of them", time.monotonic() - begun, "s")


@contextlib.contextmanager
def _sleeper() -> Generator[list[float]]:
    """How much too long a thread beside slept, each time: the machine's own lateness."""
    over = threading.Event()
    overslept = [0.0]

    def sleep() -> None:
        begun = time.monotonic()
        while not over.wait(0.02):
            overslept.append(time.monotonic() - begun - 0.02)
            begun = time.monotonic()

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    try:
        yield overslept
    finally:
        over.set()
        thread.join()


def _holds(fuzz: Fuzz, use_case: UseCase, examples: int, *, seeded: int) -> bool:
    """Whether nothing but the library's own errors comes out of so many answers."""

    @seed(seeded)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutant=mutants(use_case.answer, use_case.status))
    def try_one(mutant: Mutant) -> None:
        fuzz.try_(use_case, mutant)

    try:
        try_one()
    except Exception:  # noqa: BLE001 - whatever came out is the finding
        sys.stderr.write(f"{use_case.name}:\n{traceback.format_exc()}\n")
        return False
    return True

"""Ten thousand answers gone wrong: what comes of them, and when."""

import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.figures import Figure
from chaos.fuzz import Fuzz, fuzzing
from chaos.mutations import Mutant, mutants
from chaos.use_cases import USE_CASES, UseCase

ANSWERS: Final = 10_000
LATEST: Final = 0.5  # seconds after the deadline: this machine is shared with the server


def figures(certificates: Path) -> Iterator[Figure]:
    """How many were tried, what was not the library's own, and the latest of all."""
    each = -(-ANSWERS // len(USE_CASES))
    begun = time.monotonic()
    foreign = 0
    with fuzzing(certificates) as fuzz:
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
    yield Figure("latest answer after its deadline", max(tally.late, 0.0), "s", LATEST)
    yield Figure("time for all of them", time.monotonic() - begun, "s")


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

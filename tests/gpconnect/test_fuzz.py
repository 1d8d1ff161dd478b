"""Some hundreds of answers gone wrong, of every use case; `make chaos` tries ten thousand."""

from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from chaos import memory
from chaos.fuzz import Fuzz, fuzzing
from chaos.mutations import Mutant, mutants
from chaos.use_cases import USE_CASES, UseCase
from demo import certificates as demo_certificates
from tests.gpconnect.scripted_server import http

EACH = 25
LATE = 1.0  # seconds: the server and the other tests share this machine


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fuzz]:
    made = tmp_path_factory.getbasetemp() / "certificates"
    demo_certificates.make(made)
    with fuzzing(made) as started:
        yield started


@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda each: each.name)
def test_the_sound_answer_is_read(fuzz: Fuzz, use_case: UseCase) -> None:
    before = fuzz.tally.read
    fuzz.try_(use_case, Mutant(http(use_case.answer, use_case.status), False, use_case.status))
    assert fuzz.tally.read == before + 1


@pytest.mark.requirement("ERR-1", "ERR-5", "SFS-10")
@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda each: each.name)
def test_whatever_comes_only_the_librarys_own_errors_come_of_it_and_in_time(
    fuzz: Fuzz, use_case: UseCase
) -> None:
    @settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutant=mutants(use_case.answer, use_case.status))
    def try_one(mutant: Mutant) -> None:
        fuzz.try_(use_case, mutant)

    before = fuzz.tally.answers
    try_one()
    assert fuzz.tally.answers >= before + EACH // 2
    assert fuzz.tally.late < LATE


@pytest.mark.requirement("ERR-1")
def test_an_enormous_answer_is_refused_and_takes_little_memory(certificates: Path) -> None:
    figures = list(memory.figures(certificates))
    assert len(figures) > 3
    assert [str(figure) for figure in figures if figure.short] == []

"""Nothing of a patient in any address, log line or cache key of the whole run. [IG-3]

Runs last (see conftest): by then every server, the browser and the portal itself have written
down what they did.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.sandbox_control import Json, Sandbox

pytestmark = pytest.mark.requirement("IG-3")

WORD = re.compile(r"\w+")


class Telltales:
    """What would give a patient away: numbers, names, telephones and addresses."""

    def __init__(self, patients: Iterable[Json]) -> None:
        self.words: set[str] = set()
        self.phrases: set[str] = set()
        for patient in patients:
            number = str(patient["nhs_number"])
            self.words |= {number, patient["family"].casefold()}
            spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
            self.phrases |= {spaced, spaced.replace(" ", "%20"), spaced.replace(" ", "+")}
            self.phrases |= set(patient["telephones"].values()) | {patient["address"][0]}

    def found_in(self, text: str) -> set[str]:
        """Those that the text holds."""
        words = set(WORD.findall(text.casefold()))
        return (self.words & words) | {phrase for phrase in self.phrases if phrase in text}


@pytest.fixture
def telltales(sandbox: Sandbox) -> Telltales:
    patients = sandbox.patients()
    assert len(patients) > 200
    return Telltales(patients)


def test_the_search_finds_what_it_looks_for(telltales: Telltales, sandbox: Sandbox) -> None:
    patient = sandbox.patients()[0]
    number, family = patient["nhs_number"], patient["family"]

    assert telltales.found_in(f"GET /patients?number={number} 200") == {number}
    assert telltales.found_in(f"KeyError: {family.upper()}!") == {family.casefold()}
    assert telltales.found_in(f"call {next(iter(patient['telephones'].values()))} back")
    assert telltales.found_in(f"near {patient['address'][0]}, please")
    assert not telltales.found_in("GET /healthz 200")


@pytest.mark.requirement("IG-3")
def test_no_log_no_address_and_no_cache_key_tells_of_a_patient(
    telltales: Telltales, server_logs: Path
) -> None:
    written = {log.name: log.read_text(errors="replace") for log in server_logs.glob("*.log")}

    assert {"portal.log", "postgres.log", "redis.log", "sandbox.log"} <= set(written)
    assert {name: telltales.found_in(text) for name, text in written.items()} == {
        name: set() for name in written
    }

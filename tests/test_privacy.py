"""That nothing tells of a patient is searched as a session ends (see conftest): here the search.

[IG-3]
"""

from pathlib import Path

import pytest

from tests import conftest, telltales
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.requirement("IG-3")


def test_the_search_knows_the_patients_that_the_sandbox_has(sandbox: Sandbox) -> None:
    known = {(each.nhs_number, each.family) for each in telltales.everybody()}

    assert len(known) > 200
    assert known == {(each["nhs_number"], each["family"]) for each in sandbox.patients()}


def test_the_search_finds_what_it_looks_for() -> None:
    searched, patient = telltales.of_the_sandbox(), telltales.everybody()[0]
    number, family = patient.nhs_number, patient.family

    assert searched.found_in(f"GET /patients?number={number} 200") == {number}
    assert searched.found_in(f"KeyError: {family.upper()}!") == {family.casefold()}
    assert searched.found_in(f"call {next(iter(patient.telephones.values()))} back")
    assert searched.found_in(f"near {patient.address.lines[0]}, please")
    assert not searched.found_in("GET /healthz 200")


def test_a_session_that_has_written_of_a_patient_fails(tmp_path: Path) -> None:
    family = telltales.everybody()[0].family
    (tmp_path / "redis.log").write_text("ready\n")
    conftest.assert_tells_of_nobody(tmp_path)

    (tmp_path / "portal.log").write_text(f"KeyError: {family}\n")
    with pytest.raises(AssertionError, match=r"portal\.log"):
        conftest.assert_tells_of_nobody(tmp_path)


def test_every_log_is_where_it_is_searched(sandbox: Sandbox, server_logs: Path) -> None:
    assert sandbox.patients()

    there = {log.name for log in server_logs.glob("*.log")}
    assert {"cache-keys.log", "portal.log", "postgres.log", "redis.log", "sandbox.log"} <= there

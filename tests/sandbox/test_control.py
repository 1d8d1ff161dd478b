"""Records and state: what a test may ask of the sandbox, and that it lasts."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from sandbox import calendar, london, practices
from sandbox.people import is_valid_nhs_number
from sandbox.store import Store
from tests.sandbox.conftest import ORDINARY
from tests.sandbox.exchange import today
from tests.sandbox.wire import Wire
from tests.sandbox_control import Sandbox

ROOT = Path(__file__).resolve().parents[2]


def test_exchanges_are_kept_as_they_came(wire: Wire, sandbox: Sandbox) -> None:
    sandbox.clear_exchanges()
    wire.ask("book", "/Appointment", {"resourceType": "Appointment"})
    (exchange,) = sandbox.exchanges()
    assert exchange["method"] == "POST"
    assert exchange["raw_path"] == (
        "/https://provider.sandbox.test/A20047/STU3/1/gpconnect/Appointment"
    )
    names = [name for name, _ in exchange["headers"]]
    assert names.index("ssp-traceid") < names.index("ssp-from") < names.index("ssp-to")
    assert json.loads(exchange["body"]) == {"resourceType": "Appointment"}
    assert exchange["status"] == 422


def test_the_chronicle_keeps_every_version(wire: Wire, sandbox: Sandbox) -> None:
    before = sandbox.chronicle()[-1]["number"]
    booked = wire.booked(ORDINARY)
    amended = {**booked, "description": "Other words"}
    sandbox.fault(practice="A20047", kind="own_409", use_case="amend")
    wire.put("amend", amended)
    written = sandbox.chronicle(before)
    assert [entry["version"] for entry in written] == [1, 2]
    assert {entry["id"] for entry in written} == {booked["id"]}
    assert [entry["resource"]["description"] for entry in written] == [
        booked["description"],
        "Other words",
    ]
    assert written[0]["at"] <= written[1]["at"]
    wrote = {one["use_case"]: one["wrote"] for one in sandbox.exchanges_in_brief() if one["wrote"]}
    assert wrote == {"book": [before + 1], "amend": [before + 2]}, "each by one exchange"


def test_exchanges_in_brief_name_their_fault(wire: Wire, sandbox: Sandbox) -> None:
    sandbox.clear_exchanges()
    sandbox.fault(practice="A20047", kind="status_500", times=1)
    wire.ask("capability", "/metadata")
    wire.ask("capability", "/metadata")
    told = sandbox.exchanges_in_brief()
    assert [(one["use_case"], one["practice"], one["status"], one["fault"]) for one in told] == [
        ("capability", "A20047", 500, "status_500"),
        ("capability", "A20047", 200, None),
    ]
    assert len({one["trace_id"] for one in told}) == 2


def test_a_taken_slot_is_taken_once(wire: Wire, sandbox: Sandbox) -> None:
    slot = wire.slots().ordinary()[0]["id"]
    sandbox.take_slot("A20047", slot)
    assert slot not in [one["id"] for one in wire.slots().free]
    with pytest.raises(requests.HTTPError):
        sandbox.take_slot("A20047", slot)


def test_patients_are_invented_and_many(sandbox: Sandbox) -> None:
    patients = sandbox.patients()
    assert len(patients) > 300
    assert len({one["nhs_number"] for one in patients}) == len(patients)
    assert all(is_valid_nhs_number(one["nhs_number"]) for one in patients)
    invented = [one for one in patients if not one["note"]]
    assert len({one["family"] for one in invented}) == len(invented)
    assert all(one["nhs_number"].startswith("999") for one in invented)
    elsewhere = sandbox.patients("H86030")
    assert {one["nhs_number"] for one in elsewhere} < {one["nhs_number"] for one in patients}


def test_reset_brings_the_seeded_state_back(wire: Wire, sandbox: Sandbox) -> None:
    before = wire.slots().resources
    wire.booked(ORDINARY)
    sandbox.fault(practice="*", kind="refuse")
    sandbox.reset()
    assert wire.slots().resources == before
    assert sandbox.appointments("A20047", ORDINARY) == []


def test_every_day_has_slots_for_everybody() -> None:
    """So at any hour there is something later today or tomorrow."""
    known = practices.load().practice("A20047")
    assert known is not None
    for ahead in range(60):
        day = today() + timedelta(days=ahead)
        slots = [slot for _, some in calendar.sessions_on(known, day, 1) for slot in some]
        assert [slot for slot in slots if slot.shared and slot.is_for(None, None)], day


def test_on_a_later_day_the_calendar_goes_on_and_bookings_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = practices.load().practices
    store = Store(tmp_path / "sandbox.sqlite3")
    store.remember("seed", "1")
    calendar.extend(store, known)
    start = int(london.start_of(today()).timestamp())
    month = start + 40 * 86_400
    first = store.free_slots("A20047", start, month)
    store.set_slots("A20047", [first[0].id], "busy")
    later = today() + timedelta(days=3)
    monkeypatch.setattr(london, "today", lambda: later)
    calendar.extend(store, known)
    slots = store.free_slots("A20047", start, month)
    assert {slot.id for slot in first[1:]} < {slot.id for slot in slots}
    assert first[0].id not in {slot.id for slot in slots}
    days = {slot.written_start[:10] for slot in slots}
    assert max(days) == (later + timedelta(days=28)).isoformat()
    store.close()


class OwnSandbox:
    """A sandbox of the test's own, to stop and start."""

    def __init__(self, state: Path, certificates: Path) -> None:
        self.state = state
        self.certificates = certificates
        self.log = state.parent / "log"

    def start(self, *options: str) -> Wire:
        command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "sandbox"]
        command += ["--state", str(self.state), "--certificates", str(self.certificates)]
        command += options
        addresses = self.state / "addresses.json"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "TZ": "UTC"}
            )
        deadline = time.monotonic() + 20
        while not addresses.exists():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.addresses = json.loads(addresses.read_text())
        return Wire(self.addresses["ssp"], self.certificates)

    def stop(self, number: signal.Signals) -> float:
        """Seconds until it had gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=10)
        return time.monotonic() - began


@pytest.fixture
def own(tmp_path: Path, sandbox: Sandbox) -> Iterator[OwnSandbox]:
    own = OwnSandbox(tmp_path / "state", sandbox.certificates)
    yield own
    if own.process.poll() is None:
        own.process.kill()
        own.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_bookings_survive_a_restart(own: OwnSandbox, number: signal.Signals) -> None:
    wire = own.start()
    booked = wire.booked(ORDINARY)
    wire.session.close()
    own.stop(number)
    (own.state / "addresses.json").unlink(missing_ok=True)
    wire = own.start()
    assert wire.retrieve(ORDINARY) == [booked]
    wire.session.close()


def test_it_can_be_started_at_another_moment(own: OwnSandbox) -> None:
    wire = own.start("--now", "2028-02-29T08:30:00+00:00")
    wire.session.close()
    with Sandbox(own.addresses, own.certificates) as control:
        assert f"{control.now():%Y-%m-%d %H:%M}" == "2028-02-29 08:30"


def test_it_stops_in_two_seconds_also_with_a_hanging_request(own: OwnSandbox) -> None:
    wire = own.start()
    control = own.addresses["control"]
    with requests.Session() as session:
        session.trust_env = False
        fault = {"practice": "*", "kind": "hang_before"}
        session.put(f"{control}/faults", json=fault, timeout=5).raise_for_status()

        def ask() -> None:
            with pytest.raises(requests.RequestException):
                wire.find(ORDINARY)

        hanging = threading.Thread(target=ask)
        hanging.start()
        deadline = time.monotonic() + 10
        while not session.get(f"{control}/exchanges", timeout=5).json():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert own.stop(signal.SIGTERM) < 2
    hanging.join()
    wire.session.close()
    assert own.process.returncode == 0
    assert not (own.state / "addresses.json").exists()


def test_no_log_line_says_anything_about_a_patient(own: OwnSandbox) -> None:
    wire = own.start()
    wire.booked(ORDINARY)
    wire.retrieve(ORDINARY)
    wire.find("9999999991")
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(own.certificates / "api-ca.pem")
        session.get(f"{own.addresses['pds']}/Patient/{ORDINARY}", timeout=5)
        session.get(f"{own.addresses['pds']}/Patient?family=Zelthorpe", timeout=5)
    wire.session.close()
    own.stop(signal.SIGTERM)
    log = own.log.read_text()
    assert "book at A20047: 201" in log
    for private in (ORDINARY, "9999999991", "Zelthorpe", "Cough", "identifier"):
        assert private not in log


def test_a_practice_can_change_its_system(sandbox: Sandbox) -> None:
    def registered() -> tuple[str, str]:
        [found] = [one for one in sandbox.practices() if one["ods"] == "A20047"]
        return found["asid"], found["service_root"]

    before = registered()
    sandbox.register("A20047", asid="200000000777")
    assert registered() == ("200000000777", before[1])
    sandbox.register("A20047", service_root="https://new.sandbox.test/A20047")
    assert registered() == ("200000000777", "https://new.sandbox.test/A20047")
    for wrong in ({}, {"ods": "B82617"}):
        with pytest.raises(requests.HTTPError):
            sandbox.register("A20047", **wrong)
    sandbox.reset()
    assert registered() == before

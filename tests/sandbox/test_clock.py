"""The sandbox's clock: everything asks it, tests can set it, and a reset sets it back."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.sandbox import exchange
from tests.sandbox.conftest import ORDINARY, PATIENTS, SharedClock
from tests.sandbox.slots import Slots
from tests.sandbox.wire import Wire, error_code
from tests.sandbox_control import Sandbox


def of_type(slots: Slots, slot_type: str, day: str) -> set[str]:
    """The wall-clock times of a day's free slots of this type."""
    return {
        slot["start"][11:16]
        for slot in slots.free
        if slot["serviceType"][0]["text"] == slot_type and slot["start"].startswith(day)
    }


def test_the_diary_begins_at_the_day_that_was_set(wire: Wire, clock: SharedClock) -> None:
    clock.begin("2028-02-29 08:30")
    days = {slot["start"][:10] for slot in wire.slots().free}
    assert (min(days), max(days)) == ("2028-02-29", "2028-03-14")
    assert "2028-03-01" in days
    assert wire.booked(ORDINARY)["start"] >= "2028-03-01"


def test_what_has_been_booked_passes(wire: Wire, clock: SharedClock) -> None:
    clock.begin("2027-03-27 12:00")
    slots = wire.slots()
    sunday = next(slot for slot in slots.ordinary() if slot["start"].startswith("2027-03-28"))
    assert sunday["start"].endswith("+01:00"), "the clocks went forward in the night"
    made = wire.book(wire.booking(ORDINARY, slots, sunday)).json()
    clock.go_on_to("2027-03-28 00:55")
    assert wire.ask("read", f"/Appointment/{made['id']}").status_code == 200
    assert [one["id"] for one in wire.retrieve(ORDINARY)] == [made["id"]]
    clock.go_on_to("2027-03-28 23:55")
    gone = wire.ask("read", f"/Appointment/{made['id']}")
    assert (gone.status_code, error_code(gone)) == (422, "INVALID_RESOURCE")
    clock.go_on_to("2027-03-29 00:05")
    assert wire.retrieve(ORDINARY) == []


@pytest.mark.parametrize("night", ["2026-12-31 23:59", "2027-10-30 23:59", "2028-02-28 23:59"])
def test_the_diary_goes_on_over_midnight(wire: Wire, clock: SharedClock, night: str) -> None:
    clock.begin(night)
    before = exchange.today()
    seen = {slot["id"] for slot in wire.slots().free}
    morning = before + timedelta(days=1)
    clock.go_on_to(f"{morning} 00:01")
    assert exchange.today() == morning
    after = wire.slots().free
    assert {slot["start"][:10] for slot in after} - {str(morning)}
    assert seen & {slot["id"] for slot in after}


def test_a_booking_window_opens_and_closes_with_the_clock(wire: Wire, clock: SharedClock) -> None:
    """It opens a day before and closes half an hour before the slot."""
    kind, there = "On The Day Telephone", wire.at("C81007")
    clock.begin("2027-06-08 12:01")
    [first, *_] = sorted(of_type(there.slots(), kind, "2027-06-09"))
    hour, minute = int(first[:2]), int(first[3:])
    clock.go_on_to(f"2027-06-08 {hour:02}:{minute:02}")
    assert first in of_type(there.slots(), kind, "2027-06-09")
    slots = there.slots()
    slot = next(one for one in slots.free if one["start"].startswith(f"2027-06-09T{first}"))
    booking = there.booking(PATIENTS["C81007"], slots, slot)
    closes = datetime(2027, 6, 9, hour, minute) - timedelta(minutes=30)  # noqa: DTZ001 - London's
    clock.go_on_to(f"{closes - timedelta(minutes=1)}")
    assert first in of_type(there.slots(), kind, "2027-06-09")
    clock.go_on_to(f"{closes + timedelta(minutes=1)}")
    assert first not in of_type(there.slots(), kind, "2027-06-09")
    late = there.book(booking)
    assert (late.status_code, error_code(late)) == (422, "INVALID_RESOURCE")


def test_tokens_are_held_against_it(wire: Wire, sandbox: Sandbox) -> None:
    sandbox.set_clock(datetime.now(UTC) + timedelta(minutes=11))
    expired = wire.ask("capability", "/metadata")
    assert (expired.status_code, error_code(expired)) == (400, "BAD_REQUEST")
    sandbox.set_clock(datetime.now(UTC) - timedelta(minutes=1))
    assert wire.ask("capability", "/metadata").status_code == 400, "issued in its future"


def test_what_is_made_is_made_at_its_time(wire: Wire, sandbox: Sandbox, clock: SharedClock) -> None:
    clock.begin("2027-10-31 00:55")
    before = sandbox.chronicle()[-1]["number"]
    sandbox.clear_exchanges()
    slot = wire.slots().ordinary()[0]["id"]
    sandbox.take_slot("A20047", slot)
    (taken,) = [one for one in sandbox.appointments("A20047", "") if one["slots"] == [slot]]
    [entry] = sandbox.chronicle(before)
    created = datetime.fromisoformat(taken["created"]).timestamp()
    for told in (created, entry["at"], sandbox.exchanges_in_brief()[0]["at"]):
        assert abs(told - datetime(2027, 10, 30, 23, 55, tzinfo=UTC).timestamp()) < 30


def test_a_reset_sets_it_back(sandbox: Sandbox, clock: SharedClock) -> None:
    clock.begin("2028-02-29 08:30")
    sandbox.reset()
    assert abs(sandbox.now() - datetime.now(UTC)) < timedelta(seconds=30)


@pytest.mark.parametrize("wrong", ["now", "2027-03-28T02:30:00+00:00", "2027-06-01"])
def test_a_time_that_is_none_is_refused(sandbox: Sandbox, wrong: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        put = session.put(f"{sandbox.control}/clock", json={"now": wrong}, timeout=5)
        reset = session.post(f"{sandbox.control}/reset", params={"now": wrong}, timeout=5)
    assert (put.status_code, reset.status_code) == (400, 400)

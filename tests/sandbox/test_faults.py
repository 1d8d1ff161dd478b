"""Faults on request: each does on the wire, and in the practice's book, what its name says."""

import contextlib
import json
import ssl
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
import requests

import sandbox.faults as sandbox_faults
from sandbox.faults import KINDS
from tests.sandbox.conftest import ORDINARY
from tests.sandbox.exchange import NHS_NUMBER, Exchange
from tests.sandbox.wire import Wire, cancelled, error_code, ssp_reason
from tests.sandbox_control import Sandbox

Resource = dict[str, Any]

NOTHING_IS_DONE = {
    "refuse", "reset_before", "hang_before", "status_500", "status_502", "slot_taken",
    "refusal_500", "not_found", "not_found_bare",
}  # fmt: skip
IT_IS_DONE = {
    "reset_after", "hang_after", "status_500_after", "refusal_500_after", "own_409", "truncated",
    "garbled", "cut_after_headers", "drip", "held_after", "other_slot", "other_patient",
    "cancelled_at_once", "commit_late", "encoded_text", "upper_case_text", "replaced_text",
    "shortened_text", "unchanged_text", "other_digit_text", "other_practitioner",
    "practitioner_alike", "other_channel", "two_records", "tricky_text", "latin_1",
}  # fmt: skip


@pytest.fixture
def booking(wire: Wire) -> Resource:
    slots = wire.slots()
    return wire.booking(ORDINARY, slots, slots.ordinary()[0])


@pytest.fixture
def strike(sandbox: Sandbox) -> Iterator[Callable[..., None]]:
    """Ask for a fault that happens once at A20047; at the end it must have happened once."""

    def ask(kind: str, use_case: str = "book", **more: Any) -> None:
        sandbox.fault(practice="A20047", use_case=use_case, kind=kind, times=1, **more)

    yield ask
    assert [fault["happened"] for fault in sandbox.faults()] == [1]


def made(wire: Wire, booking: Resource) -> Exchange:
    return wire.exchange("book", "/Appointment", booking)


def patience(until: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("kind", sorted(NOTHING_IS_DONE | IT_IS_DONE))
def test_the_practice_has_acted_or_not_as_the_kind_says(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind, seconds=0 if kind == "drip" else 0.1)
    sandbox.clear_exchanges()
    with (
        wire.asking(made(wire, booking), timeout=0.4) as connection,
        contextlib.suppress(OSError, HTTPException),  # the tests below say what gets through
    ):
        connection.getresponse().read()
    (exchange,) = sandbox.exchanges()
    assert exchange["fault"] == kind
    assert len(sandbox.appointments("A20047", ORDINARY)) == (kind in IT_IS_DONE)


def test_every_kind_of_fault_at_practices_is_tested_here() -> None:
    at_practices = {kind for kind, places in KINDS.items() if "practice" in places}
    assert at_practices == NOTHING_IS_DONE | IT_IS_DONE


def test_a_refused_connection_gets_no_handshake(
    wire: Wire, sandbox: Sandbox, booking: Resource
) -> None:
    sandbox.clear_exchanges()
    sandbox.fault(practice="*", kind="refuse_connection", times=1)
    with pytest.raises(ssl.SSLError), wire.asking(made(wire, booking)):
        pass
    assert sandbox.exchanges() == []
    assert sandbox.faults()[0]["happened"] == 1
    assert wire.send_raw(made(wire, booking)).status_code == 201, "once is once"


def test_a_refused_exchange_ends_without_a_byte(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("refuse")
    with wire.asking(made(wire, booking)) as connection:
        assert connection.sock is not None
        assert connection.sock.recv(1) == b""
    assert sandbox.exchanges()[-1]["status"] is None
    assert wire.book(booking).status_code == 201, "once is once"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_reset_is_a_reset(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind)
    with (
        wire.asking(made(wire, booking)) as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.getresponse()


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_an_answer_that_never_comes(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind)
    with (
        wire.asking(made(wire, booking), timeout=0.3) as connection,
        pytest.raises(TimeoutError),
    ):
        connection.getresponse()


@pytest.mark.parametrize("kind", ["status_500", "status_500_after"])
def test_a_practices_system_fails(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind)
    response = wire.book(booking)
    assert (response.status_code, error_code(response)) == (500, "INTERNAL_SERVER_ERROR")


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("kind", ["refusal_500", "refusal_500_after"])
def test_a_practices_system_fails_and_says_that_the_request_was_wrong(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind)
    response = wire.book(booking)
    assert (response.status_code, error_code(response)) == (500, "BAD_REQUEST")


@pytest.mark.requirement("ERR-2", "READ-1")
def test_what_is_there_is_said_not_to_be_there(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None]
) -> None:
    booked = wire.booked(ORDINARY)
    strike("not_found", use_case="read")
    response = wire.ask("read", f"/Appointment/{booked['id']}")
    assert (response.status_code, error_code(response)) == (404, "REFERENCE_NOT_FOUND")
    assert wire.ask("read", f"/Appointment/{booked['id']}").status_code == 200


@pytest.mark.requirement("ERR-1")
def test_a_404_can_come_without_a_word_of_the_practices(
    wire: Wire, strike: Callable[..., None]
) -> None:
    booked = wire.booked(ORDINARY)
    strike("not_found_bare", use_case="read")
    response = wire.ask("read", f"/Appointment/{booked['id']}")
    assert response.status_code == 404
    assert "resourceType" not in response.json()


def test_the_spine_cannot_reach_the_practice(
    wire: Wire, strike: Callable[..., None], booking: Resource
) -> None:
    strike("status_502")
    response = wire.book(booking)
    assert response.status_code == 502
    assert ssp_reason(response).startswith("ERROR_COMMUNICATING_TO_ENDPOINT_URL_https://")


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("truncated", 0.3, 0.7), ("cut_after_headers", 0, 0)]
)
def test_an_answer_is_cut(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str, least: float, most: float
) -> None:
    strike(kind)
    exchange = made(wire, booking)
    exchange.headers["Accept-Encoding"] = "identity"
    with wire.asking(exchange) as connection:
        response = connection.getresponse()
        assert response.status == 201
        with pytest.raises(IncompleteRead) as cut:
            response.read()
    whole = int(response.headers["Content-Length"])
    assert least * whole <= len(cut.value.partial) <= most * whole
    if most:
        assert cut.value.partial.startswith(b'{"resourceType":"Appointment"')


def test_a_body_in_chunks_is_cut_without_its_last_chunk(wire: Wire, sandbox: Sandbox) -> None:
    sandbox.fault(practice="B82617", use_case="search_slots", kind="truncated", times=1)
    there = wire.at("B82617")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        there.slots()


def test_a_garbled_answer_has_the_right_length_and_is_no_json(
    wire: Wire, strike: Callable[..., None], booking: Resource
) -> None:
    strike("garbled")
    answer = wire.send_raw(made(wire, booking))
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/fhir+json;charset=utf-8"
    assert len(answer.content) == int(answer.headers["Content-Length"]) > 1000
    with pytest.raises(UnicodeDecodeError):
        json.loads(answer.content)


def test_a_search_finds_everything_twice(wire: Wire, strike: Callable[..., None]) -> None:
    strike("two_records", use_case="find_patient")
    found = wire.find(ORDINARY).json()["entry"]
    assert len(found) == 2
    assert len({entry["resource"]["id"] for entry in found}) == 2


def test_a_family_name_has_a_byte_of_latin_1(wire: Wire, strike: Callable[..., None]) -> None:
    strike("latin_1", use_case="find_patient")
    content = wire.find(ORDINARY).content
    assert b'"family":"\xeb' in content
    with pytest.raises(UnicodeDecodeError):
        json.loads(content)


def test_words_have_what_reorders_a_line(wire: Wire, strike: Callable[..., None]) -> None:
    strike("tricky_text", use_case="find_patient")
    (entry,) = wire.find(ORDINARY).json()["entry"]
    assert entry["resource"]["name"][0]["family"].startswith("\u202e")


def test_an_answer_drips_byte_by_byte(
    wire: Wire, strike: Callable[..., None], booking: Resource
) -> None:
    strike("drip", seconds=0.05)
    with wire.asking(made(wire, booking)) as connection:
        assert connection.sock is not None
        received = [connection.sock.recv(65_536)]
        began = time.monotonic()
        received += [connection.sock.recv(65_536) for _ in range(5)]
        took = time.monotonic() - began
    assert received[0].startswith(b"HTTP/1.1 201")
    assert received[0].endswith(b"\r\n\r\n")
    assert [len(one) for one in received[1:]] == [1] * 5
    assert took >= 0.2


def test_who_waits_for_a_dripping_answer_gets_it_whole(
    wire: Wire, strike: Callable[..., None], booking: Resource
) -> None:
    strike("drip", seconds=0)
    assert wire.book(booking).json()["status"] == "booked"


def test_an_answer_is_held_until_the_faults_are_cleared(
    wire: Wire, sandbox: Sandbox, booking: Resource
) -> None:
    sandbox.fault(practice="A20047", use_case="book", kind="held_after", times=1)
    with wire.asking(made(wire, booking)) as connection:
        patience(lambda: len(sandbox.appointments("A20047", ORDINARY)) == 1)
        assert connection.sock is not None
        connection.sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            connection.sock.recv(1)
        connection.sock.settimeout(10)
        sandbox.clear_faults()
        assert connection.getresponse().status == 201


def test_a_late_practice_acts_although_nobody_waits_any_more(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("commit_late", seconds=0.6)
    with (
        wire.asking(made(wire, booking), timeout=0.1) as connection,
        pytest.raises(TimeoutError),
    ):
        connection.getresponse()
    assert sandbox.appointments("A20047", ORDINARY) == [], "not yet"
    patience(lambda: len(sandbox.appointments("A20047", ORDINARY)) == 1)


def test_a_late_practice_answers_who_still_waits(
    wire: Wire, strike: Callable[..., None], booking: Resource
) -> None:
    strike("commit_late", seconds=0.3)
    began = time.monotonic()
    assert wire.book(booking).status_code == 201
    assert time.monotonic() - began >= 0.3


def test_a_slot_that_went_meanwhile_is_refused_late(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("commit_late", seconds=0.3)
    with wire.asking(made(wire, booking)) as connection:
        sandbox.take_slot("A20047", booking["slot"][0]["reference"].removeprefix("Slot/"))
        response = connection.getresponse()
        assert response.status == 409
    assert sandbox.appointments("A20047", ORDINARY) == []


def test_reset_forgets_what_was_put_off(wire: Wire, sandbox: Sandbox, booking: Resource) -> None:
    late = {"practice": "A20047", "use_case": "book", "kind": "commit_late"}
    sandbox.fault(**late, seconds=0.3, times=1)
    with wire.asking(made(wire, booking)) as connection:
        patience(lambda: sandbox.faults()[0]["happened"] == 1)
        sandbox.reset()
        with pytest.raises((OSError, HTTPException)):
            connection.getresponse()
    sandbox.fault(**late, seconds=0.4, times=1)
    other = wire.slots().ordinary()[1]
    assert wire.book(wire.booking(ORDINARY, wire.slots(), other)).status_code == 201
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert kept["slots"] == [other["id"]], "the first one's time has passed as well"


@pytest.mark.requirement("BOOK-8")
def test_another_patient_takes_the_slot_just_before(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("slot_taken")
    assert error_code(wire.book(booking)) == "DUPLICATE_REJECTED"
    slot = booking["slot"][0]["reference"].removeprefix("Slot/")
    (other,) = (one for one in sandbox.appointments("A20047", "") if one["slots"] == [slot])
    assert (other["status"], other["booked_by"]) == ("booked", "A20047")


@pytest.mark.requirement("BOOK-8")
def test_a_duplicate_can_be_ones_own(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("own_409")
    response = wire.book(booking)
    assert (response.status_code, error_code(response)) == (409, "DUPLICATE_REJECTED")
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert kept["booked_by"] == "A1001"


@pytest.mark.requirement("AMEND-2", "ERR-4")
@pytest.mark.parametrize("use_case", ["amend", "cancel"])
def test_a_version_conflict_can_be_ones_own(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], use_case: str
) -> None:
    booked = wire.booked(ORDINARY)
    strike("own_409", use_case=use_case)
    sent = booked | {"description": "Cough and fever"} if use_case == "amend" else cancelled(booked)
    response = wire.put(use_case, sent)
    assert (response.status_code, error_code(response)) == (409, "FHIR_CONSTRAINT_VIOLATION")
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert (kept["description"] == "Cough and fever") == (use_case == "amend")
    assert kept["status"] == ("booked" if use_case == "amend" else "cancelled")


@pytest.mark.parametrize("use_case", ["amend", "cancel"])
@pytest.mark.parametrize(("kind", "done"), [("reset_before", False), ("reset_after", True)])
def test_a_change_is_done_or_not(
    wire: Wire,
    sandbox: Sandbox,
    strike: Callable[..., None],
    use_case: str,
    kind: str,
    done: bool,
) -> None:
    booked = wire.booked(ORDINARY)
    strike(kind, use_case=use_case)
    sent = booked | {"description": "Cough and fever"} if use_case == "amend" else cancelled(booked)
    with pytest.raises(requests.ConnectionError):
        wire.put(use_case, sent)
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert (kept["version"] != booked["meta"]["versionId"]) == done


@pytest.mark.requirement("BOOK-7")
def test_an_answer_about_another_slot(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("other_slot")
    told = wire.book(booking).json()
    assert told["slot"] != booking["slot"]
    assert told["start"] != booking["start"]
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert (kept["id"], kept["start"]) == (told["id"], booking["start"])


@pytest.mark.requirement("BOOK-7")
def test_an_answer_about_another_patient(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("other_patient")
    told = wire.book(booking).json()
    assert told["participant"][0] != booking["participant"][0]
    assert told["participant"][1:] == booking["participant"][1:]
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert kept["id"] == told["id"]


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("encoded_text", "Zoë&amp;#x27;s knee &amp;amp; 2 toes"),
        ("upper_case_text", "ZOË'S KNEE & 2 TOES"),
        ("replaced_text", "Zo?'s knee & 2 toes"),
        ("shortened_text", "Zoë's kne"),
        ("other_digit_text", "Zoë's knee & 3 toes"),
        ("unchanged_text", "Cough"),
    ],
)
def test_a_text_is_kept_otherwise(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], kind: str, kept: str
) -> None:
    booked = wire.booked(ORDINARY)
    before = wire.put("amend", booked | {"description": "Cough"}).json()
    strike(kind, use_case="amend")
    told = wire.put("amend", before | {"description": "Zoë's knee & 2 toes"}).json()
    assert told["description"] == kept
    (held,) = sandbox.appointments("A20047", ORDINARY)
    assert held["description"] == kept


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize("kind", ["other_practitioner", "practitioner_alike", "other_channel"])
def test_practitioner_or_channel_is_another(
    wire: Wire, strike: Callable[..., None], booking: Resource, kind: str
) -> None:
    strike(kind)
    told = wire.book(booking).json()
    kept = wire.ask("read", f"/Appointment/{told['id']}").json()
    assert kept == told
    same = {"slot", "start", "end", "participant", "extension"}
    differing = {name for name in same if told[name] != booking[name]}
    assert ("participant" in differing) == (kind != "other_channel")
    assert told["participant"][:2] == booking["participant"][:2]


@pytest.mark.requirement("PDS-6")
def test_another_patient_is_found(wire: Wire, strike: Callable[..., None]) -> None:
    strike("other_patient", use_case="find_patient")
    (entry,) = wire.find(ORDINARY).json()["entry"]
    (identifier,) = (one for one in entry["resource"]["identifier"] if one["system"] == NHS_NUMBER)
    assert identifier["value"] != ORDINARY


def test_the_practice_cancels_at_once(
    wire: Wire, sandbox: Sandbox, strike: Callable[..., None], booking: Resource
) -> None:
    strike("cancelled_at_once")
    told = wire.book(booking).json()
    assert told["status"] == "booked"
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert (kept["id"], kept["status"]) == (told["id"], "cancelled")
    assert kept["cancellation_reason"] == "Cancelled by the practice"
    assert kept["version"] != told["meta"]["versionId"]
    assert wire.book(booking).status_code == 201, "the slot is free again"


def test_a_fault_strikes_only_where_it_was_asked_for(wire: Wire, sandbox: Sandbox) -> None:
    sandbox.fault(practice="B82617", use_case="find_patient", kind="status_500")
    sandbox.fault(practice="A20047", use_case="find_patient", kind="status_500", probability=0)
    assert wire.find(ORDINARY).status_code == 200
    assert wire.at("B82617").find(ORDINARY).status_code == 500
    assert wire.at("B82617").find(ORDINARY).status_code == 500, "until it is cleared"
    assert [fault["happened"] for fault in sandbox.faults()] == [2, 0]
    sandbox.clear_faults()
    assert wire.at("B82617").find(ORDINARY).status_code == 200


def test_the_dice_fall_the_same_again(wire: Wire, sandbox: Sandbox) -> None:
    def play() -> list[int]:
        sandbox.clear_faults()
        sandbox.fault(practice="*", use_case="capability", kind="status_502", probability=0.35)
        sandbox.fault(practice="*", use_case="capability", kind="status_500", probability=0.35)
        statuses = [wire.ask("capability", "/metadata").status_code for _ in range(60)]
        counted = [fault["happened"] for fault in sandbox.faults()]
        assert counted == [statuses.count(502), statuses.count(500)]
        return statuses

    first = play()
    assert {first.count(status) > 5 for status in (200, 500, 502)} == {True}
    assert play() == first


@pytest.mark.parametrize("service", ["sds", "pds"])
def test_a_national_service_can_fail(sandbox: Sandbox, service: str) -> None:
    sandbox.fault(service=service, kind="status_500", times=1)
    url = {"sds": f"{sandbox.sds}/Endpoint", "pds": f"{sandbox.pds}/Patient/1"}[service]
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(sandbox.certificates / "api-ca.pem")
        assert session.get(url, timeout=5).status_code == 500
        assert session.get(url, timeout=5).status_code == 401


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "explode", "practice": "*"},
        {"kind": ["refuse"], "practice": "*"},
        {"kind": "refuse"},
        {"kind": "refuse", "practice": "*", "service": "pds"},
        {"kind": "refuse", "practice": "*", "use_case": "dance"},
        {"kind": "refuse", "service": "post"},
        {"kind": "own_409", "service": "pds"},
        {"kind": "status_429", "practice": "*"},
        {"kind": "refuse_connection", "practice": "A20047"},
        {"kind": "refuse_connection", "practice": "*", "use_case": "book"},
        {"kind": "refuse", "practice": "*", "colour": "red"},
        {"kind": "refuse", "practice": "*", "times": "often"},
        {"kind": "refuse", "practice": "*", "probability": "high"},
        {"kind": "drip", "practice": "*", "seconds": -1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, fault: Resource) -> None:
    with pytest.raises(requests.HTTPError) as refusal:
        sandbox.fault(**fault)
    assert refusal.value.response.status_code == 400
    assert sandbox.faults() == []


def test_the_readme_explains_every_kind() -> None:
    readme = (Path(sandbox_faults.__file__).parent / "README.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in readme] == []

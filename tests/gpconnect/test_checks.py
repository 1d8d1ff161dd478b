"""What may not be sent is refused before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gpconnect import errors, london, nhs_number
from gpconnect.client import GPConnectClient
from gpconnect.identity import Device, Requester, RequestingUser, claims
from gpconnect.interactions import ALL, Scope
from gpconnect.models import (
    Address,
    Appointment,
    ContactPoint,
    Endpoint,
    PracticeTime,
    Registration,
    SlotChoice,
)
from tests.gpconnect.conftest import NOWHERE, REQUESTER, Start, a_booking
from tests.gpconnect.scripted_server import always, http

Change = Callable[[], object]


def at(**after_tomorrow: int) -> str:
    moment = london.now_utc().replace(microsecond=0) + timedelta(days=1)
    return london.written_with_offset(moment + timedelta(**after_tomorrow))


UNLIKE = "slots: of different schedules, channels or types"
FIRST, SECOND, THIRD = at(), at(minutes=10), at(minutes=20)


def adjacent(**changes: Any) -> tuple[SlotChoice, SlotChoice]:
    """Two slots that may be booked together, but for the changes to the second."""
    first = SlotChoice("s1", FIRST, SECOND, "c1", "Telephone", "GP")
    return first, replace(replace(first, id="s2", start=SECOND, end=THIRD), **changes)


@pytest.mark.requirement("BOOK-1", "BOOK-4", "BOOK-6", "RES-1", "SFS-6")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": ""}, "description"),
        ({"description": "  \n"}, "description"),
        ({"description": "x" * 101}, "description: more than 100 characters"),
        ({"description": "a\x00b"}, "description"),
        ({"comment": "x" * 501}, "comment: more than 500 characters"),
        ({"comment": ""}, "comment"),
        ({"patient_id": ".."}, "patient"),
        ({"patient_id": "."}, "patient"),
        ({"patient_id": "1/../2"}, "patient"),
        ({"patient_id": "x" * 65}, "patient"),
        ({"location_id": ""}, "location"),
        ({"practitioner_id": "a b"}, "practitioner"),
        ({"delivery_channel": " "}, "delivery channel"),
        ({"created": datetime(2026, 1, 1)}, "created: without a time zone"),  # noqa: DTZ001
        ({"slots": ()}, "slots"),
        ({"slots": (SlotChoice("s1", at(days=-2), at(days=-1)),)}, "slots: in the past"),
        ({"slots": (SlotChoice("s1", SECOND, FIRST),)}, "slots: end before start"),
        ({"slots": (SlotChoice("s1", FIRST[:-6], SECOND[:-6]),)}, "slots: doubtful time"),
        ({"slots": (SlotChoice("s 1", FIRST, SECOND),)}, "slot"),
        ({"slots": adjacent(id="s1")}, "slots: the same one twice"),
        ({"slots": adjacent(start=THIRD, end=at(minutes=30))}, "slots: not adjacent"),
        ({"slots": adjacent()[::-1]}, "slots: not adjacent"),
        ({"slots": adjacent(schedule_id="c2")}, UNLIKE),
        ({"slots": adjacent(delivery_channel="Video")}, UNLIKE),
        ({"slots": adjacent(service_type="Nurse")}, UNLIKE),
    ],
)  # fmt: skip
def test_a_booking_that_breaks_a_rule_is_not_sent(
    scripted: Start, changes: dict[str, Any], field: str
) -> None:
    server = scripted(always(http({})))
    with pytest.raises(errors.InvalidRequest) as caught:
        server.client.book_appointment(replace(a_booking(), **changes))
    assert caught.value.diagnostics == field
    assert caught.value.outcome_known
    assert server.server.connections == 0


@pytest.mark.requirement("BOOK-4")
def test_texts_of_exactly_the_limit_are_sent_whole(scripted: Start) -> None:
    server = scripted(always(http({})))
    with pytest.raises(errors.UnreadableAnswer):
        server.client.book_appointment(
            replace(a_booking(), description="é" * 100, comment="x" * 500)
        )
    sent = server.server.received[0].json()
    assert (sent["description"], sent["comment"]) == ("é" * 100, "x" * 500)


@pytest.mark.parametrize("field", ["ods_code", "name", "telephone"])
@pytest.mark.requirement("BOOK-3")
def test_the_booking_organisation_must_say_who_it_is(scripted: Start, field: str) -> None:
    server = scripted(always(http({})))
    booking = a_booking()
    organisation = replace(booking.organisation, **{field: ""})
    with pytest.raises(errors.InvalidRequest):
        server.client.book_appointment(replace(booking, organisation=organisation))
    assert server.server.connections == 0


def an_appointment(**changes: Any) -> Appointment:
    start, end = PracticeTime.read(FIRST), PracticeTime.read(SECOND)
    made = Appointment("a1", "3", "booked", start, end, raw={"resourceType": "Appointment"})
    return replace(made, **changes)


@pytest.mark.requirement("AMEND-1", "CANCEL-1", "AMEND-2")
@pytest.mark.parametrize(
    "appointment",
    [
        an_appointment(status="cancelled"),
        an_appointment(start=PracticeTime.read(at(days=-3))),
        an_appointment(version=None),
        an_appointment(version='3"\r\nX: y'),
        an_appointment(id="../a1"),
        an_appointment(raw={}),
        an_appointment(raw={"resourceType": "Appointment", "odd": [1e999]}),
    ],
)
def test_an_appointment_that_cannot_be_changed_is_not(
    scripted: Start, appointment: Appointment
) -> None:
    server = scripted(always(http({})))
    changes: tuple[Change, ...] = (
        lambda: server.client.amend_appointment(appointment, "Words", None),
        lambda: server.client.cancel_appointment(appointment, "Reason"),
    )
    for change in changes:
        with pytest.raises(errors.InvalidRequest):
            change()
    assert server.server.connections == 0


@pytest.mark.requirement("CANCEL-1", "AMEND-1")
def test_a_reason_must_be_given_and_words_have_their_limits(scripted: Start) -> None:
    server = scripted(always(http({})))
    changes: tuple[Change, ...] = (
        lambda: server.client.cancel_appointment(an_appointment(), " "),
        lambda: server.client.amend_appointment(an_appointment(), "x" * 101, None),
        lambda: server.client.amend_appointment(an_appointment(), "Words", "x" * 501),
    )
    for change in changes:
        with pytest.raises(errors.InvalidRequest):
            change()
    assert server.server.connections == 0


REGISTRATION = Registration("9324926233", "Pontevrel", ("Marisol",), date(1969, 9, 21))


@pytest.mark.requirement("REG-2")
@pytest.mark.parametrize(
    "changes",
    [
        {"nhs_number": "9999999991"},
        {"family": " "},
        {"given": ()},
        {"gender": "F"},
        {"telecoms": (ContactPoint("phone", "1", "home"), ContactPoint("phone", "2", "home"))},
        {"telecoms": (ContactPoint("email", "a", "home"), ContactPoint("email", "b", "work"))},
        {"telecoms": (ContactPoint("fax", "1", "home"),)},
        {"telecoms": (ContactPoint("phone", "1"),)},
        {"telecoms": (ContactPoint("phone", "\x00", "home"),)},
        {"telecoms": (ContactPoint("email", "a@example.org", "temp"),)},
        {"given": "Marisol"},
        {"birth_date": datetime(1969, 9, 21, tzinfo=UTC)},
        {"birth_date": date(2999, 1, 1)},
        {"home_address": Address()},
        {"home_address": Address(("", "  "), city=" ")},
        {"temporary_address": Address(("1 High\x00 Street",))},
        {"language": "en gb  x"},
        {"interpreter_required": True},
    ],
)
def test_a_registration_that_breaks_a_rule_is_not_sent(
    scripted: Start, changes: dict[str, Any]
) -> None:
    server = scripted(always(http({})))
    with pytest.raises(errors.InvalidRequest):
        server.client.register_patient(replace(REGISTRATION, **changes))
    assert server.server.connections == 0


@pytest.mark.requirement("RES-1")
@pytest.mark.parametrize("identity", ["", ".", "..", "a/b", "a%2Fb", "é", "x" * 65, "a\n", "a?b"])
def test_an_id_that_is_none_never_gets_into_a_path(scripted: Start, identity: str) -> None:
    server = scripted(always(http({})))
    client = server.client
    for read in (
        client.read_patient, client.read_practitioner, client.read_location,
        client.read_organisation, client.read_appointment,
        lambda each: client.patient_appointments(each, london.today(), london.today()),
    ):  # fmt: skip
        with pytest.raises(errors.InvalidRequest):
            read(identity)
    assert server.server.connections == 0


@pytest.mark.requirement("RES-1")
@pytest.mark.parametrize("identity", ["1", "A-b.C", "785b4ff5-aced-4bdf-b7ed-34f92131ce97", "..a"])
def test_odd_but_legal_ids_are_sent_as_they_are(scripted: Start, identity: str) -> None:
    server = scripted(always(http({"resourceType": "Location", "id": identity})))
    assert server.client.read_location(identity).id == identity
    assert server.server.received[0].target.endswith(f"/Location/{identity}")


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("X1", "2000\r\nX-Evil: 1", "https://practice.example/A"),
        Endpoint("X1", "200000000999", "https://practice.example/A b"),
        Endpoint("X1", "200000000999", "practice.example/A"),
    ],
)
def test_a_bad_endpoint_is_not_asked(scripted: Start, endpoint: Endpoint) -> None:
    server = scripted(always(http({})))
    with pytest.raises(errors.InvalidRequest):
        GPConnectClient(server.transport, REQUESTER, endpoint).capability_statement()
    assert server.server.connections == 0


# Who asks


@pytest.mark.requirement("JWT-5")
def test_a_smartcard_users_ids_are_sent_and_a_prefix_only_where_known() -> None:
    requester = Requester(
        issuer="https://consumer.example",
        device=Device("https://consumer.example/Id/device", "1", "Portal", "2"),
        organisation=REQUESTER.organisation,
        user=RequestingUser(
            "7", "https://consumer.example/Id/user", "Legg", ("Harold",), None, "5551", "5552"
        ),
    )
    said = claims(requester, NOWHERE.service_root, Scope.PATIENT_READ, london.now_utc())
    practitioner = said["requesting_practitioner"]
    assert [each["value"] for each in practitioner["identifier"]] == ["5551", "5552", "7"]
    assert practitioner["name"] == [{"family": "Legg", "given": ["Harold"]}]
    assert said["sub"] == practitioner["id"] == "7"
    assert said["exp"] - said["iat"] == 300


@pytest.mark.requirement("JWT-2")
def test_every_use_case_has_its_own_interaction_id_and_the_scope_of_its_kind() -> None:
    assert len(ALL) == len({each.id for each in ALL}) == 16
    assert all(each.id.startswith("urn:nhs:names:services:gpconnect:fhir:") for each in ALL)
    for each in ALL:
        assert each.writes == (each.scope is Scope.PATIENT_WRITE) == (each.method != "GET")


@pytest.mark.requirement("FIND-1")
@pytest.mark.parametrize("number", ["9658218873", "965 821 8873", " 965-821-8873 "])
def test_a_valid_nhs_number_is_taken_as_people_write_it(number: str) -> None:
    assert nhs_number.normalise(number) == "9658218873"
    assert nhs_number.spaced(nhs_number.normalise(number)) == "965 821 8873"


@pytest.mark.requirement("FIND-1")
@pytest.mark.parametrize(
    "number", ["9999999991", "965821887", "96582188733", "965821887X", "", "٩٦٥٨٢١٨٨٧٣"]
)
def test_an_invalid_nhs_number_is_refused_without_repeating_it(number: str) -> None:
    assert not nhs_number.is_valid(number)
    with pytest.raises(errors.InvalidNHSNumber) as caught:
        nhs_number.normalise(number)
    assert not number or number not in str(caught.value)

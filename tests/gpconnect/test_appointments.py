"""Appointments: read as they are, changed in place, and compared with what was asked."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from gpconnect import errors, london
from tests.gpconnect.conftest import Scripted, Start
from tests.gpconnect.scripted_server import Received, always, bundle, http

STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"


def appointment(**changes: Any) -> dict[str, Any]:
    start = london.now_utc() + timedelta(days=3)
    return {
        "resourceType": "Appointment",
        "id": "148",
        "meta": {"versionId": "15", "profile": [f"{STRUCTURE}/GPConnect-Appointment-1"]},
        "contained": [
            {
                "resourceType": "Organization",
                "id": "1",
                "identifier": [
                    {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A1001"}
                ],
                "type": [{"coding": [{"code": "urgent-care"}]}],
                "name": "Hub",
                "telecom": [{"system": "phone", "value": "01632 960201"}],
            }
        ],
        "extension": [
            {
                "url": f"{STRUCTURE}/Extension-GPConnect-BookingOrganisation-1",
                "valueReference": {"reference": "#1"},
            },
            {"url": "https://supplier.example/unheard-of", "valueDecimal": 1.5},
        ],
        "status": "booked",
        "serviceCategory": {"text": "Evening surgery"},
        "serviceType": [{"text": "GP appointment"}],
        "description": "Dressing",
        "start": london.written_with_offset(start),
        "end": london.written_with_offset(start + timedelta(minutes=10)),
        "minutesDuration": 10,
        "slot": [{"reference": "Slot/544"}, {"reference": "Slot/545"}],
        "created": "2026-11-09T13:48:41+00:00",
        "comment": "Bring letter",
        "participant": [
            {"actor": {"reference": "Patient/2"}, "status": "accepted"},
            {"actor": {"reference": "Location/l1"}, "status": "accepted"},
        ],
        "_unheardOf": {"kept": [None, {"as": "it is"}]},
    } | changes


def client_with(scripted: Start, read: dict[str, Any], written: dict[str, Any]) -> Scripted:
    """A server that gives `read`, and `written` in answer to a change."""

    def script(connection: Any, request: Received) -> None:
        connection.sendall(http(read if request.method == "GET" else written))

    return scripted(script)


@pytest.mark.requirement("AMEND-1", "AMEND-2", "RES-2")
def test_amending_sends_back_all_that_was_read_with_other_words(scripted: Start) -> None:
    before = appointment()
    after = {**before, "description": "New dressing"}
    del after["comment"]
    server = client_with(scripted, before, after)
    last_read = server.client.read_appointment("148")
    untouched = deepcopy(last_read.raw)
    server.client.amend_appointment(last_read, "New dressing", None)
    sent = server.server.received[-1]
    assert (sent.method, sent.header("If-Match")) == ("PUT", 'W/"15"')
    assert sent.header("Ssp-InteractionID") == (
        "urn:nhs:names:services:gpconnect:fhir:rest:update:appointment-1"
    )
    assert sent.json() == after
    assert last_read.raw == untouched


@pytest.mark.requirement("CANCEL-1")
def test_cancelling_changes_the_status_and_adds_the_reason_and_nothing_else(
    scripted: Start,
) -> None:
    before = appointment()
    reason = {
        "url": f"{STRUCTURE}/Extension-GPConnect-AppointmentCancellationReason-1",
        "valueString": "Feels better",
    }
    after = {**before, "status": "cancelled", "extension": [*before["extension"], reason]}
    server = client_with(scripted, before, after)
    cancelled = server.client.cancel_appointment(
        server.client.read_appointment("148"), "Feels better"
    )
    assert server.server.received[-1].json() == after
    assert server.server.received[-1].header("Ssp-InteractionID") == (
        "urn:nhs:names:services:gpconnect:fhir:rest:cancel:appointment-1"
    )
    assert (cancelled.cancelled, cancelled.cancellation_reason) == (True, "Feels better")


@pytest.mark.requirement("BOOK-4")
def test_a_practice_may_join_description_and_comment(scripted: Start) -> None:
    joined = {**appointment(), "description": "New dressing // Bring letter"}
    del joined["comment"]
    server = client_with(scripted, appointment(), joined)
    last_read = server.client.read_appointment("148")
    amended = server.client.amend_appointment(last_read, "New dressing", "Bring letter")
    assert amended.description == "New dressing // Bring letter"


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"status": "cancelled"}, ("status",)),
        ({"id": "149"}, ("id",)),
        ({"participant": [{"actor": {"reference": "Patient/3"}}]}, ("patient",)),
        (
            {
                "participant": [
                    {"actor": {"reference": "Patient/2"}},
                    {"actor": {"reference": "Location/l2"}},
                ]
            },
            ("location",),
        ),
        ({"start": "2031-06-03T09:00:00+01:00"}, ("start",)),
        ({"end": "2031-06-03T09:00:00+01:00"}, ("end",)),
        ({"slot": [{"reference": "Slot/544"}]}, ("slots",)),
    ],
)
def test_a_change_of_who_when_or_where_is_an_alarm(
    scripted: Start, changes: dict[str, Any], differing: tuple[str, ...]
) -> None:
    before = appointment()
    server = client_with(scripted, before, {**before, "description": "New dressing", **changes})
    with pytest.raises(errors.DifferentFromAsked) as caught:
        server.client.amend_appointment(
            server.client.read_appointment("148"), "New dressing", "Bring letter"
        )
    assert caught.value.differences == differing
    assert caught.value.appointment is not None
    assert not caught.value.outcome_known


@pytest.mark.requirement("BOOK-7", "AMEND-1")
@pytest.mark.parametrize(
    "texts",
    [
        {"description": "Something else"},
        {"description": "New dressing for the knee"},
        {"description": "New dressing", "comment": "Bring letters"},
        {"description": "Dressing"},
    ],
)
def test_another_text_than_asked_for_is_no_alarm_and_no_success(
    scripted: Start, texts: dict[str, Any]
) -> None:
    before = appointment()
    server = client_with(scripted, before, {**before, **texts})
    with pytest.raises(errors.ChangeNotConfirmed) as caught:
        server.client.amend_appointment(
            server.client.read_appointment("148"), "New dressing", "Bring letter"
        )
    assert not isinstance(caught.value, errors.DifferentFromAsked)
    assert caught.value.appointment is not None
    assert caught.value.appointment.description == texts["description"]
    assert not caught.value.outcome_known


@pytest.mark.requirement("CANCEL-1")
def test_what_an_answer_leaves_out_is_no_difference(scripted: Start) -> None:
    """A system that frees the slots of what is cancelled has none to name."""
    before = appointment()
    after = {**before, "status": "cancelled"}
    del after["slot"], after["end"]
    server = client_with(scripted, before, after)
    last_read = server.client.read_appointment("148")
    assert server.client.cancel_appointment(last_read, "Feels better").cancelled


@pytest.mark.requirement("RET-2", "SFS-10")
def test_appointments_come_by_start_with_what_could_not_be_read(scripted: Start) -> None:
    later = london.written_with_offset(london.now_utc() + timedelta(days=9))
    answer = bundle(
        appointment(id="late", start=later),
        {"resourceType": "Appointment", "id": "broken"},
        appointment(id="early", status="cancelled"),
    )
    client = scripted(always(http(answer))).client
    found = client.patient_appointments("2", london.today(), london.today())
    assert [(each.id, each.cancelled) for each in found.appointments] == [
        ("early", True),
        ("late", False),
    ]
    assert not found.complete
    [early, _] = found.appointments
    assert early.booking_organisation is not None
    assert early.booking_organisation.name == "Hub"
    assert (early.slot_ids, early.location_id, early.practitioner_id) == (
        ("544", "545"),
        "l1",
        None,
    )


@pytest.mark.requirement("PDS-6")
def test_an_appointment_of_another_patient_blocks_the_whole_answer(scripted: Start) -> None:
    stranger = {"actor": {"reference": "Patient/3"}, "status": "accepted"}
    answer = bundle(appointment(), appointment(id="149", participant=[stranger]))
    client = scripted(always(http(answer))).client
    with pytest.raises(errors.WrongResource):
        client.patient_appointments("2", london.today(), london.today())


@pytest.mark.parametrize("reference", [["#1"], {"a": 1}, None, 5, "#2", "1"])
def test_a_booking_organisation_that_is_not_referred_to_is_not_given(
    scripted: Start, reference: Any
) -> None:
    extension = {
        "url": f"{STRUCTURE}/Extension-GPConnect-BookingOrganisation-1",
        "valueReference": {"reference": reference},
    }
    client = scripted(always(http(appointment(extension=[extension])))).client
    assert client.read_appointment("148").booking_organisation is None

"""What each use case asks of the practice, and what it gives back."""

import pytest

from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.patients.wrong_tries import OF_PATIENT
from gpconnect import london
from tests.command_line.terminal import Terminal
from tests.sandbox_control import Json, Sandbox

PATIENT = "9658218873"
BORN = "1962-11-27"
WITH_APPOINTMENTS = "9658218903"
ANOTHERS_ID = "1"


@pytest.mark.requirement("SSP-7")
def test_capability(terminal: Terminal) -> None:
    said = terminal.runs("capability").result

    assert (said["version"], said["fhir_version"]) == ("1.2.7", "3.0.1")
    assert "Appointment.create" in said["interactions"]


@pytest.mark.requirement("SSP-7")
def test_capability_of_a_practice_with_services(terminal: Terminal) -> None:
    terminal.practice = "K83015"

    said = terminal.runs("capability").result
    told = terminal.runs("check-practice", json_wanted=False).out

    assert (said["version"], said["service_filtering"]) == ("1.2.8", "enabled")
    assert "GP Connect 1.2.8, FHIR 3.0.1, 14 interactions, services enabled" in told
    assert terminal.runs("read-service", "--id", "15").result["name"] == (
        "Fenwick Extended Access Hub"
    )


@pytest.mark.requirement("SFS-5", "RET-2", "AMEND-1", "CANCEL-1")
def test_the_service_of_a_slot_and_of_an_appointment_is_told_by_name(terminal: Terminal) -> None:
    terminal.practice, hub = "K83015", "Fenwick Extended Access Hub"
    patient = ("--nhs-number", "9990000239")

    assert "Service name" in terminal.runs("search-slots", json_wanted=False).out
    slot = next(one for one in terminal.free_slots() if one.get("service_name") == hub)
    flags = ("--slot", slot["slot_id"], "--description", "Dressing")
    there = terminal.runs("book", *patient, *flags).result["appointment"]["id"]
    terminal.runs("amend", *patient, "--id", there, "--description", "Dressing, arm")

    read = terminal.runs("read-appointment", *patient, "--id", there).result
    assert (read["service_name"], read["description"]) == (hub, "Dressing, arm")
    terminal.runs("cancel", *patient, "--id", there, "--reason", "Feels better")
    rows = terminal.runs("appointments", *patient).result["appointments"]
    assert {one["id"]: one["service_name"] for one in rows}[there] == hub
    terminal.practice = "A20047"
    assert "Service name" not in terminal.runs("search-slots", json_wanted=False).out


@pytest.mark.requirement("READ-2", "SFS-9")
def test_the_preferred_branch_is_told_by_name(terminal: Terminal) -> None:
    terminal.practice = "K83015"

    found = terminal.about("9990000239", "find-patient").result["patient"]
    assert found["preferred_branch"] == "Reedbank Branch Surgery"


@pytest.mark.requirement("READ-2")
def test_a_practitioner_and_an_organisation_are_told_with_all_that_they_have(
    terminal: Terminal,
) -> None:
    terminal.practice = "K83015"

    (found,) = terminal.runs("find-organisation", "--identifier", "K83015").result["organisations"]
    told = terminal.runs("read-organisation", "--id", found["id"], json_wanted=False).out
    for said in ("The Meadow", "1998-04-01", "reception@k83015.example.nhs.uk", "2 Former Row"):
        assert said in told, told
    slot = next(one for one in terminal.free_slots() if one["practitioner_name"].startswith("Dr"))
    read = terminal.runs("read-practitioner", "--id", slot["practitioner_id"]).result
    assert {"active", "names", "communications", "sds_role_profile_ids"} <= set(read)


@pytest.mark.requirement("SDS-1", "SDS-2")
def test_directory(terminal: Terminal) -> None:
    terminal.practice = "F84047"

    assert terminal.runs("directory").result == {
        "ods_code": "F84047",
        "asid": "200000000206",
        "service_root": "https://Provider-F.sandbox.test/Api/F84047/stu3/1/GPConnect",
    }


@pytest.mark.requirement("RES-2")
def test_people_and_places_are_found_and_read(terminal: Terminal) -> None:
    (organisation,) = terminal.runs("find-organisation", "--identifier", "A20047").result[
        "organisations"
    ]
    assert organisation["name"] == "Dr Legg's Surgery"
    assert terminal.runs("read-organisation", "--id", organisation["id"]).result == organisation

    slot = next(one for one in terminal.free_slots() if one.get("practitioner_id"))
    location = terminal.runs("read-location", "--id", slot["location_id"]).result
    assert location["name"] == slot["location_name"]

    practitioner = terminal.runs("read-practitioner", "--id", slot["practitioner_id"]).result
    (same,) = terminal.runs(
        "find-practitioner", "--identifier", practitioner["sds_user_id"]
    ).result["practitioners"]
    assert same["id"] == slot["practitioner_id"]


@pytest.mark.requirement("ERR-1", "ERR-2")
def test_what_a_practice_does_not_hold_is_a_problem_with_a_trace_id(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    error = terminal.runs("read-location", "--id", "nowhere").error

    assert error["origin"] == "practice"
    assert error["status"] == 404
    (exchange,) = sandbox.exchanges()
    assert ["ssp-traceid", error["trace_id"]] in [
        [name.lower(), value] for name, value in exchange["headers"]
    ]


@pytest.mark.requirement("PDS-8")
def test_the_birth_date_said_must_be_the_one_at_pds(terminal: Terminal, sandbox: Sandbox) -> None:
    assert terminal.about(PATIENT, "trace", "--birth-date", BORN).result["birth_date"] == BORN

    told = terminal.about(PATIENT, "find-patient", "--birth-date", "1962-11-28")

    assert told.error["code"] == "BIRTH_DATE_DIFFERS"
    for _ in range(OF_PATIENT.most - 1):
        terminal.about(PATIENT, "find-patient", "--birth-date", "1962-11-28")
    told = terminal.about(PATIENT, "trace", "--birth-date", BORN)
    assert told.error["code"] == "TOO_MANY_TRIES"
    assert "Zelthorpe".casefold() not in (told.out + told.err).casefold()
    assert sandbox.exchanges() == []


def test_the_number_comes_from_standard_input_too(terminal: Terminal) -> None:
    told = terminal.about("-", "trace", typed=f"{PATIENT}\n")

    assert told.result["nhs_number"] == PATIENT
    assert terminal.runs("trace").error["code"] == "NHS_NUMBER_NEEDED"


@pytest.mark.requirement("PDS-6")
def test_find_patient_shows_how_the_practices_record_differs(terminal: Terminal) -> None:
    terminal.practice = "E83021"

    found = terminal.about("9990000050", "find-patient").result

    (difference,) = found["patient"]["differences"]
    assert difference == {
        "field": "birth_date",
        "at_pds": "1953-08-23",
        "at_practice": "1953-08-13",
        "serious": True,
    }


@pytest.mark.requirement("PDS-1")
def test_read_patient_reads_the_patient_found_and_nobody_else(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    read = terminal.about(PATIENT, "read-patient").result["patient"]
    assert (read["nhs_number"], read["birth_date"]) == (PATIENT, BORN)
    sandbox.clear_exchanges()

    refused = terminal.about(PATIENT, "read-patient", "--id", ANOTHERS_ID).error

    assert refused["code"] == "PATIENT_MISMATCH"
    assert not any("/Patient/1" in exchange["raw_path"] for exchange in sandbox.exchanges())


@pytest.mark.requirement("SFS-1", "SFS-5")
def test_search_slots_gives_every_field_of_the_days_asked_for(terminal: Terminal) -> None:
    slots = terminal.free_slots()

    days = {slot["starts"][:10] for slot in slots}
    assert min(days) > london.today().isoformat()
    wanted = {
        "slot_id",
        "starts",
        "ends",
        "minutes",
        "delivery_channel",
        "slot_type",
        "schedule_type",
        "location_name",
        "location_address",
        "practitioner_name",
        "practitioner_gender",
        "practitioner_role",
    }
    assert any(wanted <= set(slot) for slot in slots)

    some_day = min(days)
    again = terminal.runs("search-slots", "--from", some_day, "--to", some_day).result
    assert (again["from"], again["to"], again["complete"]) == (some_day, some_day, True)
    assert {slot["starts"][:10] for slot in again["slots"]} == {some_day}


@pytest.mark.requirement("BOOK-2", "AMEND-1", "CANCEL-1", "RET-2")
def test_book_see_amend_and_cancel(terminal: Terminal, sandbox: Sandbox) -> None:
    booked = terminal.books(PATIENT, "Sore throat")
    appointment = booked["appointment"]["id"]
    assert booked["state"] == "done"

    (seen,) = terminal.about(PATIENT, "appointments").result["appointments"]
    assert (seen["id"], seen["description"]) == (appointment, "Sore throat")
    assert seen["booked_by"] == "Riverside Extended Access Hub"
    assert seen["location_name"]

    assert (
        terminal.about(
            PATIENT, "amend", "--id", appointment, "--comment", "Uses a wheelchair"
        ).status
        == 0
    )
    read = terminal.about(PATIENT, "read-appointment", "--id", appointment).result
    assert (read["description"], read["comment"]) == ("Sore throat", "Uses a wheelchair")

    assert (
        terminal.about(PATIENT, "cancel", "--id", appointment, "--reason", "Feels better").status
        == 0
    )

    (there,) = sandbox.appointments("A20047", PATIENT)
    assert (there["status"], there["cancellation_reason"]) == ("cancelled", "Feels better")
    assert there["comment"] == "Uses a wheelchair"
    stored = Command.objects.order_by("created_at").values_list("kind", "state")
    assert list(stored) == [("book", "done"), ("amend", "done"), ("cancel", "done")]


@pytest.mark.requirement("AMEND-1")
def test_amending_with_an_empty_comment_takes_it_away(terminal: Terminal) -> None:
    booked = terminal.books(PATIENT)["appointment"]["id"]
    assert terminal.about(PATIENT, "amend", "--id", booked, "--comment", "Ring first").status == 0

    amended = terminal.about(PATIENT, "amend", "--id", booked, "--comment", "").result

    assert "comment" not in amended["appointment"]
    assert amended["appointment"]["description"] == "Sore throat"


@pytest.mark.requirement("BOOK-6")
def test_adjacent_slots_are_booked_together_and_others_are_not(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    first, second = _adjacent(terminal.free_slots())
    together = ("--slot", second["slot_id"], "--slot", first["slot_id"])

    booked = terminal.about(PATIENT, "book", *together, "--description", "Long talk").result

    assert booked["appointment"]["starts"] == first["starts"]
    assert booked["appointment"]["ends"] == second["ends"]
    slots = terminal.free_slots()
    day = slots[0]["starts"][:10]
    another_day = next(slot for slot in slots if slot["starts"][:10] > day)
    apart = ("--slot", slots[0]["slot_id"], "--slot", another_day["slot_id"])
    refused = terminal.about(PATIENT, "book", *apart, "--description", "Long talk").error
    assert refused["code"] == "SLOTS_NOT_ADJACENT"
    assert len(sandbox.appointments("A20047", PATIENT)) == 1


@pytest.mark.requirement("BOOK-1", "BOOK-4")
def test_what_cannot_be_booked_is_not_sent(terminal: Terminal, sandbox: Sandbox) -> None:
    slot = terminal.free_slot()

    for flags, code in (
        (("--slot", "gone", "--description", "Cough"), "SLOT_NOT_OFFERED"),
        (("--slot", slot, "--description", "x" * 101), "NOT_BOOKABLE"),
        (("--slot", slot, "--description", " "), "NOT_BOOKABLE"),
    ):
        error = terminal.about(PATIENT, "book", *flags).error
        assert (error["code"], error["outcome_known"]) == (code, True)
    assert not Command.objects.exists()
    assert sandbox.appointments("A20047", PATIENT) == []


@pytest.mark.requirement("PDS-6")
def test_serious_differences_must_be_acknowledged_before_booking(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    terminal.practice, number = "E83021", "9990000050"
    flags = ("--slot", terminal.free_slot(), "--description", "Review")

    refused = terminal.about(number, "book", *flags).error
    assert refused["code"] == "DIFFERENCES_NOT_ACKNOWLEDGED"
    assert refused["detail"]["differences"][0]["field"] == "birth_date"

    assert terminal.about(number, "book", *flags, "--acknowledge-differences").status == 0
    assert len(sandbox.appointments("E83021", number)) == 1


@pytest.mark.requirement("BOOK-8")
def test_a_slot_taken_meanwhile_is_a_known_refusal(terminal: Terminal, sandbox: Sandbox) -> None:
    flags = ("--slot", terminal.free_slot(), "--description", "Cough")
    sandbox.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)

    told = terminal.about(PATIENT, "book", *flags)

    assert (told.error["code"], told.error["outcome_known"]) == ("DUPLICATE_REJECTED", True)
    assert told.error["trace_id"]
    assert told.document["result"]["state"] == "refused"
    assert sandbox.appointments("A20047", PATIENT) == []


@pytest.mark.requirement("ERR-1")
def test_an_answer_that_never_comes_is_an_unknown_outcome_and_stays_stored(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    flags = ("--slot", terminal.free_slot(), "--description", "Cough")
    sandbox.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)

    told = terminal.about(PATIENT, "book", *flags)

    assert told.error["outcome_known"] is False
    command = Command.objects.get(pk=told.document["result"]["command"])
    assert command.state == State.UNCONFIRMED
    assert command.next_look_at is not None
    again = terminal.about(PATIENT, "book", "--slot", terminal.free_slot(), *flags[2:]).error
    assert again["code"] == "BOOKING_UNSETTLED"
    assert again["detail"]["command"] == str(command.pk)


@pytest.mark.requirement("RET-1", "CANCEL-2")
def test_a_cancelled_appointment_is_shown_and_not_changed_again(terminal: Terminal) -> None:
    there = terminal.about(WITH_APPOINTMENTS, "appointments").result["appointments"]
    cancelled = next(one for one in there if one["status"] == "cancelled")

    flags = ("--id", cancelled["id"], "--reason", "Again")
    assert terminal.about(WITH_APPOINTMENTS, "cancel", *flags).error["code"] == "NOT_CHANGEABLE"

    day = cancelled["start"][:10]
    same_day = terminal.about(WITH_APPOINTMENTS, "appointments", "--from", day, "--to", day).result
    assert cancelled["id"] in [one["id"] for one in same_day["appointments"]]
    assert {one["start"][:10] for one in same_day["appointments"]} == {day}


@pytest.mark.requirement("RET-1")
def test_past_appointments_cannot_be_asked_for(terminal: Terminal) -> None:
    error = terminal.about(PATIENT, "appointments", "--from", "2020-01-01").error

    assert (error["code"], error["origin"]) == ("INVALID_REQUEST", "portal")


@pytest.mark.requirement("PDS-6")
def test_another_patients_appointment_is_neither_shown_nor_changed(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    theirs = sandbox.appointments("A20047", "9658218865")[0]["id"]

    for flags in (
        ("read-appointment", "--id", theirs),
        ("amend", "--id", theirs, "--description", "Mine"),
        ("cancel", "--id", theirs, "--reason", "Mine"),
    ):
        told = terminal.about(PATIENT, *flags)
        assert told.error["code"] == "PATIENT_MISMATCH"
        assert "Blood pressure" not in told.out
    assert sandbox.appointments("A20047", "9658218865")[0]["status"] == "booked"


def _adjacent(slots: list[Json]) -> tuple[Json, Json]:
    same = ("schedule_id", "delivery_channel", "slot_type")
    for first in slots:
        for second in slots:
            if first["ends"] == second["starts"] and all(
                first.get(name) == second.get(name) for name in same
            ):
                return first, second
    raise AssertionError("no adjacent slots")

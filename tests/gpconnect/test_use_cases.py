"""Each use case against the sandbox, over mutual TLS through its Spine proxy."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gpconnect import errors, london
from gpconnect.client import GPConnectClient
from gpconnect.demographics import SigningKeys, TracedPatient, from_url
from gpconnect.directory import Directory
from gpconnect.identity import Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import Appointment, ContactPoint, Registration, SlotSearch
from gpconnect.transport import TLS, Deadlines, Transport
from tests.gpconnect.conftest import (
    REQUESTER,
    Observer,
    booking_of,
    slots_from_tomorrow,
)
from tests.sandbox_control import Sandbox

ClientOf = Callable[..., GPConnectClient]

ORDINARY = [
    "9658218865", "9658218873", "9658218881", "9658218903",
    "9658218989", "9658218997", "9658219004", "9658219012",
]  # fmt: skip

PLACES = {"17": "Dr Legg's Surgery", "18": "Turpin Road Branch Surgery"}


@pytest.mark.requirement("SSP-7")
def test_the_capability_statement_says_the_version_and_the_abilities(
    client: GPConnectClient,
) -> None:
    statement = client.capability_statement()
    assert (statement.fhir_version, statement.version) == ("3.0.1", "1.2.7")
    assert {"Slot.search-type", "Appointment.create", "gpc.registerpatient"} <= (
        statement.interactions
    )


@pytest.mark.requirement("FIND-1", "FIND-2")
def test_the_official_patients_are_found_as_the_tests_expect(client: GPConnectClient) -> None:
    for number in ORDINARY:
        [patient] = client.find_patient(number)
        assert patient.nhs_number == number
        assert patient.name is not None
        assert patient.birth_date is not None
        assert client.read_patient(patient.id) == patient
    for number in ("9324926233", "9658220290", "9658219748"):
        assert client.find_patient(number) == ()
    with pytest.raises(errors.PatientNotAtPractice):
        client.find_patient("9658220150")


@pytest.mark.requirement("FIND-1")
def test_a_number_that_fails_its_check_is_sent_only_on_purpose(
    client: GPConnectClient, sandbox: Sandbox
) -> None:
    with pytest.raises(errors.InvalidNHSNumber):
        client.find_patient("9999999991")
    assert sandbox.exchanges() == []
    with pytest.raises(errors.GPConnectError) as caught:
        client.find_patient("9999999991", unchecked=True)
    assert caught.value.status == 400


@pytest.mark.requirement("SFS-5", "SFS-9")
def test_free_slots_come_with_all_that_is_needed_to_choose(client: GPConnectClient) -> None:
    slots = slots_from_tomorrow(client)
    instants = [slot.start.instant for slot in slots if slot.start.instant]
    assert instants == sorted(instants)
    assert len(instants) == len(slots)
    for slot in slots:
        assert slot.minutes
        assert slot.delivery_channel in {"In-person", "Telephone", "Video"}
        assert slot.slot_type
        assert slot.schedule_type
        assert slot.schedule_id
        assert slot.location is not None
        assert slot.location.name
        assert slot.location.address is not None
        assert slot.location.address.postcode
    with_practitioner = [slot.practitioner for slot in slots if slot.practitioner]
    assert all(each.display_name and each.gender for each in with_practitioner)
    branch = client.find_patient("9658218989")[0].preferred_branch_id
    assert branch in {slot.location.id for slot in slots if slot.location}


@pytest.mark.requirement("SFS-4")
def test_a_search_over_four_weeks_finds_what_two_of_two_weeks_find(
    client: GPConnectClient,
) -> None:
    start = london.today() + timedelta(days=1)
    middle, end = start + timedelta(days=13), start + timedelta(days=26)
    whole = client.search_free_slots(SlotSearch(start, end))
    halves = (
        *client.search_free_slots(SlotSearch(start, middle)).slots,
        *client.search_free_slots(SlotSearch(middle + timedelta(days=1), end)).slots,
    )
    assert [slot.id for slot in whole.slots] == [slot.id for slot in halves]


@pytest.mark.requirement("RET-1", "RET-2", "READ-1", "BOOK-7")
def test_what_was_booked_is_read_and_retrieved_alike(
    client: GPConnectClient, booked: Appointment, sandbox: Sandbox
) -> None:
    assert booked.patient_id is not None
    today = london.today()
    found = client.patient_appointments(booked.patient_id, today, today + timedelta(days=28))
    assert found.complete
    [retrieved] = [each for each in found.appointments if each.id == booked.id]
    assert retrieved == client.read_appointment(booked.id) == booked
    assert booked.description == "Review of inhaler"
    assert booked.comment == "Prefers mornings"
    assert booked.booking_organisation is not None
    assert booked.booking_organisation.ods_code == "A1001"
    assert booked.booking_organisation.type == "urgent-care"
    assert booked.slot_type
    assert booked.schedule_type
    assert booked.practitioner_id is not None
    assert booked.location_id is not None
    assert client.read_practitioner(booked.practitioner_id).display_name
    assert client.read_location(booked.location_id).name == PLACES[booked.location_id]
    [record] = sandbox.appointments("A20047", "9658218873")
    assert (record["id"], record["booked_by"]) == (booked.id, "A1001")


@pytest.mark.requirement("AMEND-1", "AMEND-2", "ERR-4")
def test_amending_changes_the_words_only_and_a_stale_version_is_a_conflict(
    client: GPConnectClient, booked: Appointment, sandbox: Sandbox
) -> None:
    amended = client.amend_appointment(booked, "Review of inhaler and spacer", None)
    assert amended.description == "Review of inhaler and spacer"
    assert amended.comment is None
    assert amended.version != booked.version
    headers = dict(sandbox.exchanges()[-1]["headers"])
    assert {name.lower(): value for name, value in headers.items()}["if-match"] == (
        f'W/"{booked.version}"'
    )
    with pytest.raises(errors.VersionConflict) as caught:
        client.amend_appointment(booked, "Something else", None)
    assert (caught.value.status, caught.value.outcome_known) == (409, True)


@pytest.mark.requirement("CANCEL-1", "RET-1")
def test_cancelling_frees_the_slot_and_stays_visible_with_its_reason(
    client: GPConnectClient, booked: Appointment
) -> None:
    cancelled = client.cancel_appointment(booked, "Feels better")
    assert cancelled.cancelled
    assert cancelled.cancellation_reason == "Feels better"
    assert set(booked.slot_ids) <= {slot.id for slot in slots_from_tomorrow(client)}
    today = london.today()
    assert booked.patient_id is not None
    found = client.patient_appointments(booked.patient_id, today, today + timedelta(days=28))
    assert [each.cancelled for each in found.appointments if each.id == booked.id] == [True]
    with pytest.raises(errors.InvalidRequest):
        client.cancel_appointment(cancelled, "Again")


@pytest.mark.requirement("BOOK-8", "ERR-4")
def test_a_slot_taken_meanwhile_is_gone(client: GPConnectClient, sandbox: Sandbox) -> None:
    [patient] = client.find_patient("9658218873")
    slot = slots_from_tomorrow(client)[0]
    sandbox.take_slot("A20047", slot.id)
    with pytest.raises(errors.SlotGone) as caught:
        client.book_appointment(booking_of(patient.id, slot))
    assert caught.value.outcome_known
    assert caught.value.trace_id


def test_an_answer_that_never_comes_leaves_a_booking_in_doubt_that_looking_settles(
    client: GPConnectClient, sandbox: Sandbox, observer: Observer
) -> None:
    [patient] = client.find_patient("9658218873")
    slot = slots_from_tomorrow(client)[0]
    sandbox.fault(practice="A20047", use_case="book", kind="hang_after", times=1)
    with pytest.raises(errors.DeadlineExceeded) as caught:
        client.book_appointment(
            booking_of(patient.id, slot, identifier="command-1"), deadline=Deadlines(total=0.5)
        )
    assert not caught.value.outcome_known
    assert observer.answers[-1].error_code == "DEADLINE_EXCEEDED"
    assert not observer.answers[-1].outcome_known
    today = london.today()
    found = client.patient_appointments(patient.id, today, today + timedelta(days=28))
    [made] = [each for each in found.appointments if each.slot_ids == (slot.id,)]
    assert made.booking_organisation is not None
    assert made.booking_organisation.ods_code == "A1001"


@pytest.mark.requirement("ERR-3", "ERR-5")
@pytest.mark.parametrize(
    ("kind", "error", "known"),
    [
        ("refuse", errors.NoAnswer, False),
        ("status_500", errors.PracticeFailed, False),
        ("status_500_after", errors.PracticeFailed, False),
        ("status_502", errors.PracticeNotReachedBySpine, False),
        ("slot_taken", errors.SlotGone, True),
    ],
)
def test_each_fault_of_a_booking_says_whether_the_practice_may_have_acted(
    client: GPConnectClient,
    sandbox: Sandbox,
    kind: str,
    error: type[errors.GPConnectError],
    known: bool,
) -> None:
    [patient] = client.find_patient("9658218873")
    slot = slots_from_tomorrow(client)[0]
    sandbox.fault(practice="A20047", use_case="book", kind=kind, times=1)
    with pytest.raises(error) as caught:
        client.book_appointment(booking_of(patient.id, slot))
    assert caught.value.outcome_known is known


@pytest.mark.requirement("ERR-3")
def test_the_spines_refusals_are_told_apart(
    client_of: ClientOf, transport: Transport, sds: Directory
) -> None:
    northgate = RequestingOrganisation(
        "A1002", "Northgate Out-of-Hours Service", "urgent-care", "200000000102", "01632 960202"
    )
    no_agreement = client_of("B82617", replace(REQUESTER, organisation=northgate))
    with pytest.raises(errors.NoAgreement) as caught:
        no_agreement.capability_statement()
    assert caught.value.code == "FOT_CHECK_FAILED"
    assert caught.value.origin is errors.Origin.SSP

    unknown = replace(REQUESTER, organisation=replace(northgate, asid="200000000999"))
    with pytest.raises(errors.NoAgreement) as caught:
        client_of("A20047", unknown).capability_statement()
    assert caught.value.code == "ASID_CHECK_FAILED"

    endpoint = sds.look_up("A20047")
    moved = replace(endpoint, service_root=endpoint.service_root.replace("STU3/1", "STU3/2"))
    with pytest.raises(errors.RefusedBySpine) as caught_:
        GPConnectClient(transport, REQUESTER, moved).capability_statement()
    assert caught_.value.code == "ENDPOINT_VARIES_FROM_TARGETURL"
    assert caught_.value.outcome_known


@pytest.mark.requirement("SSP-3")
def test_the_sandbox_refuses_a_client_without_the_right_certificate(
    sandbox: Sandbox, sds: Directory
) -> None:
    made = sandbox.certificates
    for tls in (
        TLS(ca_bundle=made / "ca.pem"),
        TLS(made / "stranger.pem", made / "stranger.key", made / "ca.pem"),
    ):
        # With TLS 1.3 the refusal follows our first bytes, and may be lost with the connection.
        with (
            Transport(sandbox.ssp, tls) as transport,
            pytest.raises((errors.TLSFailure, errors.ConnectionLost)),
        ):
            GPConnectClient(transport, REQUESTER, sds.look_up("A20047")).capability_statement()
    assert sandbox.exchanges() == []


@pytest.mark.requirement("READ-1", "ERR-1")
def test_things_that_are_not_there_are_not_found(client: GPConnectClient) -> None:
    for read in (client.read_practitioner, client.read_location, client.read_organisation):
        with pytest.raises(errors.NotFound) as caught:
            read("no-such-thing")
        assert caught.value.status == 404
    with pytest.raises(errors.NotFound, match="may have begun"):
        client.read_appointment("no-such-thing")
    assert client.find_practitioner("999999999999") == ()
    assert client.find_organisation("Z99999") == ()


@pytest.mark.requirement("RES-2")
def test_organisations_and_practitioners_are_found_by_their_codes(
    client: GPConnectClient, booked: Appointment
) -> None:
    [practice] = client.find_organisation("A20047")
    assert practice.name == "Dr Legg's Surgery"
    assert practice.telephone == "020 7946 0101"
    assert client.read_organisation(practice.id) == practice
    assert booked.practitioner_id is not None
    practitioner = client.read_practitioner(booked.practitioner_id)
    assert practitioner.sds_user_id is not None
    assert client.find_practitioner(practitioner.sds_user_id) == (practitioner,)


@pytest.mark.requirement("REG-1", "REG-2", "REG-3", "RES-3")
def test_a_patient_is_registered_temporarily_and_can_then_be_booked(
    client: GPConnectClient, sandbox: Sandbox
) -> None:
    traced = trace(sandbox, "9324926233")
    patient = client.register_patient(registration_of(traced))
    assert client.find_patient("9324926233")[0].id == patient.id
    client.book_appointment(booking_of(patient.id, slots_from_tomorrow(client)[0]))
    with pytest.raises(errors.AlreadyRegistered) as caught:
        client.register_patient(registration_of(traced))
    assert caught.value.outcome_known


@pytest.mark.requirement("REG-3")
@pytest.mark.parametrize("number", ["9658220223", "9476718943", "9658220290"])
def test_a_registration_that_pds_contradicts_is_refused(
    client: GPConnectClient, sandbox: Sandbox, number: str
) -> None:
    traced = trace(sandbox, "9324926233")
    with pytest.raises(errors.DemographicsRejected):
        client.register_patient(replace(registration_of(traced), nhs_number=number))


@pytest.mark.requirement("SSP-2", "JWT-4", "JWT-5")
def test_two_users_of_two_organisations_never_mix(
    transport: Transport, sds: Directory, sandbox: Sandbox
) -> None:
    surgery = Requester(
        issuer=REQUESTER.issuer,
        device=REQUESTER.device,
        organisation=RequestingOrganisation(
            "A20047", "Dr Legg's Surgery", "gp-practice", "200000000103", "020 7946 0101"
        ),
        user=RequestingUser(
            local_id="42",
            local_id_system="https://booking-portal.example.nhs.uk/Id/user",
            family="Legg",
            given=("Harold",),
            sds_user_id="555000000042",
            sds_role_profile_id="555000000043",
        ),
    )
    seen = [Observer(), Observer()]
    clients = [
        GPConnectClient(transport, requester, sds.look_up("C81007"), heard)
        for requester, heard in zip((REQUESTER, surgery), seen, strict=True)
    ]

    def ask(client: GPConnectClient) -> None:
        for _ in range(50):
            client.capability_statement()

    threads = [threading.Thread(target=ask, args=(each,)) for each in clients * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for requester, heard in zip((REQUESTER, surgery), seen, strict=True):
        assert len(heard.questions) == len(heard.answers) == 100
        assert {answer.error_code for answer in heard.answers} == {None}
        assert {question.spine_from for question in heard.questions} == {
            requester.organisation.asid
        }
    arrived = [
        {name.lower(): value for name, value in exchange["headers"]}
        for exchange in sandbox.exchanges()
    ]
    by_trace = {headers["ssp-traceid"]: headers for headers in arrived}
    assert len(by_trace) == 200
    for heard in seen:
        for question in heard.questions:
            assert by_trace[question.trace_id]["ssp-from"] == question.spine_from


def trace(sandbox: Sandbox, number: str) -> TracedPatient:
    made = sandbox.certificates
    pds = from_url(
        sandbox.pds,
        tls=TLS(ca_bundle=made / "api-ca.pem"),
        token_url=sandbox.pds_token,
        client_id="booking-portal",
        keys=SigningKeys(made / "pds-private.pem", "demo-1"),
    )
    try:
        return pds.trace(number, organisation_ods="A1001")
    finally:
        pds.close()


def registration_of(traced: TracedPatient) -> Registration:
    assert traced.official_name is not None
    assert traced.official_name.family is not None
    assert traced.birth_date is not None
    return Registration(
        nhs_number=traced.nhs_number,
        family=traced.official_name.family,
        given=traced.official_name.given,
        birth_date=traced.birth_date,
        gender=traced.gender,
        home_address=traced.address,
        telecoms=(
            ContactPoint("phone", "01632 960123", "home"),
            ContactPoint("email", "somebody@example.org", "home"),
        ),
        language="en",
    )

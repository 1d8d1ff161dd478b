"""What an encounter knows of a practice and the patient there. [SDS-3, PDS-6]"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_portal.audit.models import Event, EventKind
from booking_portal.patients import practice_record
from booking_portal.patients.models import Encounter, PatientAtPractice, TraceTooOld
from booking_portal.patients.practice_record import (
    NO_RECORD,
    NoActiveRecord,
    PracticeMoved,
    find_at_practice,
    keep_found,
    keep_located,
    locate_practice,
    require_same_system,
    shows_nothing,
)
from booking_portal.practices.models import Practice
from gpconnect import errors
from gpconnect.error_evidence import failure
from gpconnect.errors import Origin
from gpconnect.models import ContactPoint, Endpoint, HumanName, PartialDate, Patient
from tests.portal.rows import HERE, Rows
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SDS-3", "PDS-6")]

AT_FIRST = Endpoint(HERE, "200000000101", "https://here.test/STU3/1")
ANOTHER = [
    replace(AT_FIRST, asid="200000000999"),
    replace(AT_FIRST, service_root="https://new-supplier.test/STU3/1"),
]
LEARNT: dict[str, Any] = {
    "patient_id": "p1",
    "preferred_branch_id": "18",
    "telephones": ["020 7946 0999"],
    "details": {"number_status": "01"},
    "differences": [{"field": "family", "serious": True}],
    "differences_acknowledged": True,
}
NOTHING: dict[str, Any] = {
    "patient_id": "",
    "preferred_branch_id": "",
    "telephones": [],
    "details": {},
    "differences": [],
    "differences_acknowledged": False,
}


def known(rows: Rows, encounter: Encounter, practice: Practice, **facts: Any) -> PatientAtPractice:
    """What the encounter has learnt at the practice, half an hour ago."""
    half_an_hour_ago = encounter.traced_at - timedelta(minutes=30)
    Encounter.objects.filter(pk=encounter.pk).update(traced_at=half_an_hour_ago)
    return PatientAtPractice.objects.create(
        encounter=encounter,
        practice=practice,
        **{
            "asid": AT_FIRST.asid,
            "service_root": AT_FIRST.service_root,
            "looked_up_at": half_an_hour_ago,
            "found_at": half_an_hour_ago,
        }
        | LEARNT
        | facts,
    )


def facts_of(at: PatientAtPractice) -> dict[str, Any]:
    return {name: getattr(at, name) for name in LEARNT}


def kept(at: PatientAtPractice) -> PatientAtPractice:
    return PatientAtPractice.objects.get(pk=at.pk)


@pytest.mark.parametrize("endpoint", ANOTHER, ids=["ASID", "service root"])
def test_at_another_system_all_that_was_known_is_void_and_nobody_elses_is(
    rows: Rows, endpoint: Endpoint
) -> None:
    before = known(rows, rows.encounter, rows.practice)
    others = [
        known(rows, rows.patient("9658218865"), rows.practice),
        known(rows, rows.encounter, rows.elsewhere),
    ]
    encounter = Encounter.objects.get(pk=rows.encounter.pk)

    at = keep_located(encounter, rows.practice, endpoint, actor=rows.actor)

    assert at.pk == before.pk
    for now in (at, kept(at)):
        assert (now.asid, now.service_root) == (endpoint.asid, endpoint.service_root)
        assert facts_of(now) == NOTHING
        assert now.found_at is None
        assert now.looked_up_at > before.looked_up_at
        assert now.moved_at is not None
    for other in others:
        assert facts_of(kept(other)) == LEARNT
        assert kept(other).endpoint.asid == AT_FIRST.asid
    [event] = Event.objects.all()
    assert (event.kind, event.username) == (EventKind.DIRECTORY_CHANGED, "receptionist")
    assert (event.nhs_number, event.practice_ods) == (encounter.nhs_number, HERE)
    assert event.encounter_id == encounter.pk
    assert event.detail == {
        "before": {"asid": AT_FIRST.asid, "service_root": AT_FIRST.service_root},
        "now": {"asid": endpoint.asid, "service_root": endpoint.service_root},
    }


def test_at_the_same_system_all_stays_and_counts_from_now(rows: Rows) -> None:
    before = known(rows, rows.encounter, rows.practice)
    long_ago = before.looked_up_at - timedelta(hours=2)
    PatientAtPractice.objects.update(looked_up_at=long_ago)
    other = known(rows, rows.patient("9658218865"), rows.practice, looked_up_at=long_ago)
    encounter = Encounter.objects.get(pk=rows.encounter.pk)

    at = keep_located(encounter, rows.practice, AT_FIRST, actor=rows.actor)

    for now in (at, kept(at)):
        assert facts_of(now) == LEARNT
        assert now.looked_up_at > before.looked_up_at
        assert now.moved_at is None
    assert kept(other).looked_up_at == long_ago
    assert not Event.objects.exists()


def test_what_holds_is_not_looked_up_anew(rows: Rows) -> None:
    before = known(rows, rows.encounter, rows.practice)
    encounter = Encounter.objects.get(pk=rows.encounter.pk)
    at = keep_located(encounter, rows.practice, AT_FIRST, actor=rows.actor)
    assert kept(at).looked_up_at == before.looked_up_at


def test_a_practice_that_is_reached_for_the_first_time_is_kept_once(rows: Rows) -> None:
    at = keep_located(rows.encounter, rows.practice, AT_FIRST, actor=rows.actor)
    assert kept(at).endpoint == AT_FIRST
    assert facts_of(kept(at)) == NOTHING
    again = Encounter.objects.get(pk=rows.encounter.pk)
    assert keep_located(again, rows.practice, AT_FIRST, actor=rows.actor) == at
    assert at.encounter is rows.encounter
    assert at.practice is rows.practice
    assert not Event.objects.exists()  # there was no other system before


@pytest.mark.parametrize("endpoint", ANOTHER, ids=["ASID", "service root"])
def test_another_process_has_learnt_of_the_other_system_first(
    rows: Rows, endpoint: Endpoint
) -> None:
    """What it has found there since is not forgotten again."""
    known(rows, rows.encounter, rows.practice)
    encounter = Encounter.objects.get(pk=rows.encounter.pk)
    stale = encounter.places[rows.practice.pk]
    PatientAtPractice.objects.filter(pk=stale.pk).update(
        asid=endpoint.asid, service_root=endpoint.service_root, patient_id="p7"
    )

    at = keep_located(encounter, rows.practice, endpoint, actor=rows.actor)

    assert (at.patient_id, at.endpoint) == ("p7", endpoint)
    assert kept(at).patient_id == "p7"
    assert at.encounter is encounter
    assert not Event.objects.exists()


def test_an_id_of_the_former_system_is_refused_and_one_of_nobody_knows_where_is_not(
    rows: Rows,
) -> None:
    at = known(rows, rows.encounter, rows.practice)
    require_same_system(at, at.system, actor=rows.actor)
    require_same_system(at, "", actor=rows.actor)
    assert not Event.objects.exists()
    with pytest.raises(PracticeMoved, match="has changed its system since"):
        require_same_system(at, "another", actor=rows.actor)
    [event] = Event.objects.all()
    assert (event.kind, event.outcome) == (
        EventKind.BLOCKED,
        "an id of the practice's former system",
    )
    assert (event.username, event.practice_ods) == ("receptionist", HERE)


@pytest.mark.parametrize(
    ("known_at", "moved", "found"),
    [
        (None, False, True),
        (None, True, True),
        ("", False, True),
        ("", True, False),  # nobody knows of which of the two systems the id is
        ("its own", False, True),
        ("its own", True, True),
        ("another", False, False),
    ],
)
def test_an_address_counts_at_the_system_that_its_id_is_from(
    rows: Rows, known_at: str | None, moved: bool, found: bool
) -> None:
    moved_at = rows.encounter.traced_at if moved else None
    at = known(rows, rows.encounter, rows.practice, moved_at=moved_at)
    encounter = Encounter.objects.get(pk=rows.encounter.pk)
    known_at = at.system if known_at == "its own" else known_at
    if found:
        there = find_at_practice(encounter, rows.practice, actor=rows.actor, known_at=known_at)
        assert there.patient_id == "p1"
        assert not Event.objects.exists()
        return
    with pytest.raises(PracticeMoved):
        find_at_practice(encounter, rows.practice, actor=rows.actor, known_at=known_at)
    assert [event.kind for event in Event.objects.all()] == [EventKind.BLOCKED]


# Asked


def asked() -> set[str]:
    """Which services were asked."""
    events = Event.objects.filter(kind=EventKind.EXCHANGE_ASKED)
    return set(events.values_list("service", flat=True))


@pytest.mark.requirement("PDS-1")
def test_on_an_old_trace_nothing_is_asked(rows: Rows) -> None:
    known(rows, rows.encounter, rows.practice)
    Encounter.objects.update(traced_at=rows.encounter.traced_at - timedelta(hours=25))
    encounter = Encounter.objects.get(pk=rows.encounter.pk)
    with pytest.raises(TraceTooOld):
        locate_practice(encounter, rows.practice, actor=rows.actor)
    assert not Event.objects.exists()


def test_the_directory_is_asked_for_the_practice_that_is_not_known_or_not_any_more(
    rows: Rows, spine: Sandbox
) -> None:
    known(rows, rows.encounter, rows.elsewhere, patient_id="")
    encounter = Encounter.objects.get(pk=rows.encounter.pk)
    assert (
        locate_practice(encounter, rows.elsewhere, actor=rows.actor).endpoint.asid == AT_FIRST.asid
    )
    assert not Event.objects.exists()
    here = locate_practice(encounter, rows.practice, actor=rows.actor)
    assert (here.practice, asked()) == (rows.practice, {"sds"})
    assert here.endpoint.asid != AT_FIRST.asid
    looked_up = here.looked_up_at - timedelta(hours=2)
    PatientAtPractice.objects.filter(pk=here.pk).update(looked_up_at=looked_up)
    again = Encounter.objects.get(pk=rows.encounter.pk)
    assert locate_practice(again, rows.practice, actor=rows.actor).looked_up_at > here.looked_up_at


@pytest.mark.requirement("FIND-1", "FIND-2")
@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (None, None),
        ("two_records", practice_record.PatientMismatch),
        ("other_patient", practice_record.PatientMismatch),
    ],
)
def test_only_the_one_record_with_that_number_is_the_patients(
    rows: Rows, spine: Sandbox, fault: str | None, raised: type[Exception] | None
) -> None:
    if fault is not None:
        spine.fault(practice=HERE, use_case="find_patient", kind=fault)
    if raised is None:
        at = find_at_practice(rows.encounter, rows.practice, actor=rows.actor)
        assert kept(at).patient_id != ""
        return
    with pytest.raises(raised):
        find_at_practice(rows.encounter, rows.practice, actor=rows.actor)
    assert not PatientAtPractice.objects.exclude(patient_id="").exists()
    assert Event.objects.filter(kind=EventKind.BLOCKED).count() == 1


@pytest.mark.requirement("FIND-2")
def test_who_has_no_record_is_not_found(rows: Rows, spine: Sandbox) -> None:
    with pytest.raises(NO_RECORD):
        find_at_practice(rows.patient("9324926233"), rows.practice, actor=rows.actor)
    assert not PatientAtPractice.objects.exclude(patient_id="").exists()


# What the practice says of the patient

TRACED = {
    "family": "Zelthorpe",
    "given": ["Ignatius"],
    "gender": "male",
    "born": "1962-11-27",
    "names": [],
}
RECORD = Patient(
    "p9",
    nhs_number="9658218873",
    name=HumanName(family="Zelthorpe", given=("Ignatius",)),
    gender="male",
    born=PartialDate.read("1962-11-27"),
    telecoms=(
        ContactPoint("phone", "020 7946 0999", "home"),
        ContactPoint("email", "someone@example.org"),
        ContactPoint("phone", ""),
        ContactPoint("phone", "07700 900123", "mobile"),
    ),
    preferred_branch_id="18",
    number_status="01",
)


def a_place(rows: Rows, **trace: Any) -> PatientAtPractice:
    """Where the patient has not been found yet."""
    rows.encounter.trace = TRACED | trace
    rows.encounter.save()
    at = known(rows, rows.encounter, rows.practice, found_at=None, **NOTHING)
    at.encounter = rows.encounter
    return at


def test_what_the_record_says_is_kept(rows: Rows) -> None:
    at = a_place(rows)
    other = known(rows, rows.patient("9658218865"), rows.practice)
    keep_found(at, RECORD, actor=rows.actor)
    for now in (at, kept(at)):
        assert now.patient_id == "p9"
        assert now.found_at is not None
        assert now.preferred_branch_id == "18"
        assert now.telephones == ["020 7946 0999", "07700 900123"]
        assert now.number_status == "01"
        assert now.differences == []
    assert facts_of(kept(other)) == LEARNT
    assert not Event.objects.exists()
    without = replace(RECORD, preferred_branch_id=None)
    keep_found(at, without, actor=rows.actor, branch="The Branch")
    assert kept(at).preferred_branch_id == ""
    assert kept(at).preferred_branch == "The Branch"


@pytest.mark.parametrize(
    ("trace", "record", "differs", "texts"),
    [
        (
            {},
            {"name": HumanName(family="Selthorpe", given=("Ignatius",))},
            "family",
            ("Zelthorpe", "Selthorpe"),
        ),
        (
            {},
            {"name": HumanName(family="Zelthorpe", given=("Igor",))},
            "given",
            ("Ignatius", "Igor"),
        ),
        ({}, {"gender": "female"}, "gender", ("male", "female")),
        ({"gender": ""}, {}, "gender", (None, "male")),
        ({}, {"born": PartialDate.read("1962-11-28")}, "birth_date", ("1962-11-27", "1962-11-28")),
        ({"born": ""}, {}, "birth_date", (None, "1962-11-27")),
        ({}, {"nhs_number": "9658218865"}, "nhs_number", ("9658218873", "9658218865")),
        ({"family": "", "name_text": "I. Zelthorpe"}, {}, "family", ("I. Zelthorpe", "Zelthorpe")),
        ({"family": ""}, {}, "family", (None, "Zelthorpe")),
    ],
    ids=str,
)
def test_each_thing_that_differs_is_kept_and_audited_by_its_name(
    rows: Rows,
    trace: dict[str, Any],
    record: dict[str, Any],
    differs: str,
    texts: tuple[str | None, str | None],
) -> None:
    at = a_place(rows, **trace)
    keep_found(at, replace(RECORD, **record), actor=rows.actor)
    [difference] = kept(at).differences
    assert difference["field"] == differs
    assert (difference["at_pds"], difference["at_practice"]) == texts
    [event] = Event.objects.all()
    assert (event.kind, event.username) == (EventKind.DIFFERENCES_FOUND, "receptionist")
    assert event.detail == {"fields": [differs]}
    assert event.practice_ods == HERE


def test_any_current_name_is_the_patients(rows: Rows) -> None:
    maiden = {
        "use": "maiden",
        "family": "Ashgrove",
        "given": ["Ignatius"],
        "prefix": [],
        "text": None,
    }
    at = a_place(rows, names=[maiden])
    other_name = HumanName(family="Ashgrove", given=("Ignatius",))
    keep_found(at, replace(RECORD, name=other_name), actor=rows.actor)
    assert kept(at).differences == []


@pytest.mark.requirement("FIND-2", "REG-1")
@pytest.mark.parametrize(
    ("error", "nothing"),
    [
        (NoActiveRecord(), True),
        (failure("PATIENT_NOT_FOUND", origin=Origin.PRACTICE, status=404), True),
        (failure("PATIENT_SENSITIVE", origin=Origin.PRACTICE, status=404), False),
        (failure("ACCESS_DENIED", origin=Origin.PRACTICE, status=403), False),
        (practice_record.PatientMismatch(), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_showing_no_record_is_not_being_kept_from_one(error: Exception, nothing: bool) -> None:
    assert shows_nothing(error) is nothing
    not_there = isinstance(error, NoActiveRecord | errors.PatientNotAtPractice)
    assert isinstance(error, NO_RECORD) is not_there

"""What one tab has learnt of the patient at a practice is not undone by another one's old view."""

from collections.abc import Callable

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.requests.booking import acknowledge_differences
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import (
    client_at,
    find_at_practice,
    keep_found,
    locate_practice,
)
from booking_portal.practices.models import Practice
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PDS-6")]

ANOTHER_BIRTH_DATE, THERE = "9990000050", "E83021"


@pytest.fixture
def actor(receptionist: User, acting_for: Callable[[User, str], Actor]) -> Actor:
    return acting_for(receptionist, "A1001")


@pytest.fixture
def two_tabs(counter: Counter) -> tuple[Encounter, Encounter]:
    encounter_id = counter.traces(ANOTHER_BIRTH_DATE)
    return Encounter.objects.get(pk=encounter_id), Encounter.objects.get(pk=encounter_id)


@pytest.fixture
def practice() -> Practice:
    return Practice.objects.get(ods_code=THERE)


def times_found() -> int:
    return Event.objects.filter(kind=EventKind.DIFFERENCES_FOUND, outcome="").count()


def test_found_in_one_tab_is_known_in_the_other(
    two_tabs: tuple[Encounter, Encounter], practice: Practice, actor: Actor, spine: Sandbox
) -> None:
    here, there = two_tabs
    assert not locate_practice(here, practice, actor=actor).patient_id
    acknowledge_differences(find_at_practice(there, practice, actor=actor), actor=actor)
    spine.clear_exchanges()
    at = find_at_practice(here, practice, actor=actor)
    assert at.patient_id
    assert at.differences_acknowledged
    assert spine.exchanges() == []
    assert times_found() == 1


def test_an_answer_that_comes_late_does_not_take_back_what_was_acknowledged(
    two_tabs: tuple[Encounter, Encounter], practice: Practice, actor: Actor
) -> None:
    here, there = two_tabs
    at = locate_practice(here, practice, actor=actor)
    [patient] = client_at(at, actor=actor).find_patient(here.nhs_number)
    acknowledge_differences(find_at_practice(there, practice, actor=actor), actor=actor)
    keep_found(at, patient, actor=actor)
    assert PatientAtPractice.objects.get(pk=at.pk).differences_acknowledged

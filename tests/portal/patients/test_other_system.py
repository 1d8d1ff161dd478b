"""A practice that changes its system: what the one before showed is void. [SDS-3, hazard 43]

Another ASID or another service root is another system, whose ids mean something else.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import start
from booking_portal.commands.states import Kind, State
from booking_portal.commands.worklist.queries import as_last_known
from booking_portal.integration import clients
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.practice_record import PracticeMoved
from tests.connections import forget_connections
from tests.portal.clocks import continued, set_clocks, settled, settled_alone
from tests.portal.commands.sagas.test_register_and_book import registers
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.saga_steps import Clerk, held, stage, unconfirmed_move
from tests.portal.unsettled import LOST, NEVER_ARRIVED, books_with, cancels, changes_with
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SDS-3")]

HERE = "A20047"
ANOTHER = (
    {"asid": "200000000777"},
    {"service_root": "https://new-supplier.sandbox.test/A20047/STU3/1/gpconnect"},
)
either = pytest.mark.parametrize("changed", ANOTHER, ids=["ASID", "service root"])


def at(counter: Counter) -> PatientAtPractice:
    """What the encounter knows of the practice."""
    return PatientAtPractice.objects.get(encounter_id=counter.encounter_id, practice__ods_code=HERE)


def looked_up(counter: Counter) -> int:
    """How often the directory was asked in the encounter."""
    asked = Event.objects.filter(kind=EventKind.EXCHANGE_ASKED, service="sds")
    return asked.filter(encounter_id=counter.encounter_id).count() // 2


def an_hour_later(counter: Counter) -> None:
    """As if what the directory said had been said an hour ago; nothing sleeps."""
    found = PatientAtPractice.objects.filter(encounter_id=counter.encounter_id)
    found.update(looked_up_at=timezone.now() - timedelta(hours=1))


# When the directory is asked


def signs_in_again(counter: Counter, user: User, sign_in: SignIn) -> None:
    counter.client.logout()
    sign_in(counter.client, user)


def traces_again(counter: Counter, user: User, sign_in: SignIn) -> None:
    counter.client.post(reverse("trace-again", args=[counter.encounter_id]))


def waits_an_hour(counter: Counter, user: User, sign_in: SignIn) -> None:
    an_hour_later(counter)


def nothing(counter: Counter, user: User, sign_in: SignIn) -> None:
    """Within the hour, in the same sign-in, for the same trace."""


@pytest.mark.parametrize(
    ("does", "times"),
    [(nothing, 1), (signs_in_again, 2), (traces_again, 2), (waits_an_hour, 2)],
)
@pytest.mark.parametrize("page", ["search", "appointments"])
def test_the_directory_is_asked_once_in_sign_in_trace_and_hour(
    counter: Counter,
    receptionist: User,
    sign_in: SignIn,
    does: Callable[[Counter, User, SignIn], None],
    times: int,
    page: str,
) -> None:
    counter.traces()
    appointments = reverse("patient-appointments", args=[counter.encounter_id, HERE])
    counter.opens(appointments)
    assert looked_up(counter) == 1
    does(counter, receptionist, sign_in)

    for _ in range(2):
        if page == "search":
            counter.searches(HERE)
        else:
            counter.opens(appointments)

    assert looked_up(counter) == times
    found = Event.objects.filter(
        kind=EventKind.EXCHANGE_ASKED, interaction_id__contains="patient-1"
    )
    assert found.count() == 1  # the same system: its ids still hold


# What is void


@either
def test_the_patient_is_found_anew_and_compared_anew(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    counter.traces("9990000050")  # whose record there has another birth date
    address = reverse("patient-appointments", args=[counter.encounter_id, "E83021"])
    counter.opens(address)
    before = PatientAtPractice.objects.get(encounter_id=counter.encounter_id)
    PatientAtPractice.objects.update(differences_acknowledged=True)
    spine.register("E83021", **changed)
    spine.start_again("E83021")
    an_hour_later(counter)

    counter.opens(address)

    now = PatientAtPractice.objects.get(pk=before.pk)
    assert now.endpoint != before.endpoint
    assert not now.differences_acknowledged
    event = Event.objects.get(kind=EventKind.DIRECTORY_CHANGED)
    assert event.detail["before"] == {"asid": before.asid, "service_root": before.service_root}
    assert event.detail["now"] == {"asid": now.asid, "service_root": now.service_root}
    assert spine.exchanges()[-1]["headers"]  # and it was the new one that answered
    asked = Event.objects.filter(
        kind=EventKind.EXCHANGE_ASKED, interaction_id__contains="patient-1"
    )
    assert [each.spine_to for each in asked.order_by("pk")] == [before.asid, now.asid]


@either
def test_slots_of_the_former_system_are_not_booked(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    counter.traces()
    counter.searches(HERE)
    counter.chooses()
    form = next(form for form in counter.page.forms if "description" in form.fields)
    spine.register(HERE, **changed)
    an_hour_later(counter)

    page = counter.sends(form, description="Knee pain")

    assert "The practice has changed its system" in page.text
    assert "Nothing was sent" in page.text
    assert not Command.objects.exists()
    assert spine.appointments(HERE, PATIENT) == []
    blocked = Event.objects.get(kind=EventKind.BLOCKED)
    assert blocked.outcome == "an id of the practice's former system"
    counter.searches(HERE)
    counter.chooses()
    counter.books()
    assert counter.command.state == State.DONE


@either
def test_slots_of_the_former_system_are_not_even_checked(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    counter.traces()
    counter.searches(HERE)
    spine.register(HERE, **changed)
    an_hour_later(counter)
    assert "The practice has changed its system" in counter.chooses().text


@either
@pytest.mark.parametrize("kind", ["amend", "cancel"])
def test_an_appointment_seen_at_the_former_system_is_not_changed(
    counter: Counter, spine: Sandbox, changed: dict[str, str], kind: str
) -> None:
    booked = counter.arrives_at_booking()
    page = counter.opens(
        reverse(f"{kind}-appointment", args=[counter.encounter_id, HERE, booked.appointment_id])
    )
    spine.register(HERE, **changed)
    an_hour_later(counter)
    typed: dict[str, Any] = {"description": "Something else", "comment": ""}
    if kind == "cancel":
        typed = {"decision": "cancel", "reason": "Feels better"}

    page = counter.sends(page.form(f"/{kind}"), **typed)

    assert "The practice has changed its system" in page.text
    assert "Nothing was sent" in page.text
    assert Command.objects.count() == 1
    [held_there] = spine.appointments(HERE, PATIENT)
    assert (held_there["status"], held_there["description"]) == ("booked", "Knee pain")


LINK = re.compile(r'href="(/encounters/[^"]+/appointments/A20047/[0-9a-f]{12}/[^"]+)"')
PAGES = ("appointment", "amend-appointment", "cancel-appointment", "move-appointment")


def links_of(counter: Counter, command: Command) -> set[str]:
    """Every link to the booking's appointment, from wherever one is shown."""
    where = [counter.encounter_id, HERE]
    shown = [
        reverse("patient-appointments", args=where),
        reverse("appointment", args=[*where, command.appointment_id]),
        reverse("command", args=[command.pk]),
    ]
    pages = [counter.opens(address).html for address in shown]
    assert all(LINK.search(html) for html in pages)
    return {link for html in pages for link in LINK.findall(html)}


@either
def test_an_old_link_does_not_lead_to_what_has_its_id_at_another_system(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    spine.start_again(HERE)
    booked = counter.arrives_at_booking()
    old = links_of(counter, booked)
    assert len(old) >= len(PAGES), old
    spine.register(HERE, **changed)
    spine.start_again(HERE)  # its ids come round again
    an_hour_later(counter)
    counter.searches(HERE)
    counter.chooses()
    counter.books()
    assert counter.command.appointment_id == booked.appointment_id, "another one of the same id"
    spine.clear_exchanges()
    where = [counter.encounter_id, HERE, booked.appointment_id]

    typed = {reverse(page, args=where) for page in PAGES}  # nobody knows where their id is from
    for link in sorted(old | typed):
        page = counter.opens(link)
        assert page.status == 409, link
        assert "The practice has changed its system" in page.title, link
        assert "look at the patient's appointments at the practice again" in page.text
        assert "ring the practice" in page.text
        assert "020 7946 0101" in page.text
    assert spine.exchanges() == []  # no id of the one was asked of the other
    blocked = Event.objects.filter(kind=EventKind.BLOCKED, encounter_id=counter.encounter_id)
    assert blocked.count() == len(old) + len(typed)
    assert set(blocked.values_list("outcome", flat=True)) == {
        "an id of the practice's former system"
    }

    there = counter.opens(reverse("patient-appointments", args=where[:2]))
    new = set(LINK.findall(there.html))
    assert new.isdisjoint(old)
    assert {counter.opens(link).status for link in new} == {200}
    assert counter.opens(reverse("command", args=[booked.pk])).status == 200
    assert set(LINK.findall(counter.page.html)) <= old, "an old booking's links stay its own"


def test_an_address_without_a_system_counts_while_there_has_been_one_only(
    counter: Counter,
) -> None:
    """Of a page of the version before, or typed: its id can be of no other system."""
    booked = counter.arrives_at_booking()
    where = [counter.encounter_id, HERE, booked.appointment_id]
    for page in PAGES:
        assert counter.opens(reverse(page, args=where)).status == 200


@either
def test_a_move_of_an_appointment_at_the_former_system_stops(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    booked = counter.arrives_at_booking()
    address = reverse("move-appointment", args=[counter.encounter_id, HERE, booked.appointment_id])
    page = counter.opens(address)
    spine.register(HERE, **changed)
    an_hour_later(counter)
    form = next(form for form in page.forms if "moving" in form.fields)
    counter.sends(form, practices=[HERE], when="14")

    page = counter.chooses(0)  # of the new system; what is moved is of the former

    assert "The practice has changed its system" in page.text
    assert [one["status"] for one in spine.appointments(HERE, PATIENT)] == ["booked"]


@either
def test_a_booking_at_the_former_system_is_not_read_by_its_id(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    booked = set_clocks(counter.arrives_at_booking(), settled_at=-3600)
    spine.register(HERE, **changed)
    an_hour_later(counter)
    spine.clear_exchanges()

    page = counter.opens(reverse("command", args=[booked.pk]))

    assert "The practice has changed its system since" in page.text
    assert not any("/Appointment/" in one["raw_path"] for one in spine.exchanges())


def test_look_ups_of_one_system_are_not_taken_for_anothers(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces("9658218865")  # who has an appointment there, with somebody, somewhere
    address = reverse("patient-appointments", args=[counter.encounter_id, HERE])
    counter.opens(address)

    def read() -> list[str]:
        read = [one["raw_path"].split("/gpconnect/")[1] for one in spine.exchanges()]
        return sorted(path for path in read if path.startswith(("Practitioner/", "Location/")))

    first = read()
    assert first
    counter.opens(address)
    assert read() == first  # kept
    for change in ANOTHER:
        spine.clear_exchanges()
        spine.register(HERE, **change)
        an_hour_later(counter)
        counter.opens(address)
        assert read() == first  # asked of the new system


@either
def test_no_service_books_slots_of_the_former_system(
    clerk: Clerk, spine: Sandbox, changed: dict[str, str]
) -> None:
    proposal = clerk.proposes()
    spine.register(HERE, **changed)
    an_hour_later(clerk.counter)
    with pytest.raises(PracticeMoved):
        start.begin_booking(proposal, "Knee pain", "", actor=clerk.actor)
    assert not Command.objects.exists()


def test_nobody_is_registered_for_slots_of_the_former_system(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    new = Clerk(counter, clerk.actor, "9324926233")  # no record there
    proposal = new.proposes()
    spine.register(HERE, **ANOTHER[0])
    an_hour_later(counter)
    with pytest.raises(PracticeMoved):
        registers(new, proposal)
    assert not Command.objects.exists()


# What was sent to the former system and is not certain


@either
@pytest.mark.parametrize("fault", [LOST, NEVER_ARRIVED])
def test_a_booking_that_is_not_certain_is_for_a_person(
    counter: Counter, spine: Sandbox, changed: dict[str, str], fault: str
) -> None:
    command = books_with(counter, spine, fault)
    spine.register(HERE, **changed)
    spine.start_again(HERE)
    spine.clear_exchanges()

    command = settled(command, dead=True)

    assert command.state == State.NEEDS_ATTENTION
    [moved] = Event.objects.filter(kind=EventKind.COMMAND_MOVED, outcome="needs_attention")
    assert "changed its system" in str(moved.detail)
    assert spine.exchanges() == []  # no id of the one was asked of the other
    assert command.attempts.filter(outcome="PRACTICE_MOVED").count() == 1


@either
@pytest.mark.parametrize("kind", [Kind.AMEND, Kind.CANCEL])
def test_a_change_that_is_not_certain_is_for_a_person(
    counter: Counter, spine: Sandbox, changed: dict[str, str], kind: Kind
) -> None:
    command = changes_with(counter, spine, kind, NEVER_ARRIVED)
    spine.register(HERE, **changed)
    spine.clear_exchanges()
    command = settled(command, dead=True)
    assert command.state == State.NEEDS_ATTENTION
    assert spine.exchanges() == []


def test_a_refusal_that_was_to_be_checked_is_not_final_at_another_system(
    counter: Counter, spine: Sandbox
) -> None:
    """A conflict that may be our own is final where the practice has another version; not where
    nobody has read one, as the id means nothing there any more."""
    booked = counter.arrives_at_booking()
    where = [counter.encounter_id, HERE, booked.appointment_id]
    page = counter.opens(reverse("cancel-appointment", args=where))
    spine.fault(practice=HERE, use_case="cancel", kind="own_409", times=1)
    at_first = {"practice": HERE, "use_case": "read", "seconds": 0}
    spine.fault(**at_first, kind="drip", times=1)  # read before it is cancelled, and all is well
    spine.fault(**at_first, kind="not_found", times=None)
    counter.sends(page.form("/cancel"), decision="cancel", reason="Better")
    command = counter.command
    assert (command.state, command.error_code) == (State.UNCONFIRMED, "VERSION_CONFLICT")
    spine.register(HERE, **ANOTHER[0])
    assert settled(command, dead=True).state == State.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("fault", "state"), [(LOST, State.DONE), (NEVER_ARRIVED, State.NEEDS_ATTENTION)]
)
def test_a_registration_is_looked_for_by_number_and_not_there_proves_nothing(
    counter: Counter, clerk: Clerk, spine: Sandbox, fault: str, state: State
) -> None:
    new = Clerk(counter, clerk.actor, "9324926233")
    proposal = new.proposes()
    spine.fault(practice=HERE, use_case="register", kind=fault, times=1)
    command = registers(new, proposal)
    assert (command.kind, command.state) == (Kind.REGISTER, State.UNCONFIRMED)
    spine.register(HERE, **ANOTHER[0])
    assert settled(command, dead=True).state == state


@either
def test_while_the_request_can_arrive_it_is_looked_for_where_it_was_sent(
    counter: Counter, spine: Sandbox, changed: dict[str, str]
) -> None:
    command = books_with(counter, spine, NEVER_ARRIVED)
    spine.register(HERE, **changed)
    assert settled(command).state == State.UNCONFIRMED


def test_what_was_held_to_be_not_made_is_not_found_at_another_system(
    counter: Counter, spine: Sandbox
) -> None:
    command = settled(books_with(counter, spine, NEVER_ARRIVED), dead=True)
    assert command.state == State.NOT_MADE
    spine.register(HERE, **ANOTHER[1])
    command = settled(command)
    assert (command.state, command.next_look_at) == (State.NOT_MADE, None)


def test_another_systems_appointment_of_the_same_id_is_another(
    counter: Counter, spine: Sandbox
) -> None:
    booked = []
    for change in ANOTHER:
        spine.register(HERE, **change)
        spine.start_again(HERE)  # its ids come round again
        counter.traces()
        counter.searches(HERE)
        counter.chooses()
        counter.books()
        booked.append(counter.command)
    first, second = booked
    assert first.appointment_id == second.appointment_id
    assert [each.state for each in booked] == [State.DONE, State.DONE]
    cancel = reverse("cancel-appointment", args=[counter.encounter_id, HERE, second.appointment_id])
    assert cancels(counter, cancel).state == State.DONE
    assert [as_last_known(each).result["status"] for each in booked] == ["booked", "cancelled"]


def test_a_saga_does_not_go_on_by_itself_at_another_system(
    clerk: Clerk, counter: Counter, spine: Sandbox
) -> None:
    old = clerk.books()
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(saga.steps.get(step=Command.Step.FIRST))
    spine.register(HERE, **ANOTHER[0])
    an_hour_later(counter)
    assert continued(saga) is Stage.NEEDS_DECISION
    stopped = Saga.objects.get(pk=saga.pk)
    assert stopped.stopped == "PRACTICE_MOVED"
    assert "changed its system" in stopped.sentence
    assert sorted(held(spine).values()) == ["booked", "booked"]
    assert stage(stopped) is Stage.NEEDS_DECISION


@pytest.mark.parametrize("door", ["sds", "ldap"])
def test_either_door_of_the_directory_says_so(
    spine: Sandbox, settings: Settings, door: str
) -> None:
    settings.GPCONNECT_DIRECTORY_URL = getattr(spine, door)
    forget_connections()
    before = clients.directory().look_up(HERE)
    spine.register(HERE, **ANOTHER[0], **ANOTHER[1])
    now = clients.directory().look_up(HERE)
    forget_connections()
    assert now != before
    assert {"asid": now.asid} == ANOTHER[0]
    assert {"service_root": now.service_root} == ANOTHER[1]

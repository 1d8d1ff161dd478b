"""Who rings the patient back, on which number, and that it was done. [IG-2]"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.middleware import SESSION_KEY
from booking_portal.accounts.models import Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import callbacks
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.worklist.take import NotToTake, take
from booking_portal.patients.models import Encounter
from tests.portal.clocks import set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.unsettled import NEVER_ARRIVED, books_with, colleague, page_of, to_a_person
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def telephone_of(spine: Sandbox, nhs_number: str = PATIENT) -> str:
    """The patient's mobile number in the national record, else the home one."""
    [found] = [one for one in spine.patients() if one["nhs_number"] == nhs_number]
    known: dict[str, str] = found["telephones"]
    return known.get("mobile") or known.get("home") or known["work"]


def events(command: Command, kind: EventKind) -> list[Event]:
    return list(Event.objects.filter(kind=kind, command_id=command.pk).order_by("id"))


def rings(counter: Counter, command: Command, number: str) -> Any:
    page = counter.opens(reverse("ring-back", args=[command.pk]))
    return counter.sends(page.form("/ring-back"), ring_back=number)


class TestTheNumber:
    def test_it_is_the_patients_own_and_the_asker_owes_the_call(
        self, counter: Counter, spine: Sandbox, receptionist: User
    ) -> None:
        command = books_with(counter, spine)
        assert command.owner == receptionist
        assert command.ring_back == telephone_of(spine)
        text = counter.page.text
        assert "If the call ends first" in text
        assert command.ring_back in text
        assert "You are dealing with it" in text

    @pytest.mark.parametrize(
        ("telecoms", "number"),
        [
            ([("home", "01632 960001"), ("mobile", "07700 900001")], "07700 900001"),
            ([("work", "01632 960002"), ("home", "01632 960001")], "01632 960001"),
            ([("temp", "01632 960003"), ("work", "01632 960002")], "01632 960002"),
            ([(None, "01632 960004")], "01632 960004"),
            ([("mobile", "ask his wife"), ("home", "01632 960001")], "01632 960001"),
            ([], ""),
        ],
    )
    def test_mobile_comes_before_home_and_work(
        self, telecoms: list[tuple[str | None, str]], number: str
    ) -> None:
        points = [{"system": "phone", "value": value, "use": use} for use, value in telecoms]
        points.insert(0, {"system": "email", "value": "a@example.test", "use": "mobile"})
        assert callbacks.number_of(Encounter(trace={"telecoms": points})) == number

    def test_another_can_be_given_for_this_call_alone(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = books_with(counter, spine)
        before = Encounter.objects.get(pk=command.encounter_id).trace
        spine.clear_exchanges()
        rings(counter, command, " +44 (0)7700 900-999 ")
        command.refresh_from_db()
        assert command.ring_back == "+44 (0)7700 900-999"
        assert "+44 (0)7700 900-999" in counter.page.text
        assert Encounter.objects.get(pk=command.encounter_id).trace == before
        assert spine.exchanges() == []
        [event] = events(command, EventKind.COMMAND_TAKEN)
        assert event.outcome == "number to ring back kept"
        assert "900-999" not in str(event.detail)

    @pytest.mark.parametrize("typed", ["ask his wife", "12345", "0" * 16, "07700 9000x1", "1" * 41])
    def test_what_cannot_be_dialled_is_said_beside_the_field_and_kept_there(
        self, counter: Counter, spine: Sandbox, typed: str
    ) -> None:
        command = books_with(counter, spine)
        page = rings(counter, command, typed)
        assert page.title.startswith("Error: ")
        assert f'value="{typed}"' in page.html
        command.refresh_from_db()
        assert command.ring_back == telephone_of(spine)

    @pytest.mark.parametrize(
        ("pasted", "kept"),
        [
            ("07700\u00a0900\u00a0982", "07700 900 982"),
            ("\u202d+44 (0)1632\u2013960\u2013001\u202c", "+44 (0)1632-960-001"),
            ("Tel: 01632.960.001.", "01632 960 001"),
            ("\uff10\uff17\uff17\uff10\uff10 900982", "07700 900982"),
            ("01632 960 001 Ext. 23", "01632 960 001 ext 23"),
        ],
    )
    def test_it_is_read_however_it_is_pasted(
        self, counter: Counter, spine: Sandbox, pasted: str, kept: str
    ) -> None:
        """Case 10."""
        command = books_with(counter, spine)
        rings(counter, command, pasted)
        command.refresh_from_db()
        assert command.ring_back == kept

    def test_of_two_numbers_none_is_picked(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        page = rings(counter, command, "07700 900 982 / 01632 960 001")
        assert page.title.startswith("Error: ")

    def test_there_may_be_none(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        rings(counter, command, "")
        assert "No number is known" in counter.page.text

    def test_a_following_page_has_nothing_to_type_into(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """It loads itself again, without JavaScript every four seconds."""
        books_with(counter, spine)
        assert "http-equiv" in counter.page.html
        for form in counter.page.forms:
            assert set(form.fields) <= {"csrfmiddlewaretoken", "whose", "state"}, form.fields


class TestWhoRings:
    def test_a_colleague_takes_it_and_the_first_users_page_says_so(
        self, counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine)
        other = colleague(clinician, sign_in)
        page = other.opens(page_of(command))
        other.sends(page.form("/take"))
        assert "You are dealing with it since" in other.page.text
        command.refresh_from_db()
        assert command.owner == clinician
        assert command.taken_at is not None
        [event] = events(command, EventKind.COMMAND_TAKEN)
        assert (event.username, event.outcome) == ("clinician", "dealing with it")
        polled = counter.client.get(
            reverse("command-state", args=[command.pk]), {"state": "unconfirmed", "looks": "0"}
        )
        assert polled.headers["HX-Refresh"] == "true"
        mine = counter.opens(page_of(command))
        assert f"{clinician.full_name} is dealing with it since" in mine.text

    def test_what_is_settled_and_told_cannot_be_taken(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = settled(books_with(counter, spine))
        counter.opens(page_of(command))
        counter.sends(counter.page.form("/told"))
        counter.client.post(reverse("take-command", args=[command.pk]))
        command.refresh_from_db()
        assert command.taken_at is None
        assert events(command, EventKind.COMMAND_TAKEN) == []


class TestTellingThePatient:
    def test_what_became_certain_is_told_once_and_by_whom(
        self, counter: Counter, spine: Sandbox, receptionist: User
    ) -> None:
        command = settled(books_with(counter, spine))
        assert command.state == State.DONE
        assert "Ring the patient back" in counter.opens(reverse("bookings")).text
        page = counter.opens(page_of(command))
        assert "Tell the patient" in page.text
        assert command.ring_back in page.text
        form = page.form("/told")
        page = counter.sends(form)
        assert f"{receptionist.full_name} told the patient" in page.text
        counter.sends(form)  # a second click
        [event] = events(command, EventKind.PATIENT_TOLD)
        assert (event.username, event.outcome) == ("receptionist", "done")
        listed = counter.opens(reverse("bookings")).text
        assert "Ring the patient back" not in listed
        assert "Settled in the last 24 hours" in listed

    def test_what_is_certain_at_once_owes_nobody_a_call(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = counter.arrives_at_booking()
        assert (command.state, command.owner) == (State.DONE, None)
        assert "Tell the patient" not in counter.page.text

    @pytest.mark.requirement("BOOK-8")
    def test_a_slot_that_has_gone_is_known_while_the_user_watches(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """It was not confirmed for a moment, in the same request."""
        spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
        command = counter.arrives_at_booking()
        assert (command.state, command.owner, command.ring_back) == (State.REFUSED, None, "")
        assert "Tell the patient" not in counter.page.text

    def test_later_evidence_has_to_be_told_anew(self, counter: Counter, spine: Sandbox) -> None:
        """Said to be not booked, and told so; then it is there after all."""
        command = books_with(counter, spine)
        Command.objects.filter(pk=command.pk).update(
            state=State.NOT_MADE,
            settled_at=timezone.now(),
            told_at=timezone.now(),
            told_by=command.user,
        )
        settled(command)
        found_later = (State.DONE, Command.Resolution.FOUND_LATER)
        assert (command.state, command.resolution) == found_later
        assert (command.told_at, command.told_by) == (None, None)
        page = counter.opens(page_of(command))
        assert page.title.startswith("Booked after all")
        assert "Whoever was told otherwise has to know." in page.text
        assert "Tell the patient" in page.text

    def test_what_changed_since_the_page_was_made_is_not_yet_told(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = settled(books_with(counter, spine, NEVER_ARRIVED), dead=True)
        form = counter.opens(page_of(command)).form("/told")
        Command.objects.filter(pk=command.pk).update(state=State.DONE)
        page = counter.sends(form)
        assert "This has changed since you opened it" in page.text
        command.refresh_from_db()
        assert command.told_at is None
        assert events(command, EventKind.PATIENT_TOLD) == []

    def test_after_a_person_closed_it_the_patient_is_told_as_well(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn
    ) -> None:
        command = to_a_person(books_with(counter, spine))
        at_managers = colleague(manager, sign_in)
        page = at_managers.opens(page_of(command))
        at_managers.sends(page.form("/close"), outcome="made", spoken_to="Mrs Tull")
        assert "Tell the patient" in at_managers.page.text
        assert "Ring the patient back" in counter.opens(reverse("bookings")).text


@pytest.mark.requirement("IG-1")
class TestWhoMay:
    def test_another_organisation_finds_none_of_it(
        self,
        counter: Counter,
        spine: Sandbox,
        locum: User,
        sign_in: SignIn,
        organisations: dict[str, Organisation],
    ) -> None:
        command = books_with(counter, spine)
        stranger = Client()
        sign_in(stranger, locum)
        session = stranger.session
        session[SESSION_KEY] = organisations["A1002"].pk
        session.save()
        for name in ("ring-back", "take-command", "patient-told", "withdraw-command"):
            assert stranger.post(reverse(name, args=[command.pk])).status_code == 404, name

    @pytest.mark.parametrize("role", ["auditor", "administrator"])
    def test_nobody_without_the_permission(
        self, counter: Counter, spine: Sandbox, role: str, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine)
        outsider = Client()
        sign_in(outsider, User.objects.get(username=role))
        for name in ("ring-back", "take-command", "patient-told", "withdraw-command"):
            assert outsider.post(reverse(name, args=[command.pk])).status_code == 403, name
        assert outsider.get(reverse("ring-back", args=[command.pk])).status_code == 403

    def test_the_services_ask_for_themselves(
        self,
        counter: Counter,
        spine: Sandbox,
        receptionist: User,
        acting_for: Callable[..., Actor],
    ) -> None:
        command = books_with(counter, spine)
        actor = acting_for(receptionist, "A1001")
        with pytest.raises(callbacks.NothingToTell):
            callbacks.mark_told(command, actor=actor)
        with pytest.raises(ValueError, match="telephone"):
            callbacks.set_number(command, "x", actor=actor)
        command = settled(command)
        callbacks.mark_told(command, actor=actor)
        with pytest.raises(NotToTake):
            take(command, actor=actor)
        with pytest.raises(callbacks.NothingToTell):
            callbacks.set_number(command, "01632 960001", actor=actor)


@pytest.mark.requirement("PDS-3")
class TestARecordThatHasBecomeRestricted:
    @pytest.mark.parametrize("state", [State.UNCONFIRMED, State.NEEDS_ATTENTION, State.DONE])
    def test_nothing_of_it_is_shown_anywhere(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn, state: State
    ) -> None:
        """Neither name nor number, practice, appointment or telephone."""
        command = books_with(counter, spine)
        card = counter.page.text
        secrets = [
            "ZELTHORPE", "965 821 8873", PATIENT, "Dr Legg", "A20047", "020 7946 0101",
            command.ring_back, command.start.time_label, "Knee pain",
        ]  # fmt: skip
        assert all(secret in card for secret in secrets[0:2]), card
        if state == State.NEEDS_ATTENTION:
            to_a_person(command)
        if state == State.DONE:
            settled(command)
        Encounter.objects.all().forget_patient()
        for person in (counter, colleague(manager, sign_in)):
            for address in (
                page_of(command),
                reverse("bookings"),
                f"{reverse('bookings')}?day={command.day.isoformat()}",
                reverse("start"),
                reverse("ring-back", args=[command.pk]),
                reverse("withdraw-command", args=[command.pk]),
            ):
                # The example beside the box for a patient's number is this patient's.
                shown = person.opens(address).text.replace("like 965 821 8873", "")
                # When it was asked for is nobody's secret.
                shown = re.sub(r"(Asked for by [^,]+,|[Ss]ince) [0-9]{2}:[0-9]{2}", "", shown)
                assert [secret for secret in secrets if secret in shown] == [], (address, shown)

    def test_it_can_still_be_closed_by_who_found_out(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn
    ) -> None:
        command = to_a_person(books_with(counter, spine))
        Encounter.objects.all().forget_patient()
        at_managers = colleague(manager, sign_in)
        page = at_managers.opens(page_of(command))
        assert "Somebody has to find out how this ended" in page.text
        at_managers.sends(page.form("/close"), outcome="not_made", spoken_to="Mrs Tull")
        assert at_managers.page.title.startswith("Nothing about this patient")
        command.refresh_from_db()
        assert command.state == State.NOT_MADE

    def test_a_page_that_follows_is_loaded_again(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        Encounter.objects.all().forget_patient()
        polled = counter.client.get(
            reverse("command-state", args=[command.pk]), {"state": "unconfirmed", "looks": "0"}
        )
        assert polled.headers["HX-Refresh"] == "true"


def test_a_number_kept_long_ago_does_not_come_back(counter: Counter, spine: Sandbox) -> None:
    """What is told is over: the number is not asked for, nor changed, any more."""
    command = settled(books_with(counter, spine))
    counter.opens(page_of(command))
    counter.sends(counter.page.form("/told"))
    set_clocks(command, told_at=-int(timedelta(days=2).total_seconds()))
    page = rings(counter, command, "01632 960001")
    assert "Nobody has to be rung back about this any more." in page.text

"""Back, and sent once more with another text: the first was sent, and both are shown."""

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import KeptForm, User
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.states import Kind, State
from tests.portal.appointments.booking.test_move_check import LEGG, arrives_at_check, the_old
from tests.portal.appointments.booking.test_registration import (
    ELSEWHERE,
    chooses_for,
    register_form,
)
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Form, Page
from tests.portal.form_steps import COMMENT, TEXT, check_page, signed_out, signs_in
from tests.portal.unsettled import NEVER_ARRIVED, colleague, page_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestSentBefore:
    """Back, and sent once more with another text: the first was sent, and both are shown."""

    def test_a_booking_says_which_text_was_sent_and_how_to_change_it(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description="First", comment=COMMENT)
        first = counter.command
        page = counter.sends(form, description=TEXT, comment=COMMENT)
        assert counter.command == first
        assert "Your first text was sent, and not the second" in page.text
        assert f"What it is for First {TEXT}" in page.text
        assert "elbow" not in page.address
        assert "Typed second" in page.text
        assert "hearing" not in page.text.split("Typed second")[1].split("Change what it is")[0]
        [held] = spine.appointments("A20047", "9658218873")
        assert held["description"] == "First"
        link = next(part for part in page.html.split('"') if "/amend?again=" in part)
        change = counter.opens(link).form("/amend")
        assert (change.fields["description"], change.fields["comment"]) == ([TEXT], [COMMENT])
        counter.sends(change)
        [held] = spine.appointments("A20047", "9658218873")
        assert held["description"] == TEXT
        assert "Your first text was sent" not in counter.opens(page_of(first)).text

    def test_the_same_text_is_a_second_click_and_nothing_more(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description=f" {TEXT}", comment=COMMENT)
        page = counter.sends(form, description=f"{TEXT} ", comment=COMMENT.replace("\n", "\r\n"))
        assert "Your first text was sent" not in page.text
        assert not KeptForm.objects.exists()

    def test_of_one_that_is_not_certain_it_is_said_when_it_can_be_changed(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice="A20047", use_case="book", kind=NEVER_ARRIVED, times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert "Your first text was sent, and not the second" in page.text
        assert "Do not send it again. Once it is certain" in page.text
        assert "/amend?again=" not in page.html

    def test_of_one_that_was_refused_the_second_is_kept_for_the_next_try(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert "What you typed second is kept for the next try." in page.text
        again = counter.chooses(0)
        filled = next(form for form in again.forms if "description" in form.fields)
        assert filled.fields["description"] == [TEXT]

    def test_a_change_and_a_cancellation_say_so_too(self, counter: Counter, spine: Sandbox) -> None:
        counter.traces("9658218865")
        [held] = spine.appointments("A20047", "9658218865")
        there = [counter.encounter_id, "A20047", held["id"]]
        address = reverse("amend-appointment", args=there)
        form = counter.opens(address).form("/amend")
        counter.sends(form, description="First", comment="")
        page = counter.sends(form, description=TEXT, comment="")
        assert f"What it is for First {TEXT}" in page.text
        assert "/amend?again=" in page.html
        address = reverse("cancel-appointment", args=there)
        form = counter.opens(address).form("/cancel")
        counter.sends(form, decision="cancel", reason="First")
        page = counter.sends(form, decision="cancel", reason=TEXT)
        assert f"Why it is cancelled First {TEXT}" in page.text
        assert "If what you typed second matters, ring the practice." in page.text

    def test_a_second_text_after_the_sign_in_had_ended_is_not_lost_either(
        self, counter: Counter
    ) -> None:
        """The first went through; then back, another text, and the sign-in has ended."""
        form = check_page(counter)
        counter.sends(form, description="First")
        first = counter.command
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, description=TEXT))
        assert counter.command == first
        assert f"What it is for First {TEXT}" in back.text

    def test_another_user_of_the_organisation_sees_nothing_of_the_second(
        self, counter: Counter, clinician: User, sign_in: SignIn
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description="First")
        counter.sends(form, description=TEXT)
        other = Counter(Client())
        sign_in(other.client, clinician)
        page = other.opens(page_of(counter.command))
        assert "elbow" not in page.html


NOTICE = "Your first text was sent, and not the second"
NEXT_TRY = "What you typed second is kept for the next try."


def moves_with(counter: Counter, form: Form, description: str, **typed: str) -> Page:
    return counter.sends(form, description=description, comment="", **typed)


def move_form(counter: Counter, spine: Sandbox) -> Form:
    page = arrives_at_check(counter, spine)
    return next(form for form in page.forms if "reason" in form.fields)


def saga_page(counter: Counter) -> Page:
    return counter.opens(reverse("saga", args=[Saga.objects.get().pk]))


@pytest.mark.requirement("MOVE-1", "BOOK-8")
class TestTwoSteps:
    """The page of a move, and of a registration with its booking, says so as well."""

    def test_a_move_says_which_texts_were_sent_and_how_to_change_them(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        moves_with(counter, form, "First", reason="Works late")
        page = moves_with(counter, form, TEXT, reason="Moved house")
        assert page.title.startswith("Moved")
        assert NOTICE in page.text
        assert f"What it is for First {TEXT}" in page.text
        assert "Why it is cancelled Works late Moved house" in page.text
        assert "elbow" not in page.address
        assert Saga.objects.count() == 1
        [link] = [part for part in page.html.split('"') if "/amend?again=" in part]
        change = counter.opens(link).form("/amend")
        assert change.fields["description"] == [TEXT]
        counter.sends(change)
        assert the_old(spine)["description"] == TEXT
        page = saga_page(counter)
        assert f"First {TEXT}" not in page.text
        assert "Why it is cancelled Works late Moved house" in page.text
        assert "If what you typed second matters, ring the practice." in page.text
        assert "/amend?again=" not in page.html

    def test_a_registration_with_its_booking_says_so_too(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        chooses_for(counter, ELSEWHERE)
        form = register_form(counter)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert page.title.startswith("Registered and booked")
        assert f"What it is for First {TEXT}" in page.text
        assert "/amend?again=" in page.html
        [held] = spine.appointments(LEGG, ELSEWHERE)
        assert held["description"] == "First"

    def test_the_same_texts_once_more_are_a_second_click(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        moves_with(counter, form, "First", reason="Works late")
        page = moves_with(counter, form, " First ", reason="Works late ")
        assert NOTICE not in page.text
        assert not KeptForm.objects.exists()

    @pytest.mark.parametrize("step", ["book", "cancel"])
    def test_while_a_step_is_not_certain_it_is_said_when_it_can_be_changed(
        self, counter: Counter, spine: Sandbox, step: str
    ) -> None:
        form = move_form(counter, spine)
        spine.fault(practice=LEGG, use_case=step, kind="hang_before", times=1)
        moves_with(counter, form, "First")
        page = moves_with(counter, form, TEXT)
        assert NOTICE in page.text
        assert "Do not send it again. Once it is certain" in page.text
        assert "/amend?again=" not in page.html
        assert NEXT_TRY not in page.text

    def test_while_a_person_decides_nothing_is_said_not_to_be_made(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """The new one is booked with the first text: the cancelling that failed decides nothing."""
        form = move_form(counter, spine)
        spine.fault(practice=LEGG, use_case="cancel", kind="hang_before", times=1)
        moves_with(counter, form, "First")
        Command.objects.filter(kind=Kind.CANCEL).update(state=State.NOT_MADE, next_look_at=None)
        page = moves_with(counter, form, TEXT)
        assert "Decide first how it goes on: that goes on with what was sent first." in page.text
        assert "Nothing was made of the first" not in page.text
        assert "/amend?again=" not in page.html
        page = counter.sends(page.form("/keep"))
        assert page.title.startswith("Both appointments are kept")
        assert NOTICE in page.text
        [link] = [part for part in page.html.split('"') if "/amend?again=" in part]
        assert counter.opens(link).form("/amend").fields["description"] == [TEXT]

    def test_of_a_move_that_was_undone_the_second_is_no_change_and_no_next_try(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        spine.fault(practice=LEGG, use_case="cancel", kind="hang_before", times=1)
        moves_with(counter, form, "First")
        Command.objects.filter(kind=Kind.CANCEL).update(state=State.NOT_MADE, next_look_at=None)
        counter.sends(saga_page(counter).form("/undo"))
        page = moves_with(counter, form, TEXT)
        assert "If what you typed second matters, ring the practice." in page.text
        assert NEXT_TRY not in page.text

    def test_of_a_move_that_was_refused_the_second_is_kept_for_the_next_try(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        spine.fault(practice=LEGG, use_case="book", kind="slot_taken", times=1)
        moves_with(counter, form, "First")
        page = moves_with(counter, form, TEXT)
        assert page.title.startswith("Not moved")
        assert f"Nothing was made of the first. {NEXT_TRY}" in page.text
        again = counter.chooses(0)
        filled = next(form for form in again.forms if "reason" in form.fields)
        assert filled.fields["description"] == [TEXT]

    def test_of_a_reason_which_no_next_try_begins_with_that_is_not_said(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        spine.fault(practice=LEGG, use_case="book", kind="slot_taken", times=1)
        moves_with(counter, form, "First", reason="Works late")
        page = moves_with(counter, form, "First", reason="Moved house")
        assert "Copy what you typed second before you try again." in page.text
        assert NEXT_TRY not in page.text

    def test_of_a_registration_that_was_refused_the_second_is_kept_and_registers(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        chooses_for(counter, ELSEWHERE)
        check, form = counter.page.address, register_form(counter)
        spine.fault(practice=LEGG, use_case="register", kind="hang_before", times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert "Do not send it again." in page.text
        Command.objects.update(state=State.NOT_MADE, next_look_at=None)
        page = saga_page(counter)
        assert NEXT_TRY in page.text
        counter.opens(check)
        again = register_form(counter)
        assert again.fields["description"] == [TEXT]

    def test_what_a_newer_try_sends_is_not_changed_by_the_page_of_the_first(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """The second try is under way with a third text; the first one's page is looked at."""
        chooses_for(counter, ELSEWHERE)
        check, form = counter.page.address, register_form(counter)
        spine.fault(practice=LEGG, use_case="register", kind="hang_before", times=None)
        counter.sends(form, description="First")
        counter.sends(form, description=TEXT)
        Command.objects.update(state=State.NOT_MADE, next_look_at=None)
        first = reverse("saga", args=[Saga.objects.get().pk])
        counter.opens(first)
        counter.opens(check)
        counter.sends(register_form(counter), description="Third")
        assert Proposal.objects.get().description == "Third"
        page = counter.opens(first)
        assert NEXT_TRY not in page.text
        assert Proposal.objects.get().description == "Third"

    def test_another_user_of_the_organisation_sees_nothing_of_the_second(
        self, counter: Counter, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        form = move_form(counter, spine)
        moves_with(counter, form, "First")
        page = moves_with(counter, form, TEXT)
        other = Counter(Client())
        sign_in(other.client, clinician)
        theirs = other.opens(page.address)
        assert theirs.status == 200
        assert "elbow" not in theirs.html


class TestWhatIsKept:
    """Where a page says that the second is kept for the next try, the next try has it."""

    def test_what_was_not_certain_yet_is_kept_once_it_was_not_made(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice=LEGG, use_case="book", kind=NEVER_ARRIVED, times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert NEXT_TRY not in page.text
        Command.objects.update(state=State.NOT_MADE, next_look_at=None)
        page = counter.opens(page.address)
        assert NEXT_TRY in page.text
        again = counter.sends(next(form for form in page.forms if "together" in form.fields))
        filled = next(form for form in again.forms if "description" in form.fields)
        assert filled.fields["description"] == [TEXT]

    def refused(
        self, counter: Counter, spine: Sandbox, page: str, error_code: str
    ) -> tuple[Page, str, str]:
        """A change with two texts whose first the practice refused; its form, and the field."""
        counter.traces("9658218865")
        [held] = spine.appointments(LEGG, "9658218865")
        address = reverse(f"{page}-appointment", args=[counter.encounter_id, LEGG, held["id"]])
        form = counter.opens(address).form(f"/{page}")
        name = "description" if page == "amend" else "reason"
        decided = {} if page == "amend" else {"decision": "cancel"}
        spine.fault(practice=LEGG, use_case=page, kind=NEVER_ARRIVED, times=1)
        counter.sends(form, **decided, **{name: "First"})
        Command.objects.update(state=State.REFUSED, error_code=error_code, next_look_at=None)
        return counter.sends(form, **decided, **{name: TEXT}), f"/{page}", name

    @pytest.mark.requirement("AMEND-2")
    @pytest.mark.parametrize("page", ["amend", "cancel"])
    def test_of_a_change_whose_appointment_had_changed_the_second_is_there_again(
        self, counter: Counter, spine: Sandbox, page: str
    ) -> None:
        shown, action, name = self.refused(counter, spine, page, "VERSION_CONFLICT")
        assert NEXT_TRY in shown.text
        [link] = [part for part in shown.html.split('"') if "?again=" in part]
        assert counter.opens(link).form(action).fields[name] == [TEXT]

    @pytest.mark.requirement("AMEND-2")
    def test_a_colleagues_change_that_is_under_way_is_not_said_to_be_ones_own(
        self, counter: Counter, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        forms = []
        for at in (counter, colleague(clinician, sign_in)):
            at.traces("9658218865")
            [held] = spine.appointments(LEGG, "9658218865")
            address = reverse("amend-appointment", args=[at.encounter_id, LEGG, held["id"]])
            forms.append((at, at.opens(address).form("/amend")))
        spine.fault(practice=LEGG, use_case="amend", kind=NEVER_ARRIVED, times=1)
        (other, theirs), (mine, form) = forms
        other.sends(theirs, description="Theirs")
        page = mine.sends(form, description=TEXT)
        assert "Somebody else's change was sent, and not yours" in page.text
        assert NOTICE not in page.text
        assert f"What it is for Theirs {TEXT}" in page.text

    @pytest.mark.requirement("CANCEL-1")
    def test_the_reason_of_a_cancellation_that_was_refused_so_is_there_again(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        shown, action, name = self.refused(counter, spine, "cancel", "VERSION_CONFLICT")
        KeptForm.objects.all().delete()
        shown = counter.opens(shown.address)
        [link] = [part for part in shown.html.split('"') if "?again=" in part]
        again = counter.opens(link).form(action)
        assert again.fields[name] == ["First"]
        assert again.fields["decision"] == ["keep"]

    @pytest.mark.requirement("AMEND-1", "CANCEL-1")
    @pytest.mark.parametrize("page", ["amend", "cancel"])
    def test_where_there_is_no_next_try_it_is_not_said(
        self, counter: Counter, spine: Sandbox, page: str
    ) -> None:
        shown, *_ = self.refused(counter, spine, page, "ACCESS_DENIED")
        assert "Copy what you typed second before you try again." in shown.text
        assert NEXT_TRY not in shown.text

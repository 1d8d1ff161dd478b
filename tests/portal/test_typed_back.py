"""A page that says that nothing came of a form gives back what was typed into it."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.forms import CharField
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import remove_perm

from booking_portal import forms, typed_back, urls
from booking_portal.accounts import kept_forms
from booking_portal.accounts.models import KeptForm, Organisation, User
from booking_portal.accounts.roles import Permission
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.states import State
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import NoActiveRecord
from tests.own_database import OwnDatabase
from tests.portal.appointments.booking.test_move_check import (
    LEGG,
    arrives_at_check,
    fails_to_cancel,
)
from tests.portal.appointments.booking.test_registration import (
    ELSEWHERE,
    chooses_for,
    register_form,
)
from tests.portal.commands.delivery.test_database_away import comes_back, goes_away
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Form, Page
from tests.portal.form_steps import COMMENT, TEXT, check_page, signed_out, signs_in
from tests.sandbox_control import Sandbox

GIVEN_BACK = "Copy what you still need before you leave this page."


def given_back(page: Page) -> dict[str, str]:
    """The texts that the page gives back, by their labels."""
    found = re.findall(
        r'<label class="nhsuk-label" for="(typed-\d+)">(.*?)</label>\s*'
        r'<textarea class="nhsuk-textarea" id="\1" rows="\d" readonly[^>]*>\n(.*?)</textarea>',
        page.html,
        re.S,
    )
    return {unescape(label): unescape(text) for _, label, text in found}


def takes_away(user: User, organisation: Organisation, *permissions: Permission) -> None:
    for permission in permissions:
        remove_perm(permission.value, user, organisation)


@pytest.mark.django_db
@pytest.mark.requirement("BOOK-8", "IG-1")
class TestNotPermittedAnyMore:
    """The manager has taken a permission away while the form was open."""

    def test_a_booking_gives_its_texts_back_and_says_that_nothing_was_sent(
        self,
        counter: Counter,
        receptionist: User,
        organisations: dict[str, Organisation],
        spine: Sandbox,
    ) -> None:
        form = check_page(counter)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        spine.clear_exchanges()
        page = counter.sends(form, description=TEXT, comment=COMMENT)
        assert page.status == 403
        assert "Nothing was sent." in page.text
        assert GIVEN_BACK in page.text
        assert given_back(page) == {"What it is for": TEXT, "Comment": COMMENT}
        assert "elbow" not in page.address
        assert not any("description" in form.fields for form in page.forms)
        assert not Command.objects.exists()
        assert not KeptForm.objects.exists()
        assert spine.exchanges() == []

    def test_a_move_a_registration_an_undoing_and_a_close_give_theirs(
        self,
        counter: Counter,
        receptionist: User,
        organisations: dict[str, Organisation],
        spine: Sandbox,
    ) -> None:
        move = next(
            form for form in arrives_at_check(counter, spine).forms if "reason" in form.fields
        )
        undoing = fails_to_cancel(counter, spine).form("/undo")
        chooses_for(counter, ELSEWHERE)
        registering = register_form(counter)
        takes_away(receptionist, organisations["A1001"], *Permission)
        page = counter.sends(move, description="New", comment="", reason="Works late")
        assert given_back(page) == {"What it is for": "New", "Why it is cancelled": "Works late"}
        page = counter.sends(undoing, reason=TEXT)
        assert given_back(page) == {"Why it is cancelled": TEXT}
        page = counter.sends(registering, description="New", line_1="2 Harbour Row", town="Walford")
        assert page.status == 403
        assert given_back(page) == {
            "What it is for": "New",
            "Temporary address, line 1": "2 Harbour Row",
            "Town or city": "Walford",
        }
        assert Saga.objects.count() == 1

    def test_taken_away_while_signed_out_too_it_is_given_back_after_the_sign_in(
        self,
        counter: Counter,
        receptionist: User,
        organisations: dict[str, Organisation],
    ) -> None:
        form = check_page(counter)
        signed_out(counter)
        asked = counter.sends(form, description=TEXT)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        page = signs_in(counter, asked)
        assert page.status == 403
        assert given_back(page) == {"What it is for": TEXT}
        assert "You had been signed out when you pressed the button" in page.text
        assert "It cannot be sent from this page." in page.text
        assert "Press the button again" not in page.text

    def test_an_opened_page_has_nothing_to_give_back(
        self,
        counter: Counter,
        receptionist: User,
        organisations: dict[str, Organisation],
    ) -> None:
        form = check_page(counter)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        page = counter.opens(f"{form.action}?description=Injected")
        assert page.status == 403
        assert "Injected" not in page.html
        assert "What you typed" not in page.text
        assert "Nothing was sent." not in page.text


@pytest.mark.django_db
class TestForNobodyElse:
    def test_it_is_escaped_and_stays_as_it_was_typed(
        self, counter: Counter, receptionist: User, organisations: dict[str, Organisation]
    ) -> None:
        form = check_page(counter)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        nasty = "</textarea><script>alert(1)</script>\n\n & \N{RIGHT-TO-LEFT OVERRIDE}x"
        page = counter.sends(form, description=nasty.replace("\n", "\r\n"))
        assert "<script>alert" not in page.html
        assert given_back(page) == {"What it is for": nasty}

    def test_more_than_any_form_holds_is_not_repeated_and_that_is_said(
        self, counter: Counter, receptionist: User, organisations: dict[str, Organisation]
    ) -> None:
        form = check_page(counter)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        page = counter.sends(form, description="x" * 9_000, comment="y" * 9_000)
        assert "It is too long to be shown here." in page.text
        assert "xxxx" not in page.html
        assert "yyyy" not in page.html

    @pytest.mark.parametrize("whose", ["forged", ""])
    def test_a_form_that_is_not_one_of_ours_is_not_repeated(
        self,
        counter: Counter,
        receptionist: User,
        organisations: dict[str, Organisation],
        whose: str,
    ) -> None:
        """Another site may make a browser send words that our page would then say."""
        form = check_page(counter)
        takes_away(receptionist, organisations["A1001"], Permission.BOOK_APPOINTMENT)
        form.fields["whose"] = [whose]
        page = counter.sends(form, description=TEXT)
        assert page.status == 403
        assert "elbow" not in page.html

    def test_nor_one_of_another_user_whoever_they_act_for(
        self, client: Client, receptionist: User, locum: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        """Out of date besides, and the colleague has not chosen an organisation yet."""
        strict = Counter(Client(enforce_csrf_checks=True))
        sign_in(strict.client, receptionist)
        form = strict.opens(reverse("find-patient-by-name")).form("/find-by-name")
        form.fields["csrfmiddlewaretoken"] = ["x" * 64]
        sign_in(strict.client, locum)
        page = strict.sends(form, family="Zelthorpe")
        assert page.status == 403
        assert "Zelthorpe" not in page.html

    def test_passwords_are_never_given_back(self) -> None:
        assert not any("password" in name or name == "login" for name in typed_back.TEXTS)

    def test_every_text_of_every_form_is_given_back(self) -> None:
        """A form that is added has its texts in the table."""

        assert urls.urlpatterns, "all views, and so all forms, are imported"

        def kinds(kind: type[forms.PlainForm]) -> list[type[forms.PlainForm]]:
            return [kind, *(each for sub in kind.__subclasses__() for each in kinds(sub))]

        asked_for_in_addresses = {"start", "end", "day", "since", "until", "user"}
        texts = {
            name
            for kind in kinds(forms.PlainForm)
            for name, field in kind.base_fields.items()
            if field.label and isinstance(field, CharField | forms.DateField)
        }
        assert texts - asked_for_in_addresses == set(typed_back.TEXTS)


@pytest.mark.django_db
@pytest.mark.requirement("BOOK-8")
class TestWhatStopsWork:
    """The other pages on which a form ends: an old trace, a practice that has no record, ..."""

    def test_an_old_trace_gives_the_texts_back(self, counter: Counter) -> None:
        form = check_page(counter)
        encounter = Encounter.objects.get()
        Encounter.objects.update(traced_at=encounter.traced_at - settings.TRACE_LIFETIME)
        page = counter.sends(form, description=TEXT)
        assert page.title.startswith("Trace the patient again")
        assert given_back(page) == {"What it is for": TEXT}

    def test_a_patient_who_is_restricted_meanwhile_is_shown_nothing_of(
        self, counter: Counter
    ) -> None:
        form = check_page(counter)
        encounter = Encounter.objects.get()
        encounter.trace["restricted"] = True
        encounter.save()
        page = counter.sends(form, description=TEXT)
        assert page.status == 403
        assert "elbow" not in page.html

    def test_a_practice_that_cannot_be_read_has_it_in_the_form_again_and_not_twice(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice=LEGG, use_case="retrieve", kind="status_500", times=None)
        page = counter.sends(form, description="x" * 101, comment=COMMENT)
        assert page.title.startswith("The practice could not be read")
        assert given_back(page) == {}

    def test_but_where_it_could_not_be_kept_it_is_given_back(
        self, counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form = check_page(counter)
        monkeypatch.setattr(KeptForm, "LONGEST_PAGE", 1)
        spine.fault(practice=LEGG, use_case="retrieve", kind="status_500", times=None)
        page = counter.sends(form, description="x" * 101)
        assert given_back(page) == {"What it is for": "x" * 101}

    def test_a_record_that_is_not_there_any_more_starts_the_registration_with_the_texts(
        self, counter: Counter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form = check_page(counter)

        def is_gone(*_: object, **__: object) -> None:
            raise NoActiveRecord

        monkeypatch.setattr("booking_portal.appointments.booking.views.find_at_practice", is_gone)
        page = counter.sends(form, description=TEXT, comment=COMMENT)
        assert page.title.startswith("The patient has no record")
        proposal = Proposal.objects.get()
        assert (proposal.description, proposal.comment) == (TEXT, COMMENT)

    def test_a_booking_in_another_tab_that_is_not_settled_leaves_the_texts_for_later(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        later = Proposal.objects.get()
        spine.fault(practice=LEGG, use_case="book", kind="status_502", times=1)
        counter.searches(LEGG)
        counter.chooses(-2)
        counter.books("First")
        page = counter.sends(form, description=TEXT)
        assert page.status == 409
        Command.objects.update(state=State.NOT_MADE, next_look_at=None)
        page = counter.opens(form.action)
        filled = next(each for each in page.forms if "description" in each.fields)
        assert filled.fields["description"] == [TEXT]
        later.refresh_from_db()
        assert later.description == TEXT

    def test_a_fault_of_the_portal_gives_the_texts_back(
        self, counter: Counter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form = check_page(counter)

        def breaks(*_: object, **__: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("booking_portal.appointments.booking.views.find_at_practice", breaks)
        counter.client.raise_request_exception = False
        page = counter.sends(form, description=TEXT)
        assert page.status == 500
        assert given_back(page) == {"What it is for": TEXT}
        assert not any("description" in form.fields for form in page.forms)


class TestTheRecordsAreAway:
    """503: nobody is known to be signed in; the form can be sent once more, and is one command."""

    @pytest.fixture
    def sample(self, own_database: OwnDatabase) -> None:
        """Everything of demo/sample.json, in a database that can be killed."""

    @pytest.mark.requirement("BOOK-8", "IG-5")
    def test_a_booking_gives_its_texts_back_and_is_sent_again_with_them(
        self, counter: Counter, spine: Sandbox, own_database: OwnDatabase
    ) -> None:
        counter.client.raise_request_exception = False
        form = check_page(counter)
        goes_away(own_database)
        page = counter.sends(form, description=TEXT, comment=COMMENT.replace("\n", "\r\n"))
        assert page.status == 503
        assert given_back(page) == {"What it is for": TEXT, "Comment": COMMENT}
        assert "elbow" not in page.address
        again = self.again(page)
        page = counter.sends(again)
        assert page.status == 503
        assert given_back(page)["Comment"] == COMMENT
        comes_back(own_database)
        again = self.again(page)
        counter.sends(again)
        first = counter.command
        assert first.state == State.DONE
        assert (first.payload["description"], first.payload["comment"]) == (TEXT, COMMENT)
        counter.sends(again)
        assert counter.command == first
        assert Command.objects.count() == 1

    @pytest.mark.requirement("IG-5")
    def test_what_is_not_a_form_of_ours_is_not_repeated(
        self, counter: Counter, own_database: OwnDatabase
    ) -> None:
        counter.client.raise_request_exception = False
        form = check_page(counter)
        form.fields["whose"] = ["forged"]
        goes_away(own_database)
        page = counter.sends(form, description=TEXT)
        assert page.status == 503
        assert "elbow" not in page.html
        assert page.forms == []

    @pytest.mark.requirement("IG-3")
    def test_a_password_is_not_repeated(self, counter: Counter, own_database: OwnDatabase) -> None:
        counter.client.raise_request_exception = False
        form = counter.opens(reverse("account_change_password")).form("/password/")
        assert "whose" in form.fields
        goes_away(own_database)
        page = counter.sends(form, oldpassword="secret-old", password1="secret-new")
        assert page.status == 503
        assert "secret" not in page.html

    def again(self, page: Page) -> Form:
        [form] = [form for form in page.forms if form.buttons[0][2] == "Send the form again"]
        return form


def test_the_bound_of_a_form_is_below_what_django_reads() -> None:
    assert kept_forms.LONGEST < settings.DATA_UPLOAD_MAX_MEMORY_SIZE

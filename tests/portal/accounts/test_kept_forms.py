"""Nothing typed is lost: a form that cannot be taken comes back, to its own user alone."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts import kept_forms
from booking_portal.accounts.models import KeptForm, User
from booking_portal.accounts.tasks import forget_forms
from booking_portal.commands.models import Command
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.form_steps import AGAIN, COMMENT, TEXT, check_page, signed_out, signs_in
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestNobodyElse:
    """What was kept is for its user, organisation and page, and for some minutes."""

    def kept_address(self, counter: Counter) -> str:
        form = check_page(counter)
        signed_out(counter)
        asked = counter.sends(form, description=TEXT, comment=COMMENT)
        return asked.form("/sign-in/").fields["next"][0]

    def test_another_user_is_shown_nothing_of_it(self, counter: Counter) -> None:
        address = self.kept_address(counter)
        asked = counter.opens(address)
        page = signs_in(counter, asked, "clinician")
        assert page.status == 404
        assert "elbow" not in page.html

    @pytest.mark.parametrize("page", ["start", "find-patient"])
    def test_nor_on_a_page_that_everybody_has(self, page: str, counter: Counter) -> None:
        form = counter.opens(reverse(page)).form("/patients/find")
        signed_out(counter)
        asked = counter.sends(form, nhs_number="965 821 8881")
        other = signs_in(counter, asked, "clinician")
        assert other.status == 200
        assert "8881" not in other.html
        assert "signed out" not in other.text

    def test_nor_the_same_user_for_another_organisation(
        self, client: Client, locum: User, spine: Sandbox
    ) -> None:
        counter = Counter(client)
        page = signs_in(counter, counter.opens("/sign-in/"), "locum")
        counter.sends(page.form("/organisation/"), organisation="A1001")
        form = counter.opens(reverse("find-patient")).form("/patients/find")
        signed_out(counter)
        asked = counter.sends(form, nhs_number="965 821 8881")
        chooses = signs_in(counter, asked, "locum")
        assert "Nothing was sent" in chooses.text
        other = counter.sends(chooses.forms[-1], organisation="A1002")
        assert "8881" not in other.html
        mine = counter.sends(
            counter.opens(reverse("choose-organisation")).form("/organisation/"),
            organisation="A1001",
            next=asked.form("/sign-in/").fields["next"][0],
        )
        assert mine.form("/patients/find").fields["nhs_number"] == ["965 821 8881"]

    def test_nor_on_another_patients_page(self, counter: Counter, spine: Sandbox) -> None:
        address = self.kept_address(counter)
        back = signs_in(counter, counter.opens(address))
        assert AGAIN in back.text
        kept = urlsplit(address).query
        other = check_page(counter)
        page = counter.opens(f"{other.action.split('?')[0]}?{kept}")
        assert "elbow" not in page.html
        assert "signed out" not in page.text

    def test_nor_when_its_time_is_over(self, counter: Counter) -> None:
        address = self.kept_address(counter)
        KeptForm.objects.update(kept_at=timezone.now() - kept_forms.LIFETIME)
        back = signs_in(counter, counter.opens(address))
        assert back.title.startswith("Check and book")
        assert "elbow" not in back.html
        forget_forms()
        assert not KeptForm.objects.exists()

    def test_nor_by_an_address_that_is_not_ours(self, counter: Counter) -> None:
        address = self.kept_address(counter)
        [kept] = parse_qs(urlsplit(address).query)["kept"]
        plain = f"{urlsplit(address).path}?kept={kept.split('.')[0]}"
        asked = counter.opens(plain)
        assert "Nothing was sent" not in asked.text
        back = signs_in(counter, asked)
        assert "elbow" not in back.html

    def test_a_form_of_another_user_is_not_taken_and_not_kept(
        self, counter: Counter, clinician: User, sign_in: SignIn
    ) -> None:
        """Two tabs: its user signs out in the other one, and a colleague signs in there."""
        form = check_page(counter)
        sign_in(counter.client, clinician)
        page = counter.sends(form, description=TEXT)
        assert (page.status, "Nothing was sent." in page.text) == (409, True)
        assert "elbow" not in page.html
        assert not KeptForm.objects.exists()

    def test_only_so_many_are_kept_and_none_that_is_too_long(
        self, counter: Counter, receptionist: User
    ) -> None:
        form = counter.opens(reverse("find-patient-by-name")).form("/find-by-name")
        signed_out(counter)
        for number in range(kept_forms.AT_MOST + 2):
            counter.sends(form, family=f"Name {number}")
        rows = KeptForm.objects.filter(user=receptionist)
        assert rows.count() == kept_forms.AT_MOST
        assert f"Name {kept_forms.AT_MOST + 1}" in str(list(rows.values_list("typed", flat=True)))
        asked = counter.sends(form, family="x" * kept_forms.LONGEST)
        assert "xxxx" not in str(list(rows.values_list("typed", flat=True)))
        assert "What you typed could not be kept." in signs_in(counter, asked).text

    def test_two_tabs_come_back_to_their_own(self, counter: Counter) -> None:
        by_name = counter.opens(reverse("find-patient-by-name")).form("/find-by-name")
        by_number = counter.opens(reverse("find-patient")).form("/patients/find")
        signed_out(counter)
        one = counter.sends(by_name, family="Zelthorpe")
        two = counter.sends(by_number, nhs_number="965 821 8881")
        back = signs_in(counter, two)
        assert back.form("/patients/find").fields["nhs_number"] == ["965 821 8881"]
        back = counter.opens(one.form("/sign-in/").fields["next"][0])
        assert back.form("/find-by-name").fields["family"] == ["Zelthorpe"]


class TestOutOfDate:
    """The form's CSRF token is older than the sign-in."""

    @pytest.fixture
    def strict(self, receptionist: User, sign_in: SignIn, spine: Sandbox) -> Counter:
        client = Client(enforce_csrf_checks=True)
        sign_in(client, receptionist)
        return Counter(client)

    def test_the_same_user_comes_back_with_what_they_typed(
        self, strict: Counter, receptionist: User, sign_in: SignIn
    ) -> None:
        form = strict.opens(reverse("find-patient-by-name")).form("/find-by-name")
        form.fields["csrfmiddlewaretoken"] = ["x" * 64]
        back = strict.sends(form, family="Zelthorpe")
        assert (
            "The page was out of date when you pressed the button, so nothing was sent" in back.text
        )
        assert back.form("/find-by-name").fields["family"] == ["Zelthorpe"]

    def test_without_a_sign_in_it_is_asked_for_first(self, strict: Counter) -> None:
        form = strict.opens(reverse("find-patient-by-name")).form("/find-by-name")
        strict.client.cookies.clear()
        asked = strict.sends(form, family="Zelthorpe")
        assert "Nothing was sent. You had been signed out" in asked.text
        back = signs_in(strict, asked)
        assert back.form("/find-by-name").fields["family"] == ["Zelthorpe"]

    def test_another_user_gets_nothing(
        self, strict: Counter, clinician: User, sign_in: SignIn
    ) -> None:
        form = strict.opens(reverse("find-patient-by-name")).form("/find-by-name")
        form.fields["csrfmiddlewaretoken"] = ["x" * 64]
        sign_in(strict.client, clinician)
        page = strict.sends(form, family="Zelthorpe")
        assert page.status == 403
        assert "nothing was booked, changed or cancelled" in page.text
        assert not KeptForm.objects.exists()

    def test_a_form_without_our_word_is_refused_as_ever(self, strict: Counter) -> None:
        form = strict.opens(reverse("find-patient-by-name")).form("/find-by-name")
        form.fields["csrfmiddlewaretoken"] = ["x" * 64]
        del form.fields["whose"]
        assert strict.sends(form, family="Zelthorpe").status == 403
        assert not KeptForm.objects.exists()

    def test_passwords_are_never_kept(self, strict: Counter) -> None:
        form = strict.opens(reverse("account_change_password")).form("/password/")
        form.fields["csrfmiddlewaretoken"] = ["x" * 64]
        assert strict.sends(form, oldpassword="secret", password1="a" * 20).status == 403
        assert not KeptForm.objects.exists()


class TestAnotherOrganisation:
    def test_a_form_typed_for_one_is_not_taken_for_another_and_comes_back(
        self, client: Client, locum: User, spine: Sandbox
    ) -> None:
        """Two tabs: the user switches to another organisation in the second."""
        counter = Counter(client)
        page = signs_in(counter, counter.opens("/sign-in/"), "locum")
        counter.sends(page.form("/organisation/"), organisation="A1001")
        form = check_page(counter)
        chooses = counter.opens(reverse("choose-organisation")).form("/organisation/")
        counter.sends(chooses, organisation="A1002")
        met = counter.sends(form, description=TEXT)
        assert met.status == 409
        assert "You are acting for another organisation now" in met.text
        assert "Nothing was sent." in met.text
        assert "elbow" not in met.html
        assert not Command.objects.exists()
        back = counter.sends(met.form("/organisation/"))
        assert AGAIN in back.text
        again = next(form for form in back.forms if "description" in form.fields)
        assert again.fields["description"] == [TEXT]


class TestAPracticeThatCannotBeRead:
    @pytest.mark.requirement("ERR-1", "IG-5")
    @pytest.mark.parametrize("page", ["patient-appointments", "appointment", "amend-appointment"])
    def test_it_is_said_with_the_patient_and_tried_again(
        self, page: str, counter: Counter, spine: Sandbox
    ) -> None:
        counter.traces("9658218865")
        [held] = spine.appointments("A20047", "9658218865")
        there = [counter.encounter_id, "A20047"]
        address = reverse(
            page, args=there if page == "patient-appointments" else [*there, held["id"]]
        )
        spine.fault(practice="A20047", use_case="*", kind="status_500", times=None)
        failed = counter.opens(address)
        assert failed.status == 502
        assert failed.title.startswith("The practice could not be read")
        assert "did not accept" not in failed.text
        assert "965 821 8865" in failed.text
        assert "020 7946 0101" in failed.text
        assert f'href="{address}"' in failed.html
        spine.clear_faults()
        assert counter.opens(address).status == 200

    def test_on_the_patients_page_it_can_be_tried_again_too(
        self, client: Client, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        sign_in(client, clinician)
        counter = Counter(client)
        counter.traces()
        spine.fault(practice="A20047", use_case="*", kind="status_500", times=None)
        address = reverse("patient-appointments", args=[counter.encounter_id, "A20047"])
        part = client.get(f"{address}?fragment=1", headers={"HX-Request": "true"})
        assert f'<a href="{address}">Try again</a>' in part.content.decode()

    def test_what_was_typed_when_it_failed_is_there_when_it_is_tried_again(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice="A20047", use_case="retrieve", kind="status_500", times=None)
        met = counter.sends(form, description="x" * 101, comment=COMMENT)
        assert met.title.startswith("The practice could not be read")
        again = next(part for part in met.html.split('"') if "kept=" in part)
        spine.clear_faults()
        back = counter.opens(again.replace("&amp;", "&"))
        assert "nothing was booked, changed or cancelled by it. " + AGAIN in back.text
        filled = next(form for form in back.forms if "description" in form.fields)
        assert filled.fields["comment"] == [COMMENT]


def test_every_form_says_whose_it_is_once_somebody_acts(counter: Counter) -> None:
    counter.traces()
    page = counter.opens(reverse("search-slots", args=[counter.encounter_id]))
    assert all("whose" in form.fields for form in page.forms if form.method == "post")


def test_the_page_of_a_form_is_what_was_opened_without_what_was_kept(counter: Counter) -> None:
    counter.traces()
    address = reverse("search-slots", args=[counter.encounter_id]) + "?when=14&kept=x"
    form = counter.opens(address).form("/slots/")
    signer = kept_forms._signer(kept_forms.WHOSE)
    _, _, page, kept = signer.unsign_object(form.fields["whose"][0])
    assert (page, kept) == (address.split("&kept")[0], "")


def test_a_form_is_theirs_for_a_day_at_most(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = check_page(counter)
    monkeypatch.setattr(kept_forms, "FORM_LIFETIME", timedelta(seconds=-1))
    signed_out(counter)
    counter.sends(form, description=TEXT)
    assert not KeptForm.objects.exists()

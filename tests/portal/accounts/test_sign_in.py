"""Signing in and out: only with an account, and never unseen. [IG-1, IG-2]"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import Membership, User
from booking_portal.audit.models import Event, EventKind
from demo import seed
from tests.portal.conftest import SignIn
from tests.portal.pages import text_of, title_of
from tests.portal.redis_server import RedisServer

pytestmark = pytest.mark.django_db


def sign_in_form(client: Client, username: str, password: str, **more: str) -> Any:
    form = {"login": username, "password": password, **more}
    return client.post(reverse("account_login"), form, follow=True)


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.requirement("IG-2")
def test_a_receptionist_signs_in_and_out_and_both_are_audited(
    client: Client, receptionist: User
) -> None:
    page = sign_in_form(client, "receptionist", seed.password())

    assert "Who is on the line?" in text_of(page)
    assert "Ms Priya Nair" in text_of(page)
    assert "Riverside Extended Access Hub" in text_of(page)
    signed_out = client.post(reverse("account_logout"), follow=True)
    assert title_of(signed_out).startswith("Sign in")
    assert kinds() == [EventKind.SIGNED_IN, EventKind.SIGNED_OUT]
    assert set(Event.objects.values_list("username", flat=True)) == {"receptionist"}


def test_a_user_name_may_be_pasted(client: Client, receptionist: User) -> None:
    """Case 10."""
    page = sign_in_form(client, "\u200breceptionist\u00a0", seed.password())
    assert "Who is on the line?" in text_of(page)


@pytest.mark.requirement("IG-2")
def test_a_wrong_password_is_said_plainly_and_audited(client: Client, receptionist: User) -> None:
    page = sign_in_form(client, "receptionist", "wrong-password")

    assert title_of(page).startswith("Error: Sign in")
    assert "The username or the password is wrong" in text_of(page)
    failed = Event.objects.get()
    assert (failed.kind, failed.username) == (EventKind.SIGN_IN_FAILED, "receptionist")


@pytest.mark.requirement("IG-3")
def test_what_was_typed_for_an_unknown_name_is_not_kept(client: Client, db: None) -> None:
    sign_in_form(client, "my-secret-password", "receptionist")

    assert "my-secret-password" not in str(Event.objects.values())
    assert kinds() == [EventKind.SIGN_IN_FAILED]


def test_an_empty_form_says_what_to_enter_beside_each_box(client: Client, db: None) -> None:
    page = sign_in_form(client, "", "")

    assert text_of(page).count("Enter your username") == 2
    assert text_of(page).count("Enter your password") == 2


def test_an_account_that_is_switched_off_does_not_open(client: Client, receptionist: User) -> None:
    receptionist.is_active = False
    receptionist.save()

    page = sign_in_form(client, "receptionist", seed.password())

    assert "switched off" in text_of(page) or "is wrong" in text_of(page)
    assert client.get(reverse("start")).status_code == 302


@pytest.mark.parametrize("address", ["/accounts/signup/", "/sign-up/", "/signup/"])
def test_nobody_registers_themselves(address: str, client: Client, db: None) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "name", ["start", "find-patient", "find-patient-by-name", "bookings", "audit"]
)
def test_every_page_asks_for_a_sign_in_and_comes_back(
    name: str, client: Client, receptionist: User
) -> None:
    asked = client.get(reverse(name))
    assert asked.status_code == 302
    assert asked.headers["Location"] == f"{reverse('account_login')}?next={reverse(name)}"


def test_after_signing_in_the_page_asked_for_is_opened(client: Client, receptionist: User) -> None:
    page = sign_in_form(
        client, "receptionist", seed.password(), next=reverse("find-patient-by-name")
    )
    assert title_of(page).startswith("Find a patient by name")


def test_a_fragment_without_a_sign_in_sends_the_whole_page_to_sign_in(
    client: Client, db: None
) -> None:
    answer = client.get(
        reverse("start"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/bookings/?day=1"},
    )
    assert answer.headers["HX-Redirect"] == "/sign-in/?next=/bookings/%3Fday%3D1"


def test_the_password_can_be_changed(client: Client, receptionist: User, sign_in: SignIn) -> None:
    sign_in(client, receptionist)
    new = "a-long-new-password-9"

    page = client.post(
        reverse("account_change_password"),
        {"oldpassword": seed.password(), "password1": new, "password2": new},
        follow=True,
    )

    assert "Your password has been changed." in text_of(page)
    receptionist.refresh_from_db()
    assert receptionist.check_password(new)


def test_a_short_password_is_refused_beside_the_box(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    sign_in(client, receptionist)

    page = client.post(
        reverse("account_change_password"),
        {"oldpassword": seed.password(), "password1": "short-1", "password2": "short-1"},
    )

    assert title_of(page).startswith("Error: Change your password")
    assert "at least 12 characters" in text_of(page)


@pytest.mark.requirement("IG-1")
def test_guessing_passwords_is_stopped(client: Client, receptionist: User) -> None:
    for _ in range(5):
        sign_in_form(client, "receptionist", "wrong-password")

    page = sign_in_form(client, "receptionist", seed.password())

    assert "Too many failed attempts" in text_of(page)
    assert client.get(reverse("start")).status_code == 302


def test_without_redis_people_can_still_sign_in(
    client: Client, receptionist: User, redis_server: RedisServer
) -> None:
    redis_server.goes_away()
    page = sign_in_form(client, "receptionist", seed.password())
    assert "Who is on the line?" in text_of(page)


class TestChoosingTheOrganisation:
    """[IG-1, IG-2]"""

    def test_one_membership_needs_no_choice(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, receptionist)
        assert client.get(reverse("start")).status_code == 200

    def test_with_two_the_user_chooses_and_it_is_audited(
        self, client: Client, locum: User, sign_in: SignIn
    ) -> None:
        sign_in(client, locum)
        asked = client.get(reverse("find-patient"))
        assert asked.headers["Location"] == "/organisation/?next=%2Fpatients%2Ffind"

        chosen = client.post(
            reverse("choose-organisation"), {"organisation": "A1002", "next": "/patients/find"}
        )

        assert chosen.headers["Location"] == "/patients/find"
        assert "Northgate Out-of-Hours Service" in text_of(client.get(reverse("start")))
        event = Event.objects.get(kind=EventKind.ORGANISATION_CHOSEN)
        assert (event.organisation_ods, event.role) == ("A1002", "clinician")

    @pytest.mark.requirement("IG-1")
    def test_an_organisation_of_others_is_refused(
        self, client: Client, locum: User, sign_in: SignIn
    ) -> None:
        sign_in(client, locum)
        page = client.post(reverse("choose-organisation"), {"organisation": "A20047"})
        assert "Choose one of your organisations" in text_of(page)
        assert client.get(reverse("start")).status_code == 302

    @pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/"])
    def test_it_never_leads_out_of_the_portal(
        self, address: str, client: Client, locum: User, sign_in: SignIn
    ) -> None:
        sign_in(client, locum)
        chosen = client.post(
            reverse("choose-organisation"), {"organisation": "A1001", "next": address}
        )
        assert chosen.headers["Location"] == reverse("start")

    @pytest.mark.requirement("IG-1")
    def test_a_membership_that_ends_closes_the_door_at_once(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, receptionist)
        assert client.get(reverse("start")).status_code == 200
        membership = Membership.objects.get(user=receptionist)
        membership.is_active = False
        membership.save()

        page = client.get(reverse("start"), follow=True)

        assert "not a member of any organisation" in text_of(page)

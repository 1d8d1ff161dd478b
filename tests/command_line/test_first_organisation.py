"""Case: an empty portal, and nobody who could sign in. [IG-1]"""

import io
import sys

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.roles import Role
from booking_portal.audit.models import Event, EventKind
from booking_portal.practices.models import Federation, Practice
from tests.portal.pages import text_of

PASSWORD = "wharf-lantern-otter-31"
TOLD = {
    "ods-code": "A9001",
    "name": "Harbour Access Hub",
    "type": "urgent-care",
    "asid": "200000009001",
    "telephone": "01632 960900",
    "practice-ods-code": "A20047",
    "practice-name": "Dr Legg's Surgery",
    "practice-telephone": "01632 960047",
    "practice-town": "Walford",
    "federation": "Harbour federation",
    "username": "harbour.admin",
    "given-name": "Ruth",
    "family-name": "Adeyemi",
}


@pytest.fixture
def empty(db: None) -> None:
    """As after the first migration: types of organisations, and nothing else."""
    Membership.objects.all().delete()
    User.objects.all().delete()
    Federation.objects.all().delete()
    Practice.objects.all().delete()
    Organisation.objects.all().delete()


def runs(
    patch: pytest.MonkeyPatch, password: str = PASSWORD, without: str = "", **changed: str
) -> str:
    told = TOLD | {name.replace("_", "-"): value for name, value in changed.items()}
    told.pop(without, None)
    patch.setattr(sys, "stdin", io.StringIO(password + "\n"))
    written = io.StringIO()
    flags = [part for name, value in told.items() for part in (f"--{name}", value)]
    call_command("first_organisation", *flags, stdout=written)
    return written.getvalue()


@pytest.mark.requirement("IG-1", "IG-2")
def test_from_nothing_to_an_administrator_who_adds_people(
    empty: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = runs(monkeypatch)

    assert "Made: Harbour Access Hub (A9001)" in said
    assert "check_environment" in said
    assert PASSWORD not in said
    organisation = Organisation.objects.get()
    assert [one.ods_code for one in Practice.objects.for_organisation(organisation)] == ["A20047"]
    assert Membership.objects.get().role == Role.ADMINISTRATOR
    event = Event.objects.get(kind=EventKind.ADMINISTERED)
    assert event.detail == {"name": str(organisation), "administrator": "harbour.admin"}
    form = {"login": "harbour.admin", "password": PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    assert "Ruth Adeyemi" in text_of(client.get("/", follow=True))
    page = client.get("/admin/accounts/user/add/")
    assert page.status_code == 200


def test_called_again_it_changes_nothing(empty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    password = User.objects.get().password

    assert "is there already. Nothing was changed." in runs(monkeypatch, "another-password-42")

    assert User.objects.get().password == password
    assert Organisation.objects.count() == Practice.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ods_code", "A9002"),
        ("name", "Another Hub"),
        ("asid", "200000009002"),
        ("telephone", "01632 960111"),
        ("type", "gp-practice"),
        ("username", "somebody.else"),
        ("federation", "Another federation"),
        ("practice_ods_code", "B82617"),
    ],
)
def test_where_there_is_one_otherwise_it_refuses(
    name: str, value: str, empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(monkeypatch)
    with pytest.raises(CommandError, match=f"--{name.replace('_', '-')}.*Nothing was changed"):
        runs(monkeypatch, **{name: value})
    assert Organisation.objects.get().name == TOLD["name"]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ods_code", "a9"),
        ("asid", "12"),
        ("telephone", "none"),
        ("type", "hospital"),
        ("practice_ods_code", "x"),
        ("practice_telephone", "none"),
        ("username", "with space"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    name: str, value: str, empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match=f"Nothing was made. --{name.replace('_', '-')}: "):
        runs(monkeypatch, **{name: value})
    assert not Organisation.objects.exists()
    assert not User.objects.exists()


def test_a_poor_password_is_refused(empty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"The password: .*12 characters"):
        runs(monkeypatch, "short")
    assert not Organisation.objects.exists()


def test_what_is_not_given_is_named(empty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Also give --asid, or run it on a terminal"):
        runs(monkeypatch, without="asid")

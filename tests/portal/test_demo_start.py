"""The demo's start page: what is worth trying, and what each shows."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from demo import seed
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox


@pytest.fixture(autouse=True)
def _control_port(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROL_PORT", str(urlsplit(sandbox.control).port))


def test_it_lists_every_account_and_what_it_shows(client: Client) -> None:
    text = text_of(client.get(reverse("demo-start")))
    for account in seed.SAMPLE["accounts"]:
        assert account["username"] in text
        assert account["shows"] in text
    assert seed.password() in text


def test_it_lists_the_patients_of_the_official_tests(client: Client) -> None:
    text = text_of(client.get(reverse("demo-start")))
    row = text.split("965 821 8873", 2)[1]
    assert row.index("27 11 1962") < row.index("ZELTHORPE, Ignatius Paul") < 80
    for number in ("965 822 0142", "965 822 0290", "965 822 0223", "947 671 8943", "932 492 6233"):
        assert number in text


def test_without_the_sandbox_it_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROL_PORT", "1")
    page = client.get(reverse("demo-start"))
    assert page.status_code == 200
    assert "do not answer just now" in text_of(page)


def test_under_docker_it_asks_the_sandbox_in_its_own_container(
    client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONTROL_PORT")
    monkeypatch.setenv("SANDBOX_CONTROL", sandbox.control)
    assert "965 821 8873" in text_of(client.get(reverse("demo-start")))

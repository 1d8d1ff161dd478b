"""Whose address the audit trail and the throttles have: the client's, and nobody's invention."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event
from booking_portal.settings import environment
from demo import seed

PROXY = "172.20.0.5"
BALANCER = "10.9.0.1"
CLIENT = "203.0.113.7"
ANOTHER = "198.51.100.9"


@pytest.fixture(autouse=True)
def proxies(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [ip_network(f"{BALANCER}/32"), ip_network("172.20.0.0/24")]


def sign_in(client: Client, said: str | None, *, peer: str = PROXY, password: str = "") -> Any:
    headers = {} if said is None else {"X-Forwarded-For": said}
    return client.post(
        reverse("account_login"),
        {"login": "receptionist", "password": password or seed.password()},
        REMOTE_ADDR=peer,
        headers=headers,
    )


@pytest.mark.django_db
@pytest.mark.requirement("IG-2")
@pytest.mark.parametrize(
    ("peer", "said", "recorded"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{CLIENT}, {BALANCER}", CLIENT),  # two proxies of ours
        (PROXY, f"{ANOTHER}, {CLIENT}", CLIENT),  # the client made the first one up
        (PROXY, f"{PROXY}, {CLIENT}", CLIENT),  # that of a proxy, too
        (PROXY, f"{CLIENT}:50122", CLIENT),
        (PROXY, "[2001:db8::7]:50122", "2001:db8::7"),
        (PROXY, "2001:DB8::7", "2001:db8::7"),
        (f"::ffff:{PROXY}", f"::ffff:{CLIENT}", CLIENT),
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, BALANCER, BALANCER),  # asked by the balancer itself
        (PROXY, f"{CLIENT}, unknown", PROXY),
        (PROXY, f"{CLIENT}, fe80::1%{'x' * 90}", PROXY),
        (PROXY, f"{CLIENT}, 9.9.9.9.9", PROXY),
        (ANOTHER, CLIENT, ANOTHER),  # a stranger's word
        (ANOTHER, f"{CLIENT}, {PROXY}", ANOTHER),
    ],
)
def test_the_audit_trail_has_the_clients_address(
    peer: str, said: str | None, recorded: str, client: Client, receptionist: User
) -> None:
    sign_in(client, said, peer=peer)
    assert Event.objects.get().remote_address == recorded


@pytest.mark.django_db
@pytest.mark.requirement("IG-1")
def test_one_client_behind_the_proxy_locks_nobody_else_out(
    client: Client, receptionist: User, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    for _ in range(3):
        assert sign_in(client, CLIENT, password="wrong-password").status_code == 200
    assert sign_in(client, CLIENT, password="wrong-password").status_code == 429
    # Nor does whoever was locked out get on by saying that they are another.
    assert sign_in(client, f"{ANOTHER}, {CLIENT}").status_code == 429
    assert sign_in(client, ANOTHER).status_code == 302


@pytest.mark.django_db
def test_https_is_what_a_trusted_proxy_says_and_nobody_else(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    said = {"X-Forwarded-Proto": "https"}
    page = reverse("account_login")
    assert client.get(page, REMOTE_ADDR=PROXY, headers=said).status_code == 200
    assert client.get(page, REMOTE_ADDR=ANOTHER, headers=said).status_code == 301
    assert client.get(page, REMOTE_ADDR=PROXY).status_code == 301


@pytest.mark.parametrize("peer", [PROXY, ANOTHER])
def test_what_else_says_where_a_request_comes_from_reaches_nobody(
    peer: str, client: Client
) -> None:
    said = ("Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Port")
    answer = client.get("/nowhere", REMOTE_ADDR=peer, headers=dict.fromkeys(said, CLIENT))
    assert not [name for name in answer.wsgi_request.META if CLIENT in str(name)]
    assert CLIENT not in {str(value) for value in answer.wsgi_request.META.values()} - {
        answer.wsgi_request.META["REMOTE_ADDR"] if peer == PROXY else ""
    }


@pytest.mark.parametrize("value", ["proxy", "10.0.0.1/8", "0.0.0.0/0", "10.0.0.1, ::/0", "*"])
def test_what_is_no_network_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        environment.networks("TRUSTED_PROXIES")
    monkeypatch.setenv("TRUSTED_PROXIES", " 10.0.0.0/8 , ::1")
    assert environment.networks("TRUSTED_PROXIES") == [ip_network("10.0.0.0/8"), ip_network("::1")]

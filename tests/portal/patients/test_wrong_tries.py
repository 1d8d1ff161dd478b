"""Nobody finds out who a patient is by trying. [PDS-8, PDS-9]"""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from redis import Redis

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.cache import ForgivingRedisCache
from booking_portal.patients import wrong_tries
from booking_portal.patients.models import Encounter
from booking_portal.patients.wrong_tries import OF_PATIENT, OF_USER
from tests.portal.conftest import SignIn
from tests.portal.pages import ORDINARY as NUMBER_AND_BIRTH_DATE
from tests.portal.pages import find, text_of, typed
from tests.portal.pds_records import BORN, ORDINARY, pds_has
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PDS-8")]

ANOTHER = ("9658218865", "09-03-1947")
WRONG_DAY = "28-11-1962"
REFUSED = "too many wrong tries"


def asked_pds() -> int:
    return Event.objects.filter(kind=EventKind.EXCHANGE_ASKED, service="pds").count()


def refusals() -> list[str]:
    """The NHS numbers of the tries that were refused, as audited."""
    blocked = Event.objects.filter(kind=EventKind.BLOCKED, outcome="too many wrong tries")
    return list(blocked.order_by("pk").values_list("nhs_number", flat=True))


def by_names(client: Client, given: str) -> Any:
    form = typed(BORN, nhs_number=ORDINARY, family="Zelthorpe", given=given)
    return client.post(reverse("find-patient"), form)


def wrong(client: Client, times: int) -> None:
    for _ in range(times):
        assert "does not match the national record" in text_of(find(client, ORDINARY, WRONG_DAY))


def test_wrong_birth_dates_are_limited(signed_in: Client, spine: Sandbox) -> None:
    wrong(signed_in, OF_PATIENT.most)
    asked = asked_pds()
    page = find(signed_in, *NUMBER_AND_BIRTH_DATE)  # right, and too late
    assert page.status_code == 200
    assert REFUSED in text_of(page)
    assert "This one was not sent" in text_of(page)
    assert "Wait up to 15 minutes" in text_of(page)
    assert "ring their practice to book" in text_of(page)
    assert "ZELTHORPE" not in text_of(page).upper()
    assert (asked_pds(), Encounter.objects.count()) == (asked, 0)
    assert refusals() == [ORDINARY]
    assert find(signed_in, *ANOTHER).status_code == 302, "other patients are found as ever"


@pytest.mark.requirement("PDS-9")
def test_wrong_names_are_limited_where_pds_has_no_whole_birth_date(
    signed_in: Client, spine: Sandbox
) -> None:
    pds_has(spine, birthDate="1962")
    for number in range(2 * OF_PATIENT.most):  # that more is needed is no wrong try
        assert "no full date of birth" in text_of(find(signed_in, ORDINARY, BORN)), number
    for name in range(OF_PATIENT.most):
        page = by_names(signed_in, f"Given{chr(ord('a') + name)}")
        assert "do not match the national record" in text_of(page)
    page = by_names(signed_in, "Ignatius")
    assert REFUSED in text_of(page)
    assert refusals() == [ORDINARY]
    assert Encounter.objects.count() == 0


def test_right_tries_and_a_pds_that_is_away_are_not_counted(
    signed_in: Client, spine: Sandbox
) -> None:
    for _ in range(OF_PATIENT.most + 1):
        assert find(signed_in, *NUMBER_AND_BIRTH_DATE).status_code == 302
    spine.fault(service="pds", use_case="*", kind="status_500", times=None)
    for _ in range(OF_PATIENT.most + 1):
        assert REFUSED not in text_of(find(signed_in, ORDINARY, WRONG_DAY))
    spine.clear_faults()
    wrong(signed_in, OF_PATIENT.most - 1)
    assert find(signed_in, *NUMBER_AND_BIRTH_DATE).status_code == 302
    assert refusals() == []


def test_going_through_numbers_or_names_is_limited_too(
    signed_in: Client, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrong_tries, "OF_USER", wrong_tries.Limit("user", 3, OF_USER.seconds))
    spelt = typed(BORN, family="Nobodyhere", given="Ignatius")
    assert REFUSED not in text_of(signed_in.post(reverse("find-patient-by-name"), spelt))
    assert find(signed_in, ORDINARY, WRONG_DAY).status_code == 200
    assert find(signed_in, ANOTHER[0], WRONG_DAY).status_code == 200
    asked = asked_pds()
    page = signed_in.post(reverse("find-patient-by-name"), spelt)
    assert REFUSED in text_of(page)
    assert "Wait up to 60 minutes" in text_of(page)
    assert REFUSED in text_of(find(signed_in, *NUMBER_AND_BIRTH_DATE))
    assert asked_pds() == asked
    assert refusals() == ["", ORDINARY]


def test_a_colleague_is_not_held_up(
    signed_in: Client, spine: Sandbox, clinician: User, sign_in: SignIn
) -> None:
    wrong(signed_in, OF_PATIENT.most)
    other = Client()
    sign_in(other, clinician)
    assert find(other, *NUMBER_AND_BIRTH_DATE).status_code == 302


def test_a_count_that_is_gone_at_that_very_moment_stops_nobody(
    signed_in: Client, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is over, or Redis comes back or goes, between two steps of counting."""
    monkeypatch.setattr(ForgivingRedisCache, "add", lambda *_, **__: True)
    assert find(signed_in, *NUMBER_AND_BIRTH_DATE).status_code == 302


def test_no_key_says_whom_somebody_has_tried(signed_in: Client, spine: Sandbox) -> None:
    wrong(signed_in, 1)
    with Redis.from_url(settings.REDIS_URL) as client:
        keys = [key.decode() for key in client.scan_iter("*tries:*")]
        assert len(keys) == 2
        assert not any(ORDINARY in key for key in keys)
        assert all(0 < client.ttl(key) <= OF_USER.seconds for key in keys)

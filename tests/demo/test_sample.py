"""The portal's sample data and the sandbox's are two copies of one world: they must agree."""

import json
from typing import Any

import pytest

from demo import seed
from tests.demo.processes import ROOT

SANDBOX: dict[str, list[dict[str, Any]]] = json.loads(
    (ROOT / "sandbox" / "data" / "practices.json").read_text()
)


def test_the_practices_are_those_of_the_sandbox() -> None:
    sandbox = [
        (p["ods"], p["name"], p["telephone"], p["address"]["city"], p["address"]["postcode"])
        for p in SANDBOX["practices"]
    ]
    assert sandbox == [
        (p["ods_code"], p["name"], p["telephone"], p["town"], p["postcode"])
        for p in seed.SAMPLE["practices"]
    ]


def test_the_organisations_are_known_to_the_sandbox() -> None:
    sandbox = [(o["ods"], o["name"], o["type"], o["asid"]) for o in SANDBOX["consumers"]]
    assert sandbox == [
        (o["ods_code"], o["name"], o["type"], o["asid"]) for o in seed.SAMPLE["organisations"]
    ]


@pytest.mark.django_db
def test_seeding_twice_is_seeding_once_and_keeps_what_was_changed() -> None:
    from booking_portal.accounts.models import Membership, Organisation, User
    from booking_portal.practices.models import Federation, Practice

    seed.seed()
    User.objects.filter(username="receptionist").update(last_name="Changed")
    Federation.objects.get(name="Walford network").practices.clear()
    seed.seed()
    assert User.objects.count() == len(seed.SAMPLE["accounts"])
    assert Organisation.objects.count() == len(seed.SAMPLE["organisations"])
    assert Practice.objects.count() == len(seed.SAMPLE["practices"])
    assert Membership.objects.filter(user__username="locum").count() == 2
    assert User.objects.get(username="receptionist").last_name == "Changed"
    assert not Federation.objects.get(name="Walford network").practices.exists()


@pytest.mark.django_db
def test_every_role_has_an_account_that_may_do_what_the_role_may(client: Any) -> None:
    from booking_portal.accounts.models import Membership
    from booking_portal.accounts.roles import Role

    seed.seed()
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)
    for membership in Membership.objects.select_related("user", "organisation"):
        for permission in membership.permissions:
            assert membership.user.has_perm(permission.value, membership.organisation)
    assert client.login(username="receptionist", password=seed.password())

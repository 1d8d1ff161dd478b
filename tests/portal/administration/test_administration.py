"""Administration: who may change whom, and that every change is in the trail. [IG-1, IG-2]"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.practices.models import Federation, Practice
from tests.portal.conftest import SignIn
from tests.portal.pages import text_of

pytestmark = pytest.mark.django_db

INLINE = "memberships"


def user_form(user: User, roles: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """The page "Change user" as a browser would send it, with these memberships."""
    form = {
        "username": user.username,
        "title": user.title,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "sds_user_id": user.sds_user_id,
        "is_active": "on",
    } | changes
    return form | memberships_form(roles)


def memberships_form(roles: list[dict[str, Any]]) -> dict[str, Any]:
    form: dict[str, Any] = {
        f"{INLINE}-TOTAL_FORMS": len(roles),
        f"{INLINE}-INITIAL_FORMS": sum("id" in role for role in roles),
        f"{INLINE}-MIN_NUM_FORMS": 0,
        f"{INLINE}-MAX_NUM_FORMS": 1000,
    }
    for number, role in enumerate(roles):
        form |= {f"{INLINE}-{number}-{name}": value for name, value in role.items()}
    return form


def role_of(user: User) -> dict[str, Any]:
    """The user's only membership, as the form has it."""
    one = Membership.objects.get(user=user)
    return {
        "id": one.pk,
        "user": user.pk,
        "organisation": one.organisation_id,
        "role": one.role,
        "sds_role_profile_id": "",
        "is_active": "on",
    }


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


class TestWhoMayEnter:
    @pytest.mark.requirement("IG-1")
    @pytest.mark.parametrize("username", ["receptionist", "clinician", "auditor"])
    def test_not_those_who_manage_nothing(
        self, username: str, client: Client, sample: None, sign_in: SignIn
    ) -> None:
        sign_in(client, User.objects.get(username=username))
        assert client.get(reverse("admin:index"), follow=True).status_code == 403
        assert client.get(reverse("admin:accounts_user_changelist")).status_code == 302

    @pytest.mark.requirement("IG-1")
    def test_a_superuser_gets_nothing_for_free(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        receptionist.is_superuser = receptionist.is_staff = True
        receptionist.save()
        sign_in(client, receptionist)
        assert client.get(reverse("admin:index"), follow=True).status_code == 403

    def test_without_a_sign_in_it_asks_for_the_portals_own(self, client: Client, db: None) -> None:
        page = client.get(reverse("admin:index"), follow=True)
        assert page.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"

    def test_an_administrator_begins_there_and_sees_everything(
        self, client: Client, administrator: User, sign_in: SignIn
    ) -> None:
        sign_in(client, administrator)
        page = text_of(client.get(reverse("start"), follow=True))
        for one in ("Users", "Organisations", "Practices", "Federations"):
            assert one in page

    def test_a_manager_sees_their_own_people_only(
        self, client: Client, manager: User, sign_in: SignIn
    ) -> None:
        stranger = User.objects.create(username="stranger", last_name="Elsewhere")
        Membership.objects.create(
            user=stranger,
            organisation=Organisation.objects.get(ods_code="A1002"),
            role="receptionist",
        )
        sign_in(client, manager)

        people = text_of(client.get(reverse("admin:accounts_user_changelist")))

        assert "receptionist" in people
        assert "stranger" not in people
        assert "Practices" not in text_of(client.get(reverse("admin:index")))
        assert client.get(page_of(stranger)).status_code == 302
        assert client.get(reverse("admin:practices_practice_changelist")).status_code == 403


class TestPeople:
    @pytest.mark.requirement("IG-1", "IG-2")
    def test_a_manager_adds_a_receptionist_who_can_work_at_once(
        self, client: Client, manager: User, sign_in: SignIn
    ) -> None:
        sign_in(client, manager)
        ours = Organisation.objects.get(ods_code="A1001")
        form = {
            "username": "newcomer",
            "usable_password": "true",
            "password1": "a-long-new-password-9",
            "password2": "a-long-new-password-9",
            "title": "Mr",
            "first_name": "Neil",
            "last_name": "Comber",
        } | memberships_form([{"organisation": ours.pk, "role": "receptionist", "is_active": "on"}])

        added = client.post(reverse("admin:accounts_user_add"), form)

        assert added.status_code == 302, text_of(added)
        newcomer = User.objects.get(username="newcomer")
        sign_in(client, newcomer)
        assert "Who is on the line?" in text_of(client.get(reverse("start")))
        event = Event.objects.get(kind=EventKind.ADMINISTERED)
        assert (event.username, event.outcome) == ("manager", "added")
        assert event.detail["roles"] == [["A1001", "receptionist", True]]

    @pytest.mark.requirement("IG-1")
    def test_a_change_of_role_takes_the_old_permissions_away(
        self, client: Client, manager: User, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, manager)
        role = role_of(receptionist) | {"role": "auditor"}

        client.post(page_of(receptionist), user_form(receptionist, [role]))

        sign_in(client, receptionist)
        assert client.get(reverse("find-patient")).status_code == 403
        assert client.get(reverse("audit")).status_code == 200

    @pytest.mark.requirement("IG-1")
    def test_a_manager_gives_neither_an_administrators_role_nor_another_organisations(
        self, client: Client, manager: User, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, manager)
        elsewhere = Organisation.objects.get(ods_code="A1002").pk
        for change in ({"role": "administrator"}, {"organisation": elsewhere}):
            page = client.post(
                page_of(receptionist), user_form(receptionist, [role_of(receptionist) | change])
            )
            assert "Select a valid choice" in text_of(page)
        assert Membership.objects.get(user=receptionist).role == "receptionist"

    @pytest.mark.requirement("IG-1")
    @pytest.mark.parametrize("username", ["administrator", "locum"])
    def test_a_manager_cannot_change_accounts_that_open_more_than_their_own_doors(
        self, username: str, client: Client, manager: User, sign_in: SignIn
    ) -> None:
        user = User.objects.get(username=username)
        before = user.password
        sign_in(client, manager)
        new = {"password1": "a-long-new-password-9", "password2": "a-long-new-password-9"}

        changed = client.post(page_of(user), user_form(user, [], last_name="Changed"))
        reset = client.post(reverse("admin:auth_user_password_change", args=[user.pk]), new)

        assert changed.status_code == reset.status_code == 403
        user.refresh_from_db()
        assert user.password == before
        assert user.last_name != "Changed"

    @pytest.mark.requirement("IG-1")
    def test_nobody_gives_themselves_a_role(
        self, client: Client, manager: User, sign_in: SignIn
    ) -> None:
        sign_in(client, manager)
        role = role_of(manager) | {"role": "auditor"}
        client.post(page_of(manager), user_form(manager, [role]))
        assert Membership.objects.get(user=manager).role == "hub_manager"

    @pytest.mark.requirement("IG-2")
    def test_a_password_set_for_somebody_is_audited_without_it(
        self, client: Client, manager: User, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, manager)
        new = "a-long-new-password-9"

        client.post(
            reverse("admin:auth_user_password_change", args=[receptionist.pk]),
            {"usable_password": "true", "password1": new, "password2": new},
        )

        receptionist.refresh_from_db()
        assert receptionist.check_password(new)
        assert new not in str(Event.objects.values())
        assert Event.objects.get(kind=EventKind.ADMINISTERED).detail["name"] == "receptionist"

    def test_people_are_switched_off_and_never_deleted(
        self, client: Client, administrator: User, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, administrator)
        address = reverse("admin:accounts_user_delete", args=[receptionist.pk])
        assert client.post(address, {"post": "yes"}).status_code == 403
        form = user_form(receptionist, [role_of(receptionist)])
        del form["is_active"]
        client.post(page_of(receptionist), form)
        receptionist.refresh_from_db()
        assert not receptionist.is_active


class TestPlaces:
    @pytest.mark.requirement("IG-2", "SFS-8")
    def test_an_administrator_changes_a_federation_and_it_is_audited(
        self, client: Client, administrator: User, sign_in: SignIn
    ) -> None:
        sign_in(client, administrator)
        federation = Federation.objects.get(organisation__ods_code="A1001")
        kept = Practice.objects.filter(ods_code__in=["A20047", "C81007"])

        client.post(
            reverse("admin:practices_federation_change", args=[federation.pk]),
            {
                "organisation": federation.organisation_id,
                "name": federation.name,
                "practices": [practice.pk for practice in kept],
            },
        )

        event = Event.objects.get(kind=EventKind.ADMINISTERED)
        assert sorted(event.detail["practices"]) == ["A20047", "C81007"]

    def test_what_is_pasted_goes_on_the_wire_without_what_cannot_be_seen(
        self, client: Client, administrator: User, sign_in: SignIn
    ) -> None:
        """Case 10."""
        sign_in(client, administrator)
        organisation = Organisation.objects.get(ods_code="A1001")
        form = {
            "ods_code": "A1001\u200b",
            "name": "\ufeffRiverside\u00a0Hub",
            "type": organisation.type_id,
            "asid": f"\u202d{organisation.asid}\u202c",
            "telephone": "01632\u00a0960\u200b001",
            "town": organisation.town,
            "is_active": "on",
        }
        client.post(reverse("admin:accounts_organisation_change", args=[organisation.pk]), form)
        asid = organisation.asid
        organisation.refresh_from_db()
        assert organisation.ods_code == "A1001"
        assert organisation.name == "Riverside Hub"
        assert organisation.asid == asid
        assert organisation.telephone == "01632 960001"

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("asid", "12345", "An ASID has 12 digits"),
            ("ods_code", "a-1", "capital letters or digits"),
            ("telephone", "ring me", "Give a telephone number"),
        ],
    )
    def test_what_goes_on_the_wire_is_checked(
        self,
        field: str,
        value: str,
        message: str,
        client: Client,
        administrator: User,
        sign_in: SignIn,
    ) -> None:
        sign_in(client, administrator)
        organisation = Organisation.objects.get(ods_code="A1001")
        form = {
            "ods_code": "A1001",
            "name": organisation.name,
            "type": organisation.type_id,
            "asid": organisation.asid,
            "telephone": organisation.telephone,
            "town": organisation.town,
            "is_active": "on",
        } | {field: value}
        page = client.post(
            reverse("admin:accounts_organisation_change", args=[organisation.pk]), form
        )
        assert message in text_of(page)

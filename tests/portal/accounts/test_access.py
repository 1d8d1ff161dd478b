"""Every address with somebody else's ids, in another role, at another organisation. [IG-1]"""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission as DjangoPermission
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import get_user_perms

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.roles import PERMISSIONS_OF, Role
from booking_portal.audit.models import Event
from booking_portal.commands.models import Command, Proposal
from booking_portal.patients.models import Encounter
from tests.portal.administration.test_administration import (
    memberships_form,
    page_of,
    role_of,
    user_form,
)
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.pages import RESTRICTED, text_of
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IG-1")]

NAME = "Jeffrey"


def colleague(organisation: str, role: str, username: str = "other") -> User:
    """Another user with one role at one organisation."""
    user = User.objects.create(username=username, last_name="Other")
    where = Organisation.objects.get(ods_code=organisation)
    Membership.objects.create(user=user, organisation=where, role=role)
    return user


def everything_of(counter: Counter) -> tuple[list[str], list[str]]:
    """Every address of a booking and its encounter: those to open, and those to send to."""
    command = counter.arrives_at_booking()
    search = counter.searches("A20047").address
    check = counter.chooses().address
    encounter = f"/encounters/{counter.encounter_id}/"
    there = f"{encounter}appointments/A20047/{command.appointment_id}/"
    patients = [
        encounter,
        f"{encounter}slots/",
        search,
        check,
        f"{encounter}appointments/A20047/",
        f"{encounter}appointments/A20047/?fragment=1",
        there,
        f"{there}amend",
        f"{there}cancel",
    ]
    sent_to = [
        f"{encounter}trace",
        f"{encounter}slots/",
        f"{encounter}slots/choose",
        check,
        f"{there}amend",
        f"{there}cancel",
    ]
    return patients, sent_to


def assert_refused(page: Any, address: str) -> None:
    """404; where htmx asked, a block that says the same, as it swaps in nothing else."""
    assert page.status_code in {200, 404}, address
    assert "belongs to another organisation or another user" in text_of(page), address


@pytest.mark.parametrize(
    ("organisation", "role"),
    [("A1001", "receptionist"), ("A1002", "receptionist"), ("A1002", "hub_manager")],
)
@pytest.mark.parametrize("htmx", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_nobody_opens_or_uses_another_users_encounter(
    counter: Counter,
    sign_in: SignIn,
    spine: Sandbox,
    organisation: str,
    role: str,
    htmx: dict[str, Any],
) -> None:
    opened, sent_to = everything_of(counter)
    other = Client()
    sign_in(other, colleague(organisation, role))
    spine.clear_exchanges()
    before = Command.objects.count()
    for address in opened:
        page = other.get(address, **htmx)
        assert_refused(page, address)
        assert NAME not in page.content.decode()
    for address in sent_to:
        assert_refused(other.post(address, {"description": "x"}, **htmx), address)
    assert spine.exchanges() == []
    assert Command.objects.count() == before


def test_another_organisation_reaches_no_command(
    counter: Counter, sign_in: SignIn, spine: Sandbox
) -> None:
    command = counter.arrives_at_booking()
    other = Client()
    sign_in(other, colleague("A1002", "hub_manager"))
    for ending in ("", "state"):
        page = other.get(f"/bookings/{command.pk}/{ending}")
        assert page.status_code == 404
    close = other.post(
        f"/bookings/{command.pk}/close", {"outcome": "made", "spoken_to": "Somebody"}
    )
    assert close.status_code == 404
    assert PATIENT[:3] not in text_of(other.get(f"/bookings/?day={command.day.isoformat()}"))


def test_a_proposal_belongs_to_its_encounter(counter: Counter, spine: Sandbox) -> None:
    """One's own proposal for one patient is not booked for another."""
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    proposal = Proposal.objects.get()
    other = counter.traces("9658218881")
    address = reverse("check-booking", args=[other, proposal.pk])
    assert counter.client.get(address).status_code == 404
    assert counter.client.post(address, {"description": "x"}).status_code == 404
    assert not Command.objects.exists()


def test_what_a_page_has_signed_works_for_its_patient_only(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    token = counter.offered[-1]
    counter.arrives_at_booking()
    command = counter.command
    there = f"appointments/A20047/{command.appointment_id}/cancel"
    counter.opens(f"/encounters/{counter.encounter_id}/{there}")
    fields = {name: values[0] for name, values in counter.page.form("/cancel").fields.items()}
    other = counter.traces("9658218881")

    chosen = counter.client.post(reverse("choose-slot", args=[other]), {"only": token})
    spine.clear_exchanges()
    cancelled = counter.client.post(
        f"/encounters/{other}/{there}", fields | {"decision": "cancel", "reason": "x"}
    )

    assert chosen.status_code == 409
    assert cancelled.status_code == 409
    assert [one["status"] for one in spine.appointments("A20047", PATIENT)] == ["booked"]


def test_another_patients_appointment_is_never_shown(counter: Counter, spine: Sandbox) -> None:
    command = counter.arrives_at_booking()
    other = counter.traces("9658218881")
    for ending in ("", "amend", "cancel"):
        page = counter.client.get(
            f"/encounters/{other}/appointments/A20047/{command.appointment_id}/{ending}"
        )
        assert page.status_code == 409
        assert "Knee pain" not in page.content.decode()


@pytest.mark.parametrize("end", ["role", "membership", "organisation", "account"])
def test_what_is_taken_away_is_gone_at_the_next_click(
    counter: Counter, receptionist: User, spine: Sandbox, end: str
) -> None:
    opened, sent_to = everything_of(counter)
    membership = Membership.objects.get(user=receptionist)
    if end == "role":
        membership.role = "auditor"
        membership.save()
    elif end == "membership":
        membership.is_active = False
        membership.save()
    elif end == "organisation":
        Organisation.objects.filter(pk=membership.organisation_id).update(is_active=False)
    else:
        User.objects.filter(pk=receptionist.pk).update(is_active=False)
    spine.clear_exchanges()
    for address in opened:
        page = counter.client.get(address)
        assert page.status_code in {302, 403}, address
        assert NAME not in page.content.decode()
    for address in sent_to:
        assert counter.client.post(address, {"description": "x"}).status_code in {302, 403}
    assert spine.exchanges() == []


@pytest.mark.parametrize("membership", [True, False])
def test_a_superuser_with_every_django_permission_gets_nothing(
    counter: Counter, sign_in: SignIn, sample: None, membership: bool
) -> None:
    root = User.objects.create_superuser("root")
    root.user_permissions.set(DjangoPermission.objects.all())
    if membership:
        where = Organisation.objects.get(ods_code="A1001")
        Membership.objects.create(user=root, organisation=where, role="auditor")
    client = Client()
    sign_in(client, root)
    for name in ("find-patient", "bookings", "admin:index", "admin:accounts_user_changelist"):
        assert client.get(reverse(name)).status_code in {302, 403}, name
    assert (client.get(reverse("audit")).status_code == 200) is membership


class TestAdministration:
    @pytest.mark.parametrize(
        "forged",
        [
            {"is_superuser": "on", "is_staff": "on"},
            {"user_permissions": ["1", "2", "3"], "groups": ["1"]},
            {"local_id": str(uuid.uuid4())},
        ],
    )
    def test_forged_fields_count_for_nothing(
        self,
        client: Client,
        manager: User,
        receptionist: User,
        sign_in: SignIn,
        forged: dict[str, Any],
    ) -> None:
        sign_in(client, manager)
        local_id = receptionist.local_id
        client.post(
            page_of(receptionist), user_form(receptionist, [role_of(receptionist)], **forged)
        )
        receptionist.refresh_from_db()
        assert not receptionist.is_superuser
        assert not receptionist.is_staff
        assert not receptionist.user_permissions.exists()
        assert receptionist.local_id == local_id

    @pytest.mark.parametrize("whose", ["locum", "administrator", "manager"])
    def test_a_forged_membership_id_reaches_nobody_else(
        self, client: Client, manager: User, receptionist: User, sign_in: SignIn, whose: str
    ) -> None:
        """Another person's membership, sent inside the page of somebody in reach."""
        sign_in(client, manager)
        victim = User.objects.get(username=whose)
        theirs = Membership.objects.filter(user=victim).order_by("id").first()
        assert theirs is not None
        before = list(Membership.objects.order_by("id").values())
        forged = role_of(receptionist) | {"id": theirs.pk, "user": victim.pk, "role": "auditor"}
        client.post(page_of(receptionist), user_form(receptionist, [forged]))
        forged["user"] = receptionist.pk
        client.post(page_of(receptionist), user_form(receptionist, [forged]))
        assert list(Membership.objects.order_by("id").values()) == before

    @pytest.mark.parametrize(
        "change", [{"role": "administrator"}, {"organisation": "A1002"}, {"user": "manager"}]
    )
    def test_a_manager_adds_no_account_that_opens_more_than_theirs(
        self, client: Client, manager: User, sign_in: SignIn, change: dict[str, str]
    ) -> None:
        sign_in(client, manager)
        role: dict[str, Any] = {
            "organisation": Organisation.objects.get(ods_code="A1001").pk,
            "role": "receptionist",
            "is_active": "on",
        } | change
        if "organisation" in change:
            role["organisation"] = Organisation.objects.get(ods_code="A1002").pk
        if "user" in change:
            role |= {"user": manager.pk, "role": "auditor"}
        form = {
            "username": "newcomer",
            "usable_password": "true",
            "password1": "a-long-new-password-9",
            "password2": "a-long-new-password-9",
        } | memberships_form([role])
        client.post(reverse("admin:accounts_user_add"), form)
        for one in Membership.objects.filter(user__username="newcomer"):
            assert (one.role, one.organisation.ods_code) == ("auditor", "A1001")
        assert Membership.objects.get(user=manager).role == "hub_manager"

    def test_an_administrator_does_not_make_themselves_anything_else(
        self, client: Client, administrator: User, sign_in: SignIn
    ) -> None:
        sign_in(client, administrator)
        elsewhere = {
            "organisation": Organisation.objects.get(ods_code="A1002").pk,
            "role": "receptionist",
            "user": administrator.pk,
            "is_active": "on",
        }
        client.post(
            page_of(administrator),
            user_form(administrator, [role_of(administrator) | {"role": "hub_manager"}, elsewhere]),
        )
        assert [one.role for one in administrator.memberships.all()] == ["administrator"]

    @pytest.mark.parametrize(
        "query",
        [
            "?password__startswith=pbkdf2",
            "?memberships__organisation__ods_code=A1002",
            "?_to_field=password",
            "?q=" + "x" * 5000,
            "?p=-1",
            "?p=99999999999999999999",
            "?o=1.2.3.-9",
            "?e=1",
            "?all=",
        ],
    )
    def test_odd_queries_of_the_list_show_nothing_more(
        self, client: Client, manager: User, sign_in: SignIn, query: str
    ) -> None:
        colleague("A1002", "receptionist", "stranger")
        sign_in(client, manager)
        client.raise_request_exception = False
        page = client.get(reverse("admin:accounts_user_changelist") + query, follow=True)
        assert page.status_code < 500
        assert "stranger" not in text_of(page)

    @pytest.mark.parametrize("ending", ["change", "history", "delete", "password"])
    def test_a_manager_reaches_no_page_of_a_stranger(
        self, client: Client, manager: User, sign_in: SignIn, ending: str
    ) -> None:
        stranger = colleague("A1002", "receptionist", "stranger")
        sign_in(client, manager)
        address = f"/admin/accounts/user/{stranger.pk}/{ending}/"
        page = client.get(address, follow=True)
        assert "stranger" not in text_of(page).replace(f"“{stranger.pk}”", "")
        assert client.post(address, {"post": "yes"}, follow=True).status_code in {200, 403}
        assert User.objects.filter(username="stranger", is_active=True).exists()

    def test_a_membership_that_moves_leaves_no_permissions_behind(
        self, client: Client, administrator: User, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, administrator)
        old = Organisation.objects.get(ods_code="A1001")
        new = Organisation.objects.get(ods_code="A1002")
        role = role_of(receptionist) | {"organisation": new.pk}
        client.post(page_of(receptionist), user_form(receptionist, [role]))
        assert not get_user_perms(receptionist, old).exists()
        held = set(get_user_perms(receptionist, new))
        assert held == {one.value for one in PERMISSIONS_OF[Role.RECEPTIONIST]}


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "http:evil.example",
        "\thttps://evil.example",
        "https:/evil.example",
    ],
)
def test_signing_in_or_switching_never_leads_elsewhere(
    client: Client, locum: User, address: str
) -> None:
    locum.set_password("a-long-new-password-9")
    locum.save()
    signed_in = client.post(
        f"{reverse('account_login')}",
        {"login": "locum", "password": "a-long-new-password-9", "next": address},
    )
    chosen = client.post(reverse("choose-organisation"), {"organisation": "A1001", "next": address})
    administration = client.get(reverse("admin:login"), {"next": address}, follow=True)
    for answer in (signed_in, chosen):
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/"
    assert "evil.example" not in str(administration.redirect_chain)
    page = client.get(reverse("choose-organisation"), {"next": address})
    assert "evil.example" not in page.content.decode()


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    page = client.get("/sign-in/", headers={"host": "evil.example"})
    assert page.status_code == 400
    assert "evil.example" not in page.content.decode()


@pytest.mark.requirement("PDS-3")
def test_a_patient_found_restricted_is_forgotten_everywhere(
    counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
) -> None:
    """Also in the encounters of others that are still open, and by the sweep."""
    number, born = RESTRICTED
    day, month, year = born.split("-")
    counter.traces()
    mine = Encounter.objects.get(pk=counter.encounter_id)
    Encounter.objects.filter(pk=mine.pk).update(nhs_number=number)
    other = Client()
    sign_in(other, clinician)
    refused = other.post(
        reverse("find-patient"),
        {
            "nhs_number": number,
            "birth_date-day": day,
            "birth_date-month": month,
            "birth_date-year": year,
        },
    )
    assert refused.status_code == 403
    spine.clear_exchanges()
    page = counter.client.get(f"/encounters/{mine.pk}/")
    assert page.status_code == 403
    assert mine.name.family not in page.content.decode()
    mine.refresh_from_db()
    assert mine.restricted
    assert spine.exchanges() == []


@pytest.mark.requirement("PDS-6")
def test_a_new_trace_is_compared_anew(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    encounter = Encounter.objects.get(pk=counter.encounter_id)
    assert encounter.at_practices.get().patient_id
    encounter.trace["family"] = "Another"
    encounter.save()
    counter.client.post(reverse("trace-again", args=[encounter.pk]))
    assert not encounter.at_practices.exclude(patient_id="").exists()


def test_refusals_are_in_the_trail_once_each(
    client: Client, auditor: User, sign_in: SignIn
) -> None:
    sign_in(client, auditor)
    client.get(reverse("find-patient"))
    client.get(reverse("bookings"))
    refused = Event.objects.filter(kind="not_permitted")
    assert [event.outcome for event in refused.order_by("id")] == ["trace_patient", "view_worklist"]

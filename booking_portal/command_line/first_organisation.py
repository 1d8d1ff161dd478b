"""The first organisation, its practice and federation, and its administrator, in one go. [IG-1]

Only for a portal that has none yet: everything after it is done on the portal's own pages, by the
administrator, and audited under their name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction

from booking_portal.accounts.models import Membership, Organisation, OrganisationType, User
from booking_portal.accounts.roles import Role
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.practices.models import Federation, Practice


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to be told: as an option (`--name`) or, on a terminal, asked for."""

    name: str
    asks: str
    needed: bool = True


QUESTIONS = (
    Question("ods-code", "The organisation's ODS code, e.g. A1001"),
    Question("name", "The organisation's name, as practices are to see it"),
    Question("type", "Its type, by code"),
    Question("asid", "Its ASID, 12 digits"),
    Question("telephone", "Its telephone number"),
    Question("town", "Its town", needed=False),
    Question("practice-ods-code", "The first practice that it may book at: ODS code"),
    Question("practice-name", "The practice's name"),
    Question("practice-telephone", "The practice's telephone number, for when something fails"),
    Question("practice-town", "The practice's town"),
    Question("federation", "The name of the federation that the practice is in"),
    Question("username", "The administrator's user name"),
    Question("given-name", "The administrator's given name"),
    Question("family-name", "The administrator's family name"),
)


class Refused(Exception):
    """Nothing was made; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """What there is now, and whether it was there before."""

    organisation: Organisation
    was_there: bool


def types() -> str:
    """The codes that an organisation's type may be."""
    return ", ".join(OrganisationType.objects.order_by("code").values_list("code", flat=True))


def standing(said: Mapping[str, str]) -> Made | None:
    """What a former call has made, for the same organisation; None where there is none yet.

    Raises: Refused where there is another organisation already, or the same otherwise.
    """
    organisation = Organisation.objects.order_by("pk").first()
    if organisation is None:
        return None
    admins = Membership.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
    differs = [
        name
        for name, is_there in (
            ("--ods-code", said["ods-code"] == organisation.ods_code),
            ("--name", said["name"] == organisation.name),
            ("--type", said["type"] == organisation.type_id),
            ("--asid", said["asid"] == organisation.asid),
            ("--telephone", said["telephone"] == organisation.telephone),
            ("--username", admins.filter(user__username=said["username"]).exists()),
            (
                "--practice-ods-code or --federation",
                Federation.objects.filter(
                    organisation=organisation,
                    name=said["federation"],
                    practices__ods_code=said["practice-ods-code"],
                ).exists(),
            ),
        )
        if not is_there
    ]
    if differs:
        raise Refused(
            f"There is an organisation already, {organisation}, and {', '.join(differs)} is "
            "otherwise there. Nothing was changed: sign in as an administrator, and change or add "
            "on the portal's page Administration."
        )
    return Made(organisation, was_there=True)


def make(said: Mapping[str, str], password: Callable[[], str]) -> Made:
    """Everything, or nothing; `password` is asked for once all else is right.

    Raises: Refused, naming each option that is wrong, or as `standing`.
    """
    found = standing(said)
    if found is not None:
        return found
    organisation = Organisation(
        ods_code=said["ods-code"],
        name=said["name"],
        type_id=said["type"],
        asid=said["asid"],
        telephone=said["telephone"],
        town=said["town"],
    )
    practice = Practice(
        ods_code=said["practice-ods-code"],
        name=said["practice-name"],
        telephone=said["practice-telephone"],
        town=said["practice-town"],
    )
    user = User(
        username=said["username"],
        first_name=said["given-name"],
        last_name=said["family-name"],
        is_staff=True,
    )
    _must_be_right(
        [(organisation, ""), (practice, "practice-"), (user, "")],
        {"first_name": "given-name", "last_name": "family-name"},
    )
    secret = password()
    try:
        validate_password(secret, user)
    except ValidationError as error:
        raise Refused("The password: " + " ".join(error.messages)) from None
    user.set_password(secret)
    with transaction.atomic():
        organisation.save()
        practice.save()
        Federation.objects.create(organisation=organisation, name=said["federation"]).practices.add(
            practice
        )
        user.save()
        Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
        trail.record(
            EventKind.ADMINISTERED,
            trail.Who(remote_address="command line"),
            outcome="first organisation",
            detail={"name": str(organisation), "administrator": user.username},
        )
    return Made(organisation, was_there=False)


def _must_be_right(rows: list[tuple[models.Model, str]], names: Mapping[str, str]) -> None:
    wrong = []
    for row, prefix in rows:
        try:
            row.full_clean(exclude={"password"})
        except ValidationError as error:
            for field, messages in error.message_dict.items():
                name = names.get(field, prefix + field.replace("_", "-"))
                wrong.append(f"--{name}: {' '.join(messages)}")
    if wrong:
        raise Refused("Nothing was made. " + " ".join(wrong))

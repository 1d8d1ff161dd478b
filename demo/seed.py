"""The demo's organisations, practices, federations and accounts, from sample.json.

    python -m demo.seed

brings the database's tables up to date, then adds them. The codes, names, ASIDs and telephones
are those that the sandbox knows (a test compares them).
"""

import json
import os
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

SAMPLE: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("sample.json").read_text()
)


def password() -> str:
    """The password of every demo account."""
    return os.environ.get("DEMO_PASSWORD", "demo-only-password")


def seed() -> None:
    """Add what is missing; what somebody changed in the demo stays as they left it."""
    from django.db import transaction

    with transaction.atomic():
        _add_organisations()
        _add_practices()
        _add_federations()
        _add_accounts()


def _add_organisations() -> None:
    from booking_portal.accounts.models import Organisation

    for row in SAMPLE["organisations"]:
        given = {name: value for name, value in row.items() if name not in {"ods_code", "type"}}
        Organisation.objects.get_or_create(
            ods_code=row["ods_code"], defaults={**given, "type_id": row["type"]}
        )


def _add_practices() -> None:
    from booking_portal.practices.models import Practice

    for row in SAMPLE["practices"]:
        Practice.objects.get_or_create(ods_code=row["ods_code"], defaults=row)


def _add_federations() -> None:
    from booking_portal.accounts.models import Organisation
    from booking_portal.practices.models import Federation, Practice

    for row in SAMPLE["federations"]:
        organisation = Organisation.objects.get(ods_code=row["organisation"])
        federation, is_new = Federation.objects.get_or_create(
            organisation=organisation, name=row["name"]
        )
        if is_new:
            federation.practices.set(Practice.objects.filter(ods_code__in=row["practices"]))


def _add_accounts() -> None:
    from booking_portal.accounts.models import Membership, Organisation, User

    for row in SAMPLE["accounts"]:
        user, is_new = User.objects.get_or_create(
            username=row["username"],
            defaults={
                "title": row["title"],
                "first_name": row["given"],
                "last_name": row["family"],
                "is_staff": row.get("is_staff", False),
            },
        )
        if not is_new:
            continue
        user.set_password(password())
        user.save()
        for ods_code, role in row["roles"].items():
            organisation = Organisation.objects.get(ods_code=ods_code)
            Membership.objects.create(user=user, organisation=organisation, role=role)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.demo")
    django.setup()
    call_command("migrate", verbosity=0)
    seed()

"""Sets up the database: tables, the demo's sample, and one account for each user.

python -m chaos.commands.accounts NUMBER
"""

import os
import sys
from typing import Final

import django
from django.core.management import call_command

from demo import seed

ORGANISATION: Final = "A1001"


def username(number: int) -> str:
    """The account of a user, counted from 0."""
    return f"chaos{number:02}"


def add(number: int) -> None:
    """Receptionists of the hub, with the demo's password."""
    from django.contrib.auth.hashers import make_password

    from booking_portal.accounts.models import Membership, Organisation, User

    organisation = Organisation.objects.get(ods_code=ORGANISATION)
    password = make_password(seed.password())
    for each in range(number):
        user = User.objects.create(
            username=username(each), password=password, first_name="Chaos", last_name=f"User {each}"
        )
        Membership.objects.create(user=user, organisation=organisation, role="receptionist")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.demo")
    django.setup()
    call_command("migrate", verbosity=0)
    seed.seed()
    add(int(sys.argv[1]))

"""The portal's own role in the database: enough for the whole job, and no more. [IG-2]"""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.urls import reverse
from pytest_django import Settings

from booking_portal.application_role import grant_after_migration, owns_the_tables
from booking_portal.audit.models import Event
from booking_portal.commands.states import State
from tests.portal.counter import Counter

pytestmark = pytest.mark.django_db
ROLE = "portal of a test"


@pytest.fixture
def as_application(settings: Settings) -> None:
    """From now on with that role's rights; the role goes with the test's transaction."""
    settings.APPLICATION_ROLE = ROLE
    grant_after_migration()
    grant_after_migration()  # as after the next migration
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT "{ROLE}" TO CURRENT_USER')
        cursor.execute(f'SET LOCAL ROLE "{ROLE}"')


@pytest.mark.requirement("IG-2")
def test_the_whole_job_is_done_by_a_role_that_owns_nothing(
    counter: Counter, as_application: None
) -> None:
    booked = counter.arrives_at_booking()
    there = [counter.encounter_id, "A20047", booked.appointment_id]
    page = counter.opens(reverse("cancel-appointment", args=there))
    counter.sends(page.form("/cancel"), decision="cancel", reason="Better")
    assert counter.command.state == State.DONE
    assert Event.objects.exists()


@pytest.mark.requirement("IG-2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET username = ''",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_event",
        "ALTER TABLE commands_command ADD COLUMN more text",
        "CREATE TABLE more (id int)",
        "DELETE FROM django_migrations",
        "CREATE ROLE another SUPERUSER",
    ],
)
def test_it_may_not_change_the_trail_nor_any_table(statement: str, as_application: None) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_without_a_name_nothing_is_granted(settings: Settings) -> None:
    settings.APPLICATION_ROLE = ""
    grant_after_migration()
    call_command("migrate", verbosity=0)


@pytest.mark.requirement("IG-2")
def test_one_role_or_one_password_for_both_is_refused_before_anything_is_migrated(
    settings: Settings,
) -> None:
    owner = connection.settings_dict
    for role, password, words in (
        (owner["USER"], "another", "names the role that migrates and owns the tables"),
        (owner["USER"], owner["PASSWORD"], "names the role that migrates and owns the tables"),
        (ROLE, owner["PASSWORD"], "have the same password"),
    ):
        settings.APPLICATION_ROLE, settings.APPLICATION_ROLE_PASSWORD = role, password
        with pytest.raises(CommandError, match=f"{words}.*Nothing was migrated"):
            call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [ROLE])
        assert cursor.fetchone() == (0,)


def test_it_is_known_who_owns_the_tables(
    settings: Settings, request: pytest.FixtureRequest
) -> None:
    assert owns_the_tables()
    request.getfixturevalue("as_application")
    assert not owns_the_tables()

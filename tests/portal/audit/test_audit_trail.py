"""The audit trail can only grow. [IG-2]"""

import pytest
from django.db import DatabaseError, connection, transaction

from booking_portal.audit import insert_only, trail
from booking_portal.audit.models import Event, EventKind

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IG-2")]

WHO = trail.Who(username="someone", organisation_ods="A1001", role="receptionist")


def test_an_event_keeps_who_it_was() -> None:
    trail.record(EventKind.SIGNED_IN, WHO)

    kept = Event.objects.get()
    assert (kept.username, kept.organisation_ods, kept.role) == (
        "someone",
        "A1001",
        "receptionist",
    )


@pytest.mark.requirement("IG-2")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET username = 'another'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ],
)
def test_the_database_refuses_to_change_or_remove_events(statement: str) -> None:
    trail.record(EventKind.SIGNED_IN, WHO)
    with connection.cursor() as cursor:
        # The test database goes without this trigger, or it could not be emptied between tests.
        cursor.execute(insert_only.ALLOW_TRUNCATE)
        cursor.execute(insert_only.FORBID_TRUNCATE)

    with (
        pytest.raises(DatabaseError, match="can only be added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert Event.objects.get().username == "someone"


@pytest.mark.requirement("IG-2")
def test_an_event_joins_its_callers_transaction() -> None:
    class Broken(Exception):
        pass

    def act_and_break() -> None:
        with transaction.atomic():
            trail.record(EventKind.SIGNED_IN, WHO)
            raise Broken

    with pytest.raises(Broken):
        act_and_break()

    assert not Event.objects.exists()

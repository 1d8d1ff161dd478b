"""A move whose database goes between its two steps: said rightly, and it goes on. [MOVE-1]"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from booking_portal.commands.delivery.sender import RecordBehind
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import orchestrator, start
from booking_portal.commands.states import Kind
from tests.own_database import OwnDatabase
from tests.portal.clocks import continued
from tests.portal.saga_steps import Clerk, held, stage
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.requirement("MOVE-1")


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be killed."""


def dying(own: OwnDatabase, real: Callable[..., None]) -> Callable[..., None]:
    """The database is killed, and then the step is tried."""

    def dies(*args: Any, **kwargs: Any) -> None:
        own.kill()
        real(*args, **kwargs)

    return dies


def test_the_booking_is_told_and_the_cancellation_follows(
    clerk: Clerk, spine: Sandbox, own_database: OwnDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = clerk.books()
    proposal = clerk.proposes(moving=old)
    with monkeypatch.context() as patched:
        patched.setattr(start, "continue_saga", dying(own_database, orchestrator.continue_saga))
        with pytest.raises(RecordBehind) as behind:
            start.begin_move(proposal, "Knee pain", "", "Works late", actor=clerk.actor)
    assert behind.value.confirmed
    assert behind.value.command.kind == Kind.BOOK
    assert set(held(spine).values()) == {"booked"}

    own_database.start()
    connection.close()
    saga = Saga.objects.get()
    assert stage(saga) is Stage.AUTOMATIC
    assert continued(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"
    assert Command.objects.filter(kind=Kind.CANCEL).count() == 1

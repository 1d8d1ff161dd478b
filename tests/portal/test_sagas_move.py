"""Move: the new appointment is booked, and then the old one is cancelled. [MOVE-1]"""

from collections.abc import Callable

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.commands import sagas
from booking_portal.commands.models import Saga
from booking_portal.commands.sagas import Stage
from booking_portal.commands.states import Kind, State
from tests.portal.counter import PATIENT, Counter
from tests.portal.saga_steps import moving_to
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(receptionist: User, acting_for: Callable[..., Actor]) -> Actor:
    return acting_for(receptionist, "A1001")


@pytest.mark.requirement("MOVE-1")
def test_the_old_appointment_is_cancelled_once_the_new_one_is_booked(
    counter: Counter, spine: Sandbox, actor: Actor
) -> None:
    old = counter.arrives_at_booking()
    proposal = moving_to(counter, old)
    command = sagas.begin_move(proposal, "Knee pain", "", "Works late", actor=actor)
    assert (command.kind, command.state) == (Kind.CANCEL, State.DONE)
    saga = Saga.objects.get()
    assert sagas.standing_of(saga) is Stage.FINISHED
    held = {one["id"]: one["status"] for one in spine.appointments("A20047", PATIENT)}
    assert sorted(held.values()) == ["booked", "cancelled"]
    assert held[old.appointment_id] == "cancelled"

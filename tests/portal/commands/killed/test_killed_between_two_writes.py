"""Killed at each single step of two writes for one wish: nothing lost, nothing doubled. [MOVE-1]"""

from dataclasses import replace

import pytest

from booking_portal.commands import saga_status
from booking_portal.commands.models import Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.states import State
from booking_portal.commands.tasks import settle_due
from tests.portal.commands.killed.killing import Point, each_kind, killed
from tests.portal.commands.killed.lives import Lives
from tests.portal.commands.killed.steps import BETWEEN, FIRST_OF_TWO, SECOND_OF_TWO, through_a_gate

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("MOVE-1", "REG-1"),
]


def of_two(*steps: tuple[Point, ...]) -> pytest.MarkDecorator:
    """Every kind of two writes at every step; all but one kind of each step in the long run."""
    points = [point for group in steps for point in group]
    return each_kind(Saga.Kind, points)


@of_two(FIRST_OF_TWO[1:], BETWEEN, SECOND_OF_TWO)
def test_killed_at_each_step_of_two_writes(life: Lives, kind: Saga.Kind, at: Point) -> None:
    lived = life(kind)
    killed(lived.ask, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE, State.DONE]
    lived.requires_truth()
    assert lived.ask().pk == lived.commands[-1].pk
    lived.requires_truth()


@of_two(FIRST_OF_TWO[:1])
def test_killed_before_two_writes_are_stored(life: Lives, kind: Saga.Kind, at: Point) -> None:
    lived = life(kind)
    killed(lived.ask, at)
    assert lived.commands == []
    assert lived.written == []
    assert lived.ask().state == State.DONE
    lived.requires_truth()


@of_two(BETWEEN[1:3], SECOND_OF_TWO[:1])
def test_the_worker_killed_between_two_writes(life: Lives, kind: Saga.Kind, at: Point) -> None:
    """The answer to the first write was lost; the worker has found it, and goes on."""
    lived = life(kind)
    first = {Saga.Kind.MOVE: "book", Saga.Kind.CANCEL_FIRST: "cancel"}.get(kind, "register")
    fault = {"practice": "*", "use_case": first, "kind": "status_500_after", "times": 1}
    lived.spine.fault(**fault)
    assert lived.ask().state == State.UNCONFIRMED
    lived.clocks.all_due()
    settle_due()
    lived.clocks.all_due()
    killed(orchestrator.continue_due, once(at))
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE, State.DONE]
    lived.requires_truth()


def once(at: Point) -> Point:
    """The point of a second write, where it is the process's first."""
    return replace(at, when=through_a_gate) if at is SECOND_OF_TWO[0] else at


@of_two(FIRST_OF_TWO[2:3], BETWEEN[3:])
def test_two_writes_whose_second_comes_too_late_wait_for_a_person(
    life: Lives, kind: Saga.Kind, at: Point
) -> None:
    """Nothing goes by itself any more, and what was done is told as it is."""
    lived = life(kind)
    killed(lived.ask, at)
    lived.clocks.window_over()
    lived.settle()
    lived.requires_truth()
    first, *second = lived.commands
    assert all(command.state == State.NOT_MADE for command in second)
    assert saga_status.stage_of(Saga.objects.latest("created_at")) is (
        Stage.NEEDS_DECISION if first.state == State.DONE else Stage.FIRST_FAILED
    )

"""Killed, or stopped, at each single step of each kind of write: settled rightly every time.

Each process really dies (SIGKILL) or stands still (SIGSTOP) at the named step; what the practice
has is read in its own record of every version that it ever wrote.
"""

import pytest

from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.tasks import settle_due
from tests.portal.commands.killed.killing import Point, each_kind, killed, standing_still
from tests.portal.commands.killed.lives import HERE, Lives
from tests.portal.commands.killed.steps import (
    ANSWER_LOST,
    FOUND,
    GIVEN_UP,
    MADE,
    NOT_SENT,
    NOT_STORED,
    SENDER_LOST,
    SENT_AGAIN,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("BOOK-8", "AMEND-2", "REG-3"),
]


def each(*steps: tuple[Point, ...]) -> pytest.MarkDecorator:
    """Every kind of write at every step; all but one kind of each step in the long run."""
    points = [point for group in steps for point in group]
    return each_kind(Kind, points)


@each(NOT_STORED)
def test_killed_before_it_is_stored(life: Lives, kind: Kind, at: Point) -> None:
    """Nothing was sent and nothing is kept: the same form can simply be sent again."""
    lived = life(kind)
    killed(lived.ask, at)
    assert lived.commands == []
    assert lived.written == []
    assert lived.ask().state == State.DONE
    lived.requires_truth()


@each(NOT_SENT, MADE)
def test_killed_while_sending(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    killed(lived.ask, at)
    assert len(lived.commands) == 1
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()
    assert lived.ask().pk == lived.commands[0].pk
    lived.requires_truth()


@each(NOT_SENT[-1:])
def test_killed_while_sending_and_found_too_late_to_send_again(
    life: Lives, kind: Kind, at: Point
) -> None:
    lived = life(kind)
    killed(lived.ask, at)
    lived.clocks.window_over()
    lived.settle()
    assert [command.state for command in lived.commands] == [State.NOT_MADE]
    lived.requires_truth()


@each(ANSWER_LOST)
def test_killed_after_an_answer_that_says_nothing(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    lived.spine.fault(practice=HERE, use_case=kind, kind="status_500_after", times=1)
    killed(lived.ask, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()


@each(FOUND)
def test_the_worker_killed_while_it_finds(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    lived.spine.fault(practice=HERE, use_case=kind, kind="status_500_after", times=1)
    assert lived.ask().state == State.UNCONFIRMED
    lived.clocks.all_due()
    killed(settle_due, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()


@each(SENDER_LOST)
def test_the_worker_killed_after_the_sender_was(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    killed(lived.ask, MADE[0])
    assert Command.objects.get().state == State.SENDING
    lived.clocks.all_due()
    killed(settle_due, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()


@each(SENT_AGAIN)
def test_the_worker_killed_while_it_sends_again(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    lived.spine.fault(practice=HERE, use_case=kind, kind="status_500", times=1)
    assert lived.ask().state == State.UNCONFIRMED
    lived.clocks.all_due()
    lived.clocks.requests_dead()
    killed(settle_due, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()


@each(GIVEN_UP)
def test_the_worker_killed_while_it_gives_up(life: Lives, kind: Kind, at: Point) -> None:
    lived = life(kind)
    lived.spine.fault(practice=HERE, use_case=kind, kind="status_500", times=1)
    assert lived.ask().state == State.UNCONFIRMED
    lived.clocks.all_due()
    lived.clocks.requests_dead()
    lived.clocks.window_over()
    killed(settle_due, at)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.NOT_MADE]
    lived.requires_truth()


@each(NOT_SENT[2:3])
def test_a_sender_that_stood_still_past_its_lease_sends_nothing(
    life: Lives, kind: Kind, at: Point
) -> None:
    """The sweep has taken over; what wakes up finds its lease over, just before the first byte."""
    lived = life(kind)
    with standing_still(lived.ask, at):
        lived.clocks.window_over()
        lived.settle()
        assert [command.state for command in lived.commands] == [State.NOT_MADE]
    assert lived.written == []
    lived.requires_truth()


@each(NOT_SENT[2:3])
def test_a_sender_that_stood_still_sends_nothing_beside_the_one_that_took_over(
    life: Lives, kind: Kind, at: Point
) -> None:
    lived = life(kind)
    with standing_still(lived.ask, at):
        lived.settle()
        assert [command.state for command in lived.commands] == [State.DONE]
        lived.requires_truth()
    assert len(lived.written) == 1
    lived.requires_truth()


@each(NOT_SENT[-1:], MADE[:1])
def test_a_sender_that_stood_still_after_its_gate_is_settled_beside(
    life: Lives, kind: Kind, at: Point
) -> None:
    """Its request may arrive until its token dies: until then the worker looks, and waits."""
    lived = life(kind)
    with standing_still(lived.ask, at):
        lived.settle(tries=1)
    lived.settle()
    assert [command.state for command in lived.commands] == [State.DONE]
    lived.requires_truth()


@each(FOUND[1:2], SENT_AGAIN[3:4])
def test_a_worker_that_stood_still_is_overtaken_and_does_no_harm(
    life: Lives, kind: Kind, at: Point
) -> None:
    lived = life(kind)
    made = at in FOUND
    fault = "status_500_after" if made else "status_500"
    lived.spine.fault(practice=HERE, use_case=kind, kind=fault, times=1)
    assert lived.ask().state == State.UNCONFIRMED
    lived.clocks.all_due()
    if not made:
        lived.clocks.requests_dead()
    with standing_still(settle_due, at):
        lived.settle()
        assert [command.state for command in lived.commands] == [State.DONE]
        lived.requires_truth()
    lived.requires_truth()

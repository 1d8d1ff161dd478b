"""Processes that die between the steps, and two that go on at once. [MOVE-1]

What a dead process leaves behind is made by stopping one at that line; the next is another's.
"""

import threading
from types import ModuleType
from typing import Any

import pytest

from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions, orchestrator, start
from booking_portal.commands.sagas.next_step import ready_second
from booking_portal.commands.states import Kind, State
from tests.portal.clocks import continued, set_clocks, settled_alone
from tests.portal.saga_steps import (
    Clerk,
    held,
    move_for_a_person,
    stage,
    step,
    transitions,
    unconfirmed_move,
)
from tests.portal.threads import at_once
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("MOVE-1")]

FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


@pytest.fixture
def sample(committed_sample: None) -> None:
    """Everything of demo/sample.json, for every thread to see."""


class Killed(BaseException):
    """kill -9: no handler runs."""


def killed(*_: Any, **__: Any) -> None:
    raise Killed


def killed_at(
    monkeypatch: pytest.MonkeyPatch, where: ModuleType, name: str, clerk: Clerk, old: Command
) -> Saga:
    """A move whose process dies where the module calls `name`."""
    with monkeypatch.context() as patched:
        patched.setattr(where, name, killed)
        with pytest.raises(Killed):
            clerk.moves(old)
    return Saga.objects.get()


def test_killed_before_the_first_was_sent(
    clerk: Clerk, old: Command, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = killed_at(monkeypatch, start, "send", clerk, old)
    assert stage(saga) is Stage.FIRST_UNSETTLED
    assert continued(saga) is Stage.FIRST_UNSETTLED
    assert settled_alone(step(saga, FIRST), dead=True).state == State.NOT_MADE
    assert continued(saga) is Stage.FIRST_FAILED
    assert held(spine) == {old.appointment_id: "booked"}


def test_killed_after_the_first_was_done(
    clerk: Clerk, old: Command, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = killed_at(monkeypatch, start, "continue_saga", clerk, old)
    assert step(saga, FIRST).state == State.DONE
    assert orchestrator.continue_due() == 0  # its process may still be at it
    assert stage(saga) is Stage.AUTOMATIC
    assert continued(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"
    assert transitions(saga)[-1] == ("went on", "receptionist", "settling")


@pytest.mark.long
def test_killed_after_claiming_the_second(
    clerk: Clerk, old: Command, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = killed_at(monkeypatch, orchestrator, "ready_second", clerk, old)
    assert orchestrator.continue_due() == 0
    assert continued(saga) is Stage.FINISHED
    assert sorted(held(spine).values()) == ["booked", "cancelled"]


@pytest.mark.long
def test_killed_after_the_second_was_stored(
    clerk: Clerk, old: Command, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = killed_at(monkeypatch, orchestrator, "send", clerk, old)
    assert stage(saga) is Stage.SECOND_UNSETTLED
    assert step(saga, SECOND).state == State.SENDING
    assert continued(saga) is Stage.SECOND_UNSETTLED
    settled_alone(step(saga, SECOND))
    assert step(saga, SECOND).state in {State.DONE, State.UNCONFIRMED}
    assert saga.steps.filter(step=SECOND).count() == 1


def test_killed_while_a_person_finishes(
    clerk: Clerk, old: Command, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = move_for_a_person(clerk, spine, old)

    with monkeypatch.context() as patched:
        patched.setattr(decisions, "send", killed)
        with pytest.raises(Killed):
            decisions.finish(saga, actor=clerk.actor)
    second = step(saga, SECOND)
    assert decisions.finish(saga, actor=clerk.actor) == second  # the same one: it is being settled
    assert settled_alone(second, dead=True).state == State.NOT_MADE
    assert decisions.finish(saga, actor=clerk.actor).state == State.DONE
    assert held(spine)[old.appointment_id] == "cancelled"


@pytest.fixture
def both_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes have passed every check before either stores the second step."""
    barrier = threading.Barrier(2, timeout=20)

    def ready(*args: Any, **kwargs: Any) -> Any:
        prepared = ready_second(*args, **kwargs)
        barrier.wait()
        return prepared

    monkeypatch.setattr(orchestrator, "ready_second", ready)
    monkeypatch.setattr(decisions, "ready_second", ready)


@pytest.mark.usefixtures("both_ready")
def test_a_request_and_the_worker_go_on_at_once(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    claimed = Saga.objects.get(pk=saga.pk)

    def worker_whose_claim_ran_out() -> None:
        orchestrator._go_on(claimed, clerk.actor.on_behalf("settling"))

    at_once(worker_whose_claim_ran_out, lambda: orchestrator.continue_saga(saga, actor=clerk.actor))
    assert stage(saga) is Stage.FINISHED
    assert Command.objects.filter(kind=Kind.CANCEL).count() == 1
    assert sorted(held(spine).values()) == ["booked", "cancelled"]
    assert [what for what, _, _ in transitions(saga)].count("went on") == 1


@pytest.mark.long
@pytest.mark.usefixtures("both_ready")
def test_two_people_finish_at_once(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = move_for_a_person(clerk, spine, old)
    told = at_once(*[lambda: decisions.finish(saga, actor=clerk.actor)] * 2)
    assert told[0] == told[1] == step(saga, SECOND)
    assert Command.objects.filter(kind=Kind.CANCEL).count() == 1


@pytest.mark.long
def test_two_workers_claim_each_saga_once(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    set_clocks(saga, next_try_at=-1)
    assert sorted(at_once(orchestrator.continue_due, orchestrator.continue_due)) == [0, 1]
    assert stage(saga) is Stage.FINISHED
    assert Command.objects.filter(kind=Kind.CANCEL).count() == 1


@pytest.mark.long
def test_clicks_at_the_same_moment_make_one_move(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    proposal = clerk.proposes(moving=old)

    def click() -> Any:
        again = type(proposal).objects.select_related("encounter", "practice").get(pk=proposal.pk)
        return start.begin_move(again, "Knee pain", "", "Works late", actor=clerk.actor)

    at_once(click, click, click)
    assert Saga.objects.count() == 1
    assert sorted(held(spine).values()) == ["booked", "cancelled"]

"""Two tabs, two clicks and two users at the same moment: one booking at a time for a patient."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests import booking
from booking_portal.commands.sagas import start
from booking_portal.patients import practice_record
from tests.portal.counter import PATIENT, Counter
from tests.portal.threads import at_once
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sample(committed_sample: None) -> None:
    """Everything of demo/sample.json, for every thread to see."""


@pytest.fixture
def all_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have passed every check before either stores anything."""
    barrier = threading.Barrier(2, timeout=10)

    def found(*args: Any, **kwargs: Any) -> Any:
        at = practice_record.find_at_practice(*args, **kwargs)
        barrier.wait()
        return at

    monkeypatch.setattr(booking, "find_at_practice", found)


@pytest.mark.usefixtures("all_meet")
def test_one_proposal_sent_by_two_clicks_is_one_booking(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    actor = acting_for(receptionist, "A1001")

    def click() -> Any:
        proposal = Proposal.objects.select_related("encounter", "practice").get()
        return start.begin_booking(proposal, "Knee pain", "", actor=actor)

    told = at_once(click, click)

    assert Command.objects.count() == 1
    assert len(spine.appointments("A20047", PATIENT)) == 1
    assert sorted(type(one).__name__ for one in told) == ["AlreadyAsked", "Command"]


@pytest.mark.usefixtures("all_meet")
def test_two_slots_sent_from_two_tabs_are_one_booking_and_a_stop_page(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    """No other new booking for a patient while the outcome of one is not known."""
    spine.fault(practice="A20047", use_case="book", kind="hang_after", times=2)
    counter.traces()
    results = counter.searches("A20047").address
    counter.chooses(-1)
    counter.opens(results)
    counter.chooses(-2)
    actor = acting_for(receptionist, "A1001")

    def tab(proposal: Proposal) -> Callable[[], Any]:
        return lambda: start.begin_booking(proposal, "Knee pain", "", actor=actor)

    proposals = Proposal.objects.select_related("encounter", "practice")
    told = at_once(*(tab(proposal) for proposal in proposals))

    assert sorted(type(one).__name__ for one in told) == ["BookingUnsettled", "Command"]
    assert len(spine.appointments("A20047", PATIENT)) == 1

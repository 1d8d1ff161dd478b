"""Commands whose outcome is not known yet, as tests bring them about and see them settled."""

import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import transition
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

LOST, NEVER_ARRIVED = "status_500_after", "status_502"
"""Faults: the practice acted and its answer was lost; the request never got there."""


def page_of(command: Command) -> str:
    """The address of the command's page."""
    return reverse("command", args=[command.pk])


def books_with(counter: Counter, spine: Sandbox, fault: str = LOST) -> Command:
    """A booking that the fault leaves not confirmed."""
    spine.fault(practice="A20047", use_case="book", kind=fault, times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED, counter.page.text
    return command


def changes_with(counter: Counter, spine: Sandbox, kind: Kind, fault: str = LOST) -> Command:
    """An amendment or cancellation of a confirmed booking, left not confirmed."""
    booked = counter.arrives_at_booking()
    spine.fault(practice="A20047", use_case=kind.value, kind=fault, times=1)
    page = counter.opens(
        reverse(
            f"{kind.value}-appointment",
            args=[counter.encounter_id, "A20047", booked.appointment_id],
        )
    )
    typed: dict[str, Any] = {"description": "Something else", "comment": ""}
    if kind == Kind.CANCEL:
        typed = {"decision": "cancel", "reason": "Feels better"}
    counter.sends(page.form(f"/{kind.value}"), **typed)
    command = counter.command
    assert (command.kind, command.state) == (kind, State.UNCONFIRMED)
    return command


def cancels(counter: Counter, address: str) -> Command:
    """Cancel the appointment whose cancelling page this is."""
    page = counter.opens(address)
    counter.sends(page.form("/cancel"), decision="cancel", reason="Not wanted")
    return counter.command


def to_a_person(command: Command, **facts: Any) -> Command:
    """Nobody but a person can find out, as the worker decides it."""
    return transition(
        command,
        State.NEEDS_ATTENTION,
        reason="end of the day",
        by_system="settling",
        next_look_at=None,
        **facts,
    )


def another_like(command: Command, **facts: Any) -> Command:
    """Another command, stored as if for the same; `facts` are what differs."""
    other = Command.objects.get(pk=command.pk)
    other.pk, other.form_token = uuid.uuid4(), uuid.uuid4()
    for name, value in facts.items():
        setattr(other, name, value)
    other.save(force_insert=True)
    return other


def colleague(user: User, sign_in: SignIn) -> Counter:
    """Somebody else of the organisation at another desk."""
    other = Counter(Client())
    sign_in(other.client, user)
    return other

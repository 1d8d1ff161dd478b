"""A work item is the same for a command and a saga; and what a version before kept of a saga's."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import State
from booking_portal.commands.transitions import transition
from booking_portal.commands.worklist.escalation import counts, escalate_overdue, escalated_at
from booking_portal.commands.worklist.manual_close import close_by_hand
from booking_portal.commands.worklist.needs_person import needs_person
from booking_portal.commands.worklist.take import NotToTake, take
from tests.portal.before import Before
from tests.portal.clocks import set_clocks
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.rows import Rows
from tests.portal.unsettled import NEVER_ARRIVED, books_with, page_of, to_a_person
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

A_WHILE = timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
SOME_HOURS = timedelta(seconds=settings.ESCALATE_TAKEN_AFTER_SECONDS)
MINUTE = timedelta(minutes=1)
DECIDES: dict[str, Any] = {"stopped": "NOT_BOOKABLE", "next_try_at": None}
"""What leaves a saga to a person once its first step is done."""

Item = Command | Saga
KINDS = ["command", "saga"]


def an_item(rows: Rows, kind: str, **facts: Any) -> Item:
    """A command or a saga that a person must see to."""
    if kind == "command":
        return rows.command(state=State.NEEDS_ATTENTION, **facts)
    return rows.saga(steps={"first": State.DONE}, **DECIDES | facts)


def stored(item: Item) -> Item:
    kept: Item = type(item).objects.get(pk=item.pk)
    return kept


@pytest.mark.parametrize("kind", KINDS)
class TestOneRuleForBoth:
    @pytest.mark.parametrize(
        ("ago", "taken_ago", "due"),
        [
            (A_WHILE + MINUTE, None, True),
            (A_WHILE - MINUTE, None, False),
            (None, None, False),
            (A_WHILE + MINUTE, A_WHILE, False),
            (A_WHILE + MINUTE, A_WHILE + 2 * MINUTE, True),
            (SOME_HOURS + 2 * MINUTE, SOME_HOURS + MINUTE, True),
            (SOME_HOURS + 2 * MINUTE, SOME_HOURS - MINUTE, False),
        ],
    )
    def test_it_is_due_when_it_has_been_nobodys_for_too_long(
        self,
        rows: Rows,
        kind: str,
        ago: timedelta | None,
        taken_ago: timedelta | None,
        due: bool,
    ) -> None:
        now = database_now()
        item = an_item(
            rows,
            kind,
            attention_at=ago and now - ago,
            taken_at=taken_ago and now - taken_ago,
            owner=rows.actor.user,
        )
        assert needs_person(item)
        assert item.dealt_with is (taken_ago is not None and not due)
        assert escalated_at(rows.actor.organisation) == 0
        assert escalate_overdue() == due
        assert escalate_overdue() == 0
        assert escalated_at(rows.actor.organisation) == due
        assert stored(item).waits_too_long is due
        assert Event.objects.filter(kind=EventKind.COMMAND_ESCALATED).count() == due

    def test_whoever_takes_it_has_it(
        self, rows: Rows, kind: str, clinician: User, acting_for: Callable[..., Actor]
    ) -> None:
        item = an_item(rows, kind, attention_at=database_now() - A_WHILE - MINUTE)
        another = an_item(rows, kind) if kind == "saga" else rows.command(slot_key="others")
        assert escalate_overdue() == 1
        for actor in (acting_for(clinician, "A1001"), rows.actor):
            take(item, actor=actor)
            for now in (item, stored(item)):
                assert (now.owner, now.escalated_at) == (actor.user, None)
                assert now.dealt_with_by(actor.user)
            assert escalate_overdue() == 0
        assert not item.dealt_with_by(clinician)
        assert stored(another).owner is None
        taken = Event.objects.filter(kind=EventKind.COMMAND_TAKEN, outcome="dealing with it")
        assert [event.username for event in taken.order_by("id")] == ["clinician", "receptionist"]

    def test_nobody_takes_another_organisations(
        self, rows: Rows, kind: str, locum: User, acting_for: Callable[..., Actor]
    ) -> None:
        item = an_item(rows, kind)
        with pytest.raises(NotToTake):
            take(item, actor=acting_for(locum, "A1002"))
        assert stored(item).taken_at is None

    def test_nobody_takes_what_is_over(self, rows: Rows, kind: str) -> None:
        """The page that they press the button on may be an old one."""
        item = an_item(rows, kind)
        if isinstance(item, Saga):
            Saga.objects.filter(pk=item.pk).update(closed_at=database_now())
        else:
            Command.objects.filter(pk=item.pk).update(state=State.DONE)
        with pytest.raises(NotToTake):
            take(item, actor=rows.actor)
        assert stored(item).taken_at is None

    def test_news_begins_it_anew(self, rows: Rows, kind: str) -> None:
        """It was taken and escalated the last time; now nobody has it, and there is time again."""
        long_ago = database_now() - SOME_HOURS
        was = {"attention_at": long_ago, "taken_at": long_ago, "escalated_at": long_ago}
        owned: dict[str, Any] = was | {"owner": rows.actor.user}
        item: Item
        if kind == "command":
            item = command = rows.command(state=State.NOT_MADE, withdrawn_at=long_ago, **owned)
            made: dict[str, Any] = {"result": {"status": "booked"}}
            transition(command, State.DONE, reason="found", by_system="settling", **made)
        else:
            item = saga = rows.saga(**DECIDES | owned)
            transition(rows.step(saga, "first", State.UNCONFIRMED), State.DONE, reason="found")
        now = stored(item)
        assert needs_person(now)
        assert (now.taken, now.waits_too_long, now.escalated_at) == (False, False, None)
        assert now.attention_at is not None
        assert abs(now.attention_at - database_now()) < MINUTE
        assert escalated_at(rows.actor.organisation) == 0
        type(item).objects.update(attention_at=database_now() - A_WHILE - MINUTE)
        assert escalate_overdue() == 1, "each time anew"


def test_a_tick_leaves_alone_what_waits_for_no_decision_and_asks_again_what_goes_by_itself(
    rows: Rows,
) -> None:
    due = database_now() - A_WHILE - MINUTE
    over = rows.saga(steps={"first": State.DONE, "second": State.DONE}, attention_at=due)
    by_itself = rows.saga(steps={"first": State.DONE}, attention_at=due)
    assert escalate_overdue() == 0
    assert stored(over).attention_at is None
    again = stored(by_itself).attention_at
    assert again is not None
    assert abs(again - database_now()) < MINUTE


def test_a_callback_is_owed_by_somebody_though_nobody_has_taken_the_work_item(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    """Two concepts: who owes the patient a word, and who deals with what needs a person."""
    command = books_with(counter, spine, NEVER_ARRIVED)
    assert (command.owner, command.taken) == (receptionist, False)
    assert "You are dealing with it" in counter.opens(page_of(command)).text
    to_a_person(command)
    page = counter.opens(page_of(command))
    assert "Nobody is dealing with it yet" in page.text
    assert command.owner == receptionist
    page = counter.sends(page.form("/take"))
    assert "You are dealing with it since" in page.text


def test_what_was_withdrawn_and_is_made_by_telephone_is_not_forgotten(rows: Rows) -> None:
    """Nobody knows the appointment's status then; the practice has it, and nobody wants it."""
    left = rows.command(state=State.NEEDS_ATTENTION, withdrawn_at=database_now())
    take(left, actor=rows.actor)
    close_by_hand(left, made=True, spoken_to="Mrs Tull", actor=rows.actor)
    assert (left.state, left.result) == (State.DONE, {})
    assert counts().waiting == 1
    set_clocks(left, attention_at=-(A_WHILE.seconds + 60))
    assert escalate_overdue() == 1
    assert escalated_at(rows.actor.organisation) == 1


AT_BEFORE = {"commands": "0011_how_it_ended"}
"""The last migration before there were work items."""


@pytest.fixture
def saga(rows: Rows) -> Saga:
    """A saga that waits for a decision."""
    return rows.saga(steps={"first": State.DONE}, **DECIDES)


@pytest.fixture
def another(rows: Rows) -> Saga:
    """Another one."""
    found = rows.saga(**DECIDES)
    rows.step(found, "first", State.DONE, appointment_id="72", slot_key="others")
    return found


@pytest.fixture
def before(saga: Saga, another: Saga) -> Before:
    return Before(AT_BEFORE)


def as_before_writes(before: Before, saga: Saga, **values: Any) -> None:
    before.apps.get_model("commands", "Saga").objects.filter(pk=saga.pk).update(**values)


def as_before_reads(before: Before, saga: Saga) -> dict[str, Any]:
    sagas = before.apps.get_model("commands", "Saga").objects
    values: dict[str, Any] = sagas.filter(pk=saga.pk).values().get()
    return values


class TestSagasOfBefore:
    """They said when they would be looked at; now since when, as commands do."""

    @pytest.mark.parametrize(
        ("was", "since", "taken", "due_now", "escalated"),
        [
            ({"escalate_at": MINUTE}, MINUTE - A_WHILE, False, False, False),
            ({"escalate_at": -MINUTE}, -MINUTE - A_WHILE, False, True, False),
            ({"escalated_at": -MINUTE}, -MINUTE - A_WHILE, False, False, True),
            (
                {"taken_at": -MINUTE, "escalate_at": SOME_HOURS - MINUTE},
                -MINUTE,
                True,
                False,
                False,
            ),
            # looked at meanwhile, and to be looked at again
            ({"taken_at": -A_WHILE, "escalate_at": MINUTE}, -A_WHILE, True, False, False),
            ({"taken_at": -SOME_HOURS, "escalate_at": -MINUTE}, -SOME_HOURS, False, True, False),
            ({"taken_at": -SOME_HOURS, "escalated_at": -MINUTE}, -SOME_HOURS, False, False, True),
            ({"taken_at": -MINUTE}, None, True, False, False),  # and has gone on since
            ({}, None, False, False, False),
        ],
    )
    def test_go_on_where_they_were(
        self,
        before: Before,
        saga: Saga,
        rows: Rows,
        was: dict[str, timedelta],
        since: timedelta | None,
        taken: bool,
        due_now: bool,
        escalated: bool,
    ) -> None:
        now = database_now()
        owner = rows.actor.user.pk if "taken_at" in was else None
        written = {name: now + by for name, by in was.items()}
        as_before_writes(before, saga, owner=owner, **written)
        as_written = as_before_reads(before, saga)

        before.forward()

        kept = Saga.objects.get(pk=saga.pk)
        assert kept.attention_at == (None if since is None else now + since)
        assert (kept.dealt_with, kept.waits_too_long) == (taken, escalated)
        assert escalated_at(rows.actor.organisation) == escalated
        assert as_before_reads(before, saga) == as_written, "nothing else is touched"
        assert escalate_overdue() == due_now
        assert counts().escalated == (escalated or due_now)

    def test_are_shown_as_they_stand(
        self,
        before: Before,
        saga: Saga,
        another: Saga,
        rows: Rows,
        sign_in: SignIn,
        client: Client,
    ) -> None:
        now, user = database_now(), rows.actor.user
        as_before_writes(before, saga, owner=user.pk, taken_at=now, escalate_at=now + SOME_HOURS)
        as_before_writes(before, another, escalated_at=now)
        before.forward()
        sign_in(client, user)
        shown = Counter(client).opens(reverse("bookings")).text
        assert shown.count("You are dealing with it since") == 1
        assert shown.count("Nobody is dealing with it yet") == 1
        assert shown.count("Waiting too long") == 1

    @pytest.mark.parametrize(
        "was",
        [
            {"escalate_at": MINUTE},
            {"escalated_at": -MINUTE},
            {"taken_at": -MINUTE, "escalate_at": SOME_HOURS - MINUTE},
            {"taken_at": -MINUTE},
            {},
        ],
    )
    def test_and_back(self, before: Before, saga: Saga, was: dict[str, timedelta]) -> None:
        now = database_now()
        as_before_writes(before, saga, **{name: now + by for name, by in was.items()})
        as_written = as_before_reads(before, saga)
        before.forward()
        before.back()
        assert as_before_reads(before, saga) == as_written


class TestTheVersionBeforeBesideTheNew:
    """While a new version is put in, processes of the one before still write as they did."""

    @pytest.fixture(autouse=True)
    def new(self, before: Before) -> None:
        before.forward()

    def news(self, before: Before, saga: Saga) -> Saga:
        """A step of the saga has moved."""
        nobody = {"owner": None, "taken_at": None, "escalated_at": None}
        as_before_writes(before, saga, escalate_at=Now() + A_WHILE, **nobody)
        return Saga.objects.get(pk=saga.pk)

    def taken(self, before: Before, saga: Saga, rows: Rows, at: datetime) -> Saga:
        """Somebody has taken it."""
        by = {"owner": rows.actor.user.pk, "escalate_at": at + SOME_HOURS, "escalated_at": None}
        as_before_writes(before, saga, taken_at=at, **by)
        return Saga.objects.get(pk=saga.pk)

    def test_its_news_leaves_the_saga_to_a_person(
        self, before: Before, saga: Saga, another: Saga
    ) -> None:
        since = self.news(before, saga).attention_at
        assert since is not None
        assert abs(since - database_now()) < MINUTE
        assert escalate_overdue() == 0
        Saga.objects.filter(pk=saga.pk).update(attention_at=since - A_WHILE - MINUTE)
        assert escalate_overdue() == 1
        assert Saga.objects.get(pk=another.pk).attention_at is None

    def test_whoever_takes_it_there_has_it_here(
        self, before: Before, saga: Saga, another: Saga, rows: Rows
    ) -> None:
        self.news(before, saga)
        for one in (saga, another):
            assert self.taken(before, one, rows, database_now()).dealt_with_by(rows.actor.user)
        again = database_now() + A_WHILE
        as_before_writes(before, saga, escalate_at=again, escalated_at=None)
        assert Saga.objects.get(pk=saga.pk).dealt_with_by(rows.actor.user)
        late = self.taken(before, saga, rows, database_now() - SOME_HOURS - MINUTE)
        assert not late.dealt_with
        assert escalate_overdue() == 1

    def test_what_it_has_escalated_is_so_and_not_once_more(
        self, before: Before, saga: Saga, rows: Rows
    ) -> None:
        self.news(before, saga)
        due = database_now() - A_WHILE - MINUTE
        Saga.objects.filter(pk=saga.pk).update(attention_at=due)
        as_before_writes(before, saga, escalate_at=None, escalated_at=database_now())
        assert Saga.objects.get(pk=saga.pk).attention_at == due
        assert escalate_overdue() == 0
        assert escalated_at(rows.actor.organisation) == 1

    def test_it_reads_what_the_new_writes(self, before: Before, saga: Saga, rows: Rows) -> None:
        take(saga, actor=rows.actor)
        read = as_before_reads(before, saga)
        assert (read["owner_id"], read["taken_at"]) == (rows.actor.user.pk, saga.taken_at)
        assert read["escalated_at"] is None

    def test_a_saga_that_it_begins_is_a_work_item(self, before: Before, rows: Rows) -> None:
        begun = before.apps.get_model("commands", "Saga").objects.create(
            kind="move",
            encounter_id=rows.encounter.pk,
            organisation_id=rows.actor.organisation.pk,
            user_id=rows.actor.user.pk,
            proposal_id=rows.proposal().pk,
            automatic_until=database_now(),
        )
        kept = Saga.objects.get(pk=begun.pk)
        assert (kept.attention_at, kept.owner, kept.taken) == (None, None, False)
        assert self.news(before, kept).attention_at is not None

"""Recognition under generated histories: never a wrong match, never sent again after evidence."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.conf import settings as portal
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from booking_portal.commands.delivery.matching import Known, changed_by, made_by
from booking_portal.commands.delivery.outcome_check import Seen
from booking_portal.commands.delivery.recovery import may_send_again
from booking_portal.commands.models import Command
from booking_portal.commands.states import LATE, MAY_FOLLOW, Kind, State
from gpconnect.models import Appointment, BookingOrganisation
from tests.portal.histories import CLICKED, History, a_booking, an_appointment, histories

LIFETIME = timedelta(seconds=370)
fixed = settings(max_examples=600, derandomize=True, deadline=None, database=None)


def found_in(history: History, told: Sequence[Appointment] | None = None) -> Seen:
    """What a look at the practice comes to."""
    appointments = history.told if told is None else told
    found, none_is_certain = made_by(history.command, appointments, history.known)
    return Seen(found, none_is_certain and history.complete)


@pytest.mark.requirement("BOOK-8")
@fixed
@given(histories())
def test_never_a_wrong_match_and_always_the_right_one_where_it_can_be_proved(
    history: History,
) -> None:
    seen = found_in(history)
    event("found" if seen.effect else "not there" if seen.conclusive else "cannot be told")
    if seen.effect is not None:
        assert seen.effect.id in history.made
    assert (seen.effect is not None) == history.provable


@pytest.mark.requirement("BOOK-8")
@fixed
@given(histories(), st.integers(min_value=0, max_value=2_000))
def test_what_was_made_is_never_denied_nor_sent_again(history: History, seconds: int) -> None:
    """And what was not made is known, where nothing in the list can be taken for it."""
    seen = found_in(history)
    if history.made:
        assert not (seen.effect is None and seen.conclusive)
        assert not may_send_again(history.command, seen, CLICKED + timedelta(seconds=seconds))
    elif history.quiet and history.complete:
        event("nothing like it")
        assert seen == Seen(None, True)


@fixed
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(history: History, random: object) -> None:
    assert found_in(history, sorted(history.told, key=lambda one: one.id)) == found_in(history)
    assert found_in(history, [*history.told, *history.told]) == found_in(history)


words = st.sampled_from(("Knee", "Knee pain", "pain", "Stick", "", "By taxi. Knee", "Knee pain."))


@pytest.mark.requirement("AMEND-2", "BOOK-4")
@fixed
@given(
    asked=st.tuples(words.filter(bool), words),
    texts=st.lists(st.tuples(words, words, st.booleans()), min_size=1, max_size=4),
    versions=st.permutations(("1", "2", "10", "01", "W/1", "b2c9")),
    told_version=st.booleans(),
)
def test_an_amendment_is_made_if_its_words_stand_there_and_denied_if_nothing_has_changed(
    asked: tuple[str, str],
    texts: list[tuple[str, str, bool]],
    versions: list[str],
    told_version: bool,
) -> None:
    """The first text is what the user saw; then somebody, perhaps we, wrote the others."""
    command = Command(
        kind=Kind.AMEND,
        payload={"version": versions[0], "description": asked[0], "comment": asked[1]},
    )
    description, comment, joined = texts[-1]
    if joined:
        description, comment = f"{description}\n{comment}", ""
    now = an_appointment(
        "a1",
        version=versions[len(texts) - 1] if told_version else None,
        description=description,
        comment=comment,
    )
    found, none_is_certain = changed_by(command, now)
    if found is not None:
        event("made")
        said, wanted = (" ".join(f"{one} {other}".split()) for one, other in (texts[-1][:2], asked))
        assert sorted(said.replace(".", "").split()) == sorted(wanted.replace(".", "").split())
    elif none_is_certain:
        event("not made")
        assert len(texts) == 1


class LifeOfABooking(RuleBasedStateMachine):
    """A booking whose answers are all lost, at a practice where anything may happen meanwhile.

    Requests arrive at any moment before they are dead, or never; every look may come between.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = CLICKED
        self.command = a_booking(before=[])
        self.command.request_dead_at = self.now + LIFETIME
        self.under_way = [self.now + LIFETIME]
        self.there: list[Appointment] = []
        self.ours: list[str] = []
        self.keeps_identifier = False

    @property
    def taken(self) -> bool:
        return any(not one.cancelled for one in self.there)

    def make(self, booker: str) -> str:
        ours = booker == "A1001" and self.keeps_identifier
        made = an_appointment(
            f"a{len(self.there)}",
            booking_organisation=BookingOrganisation(booker),
            identifiers=(str(self.command.pk),) if ours else (),
        )
        self.there.append(made)
        return made.id

    def became(self, state: State) -> None:
        assert state in MAY_FOLLOW[State(self.command.state)]
        self.command.state = state

    def see(self, *, complete: bool) -> Seen:
        found, none_is_certain = made_by(self.command, self.there, Known())
        return Seen(found, none_is_certain and complete)

    @rule(seconds=st.sampled_from((1, 10, 60, 100, 300, 380)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.under_way = [dies for dies in self.under_way if dies > self.now]

    @precondition(lambda self: self.under_way)
    @rule(keeps_identifier=st.booleans())
    def a_request_arrives(self, keeps_identifier: bool) -> None:
        self.under_way.pop()
        self.keeps_identifier = keeps_identifier
        if not self.taken:
            self.ours.append(self.make("A1001"))

    @precondition(lambda self: not self.taken)
    @rule(booker=st.sampled_from(("A1002", "A20047")))
    def somebody_else_takes_the_slots(self, booker: str) -> None:
        self.make(booker)

    @precondition(lambda self: self.taken)
    @rule()
    def the_practice_cancels(self) -> None:
        live = next(at for at, one in enumerate(self.there) if not one.cancelled)
        self.there[live] = an_appointment(
            self.there[live].id,
            status="cancelled",
            booking_organisation=self.there[live].booking_organisation,
            identifiers=self.there[live].identifiers,
        )

    @precondition(lambda self: self.command.state == State.UNCONFIRMED)
    @rule()
    def the_patient_rings_off(self) -> None:
        self.command.withdrawn_at = self.command.withdrawn_at or self.now

    @precondition(lambda self: self.command.state != State.DONE)
    @rule(complete=st.sampled_from((True, True, True, False)))
    def the_portal_looks(self, complete: bool) -> None:
        seen = self.see(complete=complete)
        if seen.effect is not None:
            self.became(State.DONE)
        elif self.command.state in LATE:
            return
        elif may_send_again(self.command, seen, self.now):
            self.send_again()
        elif seen.conclusive and self.now > self.command.request_dead_at:
            self.became(State.WITHDRAWN if self.command.withdrawn_at else State.NOT_MADE)

    def send_again(self) -> None:
        assert not self.ours, "sent again after the practice had made it"
        assert not self.under_way, "sent again while a request could still arrive"
        assert self.command.withdrawn_at is None
        assert self.now < CLICKED + timedelta(seconds=portal.SEND_AGAIN_WINDOW_SECONDS)
        self.command.sends += 1
        assert self.command.sends <= portal.SENDS_AT_MOST
        self.command.request_dead_at = self.now + LIFETIME
        self.under_way.append(self.command.request_dead_at)

    @invariant()
    def made_at_most_once(self) -> None:
        assert len(self.ours) <= 1

    @invariant()
    def told_as_it_is(self) -> None:
        if self.command.state == State.DONE:
            assert len(self.ours) == 1
        if self.command.state in LATE:
            assert self.ours == []


TestLifeOfABooking = pytest.mark.requirement("BOOK-8")(LifeOfABooking.TestCase)
TestLifeOfABooking.settings = settings(
    max_examples=200, stateful_step_count=30, derandomize=True, deadline=None, database=None
)


def test_the_clock_of_these_tests_is_the_portals() -> None:
    assert LIFETIME.total_seconds() >= portal.REQUEST_LIFETIME_SECONDS

"""The judge of the chaos finds what it looks for: each kind of wrong, on records made up for it."""

from dataclasses import replace
from datetime import UTC, datetime

from chaos.commands.judge import Findings, Judge
from chaos.commands.records import Command, Practices, Saga, Version
from chaos.commands.witness import Told

AT = ("A20047", "1001")
BOOK = Command(
    id="c1", kind="book", state="done", nhs_number="9990000018", practice="A20047",
    appointment_id="1001", error_code="", created_at=datetime(2026, 1, 1, tzinfo=UTC),
    settled_at=None, step="", saga=None, saga_kind="", text="bk000001 knee", trace_ids=["t1"],
    sent=1, reason="",
)  # fmt: skip
CANCEL = replace(BOOK, id="c2", kind="cancel", text="ck000002 better", trace_ids=["t2"])
MADE = Version(at=100.0, status="booked", text="bk000001 knee ", trace_id="t1")
GONE = replace(MADE, at=200.0, status="cancelled", trace_id="t2")


def judged(
    *commands: Command,
    told: tuple[Told, ...] = (),
    sagas: tuple[Saga, ...] = (),
    faults: dict[str, str] | None = None,
    **appointments: list[Version],
) -> Findings:
    practices = Practices()
    for appointment_id, versions in appointments.items():
        practices.appointments["A20047", appointment_id.removeprefix("a")] = versions
    return Judge(commands, sagas, practices, faults or {}).findings(told)


def test_what_is_right_is_not_found() -> None:
    told = (
        Told(150, "c1", "Booked"),
        Told(90, "c1", "Not confirmed yet"),
        Told(250, "c2", "Cancel Cancelled"),
        Told(250, "c1", "Booked, and cancelled since"),
    )
    assert judged(BOOK, CANCEL, told=told, a1001=[MADE, GONE]) == Findings()


def test_told_booked_before_it_was_made() -> None:
    assert len(judged(BOOK, told=(Told(99, "c1", "Booked"),), a1001=[MADE]).told_wrongly) == 1


def test_told_not_booked_and_it_is_made_later() -> None:
    told = (Told(50, "c1", "Not booked"),)
    assert len(judged(BOOK, told=told, a1001=[MADE]).told_wrongly) == 1


def test_told_cancelled_and_the_appointment_stands() -> None:
    found = judged(BOOK, CANCEL, told=(Told(150, "c2", "Cancelled"),), a1001=[MADE])
    assert len(found.told_wrongly) == 1
    assert len(found.lost) == 1, "held to be done, and never made"


def test_made_twice() -> None:
    assert len(judged(BOOK, a1001=[MADE], a1002=[MADE]).doubled) == 1


def test_made_and_held_not_to_be() -> None:
    assert len(judged(replace(BOOK, state="not_made"), a1001=[MADE]).lost) == 1


def test_made_and_no_command_knows_of_it() -> None:
    stray = replace(MADE, trace_id="t9")
    assert len(judged(BOOK, a1001=[MADE], a1002=[stray]).lost) == 1


def test_what_the_practice_does_by_itself_is_nobodys() -> None:
    by_itself = replace(GONE, trace_id="")
    assert judged(BOOK, a1001=[MADE, by_itself], a1002=[replace(MADE, trace_id="")]) == Findings()


def test_a_second_try_in_the_same_words_is_not_the_first() -> None:
    first = replace(CANCEL, id="c3", state="not_made", trace_ids=["t3"])
    told = (Told(150, "c3", "Not cancelled"), Told(250, "c2", "Cancelled"))
    assert judged(BOOK, first, CANCEL, told=told, a1001=[MADE, GONE]) == Findings()
    by_the_first = replace(GONE, trace_id="t3")
    found = judged(BOOK, first, CANCEL, told=told, a1001=[MADE, by_the_first])
    assert (len(found.lost), len(found.told_wrongly)) == (1, 1)


def test_words_that_nobody_has_judged_yet() -> None:
    assert judged(BOOK, told=(Told(150, "c1", "Perhaps"),), a1001=[MADE]).unknown_words.total() == 1


def test_needs_attention_only_where_the_practice_spoke_of_something_else() -> None:
    open_ = replace(BOOK, state="needs_attention", reason="DIFFERENT_FROM_ASKED")
    assert judged(open_, faults={"t1": "other_slot"}, a1001=[MADE]).attention_for_nothing == []
    assert len(judged(open_, faults={"t1": "reset_after"}, a1001=[MADE]).attention_for_nothing) == 1


def test_still_on_their_way() -> None:
    found = judged(replace(BOOK, state="sending"), replace(CANCEL, state="unconfirmed"))
    assert (len(found.sending), len(found.unsettled)) == (1, 1)


def test_the_old_appointment_goes_before_the_new_is_there() -> None:
    saga = Saga("s1", "move", "A20047", "1001", "", None)
    move = replace(BOOK, saga="s1", saga_kind="move", text="mk000003 knee")
    new = replace(move, id="c3", step="first", trace_ids=["t3"])
    old = replace(move, id="c4", kind="cancel", step="second", trace_ids=["t4"])
    cancelled = replace(GONE, trace_id="t4")
    late = replace(MADE, at=300.0, trace_id="t3")
    found = judged(BOOK, new, old, sagas=(saga,), a1001=[MADE, cancelled], a1002=[late])
    assert found.cancelled_too_early == ["move s1"]
    moved = Told(250, "s1", "Moved")
    found = judged(BOOK, new, old, sagas=(saga,), told=(moved,), a1001=[MADE, cancelled],
                   a1002=[late])  # fmt: skip
    assert len(found.told_wrongly) == 1, "the new one was not there yet"
    early = replace(late, at=150.0)
    found = judged(BOOK, new, old, sagas=(saga,), told=(moved,), a1001=[MADE, cancelled],
                   a1002=[early])  # fmt: skip
    assert found == Findings()

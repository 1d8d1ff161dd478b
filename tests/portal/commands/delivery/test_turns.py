"""Who is looked for next when much is due: fair between practices, the soonest first, none held."""

import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking_portal.commands import tasks
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery import turns
from booking_portal.commands.delivery.turns import claim_at, due_in_turn
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.task_loop import at_most
from booking_portal.integration import clients
from booking_portal.integration.circuit_breaker import Sign
from booking_portal.practices.models import Practice
from tests.portal.rows import Rows
from tests.sandbox_control import Sandbox
from tests.services import ROOT

pytestmark = pytest.mark.django_db

SECONDS = 60.0
SILENT, ALSO_SILENT, THIRD_SILENT, ANSWERS = "Z00001", "Z00002", "Z00003", "Z00004"


@pytest.fixture
def places(rows: Rows, spine: Sandbox) -> list[Practice]:
    """Fifty practices."""
    return Practice.objects.bulk_create(
        Practice(
            ods_code=f"Z{n:05}", name=f"Practice {n}", telephone="01632 960000", town="Walford"
        )
        for n in range(1, 51)
    )


def due(
    rows: Rows,
    practice: Practice,
    *,
    starts_in_hours: int,
    state: State = State.UNCONFIRMED,
    **facts: Any,
) -> Command:
    now = database_now()
    known = {
        "practice": practice,
        "starts_at": now + timedelta(hours=starts_in_hours),
        "next_look_at": now - timedelta(seconds=1),
        "slot_key": uuid.uuid4().hex,
    }
    return rows.command(Kind.BOOK, state, **(known | facts))


def flood(like: Command, practices: list[Practice], each: int) -> None:
    """As many copies of the command at each practice, due, in no order of their starts."""
    columns = [str(field.column) for field in Command._meta.concrete_fields]
    other = {
        "id": "gen_random_uuid()",
        "form_token": "gen_random_uuid()",
        "slot_key": "n::text",
        "practice_id": "place",
        "starts_at": "now() + mod(hashint4(n), 1000) * interval '1 minute'",
    }
    values = ", ".join(other.get(column, f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO commands_command ({names}) SELECT {values} FROM commands_command"
            " CROSS JOIN unnest(%s) place CROSS JOIN generate_series(1, %s) n WHERE id = %s",
            [[practice.pk for practice in practices], each, like.pk],
        )


def falls_silent(ods_code: str) -> None:
    clients.breaker().note(ods_code, Sign.SILENT)


def answers(ods_code: str) -> None:
    clients.breaker().note(ods_code, Sign.ANSWERS)


def at(practices: list[Practice], ods_code: str) -> Practice:
    return next(one for one in practices if one.ods_code == ods_code)


def test_practices_take_turns_and_at_each_the_soonest_appointment_is_first(
    rows: Rows, places: list[Practice]
) -> None:
    expected = [
        due(rows, place, starts_in_hours=hours).pk for hours in (1, 2, 3) for place in places[:3]
    ]
    for place in places[:3]:  # neither due nor open
        due(rows, place, starts_in_hours=0, next_look_at=database_now() + timedelta(hours=1))
        due(rows, place, starts_in_hours=0, state=State.DONE)
    turns._under_way.last = 0
    assert [command.pk for command in due_in_turn(SECONDS)] == expected
    assert list(due_in_turn(SECONDS)) == []  # all are claimed


def test_the_next_tick_begins_where_the_last_has_ended(rows: Rows, places: list[Practice]) -> None:
    for place in places[:3]:
        due(rows, place, starts_in_hours=1)
    turns._under_way.last = places[0].pk
    first = next(due_in_turn(SECONDS))
    assert first.practice == places[1]


def test_what_is_not_certain_goes_before_what_is_looked_for_once_more(
    rows: Rows, places: list[Practice]
) -> None:
    [place] = places[:1]
    late = due(rows, place, starts_in_hours=1, state=State.NOT_MADE)
    open_still = due(rows, place, starts_in_hours=2)
    assert [one.pk for one in due_in_turn(SECONDS)] == [open_still.pk, late.pk]


def test_a_practice_that_does_not_answer_has_one_look_a_tick_until_it_does(
    rows: Rows, places: list[Practice]
) -> None:
    for ods_code in (SILENT, ANSWERS):
        for hours in (1, 2, 3):
            due(rows, at(places, ods_code), starts_in_hours=hours)
    falls_silent(SILENT)
    looked = [command.practice.ods_code for command in due_in_turn(SECONDS)]
    assert sorted(looked) == [SILENT, ANSWERS, ANSWERS, ANSWERS]
    for command in due_in_turn(SECONDS):
        looked.append(command.practice.ods_code)
        answers(SILENT)  # as its look has shown
    assert looked.count(SILENT) == 3


def test_a_practice_that_falls_silent_in_a_look_is_left_alone(
    rows: Rows, places: list[Practice]
) -> None:
    for hours in (1, 2, 3):
        due(rows, at(places, SILENT), starts_in_hours=hours)
    looked = 0
    for _ in due_in_turn(SECONDS):
        looked += 1
        falls_silent(SILENT)
    assert looked == 1


@contextmanager
def under_way(number: int) -> Iterator[list[Command]]:
    """So many ticks of this process, each at its first look; fewer where nothing is left to do."""
    ticks = [due_in_turn(SECONDS) for _ in range(number)]
    firsts = [next(tick, None) for tick in ticks]
    yield [first for first in firsts if first is not None]
    for tick in ticks:
        tick.close()  # type: ignore[attr-defined]


def test_one_practice_never_has_all_threads(rows: Rows, places: list[Practice]) -> None:
    for hours in range(turns.AT_ONE_PRACTICE + 3):
        due(rows, places[0], starts_in_hours=hours)
    with under_way(tasks.SETTLING) as looks:
        assert len(looks) == turns.AT_ONE_PRACTICE < tasks.SETTLING
        due(rows, places[1], starts_in_hours=1)
        assert next(due_in_turn(SECONDS)).practice == places[1]
    assert len(list(due_in_turn(SECONDS))) == 3


def test_practices_that_do_not_answer_have_few_threads_together(
    rows: Rows, places: list[Practice]
) -> None:
    silent = (SILENT, ALSO_SILENT, THIRD_SILENT)
    for ods_code in silent:
        due(rows, at(places, ods_code), starts_in_hours=1)
        falls_silent(ods_code)
    with under_way(tasks.SETTLING) as looks:
        assert len(looks) == turns.IN_DOUBT_AT_ONCE
        due(rows, at(places, ANSWERS), starts_in_hours=9)
        assert next(due_in_turn(SECONDS)).practice.ods_code == ANSWERS
    assert [one.practice.ods_code for one in due_in_turn(SECONDS)] == [THIRD_SILENT]


def test_what_comes_while_all_of_its_threads_are_busy_does_nothing() -> None:
    begun, over, other = threading.Event(), threading.Event(), []

    @at_most(1)
    def task() -> int:
        begun.set()
        over.wait()
        return 1

    thread = threading.Thread(target=lambda: other.append(task()))
    thread.start()
    begun.wait()
    assert task() == 0
    over.set()
    thread.join()
    assert (other, task()) == ([1], 1)


def test_a_thread_is_always_free_for_what_is_quick() -> None:
    shares = tasks.SETTLING + tasks.GOING_ON + tasks.RECONCILING + tasks.ESCALATING
    for file in ("docker-compose.yml", "kubernetes/worker.yaml", "demo/supervisord.conf"):
        [threads] = re.findall(r'--concurrency"?,? "?(\d+)', (ROOT / file).read_text())
        assert shares < int(threads), file


@pytest.mark.parametrize("statistics", ["never made", "of before the flood", "fresh"])
def test_ten_thousand_due_need_no_statistics_to_be_claimed_without_sorting_them(
    rows: Rows, places: list[Practice], statistics: str
) -> None:
    quiet = due(rows, places[0], starts_in_hours=1, state=State.DONE, next_look_at=None)
    like = due(rows, places[0], starts_in_hours=1)
    flood(quiet, places, 40)
    with connection.cursor() as cursor:
        if statistics == "of before the flood":
            Command.objects.filter(pk=like.pk).update(next_look_at=None)
            cursor.execute("ANALYZE commands_command")
            Command.objects.filter(pk=like.pk).update(next_look_at=database_now())
        flood(like, places, 200)
        if statistics == "fresh":
            cursor.execute("ANALYZE commands_command")
    with CaptureQueriesContext(connection) as asked:
        assert claim_at(places[7]) is not None
        assert next(due_in_turn(SECONDS))
    selects = [one["sql"] for one in asked.captured_queries if "FROM" in one["sql"]]
    assert len(selects) == 6
    for sql in selects:
        for node in plan_of(sql):
            if node.get("Relation Name") == "commands_command":
                assert node["Node Type"] != "Seq Scan", sql
    taken = [sql for sql in selects if "FOR UPDATE" in sql]
    assert len(taken) == 2
    for sql in taken:
        nodes = list(plan_of(sql))
        assert "Sort" not in [node["Node Type"] for node in nodes], sql
        [read] = [node["Actual Rows"] for node in nodes if "Relation Name" in node]
        assert read == 1, sql


def plan_of(sql: str) -> Iterator[dict[str, Any]]:
    """The nodes of how PostgreSQL does it."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql)
        [(found,)] = cursor.fetchall()
    left = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]]
    while left:
        node = left.pop()
        yield node
        left += node.get("Plans", [])

"""That the comparison of before and after sees what it is there to see."""

from typing import Any

import pytest

from tests.takeover import tables, tasks
from tests.takeover.tables import Table


def of(name: str, *rows: dict[str, Any]) -> dict[str, Table]:
    columns = frozenset(column for row in rows for column in row)
    return {name: Table(columns, {(str(row["id"]),): row for row in rows})}


BEFORE = of("commands_saga", {"id": 1, "owner": 7}, {"id": 2, "owner": None})


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        ({}, ["commands_saga"]),
        (of("commands_saga", {"id": 1}, {"id": 2}), ["commands_saga.owner"]),
        (of("commands_saga", {"id": 1, "owner": 7, "new": 0}), []),
    ],
)
def test_a_table_or_a_column_that_is_gone(after: dict[str, Table], lost: list[str]) -> None:
    assert list(tables.gone(BEFORE, after)) == lost


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (of("commands_saga", {"id": 1, "owner": 7}), ["commands_saga 2: gone"]),
        (
            of("commands_saga", {"id": 1, "owner": None}, {"id": 2, "owner": None}),
            ["commands_saga 1: owner"],
        ),
        (of("commands_saga", {"id": 1, "owner": 7, "new": 0}, {"id": 2, "owner": None}), []),
    ],
)
def test_a_row_that_is_gone_or_changed(after: dict[str, Table], found: list[str]) -> None:
    assert list(tables.differing(BEFORE, after)) == found


def test_what_the_worker_says_of_a_task() -> None:
    one, other = "0" * 8 + "-0000-0000-0000-" + "0" * 12, "1" * 8 + "-1111-1111-1111-" + "1" * 12
    log = (
        f"INFO celery.app.trace Task a.tasks.settle[{one}] succeeded in 0.1s: 0\n"
        f"ERROR celery.app.trace Task a.tasks.settle[{other}] raised unexpected: KeyError(1)\n"
        "ERROR celery.worker.consumer Received unregistered task of type 'a.tasks.gone'.\n"
    )
    assert tasks.executed(log) == {one}
    assert tasks.failed(log) == [f"a.tasks.settle[{other}]"]
    assert tasks.unknown(log) == ["'a.tasks.gone'."]

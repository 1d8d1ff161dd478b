"""Migrations only expand: the version before works on beside this one, and can be gone back to.

Each migration's SQL is read as PostgreSQL would be given it. What takes something away, renames it,
or asks of rows what the version before does not write, waits for the release after the one that
stopped using it, and is then named in CONTRACTS with the reason why nobody misses it.
"""

import re
from typing import Final

import pytest
from django.db import connection
from django.db.migrations import RunPython
from django.db.migrations.loader import MigrationLoader

OURS: Final = ("accounts", "audit", "commands", "patients", "practices")
CONTRACTS: Final[dict[str, str]] = {
    "commands.0005_settled": "came before this rule; nobody runs the version before it any more",
}
BREAKING: Final = {
    "takes a table away": r"\bDROP TABLE\b",
    "takes a column away": r"\bDROP COLUMN\b",
    "renames a table or a column": r"\bRENAME (COLUMN|TO)\b",
    "changes a column's type": r"\bALTER COLUMN \S+ TYPE (?!varchar)",
    "asks for a value where there was none": r"\bALTER COLUMN \S+ SET NOT NULL\b",
}
_ADDED: Final = re.compile(r"ALTER TABLE (\S+) ADD COLUMN (\S+) ([^;]*)")
_NO_DEFAULT: Final = re.compile(r"ALTER TABLE (\S+) ALTER COLUMN (\S+) DROP DEFAULT")


def breaks(statements: list[str]) -> set[str]:
    """What the version before cannot live with in these statements."""
    found = {
        what
        for what, pattern in BREAKING.items()
        for statement in statements
        if re.search(pattern, statement)
    }
    text = ";\n".join(statements)
    without = {(table, column) for table, column in _NO_DEFAULT.findall(text)}
    for table, column, rest in _ADDED.findall(text):
        must = "NOT NULL" in rest and "GENERATED" not in rest
        if must and ("DEFAULT" not in rest or (table, column) in without):
            found.add("adds a column that the version before does not fill")
    return found


def statements_of(app: str, name: str) -> list[str]:
    loader = MigrationLoader(connection)
    migration = loader.get_migration(app, name)
    state = loader.project_state((app, name), at_end=False)
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for operation in migration.operations:
            before = state.clone()
            operation.state_forwards(app, state)
            if not isinstance(operation, RunPython):
                operation.database_forwards(app, editor, before, state)
        return [*editor.collected_sql, *(str(sql) for sql in editor.deferred_sql)]


def later_ones() -> list[tuple[str, str]]:
    """Ours but the first of each app, before which there was no version."""
    found = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return sorted((app, name) for app, name in found if app in OURS and name != "0001_initial")


@pytest.mark.django_db
@pytest.mark.parametrize(("app", "name"), later_ones())
def test_the_version_before_can_work_on_beside_it(app: str, name: str) -> None:
    assert bool(breaks(statements_of(app, name))) == (f"{app}.{name}" in CONTRACTS), breaks(
        statements_of(app, name)
    )


@pytest.mark.parametrize(
    "statement",
    [
        'DROP TABLE "a" CASCADE',
        'ALTER TABLE "a" DROP COLUMN "b" CASCADE',
        'ALTER TABLE "a" RENAME COLUMN "b" TO "c"',
        'ALTER TABLE "a" RENAME TO "b"',
        'ALTER TABLE "a" ALTER COLUMN "b" TYPE integer',
        'ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL',
        'ALTER TABLE "a" ADD COLUMN "b" integer NOT NULL',
        'ALTER TABLE "a" ADD COLUMN "b" integer DEFAULT 1 NOT NULL;\n'
        'ALTER TABLE "a" ALTER COLUMN "b" DROP DEFAULT',
    ],
)
def test_what_breaks_the_version_before_is_seen(statement: str) -> None:
    assert breaks([statement])


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE TABLE "a" ("b" integer NOT NULL)',
        'ALTER TABLE "a" ADD COLUMN "b" integer NULL',
        'ALTER TABLE "a" ADD COLUMN "b" integer DEFAULT 1 NOT NULL',
        'ALTER TABLE "a" ALTER COLUMN "b" TYPE varchar(200)',
        'ALTER TABLE "a" ALTER COLUMN "b" DROP NOT NULL',
    ],
)
def test_what_only_expands_is_let_pass(statement: str) -> None:
    assert not breaks([statement])

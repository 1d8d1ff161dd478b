"""All rows of a database at one moment, and what has become of them at another."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

Row = Mapping[str, Any]

_TABLES: Final = """
    SELECT tables.table_name,
           array(SELECT columns.column_name::text FROM information_schema.columns
                 WHERE columns.table_name = tables.table_name
                   AND columns.table_schema = 'public') AS columns,
           array(SELECT usage.column_name::text
                 FROM information_schema.table_constraints AS keys
                 JOIN information_schema.key_column_usage AS usage
                      USING (constraint_name, table_schema, table_name)
                 WHERE keys.table_name = tables.table_name AND keys.table_schema = 'public'
                   AND keys.constraint_type = 'PRIMARY KEY') AS keys
    FROM information_schema.tables WHERE tables.table_schema = 'public'
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Its columns, and its rows by their primary key."""

    columns: frozenset[str]
    rows: Mapping[tuple[str, ...], Row]


Tables = Mapping[str, Table]


def all_tables(url: str) -> Tables:
    """Every table of the database."""
    with psycopg.connect(url) as connection:
        described = connection.execute(_TABLES).fetchall()
        return {
            name: Table(frozenset(columns), _rows(connection, name, keys))
            for name, columns, keys in described
        }


def _rows(
    connection: "psycopg.Connection[Any]", table: str, keys: list[str]
) -> dict[tuple[str, ...], Row]:
    query = sql.SQL("SELECT to_jsonb(one) FROM {} AS one").format(sql.Identifier(table))
    return {
        tuple(str(row[key]) for key in keys): row for (row,) in connection.execute(query).fetchall()
    }


def gone(before: Tables, after: Tables) -> Iterator[str]:
    """The tables and columns that are there no more."""
    for name, table in before.items():
        if name not in after:
            yield name
        else:
            yield from (f"{name}.{one}" for one in sorted(table.columns - after[name].columns))


def differing(
    before: Tables, after: Tables, of: Callable[[str, Row], bool] = lambda table, row: True
) -> Iterator[str]:
    """The rows, of those `before` that are asked for, that are gone or hold something else."""
    for name, table in before.items():
        if name not in after:
            continue
        kept = table.columns & after[name].columns
        for key, row in table.rows.items():
            if not of(name, row):
                continue
            other = after[name].rows.get(key)
            if other is None:
                yield f"{name} {'/'.join(key)}: gone"
            elif changed := sorted(one for one in kept if row.get(one) != other.get(one)):
                yield f"{name} {'/'.join(key)}: {', '.join(changed)}"


def permissions(tables: Tables) -> set[tuple[str, ...]]:
    """Every permission as code asks for it: app, model, codename."""
    types = {row["id"]: row for row in tables["django_content_type"].rows.values()}
    return {
        (types[one["content_type_id"]]["app_label"], types[one["content_type_id"]]["model"],
         one["codename"])
        for one in tables["auth_permission"].rows.values()
    }  # fmt: skip

"""Connections to PostgreSQL, counted and bounded for however many processes there are.

A process takes one for each of its threads at the most, and names them by what it is and by how
many that can be: whoever looks at the database sees which processes run, and what they may take
together. More than the limit of their role, which set-up gives it (`application_role`), they never
get.
"""

import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection, connections

KINDS: Final = ("web", "worker", "beat")
SERVER_HAS: Final = (
    "current_setting('max_connections')::int"
    " - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true), '0')::int"
)
"""SQL: how many connections the server has for roles that are no superuser's."""
_ROLE_HAS: Final = (
    f"SELECT least(nullif(rolconnlimit, -1), {SERVER_HAS})"  # noqa: S608 - nobody's words
    " FROM pg_roles WHERE rolname = current_user"
)
_NAME: Final = re.compile(r"\S+ (?P<kind>web|worker|beat) of (?P<most>\d+) \S+")
_LONGEST: Final = 63
"""PostgreSQL's, in bytes."""


def announce(kind: str, most: int) -> None:
    """Name this process's connections, and those of processes forked from it, from now on.

    `kind`: one of KINDS. `most`: how many connections all of them together take at the most.
    """
    options = connections.settings["default"]["OPTIONS"]
    portal = str(options["application_name"]).split(" ", 1)[0][:24]
    where = f"{socket.gethostname()[-16:]}:{os.getpid()}"
    options["application_name"] = f"{portal} {kind} of {most} {where}"[:_LONGEST]


def pooled() -> bool:
    """Whether a pooler deals the connections out: it bounds them, and gives one to many."""
    return bool(connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"])


def kind_of(application_name: str | None) -> str:
    """What holds a connection of that name: one of KINDS, or `other`."""
    found = _NAME.fullmatch(application_name or "")
    return found["kind"] if found else "other"


@dataclass(frozen=True, slots=True)
class Taken:
    """What the running processes of one kind may take together; a web server counts as one."""

    kind: str
    processes: int
    most: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections the role may have, and what the processes that run may take of them."""

    limit: int
    taken: tuple[Taken, ...]

    @property
    def most(self) -> int:
        """What all may take together."""
        return sum(one.most for one in self.taken)


def room() -> Room:
    """As the database knows it. A worker that has nothing to do has none, and is not seen.

    Raises: DatabaseError, InterfaceError.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ROLE_HAS)
        [limit] = cursor.fetchone()
        cursor.execute(
            "SELECT DISTINCT application_name FROM pg_stat_activity"
            " WHERE datname = current_database()"
        )
        names = [str(name) for (name,) in cursor.fetchall()]
    return Room(int(limit), tuple(taken_by(names)))


def taken_by(names: Iterable[str]) -> Iterable[Taken]:
    """By kind, from the names of all connections, each given once."""
    found = [one for one in map(_NAME.fullmatch, names) if one is not None]
    for kind in KINDS:
        mosts = [int(one["most"]) for one in found if one["kind"] == kind]
        yield Taken(kind, len(mosts), sum(mosts))

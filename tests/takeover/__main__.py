"""The version before fills a database and a queue; this one takes them over: `make takeover`.

    python -m tests.takeover [COMMIT]

COMMIT is the version before; without one, the last before modules were renamed. Prints
`name | value | goal | ok` (or `short`) a line; fails when a figure is short. What is behind the
figures, and what every process printed, is in var/takeover-logs.
"""
# ruff: noqa: T201 - it reports to a terminal

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figures import Figure
from demo.places import ROOT
from tests.takeover import after, before, tables, tasks
from tests.takeover.installation import Installation, Version, code_of

LAST_OF_THE_OLD_NAMES: Final = "9cae5a4"
LOGS: Final = ROOT / "var" / "takeover-logs"


def main() -> None:
    commit = (sys.argv[1:] or [LAST_OF_THE_OLD_NAMES])[0]
    short = 0
    findings: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        for figure in _figures(commit, Path(directory), findings):
            print(figure, flush=True)
            short += figure.short
    (LOGS / "findings.txt").write_text("".join(f"{line}\n" for line in findings))
    for line in findings:
        print(f"  {line}")
    print(f"what is behind the figures: {LOGS}")
    sys.exit(f"{short} short" if short else 0)


def _figures(commit: str, made: Path, findings: list[str]) -> Iterator[Figure]:
    begun = time.monotonic()
    code_of(commit, made / "before")
    with Installation(made, LOGS) as installation, installation.sandbox() as sandbox:
        old = Version("before", made / "before", installation)
        new = Version("after", ROOT, installation)
        print(f"filling by {commit} ...", flush=True)
        left = before.fill(installation, old, sandbox)
        queue = tasks.waiting(installation.redis_url)
        stopped = tables.all_tables(installation.database_url)
        yield from _what_there_is(left, queue, stopped)
        print("taking over ...", flush=True)
        yield from after.names(old, new, findings)
        new.migrates()
        migrated = tables.all_tables(installation.database_url)
        yield from after.unchanged(stopped, migrated, findings)
        yield from after.goes_on(installation, new, sandbox, left, queue, stopped, findings)
    yield Figure("time of it all", time.monotonic() - begun, "s")


def _what_there_is(
    left: before.Left, queue: list[tasks.Waiting], stopped: tables.Tables
) -> Iterator[Figure]:
    """Without it nothing would be shown."""
    yield Figure("tasks on the queue, no worker running", len(queue), "tasks", least=6)
    names = {one.name for one in queue if not one.lasts}
    yield Figure("put there by beat", len(names), "names", least=1)
    for state in ("sending", "unconfirmed", "needs_attention", "done"):
        rows = stopped["commands_command"].rows.values()
        number = sum(row["state"] == state for row in rows)
        yield Figure(f"commands before: {state}", number, "commands", least=1)
    for table in ("commands_saga", "audit_event", "guardian_userobjectpermission"):
        if table in stopped:
            yield Figure(f"rows before: {table}", len(stopped[table].rows), "rows", least=1)
    yield Figure("rows before, all tables", sum(len(t.rows) for t in stopped.values()), "rows")
    yield Figure("broken pages of the version before", len(left.broken()), "pages", 0)


if __name__ == "__main__":
    main()

"""A pytest plugin: one session that stays ready, and forks to run the tests against each mutant.

The product is imported and the session's servers are up before forking; a child then puts the
mutant in place, and runs the tests that reach it. Jobs and what became of them are lines of JSON
on the file descriptors that $MUTANTS_JOBS and $MUTANTS_TOLD name.
"""

import contextlib
import json
import math
import mmap
import os
import signal
import sys
import traceback
from functools import partial
from typing import Any, Final

import pytest
from django.core.management import call_command
from django.db import connections
from pytest_django.plugin import blocking_manager_key

from mutants.placing import put_in_place
from mutants.reach import PLACE

_PASSED, _FAILED, _NOT_PLACED = 0, 1, 7
_A_TEST_MAY_TAKE: Final = 60.0
_SLOWER: Final = 10.0
_A_NUMBER: Final = 8
_RESULTS: Final = {_PASSED: "survived", _FAILED: "killed", _NOT_PLACED: "not placed"}


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    jobs = os.fdopen(int(os.environ["MUTANTS_JOBS"]))
    told = os.fdopen(int(os.environ["MUTANTS_TOLD"]), "w")
    warm_up, *items = sorted(session.items, key=lambda item: item.path.name != "warm_up.py")
    # The next item keeps what is the session's up.
    warm_up.config.hook.pytest_runtest_protocol(item=warm_up, nextitem=items[0])
    by_name = {item.nodeid: item for item in items}
    say = partial(print, file=told, flush=True)
    say(json.dumps({"ready": session.testsfailed == 0}))
    for line in jobs:
        job = json.loads(line)
        tests = [test for test in job["tests"] if test in by_name]
        code, last = _in_a_child(session, job, [by_name[name] for name in tests])
        if code == _FAILED:  # from there once more, as a busy machine fails a test now and then
            tests = tests[last:]
            code, last = _in_a_child(session, job, [by_name[name] for name in tests])
        by = tests[last] if tests else ""
        say(json.dumps({"result": _RESULTS.get(code, "broken off"), "by": by}))
    return True


def _in_a_child(
    session: pytest.Session, job: dict[str, Any], items: list[pytest.Item]
) -> tuple[int, int]:
    """How it ended (negative: by a signal), and the number of the last test that it began."""
    for connection in connections.all(initialized_only=True):
        connection.close()
    last = mmap.mmap(-1, _A_NUMBER)
    child = os.fork()
    if child == 0:
        os.setsid()
        code = _NOT_PLACED
        try:
            _as_a_session_begins(session, empty_first=job["empty_first"])
            if put_in_place(job["module"], job["source"], job["function"]):
                code = _run(session, items, job["seconds"], last)
        except BaseException:  # noqa: BLE001 - the parent hears of it as `not placed`
            with (PLACE / f"child-{os.getppid()}.log").open("a") as log:  # stdout is pytest's
                traceback.print_exc(file=log)
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        _end_what_is_left(child)
    return code, int.from_bytes(last[:], "big")


def _as_a_session_begins(session: pytest.Session, *, empty_first: bool) -> None:
    """The sample in the database: tests before may have emptied it, or left it as they died."""
    from tests import sample  # only now, as it needs the session's environment

    with session.config.stash[blocking_manager_key].unblock():
        if empty_first:
            call_command("flush", interactive=False, verbosity=0)
        sample.add()


def _end_what_is_left(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


def _run(
    session: pytest.Session, items: list[pytest.Item], seconds: dict[str, float], begun: mmap.mmap
) -> int:
    """Run until one fails; a mutant that goes round and round is ended by the alarm's signal."""
    failed = session.testsfailed
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else session.items[0]
        begun[:] = number.to_bytes(_A_NUMBER, "big")
        signal.alarm(math.ceil(_A_TEST_MAY_TAKE + _SLOWER * seconds.get(item.nodeid, 0.0)))
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed > failed:
            sys.stdout.flush()
            return _FAILED
    return _PASSED

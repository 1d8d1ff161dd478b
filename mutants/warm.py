"""A pytest plugin: one session that stays ready, and forks to run the tests against each mutant.

For mutants inside functions. The product is imported and the session's servers are up before
forking; a child then puts the mutant's code into the functions that are there already, so that
whoever has imported them meets it, and runs the tests that reach the place. Jobs and what became
of them are lines of JSON on the file descriptors that $MUTANTS_JOBS and $MUTANTS_TOLD name.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from inspect import unwrap
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from django.db import connections

_PASSED, _FAILED, _NOT_PLACED = 0, 1, 7


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
        code = _in_a_child(
            session, job, [by_name[name] for name in job["tests"] if name in by_name]
        )
        result = {_PASSED: "survived", _NOT_PLACED: "not placed"}.get(code, "killed")
        say(json.dumps({"result": result}))
    return True


def _in_a_child(session: pytest.Session, job: dict[str, Any], items: list[pytest.Item]) -> int:
    for connection in connections.all(initialized_only=True):
        connection.close()
    child = os.fork()
    if child == 0:
        os.setsid()
        code = _NOT_PLACED
        try:
            if job["source"] is None or _put_in_place(job["module"], job["source"]):
                code = _run(session, items)
        finally:
            os._exit(code)
    deadline = time.monotonic() + float(job["timeout"])
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _FAILED


def _run(session: pytest.Session, items: list[pytest.Item]) -> int:
    failed = session.testsfailed
    for item, following in zip(items, [*items[1:], None], strict=True):
        last = following or session.items[0]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=last)
        if session.testsfailed > failed:
            sys.stdout.flush()
            return _FAILED
    return _PASSED


def _put_in_place(module: str, source: str) -> bool:
    """Give each function of the module the mutant's code; False if one has another shape now."""
    there = import_module(module)
    codes = dict(_codes(compile(source, str(there.__file__), "exec"), ""))
    functions = dict(_functions(there))
    for name, function in functions.items():
        code = codes.get(name)
        if code is None or code.co_freevars != function.__code__.co_freevars:
            continue
        function.__code__ = code
    return bool(functions)


def _codes(code: CodeType, within: str) -> Iterator[tuple[str, CodeType]]:
    """The code of each function and method of a module, by qualified name."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            name = f"{within}{constant.co_name}"
            yield name, constant
            yield from _codes(constant, f"{name}.")


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The module's own functions and methods, those behind decorators too."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for member in vars(value).values():
                yield from _function(member, module)
        else:
            yield from _function(value, module)


def _function(value: object, module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for attribute in ("__func__", "fget", "func"):
        value = getattr(value, attribute, value)
    if not callable(value):
        return
    function = unwrap(value)
    if isinstance(function, FunctionType) and function.__module__ == module.__name__:
        yield function.__qualname__, function

"""Runs the tests against one mutant after the other, each in a forked process of its own.

What takes long and is the same for all is done before forking: libraries are imported, and
PostgreSQL and Redis, which the parent has started, keep the test database. For mutants of what a
module does when it is imported, tables above all; jobs come as to `mutants.warm`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from mutants.reach import PLACE
from mutants.targets import ROOT

_SURVIVED, _NO_TESTS = 0, 5


class _Mutated(MetaPathFinder):
    """Imports one module from other text than its file has."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module, self._path, self._source = module, path, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        loader: Loader = _Text(fullname, str(self._path), self._source)
        return ModuleSpec(fullname, loader, origin=str(self._path))


class _Text(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source.encode()

    def get_code(self, fullname: str) -> Any:
        return compile(self._source, self.path, "exec")


def main() -> None:
    _import_what_is_the_same_for_all()
    jobs = os.fdopen(int(os.environ["MUTANTS_JOBS"]))
    told = os.fdopen(int(os.environ["MUTANTS_TOLD"]), "w")
    print(json.dumps({"ready": True}), file=told, flush=True)
    for line in jobs:
        result = _result(_in_a_process_of_its_own(json.loads(line)))
        print(json.dumps({"result": result}), file=told, flush=True)


def _import_what_is_the_same_for_all() -> None:
    import celery
    import django.contrib.admin
    import django.contrib.auth
    import django.db.models
    import django.test
    import fhirclient.models.appointment
    import fhirclient.models.patient
    import guardian
    import jinja2
    import ldap3
    import psycopg
    import pytest
    import redis
    import requests

    del celery, django, fhirclient, guardian, jinja2, ldap3, psycopg, pytest, redis
    del requests


def _in_a_process_of_its_own(job: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(_run_tests(job))
    deadline = time.monotonic() + float(job["timeout"])
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def _run_tests(job: dict[str, Any]) -> int:
    import pytest

    sys.meta_path.insert(0, _Mutated(job["module"], ROOT / job["path"], job["source"]))
    sys.dont_write_bytecode = True
    options = ["--quiet", "--exitfirst", "--reuse-db", "-p", "no:cacheprovider", "--no-header"]
    options += ["-p", "mutants.in_order"]
    order = PLACE / f"order-{os.getpid()}.json"  # too long for an environment
    order.write_text(json.dumps(job["tests"]))
    os.environ["MUTANTS_ORDER"] = str(order)
    code = int(pytest.main([*options, *sorted({test.split("::")[0] for test in job["tests"]})]))
    order.unlink()
    sys.stdout.flush()
    return code


def _result(code: int) -> str:
    if code < 0:
        return "broken off"
    return {_SURVIVED: "survived", _NO_TESTS: "not reached"}.get(code, "killed")


if __name__ == "__main__":
    main()

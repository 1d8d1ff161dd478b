"""`make mutants`: the modules that decide, one line each; `ONLY=` names some of them."""

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any, Final

from mutants.operators import Mutant, mutants_of
from mutants.reach import FOLDERS, PLACE, Reach, measured
from mutants.servers import Servers
from mutants.targets import ROOT, TARGETS, module_of

WORKERS: Final = 2
LONGEST_TESTS: Final = 60.0
"""Seconds of tests that one mutant is given, the quickest first; what is left out is counted."""
_START: Final = 20.0
_SLOWER: Final = 5.0
EXPLAINED: Final = Path(__file__).with_name("explained.toml")


@dataclass
class Tally:
    """What became of a module's mutants."""

    module: str
    mutants: int = 0
    killed: int = 0
    survivors: list[str] = field(default_factory=list)
    explained: int = 0
    cut: int = 0
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    @property
    def unexplained(self) -> int:
        return len(self.survivors) - self.explained

    def line(self) -> str:
        """`name | value | goal | ok`, as every measurement here prints it."""
        said = f"{self.mutants} mutants, {self.killed} killed, {len(self.survivors)} survived"
        said += f" ({self.explained} explained), {self.seconds:.0f} s"
        if self.cut:
            said += f"; {self.cut} met only the quickest {LONGEST_TESTS:.0f} s of their tests"
        verdict = "ok" if self.unexplained == 0 else "short"
        return f"mutants of {self.module} | {said} | 0 unexplained | {verdict}"


class Process:
    """A process that takes jobs as lines of JSON, and tells what became of each."""

    def __init__(
        self, command: list[str], environment: dict[str, str], log: Path, stack: ExitStack
    ) -> None:
        self._log = log
        jobs, self._jobs = os.pipe()
        self._told, told = os.pipe()
        descriptors = {"MUTANTS_JOBS": str(jobs), "MUTANTS_TOLD": str(told)}
        self._process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "demo.tether", sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment | descriptors,
                pass_fds=(jobs, told),
                stdin=subprocess.DEVNULL,
                stdout=stack.enter_context(log.open("wb")),
                stderr=subprocess.STDOUT,
            )
        )
        stack.callback(self._process.terminate)
        os.close(jobs)
        os.close(told)
        self._sending = stack.enter_context(os.fdopen(self._jobs, "w"))
        self._hearing = stack.enter_context(os.fdopen(self._told))

    def wait_until_ready(self) -> None:
        """Raises RuntimeError if it cannot begin."""
        if not self._next()["ready"]:
            raise RuntimeError(f"It is not ready; see {self._log}")

    def run(self, job: dict[str, Any]) -> str:
        """What became of one mutant: killed, survived, not reached or not placed."""
        self._sending.write(json.dumps(job) + "\n")
        self._sending.flush()
        return str(self._next()["result"])

    def _next(self) -> dict[str, Any]:
        line = self._hearing.readline()
        if not line:
            raise RuntimeError(f"The worker has ended; see {self._log}")
        told: dict[str, Any] = json.loads(line)
        return told


class Worker:
    """Runs the tests against mutants: those in functions in a warm session, others afresh."""

    def __init__(self, number: int, stack: ExitStack) -> None:
        environment = stack.enter_context(Servers(number)).environment
        warm = ["pytest", "mutants/warm_up.py", *FOLDERS, "-p", "mutants.warm", "--quiet"]
        warm += ["-p", "no:cacheprovider", "--reuse-db"]
        log = PLACE / f"warm-{number}.log"
        self._warm = Process(warm, environment, log, stack)
        self._warm.wait_until_ready()
        log = PLACE / f"fresh-{number}.log"
        self._fresh = Process(["mutants.worker"], environment, log, stack)
        self._fresh.wait_until_ready()

    def run(self, job: dict[str, Any]) -> str:
        """What became of one mutant."""
        if not job["tests"]:
            return "not reached"
        result = self._warm.run(job) if job["warm"] else "not placed"
        return self._fresh.run(job) if result == "not placed" else result


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"any of: {', '.join(TARGETS)}")
    parser.add_argument("--anew", action="store_true", help="measure anew which tests reach what")
    parser.add_argument("--matching", default="", help="only mutants whose name has this in it")
    arguments = parser.parse_args()
    wanted = " ".join(arguments.only)
    chosen = {name: path for name, path in TARGETS.items() if not wanted or name in wanted}
    if not chosen:
        sys.exit(f"No such module. There are: {', '.join(TARGETS)}")
    reach = measured(anew=arguments.anew)
    explained = tomllib.loads(EXPLAINED.read_text())
    began = time.monotonic()
    with ExitStack() as stack:
        idle: Queue[Worker] = Queue()
        for number in range(WORKERS):
            idle.put(Worker(number, stack))
        tallies = [
            _module(name, path, reach, explained.get(name, {}), idle, arguments.matching)
            for name, path in chosen.items()
        ]
    print()
    for tally in tallies:
        print(tally.line())
    _sum_up(tallies, time.monotonic() - began)
    sys.exit(any(tally.unexplained for tally in tallies))


def _module(
    name: str,
    path: str,
    reach: Reach,
    explained: dict[str, str],
    idle: "Queue[Worker]",
    matching: str,
) -> Tally:
    """Run every mutant of one module; prints those that survive as they do."""
    source = (ROOT / path).read_text()
    mutants = [mutant for mutant in mutants_of(source) if matching in mutant.name]
    tally = Tally(name, len(mutants))
    jobs = [_job(mutant, path, source, reach, tally) for mutant in mutants]

    def run(job: dict[str, Any]) -> str:
        worker = idle.get()
        try:
            return worker.run(job)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(WORKERS) as pool:
        baseline = _job(None, path, source, reach, Tally(name))
        for warm in (True, False):
            if (came := run(baseline | {"warm": warm})) != "survived":
                sys.exit(f"{name}: the tests fail without any mutant ({came}); see {PLACE}")
        for mutant, came in zip(mutants, pool.map(run, jobs), strict=True):
            if came == "killed":
                tally.killed += 1
                continue
            tally.survivors.append(mutant.name)
            why = explained.get(mutant.name)
            tally.explained += why is not None
            if why is None:
                print(f"{path}:{mutant.line} {came}: {mutant.name}", flush=True)
    tally.seconds = time.monotonic() - tally.began
    for stale in sorted(set(explained) - {mutant.name for mutant in mutants_of(source)}):
        print(f"{name}: explained.toml explains what is not there: {stale}")
    print(tally.line(), flush=True)
    return tally


def _job(
    mutant: Mutant | None, path: str, source: str, reach: Reach, tally: Tally
) -> dict[str, Any]:
    tests = _tests_for(mutant, path, source, reach)
    within: list[str] = []
    seconds = 0.0
    for test in tests:
        seconds += reach.seconds.get(test, 0.0)
        if seconds > LONGEST_TESTS and within:
            tally.cut += 1
            break
        within.append(test)
    return {
        "name": mutant.name if mutant else "as it is",
        "module": module_of(path),
        "path": path,
        "source": mutant.source if mutant else None,
        "tests": within,
        "warm": mutant is not None and mutant.inside_function,
        "timeout": _START + _SLOWER * min(seconds, LONGEST_TESTS),
    }


def _tests_for(mutant: Mutant | None, path: str, source: str, reach: Reach) -> list[str]:
    """The tests that run the mutant's lines; of a table at module level, all of the module's."""
    if mutant is None or not mutant.inside_function:
        return reach.anywhere(path)
    return reach.at(path, range(mutant.line, mutant.last_line + 1))


def _sum_up(tallies: list[Tally], seconds: float) -> None:
    mutants = sum(tally.mutants for tally in tallies)
    killed = sum(tally.killed for tally in tallies)
    explained = sum(tally.explained for tally in tallies)
    survived = sum(len(tally.survivors) for tally in tallies)
    verdict = "ok" if survived == explained else "short"
    print(
        f"mutants of all {len(tallies)} modules | {mutants} mutants, {killed} killed, {survived}"
        f" survived ({explained} explained), {seconds:.0f} s | 0 unexplained | {verdict}"
    )


if __name__ == "__main__":
    main()

"""`make mutants`: the modules that decide, one line each; `ONLY=` names some of them."""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any, Final

from mutants.operators import Mutant, mutants_of
from mutants.reach import FOLDERS, PLACE, Reach, file_of, measured
from mutants.servers import Servers
from mutants.targets import ROOT, TARGETS, module_of

WORKERS: Final = 2
LONGEST_TESTS: Final = 15.0
"""Seconds of tests that one mutant is given at first."""
SURVIVORS_TESTS: Final = 300.0
"""Seconds of more tests that one is given which survived those and is not explained."""
_EACH_TEST: Final = 0.02
"""Seconds that a test takes beside its own time."""
_START: Final = 90.0
_SLOWER: Final = 20.0
"""So many seconds more, and times as long, may the tests of a fresh process take."""
_QUOTED: Final = re.compile(r"'(\w{4,})'")
"""In a mutant's name: a row or a code, and a test with it as a parameter comes first."""
EXPLAINED: Final = Path(__file__).with_name("explained.toml")


@dataclass
class Tally:
    """What became of a module's mutants."""

    module: str
    mutants: int = 0
    killed: int = 0
    survivors: list[str] = field(default_factory=list)
    explained: int = 0
    broken_off: int = 0
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
        if self.broken_off:
            said += f"; {self.broken_off} killed were broken off, as a test took a minute and more"
        if self.cut:
            said += f"; {self.cut} survivors did not meet all of their tests"
        verdict = "ok" if self.unexplained == 0 else "short"
        return f"mutants of {self.module} | {said} | 0 unexplained | {verdict}"


@dataclass(frozen=True, slots=True)
class Came:
    """What became of a mutant: killed, broken off, survived, not reached or not placed.

    `by`: the last test that ran, where that is known.
    """

    result: str
    by: str = ""

    @property
    def killed(self) -> bool:
        return self.result in ("killed", "broken off")


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

    def run(self, job: dict[str, Any]) -> Came:
        """What became of one mutant."""
        self._sending.write(json.dumps(job) + "\n")
        self._sending.flush()
        told = self._next()
        return Came(told["result"], told.get("by", ""))

    def _next(self) -> dict[str, Any]:
        line = self._hearing.readline()
        if not line:
            raise RuntimeError(f"The worker has ended; see {self._log}")
        told: dict[str, Any] = json.loads(line)
        return told


class Worker:
    """Runs the tests against mutants: in a warm session where that can be, else afresh."""

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
        self._broken_off = False

    def run(self, job: dict[str, Any]) -> Came:
        """What became of one mutant.

        A change at module level that survives in place is met once more by a process that imports
        it, as other modules may have made something of it.
        """
        if not job["tests"]:
            return Came("not reached")
        came = self._warm.run(job | {"empty_first": self._broken_off})
        if not came.killed and (came.result == "not placed" or not job["function"]):
            came = self._fresh.run(job)
        self._broken_off = came.result == "broken off"
        return came


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"any of: {', '.join(TARGETS)}")
    parser.add_argument("--anew", action="store_true", help="measure anew which tests reach what")
    parser.add_argument("--matching", default="", help="only mutants whose name has this in it")
    parser.add_argument(
        "--kept", action="store_true", help="measure only changed tests anew, not the product"
    )
    arguments = parser.parse_args()
    wanted = " ".join(arguments.only)
    chosen = {name: path for name, path in TARGETS.items() if not wanted or name in wanted}
    if not chosen:
        sys.exit(f"No such module. There are: {', '.join(TARGETS)}")
    reach = measured(anew=arguments.anew, kept=arguments.kept)
    explained = tomllib.loads(EXPLAINED.read_text())
    began = time.monotonic()
    with ExitStack() as stack:
        idle: Queue[Worker] = Queue()
        for number in range(WORKERS):
            idle.put(Worker(number, stack))
        tallies = [
            Module(name, path, reach).run(explained.get(name, {}), idle, arguments.matching)
            for name, path in chosen.items()
        ]
    print()
    for tally in tallies:
        print(tally.line())
    _sum_up(tallies, time.monotonic() - began)
    sys.exit(any(tally.unexplained for tally in tallies))


class Module:
    """The mutants of one module, and what became of each."""

    def __init__(self, name: str, path: str, reach: Reach) -> None:
        self._name = name
        self._path = path
        self._reach = reach
        self._source = (ROOT / path).read_text()
        self._kills: Counter[str] = Counter()
        self._mutants = mutants_of(self._source)

    def run(self, explained: dict[str, str], idle: "Queue[Worker]", matching: str) -> Tally:
        """Run every mutant whose name has `matching` in it; prints survivors as they are found."""
        mutants = [mutant for mutant in self._mutants if matching in mutant.name]
        # Tables last: by then it is known which files of tests are about the module.
        mutants.sort(key=lambda mutant: not mutant.inside_function)
        tally = Tally(self._name, len(mutants))
        if (came := _by_any(idle, self._job(None))).result != "survived":
            sys.exit(f"{self._name}: {came.result} without any mutant, {came.by}; see {PLACE}")

        def run(mutant: Mutant) -> Came:
            job = self._job(mutant)
            came = _by_any(idle, job)
            if job["cut"] and came.result == "survived" and mutant.name not in explained:
                job = self._job(mutant, after=job["tests"])
                came = _by_any(idle, job)
            tally.cut += bool(job["cut"]) and came.result == "survived"
            self._kills.update([came.by, file_of(came.by)] if came.killed else [])
            return came

        with (
            (PLACE / f"{self._name}.txt").open("w") as listed,
            ThreadPoolExecutor(WORKERS) as pool,
        ):
            for mutant, came in zip(mutants, pool.map(run, mutants), strict=True):
                print(f"{self._path}:{mutant.line} {mutant.name}", came, file=listed, flush=True)
                tally.broken_off += came.result == "broken off"
                if came.killed:
                    tally.killed += 1
                    continue
                tally.survivors.append(mutant.name)
                why = explained.get(mutant.name)
                tally.explained += why is not None
                if why is None:
                    print(f"{self._path}:{mutant.line} {came.result}: {mutant.name}", flush=True)
        tally.seconds = time.monotonic() - tally.began
        if not matching:
            for stale in sorted(set(explained) - set(tally.survivors)):
                print(f"{self._name}: explained.toml explains what is no survivor: {stale}")
        print(tally.line(), flush=True)
        return tally

    def _job(self, mutant: Mutant | None, after: Sequence[str] = ()) -> dict[str, Any]:
        """The first tests that a mutant meets, or those `after` them."""
        longest = SURVIVORS_TESTS if after else LONGEST_TESTS
        within: list[str] = []
        seconds = 0.0
        named = set(_QUOTED.findall(mutant.name)) if mutant else set()
        reaching = self._tests_reaching(mutant)
        tests = sorted(
            set(reaching or self._reach.anywhere(self._path)).difference(after),
            key=lambda test: (
                not any(word in _parameters(test) for word in named),
                *self._worth(test),
            ),
        )
        for test in tests:
            longer = seconds + self._reach.seconds[test]
            if longer > longest and within:
                continue  # a long one that often kills must not keep out the quick ones behind it
            seconds = longer
            within.append(test)
        return {
            "module": module_of(self._path),
            "path": self._path,
            "source": mutant.source if mutant else self._source,
            "function": mutant.function if mutant and reaching else "",
            "tests": within,
            "cut": len(within) < len(tests),
            "seconds": {test: self._reach.seconds[test] for test in within},
            "timeout": _START + _SLOWER * min(seconds, longest),
        }

    def _tests_reaching(self, mutant: Mutant | None) -> list[str]:
        """The tests that run the mutant's lines; none of what runs as the module is imported."""
        if mutant is None or not mutant.inside_function:
            return []
        return self._reach.at(self._path, range(mutant.line, mutant.last_line + 1))

    def _worth(self, test: str) -> tuple[float, str]:
        """Quick ones first, and those that killed mutants of this module, or whose files did."""
        seconds = _EACH_TEST + self._reach.seconds[test]
        return seconds / (1 + self._kills[test] + self._kills[file_of(test)]), test


def _parameters(test: str) -> str:
    return test.partition("[")[2]


def _by_any(idle: "Queue[Worker]", job: dict[str, Any]) -> Came:
    worker = idle.get()
    try:
        return worker.run(job)
    finally:
        idle.put(worker)


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

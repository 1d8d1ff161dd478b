"""A supplier's practices stop answering at the peak, and come back: `make worst-hour`.

    python -m chaos.commands.worst_hour

Twenty minutes are made shorter, and with them the clocks that settle and escalate; for how long a
user waits for a practice is as in production. Prints `name | value | goal | ok` (or `short`).
Leaves out: kills, other faults, the network of the NHS, and more than one machine.
"""
# ruff: noqa: T201 - it reports to a terminal

import contextlib
import os
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Final

import requests

from bench.figures import Figure
from chaos.commands.browser import Away, Broken, Browser
from chaos.commands.judge import Findings, Judge
from chaos.commands.plan import Patient, Plan
from chaos.commands.records import Command, Portal, Practices
from chaos.commands.scale import FULL, Scale
from chaos.commands.scenario import patients_of, signed_in
from chaos.commands.storm import Storm
from chaos.commands.user import User
from chaos.commands.witness import Shown, Witness
from chaos.commands.world import World
from demo.places import ROOT

DEFAULT_SEED: Final = "1200"
SHORTER: Final = 8
"""How many times shorter than in production the hour is, and the clocks of settling."""
PRODUCTION: Final[Mapping[str, int]] = {
    "REQUEST_LIFETIME_SECONDS": 360,
    "SEND_AGAIN_WINDOW_SECONDS": 600,
    "SECOND_STEP_WINDOW_SECONDS": 120,
    "ESCALATE_times.after": 900,
    "BREAKER_WAIT_SECONDS": 30,
}
A_CALL_SECONDS: Final = 4.0
"""A user takes the next call this long after the last began: a rate that this machine holds."""
SUPPLIER: Final = 3
"""One practice in so many has the supplier's system."""
LOOKS_EVERY_SECONDS: Final = 2.0
SCALE: Final = replace(
    FULL,
    users=10,
    wishes={"book": 100_000, "amend": 15_000, "cancel": 15_000, "move": 6_000, "register": 2_000},
    clocks={name: str(seconds // SHORTER) for name, seconds in PRODUCTION.items()},
)


@dataclass(frozen=True, slots=True)
class Times:
    """For how many seconds users work before it, while the supplier is away, and after; and how
    long what is left then may take."""

    before: float = 60.0
    away: float = 20 * 60 / SHORTER
    after: float = 60.0
    settling: float = 180.0


@dataclass(frozen=True, slots=True)
class Health:
    """What /healthz said `at` an instant (since 1970) after `seconds`; status 0: nothing."""

    at: float
    seconds: float
    status: int
    word: str
    unsettled: int
    not_answering: int


class Watch(threading.Thread):
    """Somebody of operations, and a manager: /healthz, the start page and Bookings, over and over.

    `health` is what /healthz said, `waits` for how many seconds each page kept the manager waiting
    at which instant, `measures` what /metrics said when it was asked.
    """

    def __init__(self, world: World, manager: Browser, token: str) -> None:
        super().__init__(name="watch", daemon=True)
        self.health: list[Health] = []
        self.waits: list[Shown] = []
        self.over = threading.Event()
        self._address = world.addresses[0]
        self._manager = manager
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def run(self) -> None:
        """Until it is over."""
        while not self.over.wait(LOOKS_EVERY_SECONDS):
            self.health.append(self._asked())
            for page in ("/", "/bookings/"):
                began = time.monotonic()
                with contextlib.suppress(Away, Broken):
                    self._manager.opens(page)
                self.waits.append(Shown(time.time(), time.monotonic() - began, page))
        self._session.close()

    def measures(self) -> dict[str, float]:
        """The portal's own metrics by name and labels, as /metrics tells them now."""
        page = self._session.get(f"{self._address}/metrics", timeout=10).text
        lines = (line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("portal_"))
        return {name: float(value) for name, value in lines}

    def _asked(self) -> Health:
        began = time.monotonic()
        try:
            answer = self._session.get(f"{self._address}/healthz", timeout=10)
            said = answer.json()
            parts = said["parts"]
            unsettled = parts["settling"]["unsettled"]
            not_answering = len(parts["practices"]["not_answering"])
        except (requests.RequestException, ValueError, KeyError):
            return Health(time.time(), time.monotonic() - began, 0, "", -1, -1)
        took = time.monotonic() - began
        word = said["status"]
        return Health(time.time(), took, answer.status_code, word, unsettled, not_answering)


class Caller(User):
    """A user who takes calls at the pace of a desk, not as fast as the machine can."""

    def _serve(self, patient: Patient) -> None:
        until = time.monotonic() + A_CALL_SECONDS
        try:
            super()._serve(patient)
        finally:
            self._plan.over.wait(max(0.0, until - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Hour:
    """What is known at the end; instants are seconds since 1970."""

    began: float
    away: float
    back: float
    over: float
    practices: int
    silent: frozenset[str]
    commands: Sequence[Command]
    findings: Findings
    witness: Witness
    watch: Watch
    measures: Mapping[str, Mapping[str, float]]
    failures: Sequence[Exception]


def run(state: Path, logs: Path, seed: int, times: Times, scale: Scale = SCALE) -> Hour:
    """The hour, from starting the servers to holding what was told against the records."""
    token = secrets.token_urlsafe(32)
    with (
        World(state, logs, scale, breaker=True, monitoring_token=token) as world,
        world.sandbox() as sandbox,
    ):
        before = max(entry["number"] for entry in sandbox.chronicle())
        witness, portal = Witness(), Portal(world.database_url)
        patients = patients_of(sandbox)
        Random(seed).shuffle(patients)  # whoever rings next may be of any practice
        plan = Plan(patients, scale.wishes)
        users = signed_in(world, witness, plan, scale, Random(seed), Caller)
        watch = Watch(world, next(plan.rivals_home()), token)
        storm = Storm(world, plan, portal, scale, Random(seed))
        silent = plan.practices[1::SUPPLIER]
        measures = {}
        began = time.time()
        for each in (*users, watch):
            each.start()
        storm.idles(times.before)
        measures["before"] = watch.measures()
        away = time.time()
        for practice in silent:
            # Half of what is asked is done all the same, and nobody hears of it.
            sandbox.fault(practice=practice, kind="hang_after", probability=0.5)
            sandbox.fault(practice=practice, kind="hang_before")
        storm.idles(times.away)
        measures["away"] = watch.measures()
        struck = {one["trace_id"]: one["fault"] for one in sandbox.exchanges_in_brief()}
        sandbox.clear_faults()
        back = time.time()
        storm.idles(times.after)
        plan.over.set()
        over = time.time()
        for user in users:
            user.join(60.0)
        storm.settles(times.settling)
        measures["after"] = watch.measures()
        watch.over.set()
        watch.join(30.0)
        commands = portal.commands()
        practices = Practices.of(sandbox.chronicle(before), sandbox.exchanges_in_brief())
        faults = {trace_id: fault for trace_id, fault in struck.items() if fault}
        findings = Judge(commands, portal.sagas(), practices, faults).findings(witness.told)
    return Hour(
        began=began,
        away=away,
        back=back,
        over=over,
        practices=len(plan.practices),
        silent=frozenset(silent),
        commands=commands,
        findings=findings,
        witness=witness,
        watch=watch,
        measures=measures,
        failures=[user.failure for user in users if user.failure is not None],
    )


def figures(hour: Hour) -> Iterator[Figure]:
    """What is printed, and what must hold."""
    yield Figure("practices of the supplier that is away", len(hour.silent), "practices")
    yield Figure("of all practices", hour.practices, "practices")
    yield Figure("away for (twenty minutes, made shorter)", hour.back - hour.away, "s")
    yield from _bookings(hour)
    yield from _pages(hour)
    yield from _health(hour)
    yield from _settling(hour)
    found = hour.findings
    yield Figure("lost", len(found.lost), "commands", 0)
    yield Figure("doubled", len(found.doubled), "commands", 0)
    yield Figure("told", len(hour.witness.told), "times")
    yield Figure("told wrongly", len(found.told_wrongly), "times", 0)
    yield Figure("words that the judge does not know", found.unknown_words.total(), "times", 0)
    yield Figure("broken pages", len(hour.witness.broken), "pages", 0)
    yield Figure("users who could not go on", len(hour.failures), "users", 0)


def _bookings(hour: Hour) -> Iterator[Figure]:
    """Confirmed by their practice in the time in which they were asked for."""
    rates = {
        (when, where): len(
            [
                one
                for one in hour.commands
                if one.kind == "book"
                and one.state == "done"
                and (one.practice in hour.silent) == (where == "silent")
                and one.settled_at is not None
                and since <= one.created_at.timestamp() <= one.settled_at.timestamp() < until
            ]
        )
        / (until - since)
        for when, since, until in _times(hour)
        for where in ("silent", "other")
    }
    before = rates["before", "other"]
    for (when, where), rate in rates.items():
        name = f"bookings confirmed at {'the supplier' if where == 'silent' else 'others'}, {when}"
        least = 0.9 * before if (when, where) == ("away", "other") else None
        yield Figure(name, rate, "a second", least=least)


def _pages(hour: Hour) -> Iterator[Figure]:
    for when, since, until in _times(hour):
        waits = [one.seconds for one in hour.witness.shown if since <= one.at < until]
        yield from _spread(f"pages of users, {when}", waits)
    for page in ("/", "/bookings/"):
        for when, since, until in _times(hour):
            waits = [
                one.seconds
                for one in hour.watch.waits
                if one.page == page and since <= one.at < until
            ]
            yield from _spread(f"manager's {page}, {when}", waits, 1.0)


def _health(hour: Hour) -> Iterator[Figure]:
    asked = hour.watch.health
    yield Figure("/healthz asked", len(asked), "times")
    yield Figure(
        "/healthz not answered, or not by 200", sum(one.status != 200 for one in asked), "times", 0
    )
    yield from _spread("/healthz", [one.seconds for one in asked], 1.0)
    named = [one.at for one in asked if one.not_answering > 0 and one.at > hour.away]
    first = named[0] - hour.away if named else float("inf")
    yield Figure("practices named as not answering, after", first, "s", 30.0)
    most = max((one.not_answering for one in asked), default=0)
    yield Figure(
        "practices named as not answering, at most", most, "practices", least=len(hour.silent)
    )
    quiet = [one.at for one in asked if one.not_answering > 0]
    yield Figure(
        "and named until after it was back", (quiet[-1] - hour.back) if quiet else 0.0, "s"
    )
    for name, values in hour.measures.items():
        for measure in ("portal_practices_not_answering", "portal_settling_late_seconds"):
            yield Figure(f"/metrics {name}: {measure}", values.get(measure, -1.0), "")


def _settling(hour: Hour) -> Iterator[Figure]:
    """How much was open, and when it became certain, from the moment at which it was back."""
    most = max((one.unsettled for one in hour.watch.health), default=-1)
    yield Figure("not certain at once, at most", most, "commands")
    took = sorted(
        one.settled_at.timestamp() - hour.back
        for one in hour.commands
        if one.settled_at and one.created_at.timestamp() < hour.back < one.settled_at.timestamp()
    )
    yield Figure("not certain when it was back", len(took), "commands")
    if len(took) > 1:
        yield Figure("certain after, median", median(took), "s")
        yield Figure("certain after, p95", quantiles(took, n=20)[-1], "s")
        yield Figure("certain after, last", took[-1], "s")
    for state, number in sorted(Counter(one.state for one in hour.commands).items()):
        yield Figure(f"commands in the end: {state}", number, "commands")
    found = hour.findings
    yield Figure(
        "still unconfirmed or being sent", len(found.unsettled) + len(found.sending), "commands", 0
    )
    yield Figure("needs attention without need", len(found.attention_for_nothing), "commands", 0)


def _times(hour: Hour) -> tuple[tuple[str, float, float], ...]:
    return (
        ("before", hour.began, hour.away),
        ("away", hour.away, hour.back),
        ("after", hour.back, hour.over),
    )


def _spread(name: str, seconds: Sequence[float], goal: float | None = None) -> Iterator[Figure]:
    """Median, p95 (of which `goal` is the most that is allowed) and the worst."""
    if len(seconds) > 1:
        yield Figure(f"{name}: median", median(seconds), "s")
        yield Figure(f"{name}: p95", quantiles(seconds, n=20)[-1], "s", goal)
        yield Figure(f"{name}: worst", max(seconds), "s")


def seen(hour: Hour) -> Iterator[str]:
    """Which pages users were shown at which time, the most frequent first; and what is wrong."""
    for when, since, until in _times(hour):
        pages = Counter(one.page for one in hour.witness.shown if since <= one.at < until)
        yield from (f"{when}: {number} {page}" for page, number in pages.most_common(15))
    found = hour.findings
    for name in ("lost", "doubled", "told_wrongly", "attention_for_nothing", "unsettled"):
        yield from (f"{name}: {line}" for line in getattr(found, name))
    yield from (f"needs attention: {number} {why}" for why, number in found.attention.items())
    yield from (f"unknown words: {words}" for words in found.unknown_words)
    yield from (f"broken page: {line}" for line in hour.witness.broken)
    yield from (f"user: {failure!r}" for failure in hour.failures)


def main() -> None:
    seed = int(os.environ.get("SEED", DEFAULT_SEED))
    clocks = ", ".join(f"{name}={value}" for name, value in SCALE.clocks.items())
    print(f"SEED={seed}, {SHORTER} times shorter: {clocks}", flush=True)
    logs = ROOT / "var" / "chaos-logs" / "worst-hour"
    short = 0
    with tempfile.TemporaryDirectory() as made:
        hour = run(Path(made) / "state", logs, seed, Times())
    for figure in figures(hour):
        print(figure, flush=True)
        short += figure.short
    lines = list(seen(hour))
    (logs / "findings.txt").write_text("".join(f"{line}\n" for line in lines))
    print("\n".join(lines))
    print(f"what is behind the figures: {logs}")
    sys.exit(f"{short} short" if short else 0)


if __name__ == "__main__":
    main()

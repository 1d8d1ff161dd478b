"""Whole bookings through a portal with everything on this machine, and what each costs.

Gunicorn as the demo starts it (one web of two processes), worker and beat, PostgreSQL, Redis, the
sandbox, and clerks who book at its pages one patient after the other without a pause.
"""

import os
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from typing import Final

from bench import processor
from bench.clerk import Booked, Clerk, Stuck
from bench.figures import Figure
from chaos.commands.accounts import username
from chaos.commands.plan import Patient
from chaos.commands.scale import Scale
from chaos.commands.scenario import patients_of
from chaos.commands.world import World
from demo import seed
from demo.places import ROOT

LEAVES_OUT: Final = """\
Of whole bookings: pages, forms and redirects are fetched, static files and the proxy's TLS are not;
each clerk is signed in already; nothing else is in the database; the limit of requests to PDS is
raised (PDS_REQUESTS_PER_SECOND=200, 5 without it); practices answer as fast as this machine lets
them. Rates and seconds are those of a machine that has nothing else to do: see what others used.
"""
CLERKS: Final = 8
WARMING: Final = 3  # bookings of each clerk before anything is measured
MEASURED: Final = 240
MS: Final[Mapping[int, Mapping[str, float]]] = {1: {"web": 110, "PostgreSQL": 25}, 5: {}}
"""The most of processor time a booking, by the number of practices searched."""
P95_SECONDS: Final = 1.0
A_SECOND: Final[Mapping[int, float]] = {1: 12, 5: 8}
"""The least of whole bookings a second, by the number of practices searched."""
_SEED: Final = 2611
_AS_IT_IS: Final = Scale(
    wishes={}, users=CLERKS, kills=0, pause=0, restarts=0, longest=0, settling=0, clocks={}
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds of each part of the portal's machine, and of all processes on it."""

    parts: Mapping[str, float]
    machine: float

    def since(self, before: "Spent") -> "Spent":
        """What was spent between the two."""
        parts = {name: spent - before.parts[name] for name, spent in self.parts.items()}
        return Spent(parts, self.machine - before.machine)

    @property
    def others(self) -> float:
        """What none of the parts has used."""
        return max(0.0, self.machine - sum(self.parts.values()))


@dataclass(frozen=True, slots=True)
class Measured:
    """Bookings that were made within `seconds`, what they cost, and those that came to a stop."""

    bookings: list[Booked]
    stuck: Counter[str]
    seconds: float
    spent: Spent


def figures() -> Iterator[Figure]:
    """Rates, seconds, and milliseconds of processor a booking; with one and with five practices."""
    for searched in A_SECOND:
        with tempfile.TemporaryDirectory() as directory, _world(Path(directory)) as world:
            yield from _figures(measure(world, searched), searched)


def measure(world: World, searched: int, number: int = MEASURED) -> Measured:
    """Book `number` times, `searched` practices searched each time, after a round to warm up."""
    with world.sandbox() as sandbox:
        patients = patients_of(sandbox)
    taken: set[str] = set()
    office = _Office(patients, searched)
    clerks = [
        Clerk(world.web_ports[0], _practices(), taken, Random(f"{_SEED} {searched} {each}"))
        for each in range(CLERKS)
    ]
    try:
        for each, clerk in enumerate(clerks):
            clerk.signs_in(username(each), seed.password())
        office.open(clerks, WARMING * CLERKS)
        office.bookings.clear()
        office.stuck.clear()
        before, begun = _spent(world), time.perf_counter()
        office.open(clerks, number)
        seconds, spent = time.perf_counter() - begun, _spent(world).since(before)
    finally:
        for clerk in clerks:
            clerk.close()
    return Measured(office.bookings, office.stuck, seconds, spent)


class _Office:
    """Who waits, and what has been booked; all clerks' threads share it."""

    def __init__(self, patients: list[Patient], searched: int) -> None:
        self.bookings: list[Booked] = []
        self.stuck: Counter[str] = Counter()
        self._waiting = deque(patients)
        self._searched = searched

    def open(self, clerks: list[Clerk], number: int) -> None:
        """Serve this many patients; no patient is served by two clerks at once."""
        left = iter(range(number))
        lock = threading.Lock()

        def serve(clerk: Clerk) -> None:
            while True:
                with lock:
                    if next(left, None) is None:
                        return
                    patient = self._waiting.popleft()
                try:
                    booked = clerk.books(patient, self._searched)
                except Stuck as stop:
                    with lock:
                        self.stuck[str(stop)] += 1
                else:
                    with lock:
                        self.bookings.append(booked)
                with lock:
                    self._waiting.append(patient)

        threads = [threading.Thread(target=serve, args=[clerk], daemon=True) for clerk in clerks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _figures(measured: Measured, searched: int) -> Iterator[Figure]:
    done, how, least = measured.bookings, f"{searched} searched", A_SECOND[searched]
    confirmed = sum(booked.standing == "Booked" for booked in done)
    slots = mean(booked.slots for booked in done)
    yield Figure(f"whole bookings a second, {how}", len(done) / measured.seconds, "/s", least=least)
    took = [booked.seconds for booked in done]
    yield Figure(f"a whole booking, {how}, median", median(took), "s")
    yield Figure(f"a whole booking, {how}, p95", quantiles(took, n=20)[-1], "s", P95_SECONDS)
    yield Figure(f"slots on a page, {how}, mean", slots, "slots")
    yield Figure(f"booked, {how}", confirmed, "bookings")
    odd = Counter(booked.standing for booked in done if booked.standing != "Booked")
    for what, number in (odd + measured.stuck).items():
        yield Figure(f"not booked, {how}: {what}", number, "bookings", 0)
    for part, seconds in measured.spent.parts.items():
        a_booking = seconds / len(done) * 1e3
        yield Figure(
            f"processor time of {part} a booking, {how}", a_booking, "ms", MS[searched].get(part)
        )
    capacity = measured.seconds * (os.cpu_count() or 1)
    for who, seconds in (
        ("these parts", sum(measured.spent.parts.values())),
        ("others", measured.spent.others),
    ):
        yield Figure(
            f"of the machine's processors, used by {who}, {how}", 100 * seconds / capacity, "%"
        )


def _world(directory: Path) -> World:
    logs = ROOT / "var" / "bench-logs"
    return World(directory / "world", logs, _AS_IT_IS, breaker=True, web_servers=1)


def _spent(world: World) -> Spent:
    parts: dict[str, Callable[[], float]] = {
        "web": lambda: processor.seconds_of(world.web[0].pid),
        "PostgreSQL": lambda: processor.seconds_of(world.postgres.pid),
        "Redis": lambda: processor.seconds_of(world.redis.pid),
        "worker and beat": lambda: sum(
            processor.seconds_of(one.pid) for one in (world.worker, world.beat)
        ),
        "the sandbox": lambda: processor.seconds_of(world.sandbox_program.pid),
        "the clerks": time.process_time,
    }
    return Spent({name: of() for name, of in parts.items()}, processor.seconds_of_machine())


def _practices() -> dict[str, str]:
    return {row["ods_code"]: row["name"] for row in seed.SAMPLE["practices"]}

"""Kills and restarts at random moments, from the thread that started the programs."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import psycopg

from chaos.commands.plan import Plan
from chaos.commands.records import Portal
from chaos.commands.scale import Scale
from chaos.commands.world import Program, World

_COUNT_EVERY: Final = 2.0
_LOOK_EVERY: Final = 0.25


class Storm:
    """What befalls the portal's processes while its users work."""

    def __init__(
        self, world: World, plan: Plan, portal: Portal, scale: Scale, dice: Random
    ) -> None:
        self._world = world
        self._plan = plan
        self._portal = portal
        self._scale = scale
        self._dice = dice
        self.killed: Counter[str] = Counter()
        self.restarted: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def rage(self) -> None:
        """Until every wish has been sent and everything has died as often as it should."""
        begun = time.monotonic()
        counted = begun
        blows = list(self._blows())
        due = begun + self._pause()
        while time.monotonic() - begun < self._scale.longest:
            now = time.monotonic()
            self._supervise()
            if now >= due and blows:
                blows.pop(0)()
                due = time.monotonic() + self._pause()
            if now - counted >= _COUNT_EVERY:
                self._count()
                counted = now
            if not blows and not any(number > 0 for number in self._plan.remaining.values()):
                break
            time.sleep(_LOOK_EVERY)
        self._plan.over.set()

    def idles(self, seconds: float) -> None:
        """Nothing befalls them; whatever ends by itself is started again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._supervise()
            time.sleep(_LOOK_EVERY)

    def settles(self, longest: float) -> None:
        """Until the portal has nothing more to find out by itself; nothing is killed any more."""
        until = time.monotonic() + longest
        while time.monotonic() < until:
            self._supervise()
            with contextlib.suppress(psycopg.Error):
                if self._portal.unsettled() == 0:
                    return
            time.sleep(0.5)

    def _supervise(self) -> None:
        """What a supervisor does: start again what has ended by itself, as Celery may."""
        for program in (*self._world.web, self._world.worker, self._world.beat):
            if program.has_ended():
                program.end()
                program.start()
                self.ended[program.name.split("-")[0]] += 1

    def _blows(self) -> Iterator[Callable[[], None]]:
        """The kills in random order, with the restarts spread evenly among them."""
        kinds = (self._web_process, self._web_server, self._worker, self._beat)
        kills = self._dice.choices(kinds, (8, 3, 5, 1), k=self._scale.kills)
        restarts = [self._restart_postgres, self._restart_redis] * self._scale.restarts
        every = len(kills) / (len(restarts) + 1)
        for number, kill in enumerate(kills, start=1):
            yield kill
            while restarts and number >= every * (2 * self._scale.restarts + 1 - len(restarts)):
                yield restarts.pop(0)
        yield from restarts

    def _pause(self) -> float:
        return self._scale.pause * self._dice.uniform(0.6, 1.4)

    def _count(self) -> None:
        with contextlib.suppress(psycopg.Error):  # it may be away just now
            sent = self._portal.sent()
            self._plan.remaining = {
                wish: number - sent[wish] for wish, number in self._scale.wishes.items()
            }

    def _web_process(self) -> None:
        """One of a server's processes, which it replaces by itself; all of it if it has none."""
        program = self._dice.choice(self._world.web)
        children = program.children()
        if not children:
            self._kill("web servers, whole", program)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._dice.choice(children), signal.SIGKILL)
            self.killed["web processes"] += 1

    def _web_server(self) -> None:
        self._kill("web servers, whole", self._dice.choice(self._world.web))

    def _worker(self) -> None:
        self._kill("workers", self._world.worker)

    def _beat(self) -> None:
        self._kill("clocks of the worker", self._world.beat)

    def _kill(self, name: str, program: Program) -> None:
        program.end()
        program.start()
        self.killed[name] += 1

    def _restart_postgres(self) -> None:
        self._world.restart_postgres()
        self.restarted["PostgreSQL"] += 1

    def _restart_redis(self) -> None:
        self._world.restart_redis()
        self.restarted["Redis"] += 1

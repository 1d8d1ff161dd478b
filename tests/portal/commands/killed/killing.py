"""Dying, or standing still, at a named point of a program: for real, in a process of its own."""

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any

import pytest
from django.db import connections

from booking_portal.audit.models import EventKind
from booking_portal.integration import clients
from gpconnect.attempt import current_attempt

RAN_TO_ITS_END, BROKE = 0, 1


@dataclass(frozen=True)
class Point:
    """Just before, or just after, a function runs (for certain arguments only, if `when` says so).

    `function` is "module:name" or "module:Class.name": where it is looked up when it is called.
    """

    name: str
    function: str
    after: bool = False
    when: Callable[..., bool] = lambda *args, **kwargs: True

    def __str__(self) -> str:
        return self.name

    def strike(self, signal_number: int) -> None:
        """From now on, in this process: the signal at this point, the first time it is reached."""
        module, _, names = self.function.partition(":")
        holder: Any = import_module(module)
        *path, name = names.split(".")
        for each in path:
            holder = getattr(holder, each)
        original = getattr(holder, name)
        struck = False

        @wraps(original)
        def stricken(*args: Any, **kwargs: Any) -> Any:
            nonlocal struck
            here = not struck and self.when(*args, **kwargs)
            struck = struck or here
            if here and not self.after:
                os.kill(os.getpid(), signal_number)
            returned = original(*args, **kwargs)
            if here and self.after:
                os.kill(os.getpid(), signal_number)
            return returned

        setattr(holder, name, stricken)


def killed(action: Callable[[], object], point: Point) -> None:
    """Do it in a process that is killed (as by `kill -9`) at the point."""
    process = _start(action, point, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), f"it never came to {point.function}"
    assert os.WTERMSIG(status) == signal.SIGKILL


@contextmanager
def standing_still(action: Callable[[], object], point: Point) -> Generator[None]:
    """Do it in a process that stands still at the point, and goes on to its end afterwards."""
    process = _start(action, point, signal.SIGSTOP)
    try:
        _, status = os.waitpid(process, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"it never came to {point.function}"
        yield
        os.kill(process, signal.SIGCONT)
        _, status = os.waitpid(process, 0)
        assert os.waitstatus_to_exitcode(status) == RAN_TO_ITS_END
    except BaseException:
        _end(process)
        raise


def each_kind(kinds: Iterable[Any], points: Sequence[Point]) -> pytest.MarkDecorator:
    """Every kind at every point: one kind of each point, in turn, always; the others are long."""
    known = list(kinds)
    cases = [
        pytest.param(
            kind,
            at,
            id=f"{kind}: {at}",
            marks=() if kind is known[number % len(known)] else pytest.mark.long,
        )
        for kind in known
        for number, at in enumerate(points)
    ]
    return pytest.mark.parametrize(("kind", "at"), cases)


def writing(*args: Any, **kwargs: Any) -> bool:
    """At an exchange's point: only when it is a write."""
    return current_attempt.get().gate is not None


def the(number: int, when: Callable[..., bool]) -> Callable[..., bool]:
    """Only the so-manieth of the calls that are meant."""
    met = 0

    def counted(*args: Any, **kwargs: Any) -> bool:
        nonlocal met
        met += when(*args, **kwargs)
        return met == number and when(*args, **kwargs)

    return counted


def recording(kind: EventKind, *outcomes: str) -> Callable[..., bool]:
    """At the audit trail: only when it records such an event."""

    def records(recorded: EventKind, *args: Any, **kwargs: Any) -> bool:
        return recorded == kind and (not outcomes or kwargs.get("outcome") in outcomes)

    return records


def _start(action: Callable[[], object], point: Point, signal_number: int) -> int:
    connections.close_all()  # the child would end the session of both
    with warnings.catch_warnings():
        # The other threads of this process only wait for deadlines; they hold nothing.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        return process
    try:
        # Not closed, only not used: they are the parent's.
        for made in (clients.transport, clients.directory, clients.demographics):
            made.cache_clear()
        point.strike(signal_number)
        action()
        os._exit(RAN_TO_ITS_END)
    except BaseException:  # noqa: BLE001 - told, and the process ends
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
    finally:
        os._exit(BROKE)


def _end(process: int) -> None:
    """End a process that may have ended already."""
    try:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    except (ProcessLookupError, ChildProcessError):
        pass

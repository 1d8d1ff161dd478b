"""What is made of files, and made anew when they change while the process runs.

Whoever needs it asks for what is current; now and then that looks at the files, which costs four
calls of `stat`. Nothing changes in between, and no thread runs. What lies on disk is taken over as
a whole or not at all: where it is not good, what is in use stays in use, and it is said.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from gpconnect import london

LOOK_EVERY: Final = 2.0
"""Seconds between two looks."""
QUIET_FOR: Final = 2.0
"""Seconds for which nobody has written the files, before they take the place of those in use:
who writes several files, or a long one, is not read half-way."""

Made = TypeVar("Made")

log = logging.getLogger(__name__)


class FilesRefused(Exception):
    """Files that cannot be used. The text names the file and says why; nothing of its content."""


@dataclass(frozen=True, slots=True)
class Standing(Generic[Made]):
    """What is in use since when (aware, in UTC), and why what lies on disk is not.

    `used` is None where nothing good has lain there yet; `refused` is empty where what is in use
    is what lies there.
    """

    used: Made | None = None
    since: datetime | None = None
    refused: str = ""


Stamp = tuple[int, ...] | None
"""What changes with a file; None while there is none that can be looked at."""


class RenewedFiles(Generic[Made]):
    """Thread-safe, and safe over a fork.

    `make` reads the files, proves that they are good, and good to follow what is in use (None at
    first), and raises FilesRefused where not. `name` says in the log whose files they are.
    """

    def __init__(
        self, name: str, files: Sequence[Path], make: Callable[[Made | None], Made]
    ) -> None:
        self.name = name
        self._files = tuple(files)
        self._make = make
        self._standing: Standing[Made] = Standing()
        self._judged: tuple[Stamp, ...] | None = None
        self._seen: tuple[Stamp, ...] | None = None
        self._seen_at = 0.0
        self._look_at = 0.0
        self._lock = threading.Lock()
        self._process = os.getpid()

    def current(self) -> Made:
        """What to use now.

        Raises: FilesRefused where there has never been anything good.
        """
        standing = self.standing()
        if standing.used is None:
            raise FilesRefused(standing.refused)
        return standing.used

    def standing(self) -> Standing[Made]:
        """What `current` gives, and what is to be said of it."""
        if self._process != os.getpid():  # whoever held the lock stayed behind
            self._lock, self._process = threading.Lock(), os.getpid()
        # Only who has nothing yet waits for somebody else's look.
        if time.monotonic() >= self._look_at and self._lock.acquire(
            blocking=self._standing.used is None
        ):
            try:
                if time.monotonic() >= self._look_at:
                    self._look()
                    self._look_at = time.monotonic() + LOOK_EVERY
            finally:
                self._lock.release()
        return self._standing

    def _look(self) -> None:
        stamps = self._stamps()
        if stamps == self._judged and not self._standing.refused:
            return
        if stamps != self._seen:
            self._seen, self._seen_at = stamps, time.monotonic()
        if self._standing.used is not None and not self._is_quiet(stamps):
            return
        try:
            made = self._make(self._standing.used)
        except FilesRefused as refusal:
            self._judge(stamps, replace(self._standing, refused=str(refusal)))
        else:
            self._judge(stamps, Standing(made, london.now_utc()))

    def _judge(self, stamps: tuple[Stamp, ...], standing: Standing[Made]) -> None:
        if stamps != self._stamps() and self._standing.used is not None:
            return  # changed while it was read: nothing of it counts
        changed = stamps != self._judged or standing.refused != self._standing.refused
        first = self._standing == Standing()
        self._judged, self._standing = stamps, standing
        if not changed or (first and not standing.refused):  # that they are good is no news
            return
        if not standing.refused:
            log.info("%s: taken over", self.name)
        elif standing.used is None:
            log.error("%s: refused, and there is nothing else: %s", self.name, standing.refused)
        else:
            log.error("%s: refused, the old goes on: %s", self.name, standing.refused)

    def _is_quiet(self, stamps: tuple[Stamp, ...]) -> bool:
        if time.monotonic() - self._seen_at >= QUIET_FOR:
            return True
        last = max((stamp[-1] for stamp in stamps if stamp is not None), default=0)
        return None not in stamps and last / 1e9 <= time.time() - QUIET_FOR

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    # The last one is when its content, name or rights last changed, which no program can set.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

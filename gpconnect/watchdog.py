"""One thread that ends every exchange whose time is up.

A time-out on reading does not stop an answer that drips; shutting the socket does. What was
read when the watchdog has fired must be thrown away: cut headers can look like a whole answer.
"""

import heapq
import itertools
import os
import socket
import threading
import time
from contextlib import suppress


class Watch:
    """One socket under watch; made and ended by `Watchdog`."""

    __slots__ = ("_handle", "fired")

    def __init__(self, sock: socket.socket) -> None:
        # A descriptor of our own: whoever closes theirs meanwhile cannot make us shut another's.
        self._handle: socket.socket | None = socket.fromfd(sock.fileno(), sock.family, sock.type)
        self.fired = False

    def fire(self) -> None:
        if self._handle is not None:
            self.fired = True
            with suppress(OSError):  # the other side was quicker
                self._handle.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


class Watchdog:
    """Shuts watched sockets at their deadlines (seconds of `time.monotonic`). Thread-safe."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._watches: list[tuple[float, int, Watch]] = []
        self._thread: threading.Thread | None = None
        self._wakes_at = float("inf")
        self._closed = False

    def watch(self, sock: socket.socket, deadline: float) -> Watch:
        """Watch `sock` until `release`; at the deadline it is shut and `fired` is set."""
        if self._process != os.getpid():  # threads do not survive a fork
            self._begin()
        watch = Watch(sock)
        with self._changed:
            heapq.heappush(self._watches, (deadline, next(self._order), watch))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="gpconnect-watchdog", daemon=True
                )
                self._thread.start()
            elif deadline < self._wakes_at:
                self._changed.notify()
        return watch

    def release(self, watch: Watch) -> bool:
        """End a watch. Returns whether it had fired; after this it never will."""
        with self._changed:
            watch.end()
        return watch.fired

    def close(self) -> None:
        """End the thread. Sockets still under watch are left alone."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                while self._watches and self._watches[0][0] <= now:
                    heapq.heappop(self._watches)[2].fire()
                self._wakes_at = self._watches[0][0] if self._watches else float("inf")
                self._changed.wait(self._wakes_at - now if self._watches else None)

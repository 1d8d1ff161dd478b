"""supervisord as our child: starting its programs, waiting for them, and stopping them all."""

import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from xmlrpc.client import ServerProxy

from demo.places import ROOT, Places

CONFIGURATION = ROOT / "demo" / "supervisord.conf"
START_DEADLINE_SECONDS = 90.0
STOP_DEADLINE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.1


class Supervisor:
    """A running supervisord. Leaving the context stops every program, in order, and then it."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._process: subprocess.Popen[bytes] | None = None
        user = f"demo:{places.supervisor_password}"
        self._rpc: Any = ServerProxy(f"http://{user}@127.0.0.1:{places.ports['SUPERVISOR']}/RPC2")

    def __enter__(self) -> Self:
        # In a process group of its own: Ctrl-C in the terminal reaches us only, and we stop it.
        with (self._places.logs / "supervisord-start.log").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo.tether", "supervisord", "-c", str(CONFIGURATION)],
                cwd=ROOT,
                env=self._places.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        print("\nStopping ...", flush=True)
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its programs are tethered to it
            self._process.wait()

    def start(self, *names: str) -> None:
        """Start these programs, without waiting for them."""
        self._until("supervisord", self._is_listening)
        for name in names:
            self._rpc.supervisor.startProcess(name, False)

    def wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a program runs and `is_ready`.

        Raises SystemExit, naming the log to read, if it gives up or takes too long.
        """
        self._until(name, lambda: is_ready() and self._state(name) == "RUNNING")

    def watch(self, until: Callable[[], bool]) -> None:
        """Return when `until` says so. Raises SystemExit if supervisord ends by itself."""
        while not until():
            if self._process is None or self._process.poll() is not None:
                sys.exit(
                    f"The demo's supervisor has ended: see {self._places.logs}/supervisord.log"
                )
            time.sleep(0.5)

    def _until(self, name: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not condition():
            if self._process is None or self._process.poll() is not None:
                self._give_up("supervisord")
            for failed in self._given_up() if name != "supervisord" else ():
                self._give_up(failed)
            if time.monotonic() > deadline:
                self._give_up(name)
            time.sleep(LOOK_EVERY_SECONDS)

    def _is_listening(self) -> bool:
        try:
            return bool(self._rpc.supervisor.getState())
        except OSError:
            return False

    def _given_up(self) -> list[str]:
        """The programs that supervisord no longer tries to start."""
        every = self._rpc.supervisor.getAllProcessInfo()
        return [str(one["name"]) for one in every if one["statename"] in {"FATAL", "EXITED"}]

    def _state(self, name: str) -> str:
        return str(self._rpc.supervisor.getProcessInfo(name)["statename"])

    def _give_up(self, name: str) -> None:
        log = self._places.logs / (
            "supervisord-start.log" if name == "supervisord" else f"{name}.log"
        )
        said = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        print("\n".join(f"  {line}" for line in said), file=sys.stderr)
        sys.exit(f"{name} did not come up: see {log}")

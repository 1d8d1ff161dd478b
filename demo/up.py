"""`python -m demo up`: bring everything up, say how to use it, and take everything down again."""

import contextlib
import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from demo import certificates, embedded, running, seed
from demo.places import DEMO, ROOT, Places, environment_name, state_directory
from demo.supervision import Supervisor


class Stopped(BaseException):
    """Somebody asked the demo to stop: Ctrl-C, SIGTERM, a closed terminal, or make's end."""


def run(web_port: int) -> None:
    """Run the environment that ENVIRONMENT names: as the demo, without the sandbox.

    Raises SystemExit as `up`, and with what its settings refuse.
    """
    if environment_name() == DEMO:
        sys.exit("Name the environment: make run ENVIRONMENT=sandbox. The demo is `make demo`.")
    up(web_port)


def up(web_port: int) -> None:
    """Run the demo on `web_port` until it is stopped.

    Raises SystemExit, with what to do about it, if the port is taken, if this clone's demo runs
    already, or if a part does not come up.
    """
    started = time.monotonic()
    _stop_on_signals()
    places = Places(state_directory(), web_port)
    places.logs.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Stopped), _only_one(places.state):
        _refuse_taken_port(web_port)
        if environment_name() == DEMO:
            certificates.make(places.certificates)
        with (
            running.remembered(places.environment(), places.state),
            Supervisor(places) as supervisor,
        ):
            _start_everything(places, supervisor)
            if environment_name() == DEMO:
                _say_how_to_use_it(places, time.monotonic() - started)
            else:
                _say_what_is_next(places)
            supervisor.watch(until=_make_was_interrupted)
    if environment_name() == DEMO:
        print("The demo has stopped. What you did in it is kept; `make reset` forgets it.")
    else:
        print(f"{environment_name()} has stopped. What was done in it is kept.")


def _start_everything(places: Places, supervisor: Supervisor) -> None:
    environment = places.environment()
    servers = {
        name: partial(answers, environment[variable])
        for name, variable, answers in (
            ("postgres", "DATABASE_URL", embedded.postgres_answers),
            ("redis", "REDIS_URL", embedded.redis_answers),
        )
        if variable not in os.environ
    }
    sandbox = ("sandbox",) if environment_name() == DEMO else ()
    print(
        "Starting PostgreSQL, Redis and the sandbox ..."
        if sandbox
        else "Starting PostgreSQL and Redis ...",
        flush=True,
    )
    supervisor.start(*servers, *sandbox)
    for name, answers in servers.items():
        supervisor.wait(name, answers)
    print("Setting up the database ...", flush=True)
    _set_up_database(environment, places.logs / "set-up.log")
    if sandbox:
        supervisor.wait("sandbox", partial(_is_healthy, places.ports["CONTROL"]))
    print("Starting the portal ...", flush=True)
    supervisor.start("worker", "beat", "web")
    supervisor.wait("web", partial(_is_healthy, places.web_port))
    for name in ("worker", "beat"):
        supervisor.wait(name, lambda: True)


def _set_up_database(environment: dict[str, str], log: Path) -> None:
    """The tables, and the demo's people; elsewhere the static files, and no people."""
    manage = [sys.executable, "manage.py"]
    quietly = ["--verbosity", "0", "--no-input"]
    commands = [[sys.executable, "-m", "demo.seed"]]
    if environment_name() != DEMO:
        commands = [[*manage, "migrate", *quietly], [*manage, "collectstatic", *quietly]]
    with log.open("w") as output:
        for command in commands:
            ran = subprocess.run(
                [sys.executable, "-m", "demo.tether", *command],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                check=False,
            )
            if ran.returncode != 0:
                sys.exit(f"{log.read_text()}\nSetting up the database failed: see {log}")


def _say_what_is_next(places: Places) -> None:
    name = environment_name()
    print(f"\nThe booking portal runs as {name}:  {places.address}\n")
    print("In another terminal, with ENVIRONMENT set as here:")
    print(f"  ENVIRONMENT={name} .venv/bin/python manage.py first_organisation")
    print(f"  ENVIRONMENT={name} .venv/bin/python manage.py check_environment")
    print(f"\nLogs: {places.logs}.  Ctrl-C stops everything.", flush=True)


def _say_how_to_use_it(places: Places, seconds: float) -> None:
    print(f"\nThe booking portal is ready after {seconds:.0f} s:  {places.address}\n")
    print(f"Accounts (password {seed.password()}):")
    for account in seed.SAMPLE["accounts"]:
        print(f"  {account['username']:<14} {account['shows']}")
    print("\nPatients of A20047 (NHS number, birth date, what it shows):")
    for patient in _patients_worth_trying(places.ports["CONTROL"]):
        print(f"  {patient['nhs_number']}  {patient['birth_date']}  {patient['note']}")
    print(f"  others, and what each shows: {places.address}demo/")
    print(f"\nLogs: {places.logs}.  Ctrl-C stops everything.", flush=True)


def _patients_worth_trying(control_port: int) -> list[dict[str, Any]]:
    _, body = _get(control_port, "/patients")
    answer = json.loads(body)
    patients = answer["patients"] if isinstance(answer, dict) else answer
    return [patient for patient in patients if patient.get("note", "").startswith("ordinary")]


def _is_healthy(port: int) -> bool:
    try:
        status, _ = _get(port, "/healthz")
    except (OSError, http.client.HTTPException):
        return False
    return status == http.HTTPStatus.OK


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            target = "demo" if environment_name() == DEMO else "run"
            sys.exit(f"Port {port} cannot be used ({error.strerror}). Try: make {target} PORT=8001")


@contextlib.contextmanager
def _only_one(state: Path) -> Iterator[None]:
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("The demo of this clone is running already (or still stopping).")
        yield


def _stop_on_signals() -> None:
    """Handlers of our own: a script's background job starts with Ctrl-C ignored."""
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in stops:  # once is enough: stopping is not to be cut short
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in stops:
        signal.signal(each, stop)


def _make_was_interrupted() -> bool:
    """Whether the make that started us got Ctrl-C alone, as from `kill -INT` by a script.

    make then waits for us without telling us. It puts SIGINT back to its default meanwhile,
    which the kernel shows: a make at work catches it.
    """
    parent = Path("/proc", str(os.getppid()))
    try:
        if (parent / "comm").read_text().strip() not in {"make", "gmake"}:
            return False
        status = (parent / "status").read_text()
    except OSError:
        return False
    masks = dict(re.findall(r"^(Sig(?:Ign|Cgt)):\s*([0-9a-f]+)$", status, re.MULTILINE))
    interrupt = 1 << (signal.SIGINT - 1)
    return not any(int(mask, 16) & interrupt for mask in masks.values())

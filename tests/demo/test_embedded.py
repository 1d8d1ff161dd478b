"""The embedded servers: real, private, and gone with their parent."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from demo import embedded
from tests.demo.processes import ROOT, is_running, until

PARENT = """
import subprocess, sys, time
servers = [subprocess.Popen([sys.executable, "-m", "demo.embedded", *arguments.split()])
           for arguments in sys.argv[1:]]
print(*[server.pid for server in servers], flush=True)
time.sleep(3600)
"""


@dataclass(frozen=True)
class Servers:
    parent: subprocess.Popen[str]
    pids: list[int]
    database_url: str
    redis_url: str
    log: Path


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Both servers, started by a process that can be killed."""
    (tmp_path / "redis").mkdir()
    postgres_port, redis_port = embedded.free_ports(2)
    database_url = embedded.database_url(tmp_path / "postgres", postgres_port)
    redis_url = embedded.redis_url(tmp_path / "redis", redis_port)
    arguments = [
        f"postgres --data {tmp_path}/postgres --port {postgres_port} --fast",
        f"redis --data {tmp_path}/redis --port {redis_port}",
    ]
    with (tmp_path / "log").open("w") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, *arguments],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(word) for word in parent.stdout.readline().split()]
    assert until(lambda: embedded.postgres_answers(database_url))
    assert until(lambda: embedded.redis_answers(redis_url))
    yield Servers(parent, pids, database_url, redis_url, tmp_path / "log")
    parent.kill()
    parent.wait()
    assert until(lambda: not any(map(is_running, pids)))
    embedded.forget(tmp_path / "postgres")


def test_both_end_when_their_parent_is_killed(servers: Servers) -> None:
    assert all(map(is_running, servers.pids))
    os.kill(servers.parent.pid, signal.SIGKILL)
    servers.parent.wait()
    assert until(lambda: not any(map(is_running, servers.pids)))
    assert not embedded.postgres_answers(servers.database_url)
    assert not embedded.redis_answers(servers.redis_url)


def test_neither_lets_anybody_in_without_the_password(servers: Servers) -> None:
    place = urlsplit(servers.database_url)
    for account in ("booking_portal", "booking_portal:guess", "postgres", "postgres:postgres"):
        with pytest.raises(psycopg.OperationalError, match=r"password|authentication"):
            psycopg.connect(f"postgres://{account}@127.0.0.1:{place.port}/postgres")
    with (
        redis.Redis(port=urlsplit(servers.redis_url).port or 0) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_both_listen_on_this_machine_only(servers: Servers) -> None:
    ports = {urlsplit(url).port for url in (servers.database_url, servers.redis_url)}
    listening = re.findall(
        r"^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A ",
        Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text(),
        re.MULTILINE,
    )
    addresses = {address for address, port in listening if int(port, 16) in ports}
    assert addresses == {"0100007F"}


def test_postgresql_never_runs_as_root(servers: Servers) -> None:
    status = Path(f"/proc/{servers.pids[0]}/status").read_text()
    assert "0" not in re.findall(r"^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$", status, re.MULTILINE)[0]


def test_postgresql_logs_nothing_of_a_statement_that_fails(servers: Servers) -> None:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE patient (name text UNIQUE)")
        connection.execute("INSERT INTO patient VALUES (%s)", ["Xylopharn"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO patient VALUES (%s)", ["Xylopharn"])
    assert until(lambda: "duplicate key" in servers.log.read_text())
    assert "Xylopharn" not in servers.log.read_text()
    assert "INSERT" not in servers.log.read_text()

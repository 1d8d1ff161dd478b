"""An installation in containers, with production's settings, against the sandbox."""

import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from containers.engine import Failed, Project, Version, docker, healthy
from demo import certificates, embedded

PORTAL_UID: Final = 10001
PROXY_UID: Final = 101
TAKEN_OVER_SECONDS: Final = 12.0
"""Within which every process has looked at its files again."""


class Installation:
    """Values, certificates, a sandbox and a Compose project; `version` is what runs."""

    def __init__(
        self, name: str, made: Path, compose: list[str], version: Version, demo: str
    ) -> None:
        self.version = version
        self._demo = demo
        self._api_key = secrets.token_hex(16)  # the sandbox's own opens nothing in live
        self._made = made
        self._sandbox = f"{name}-sandbox"
        self._trust, self._proxy = made / "trust", made / "proxy"
        self.authority = made / "set" / "ca.pem"
        plain, tls = embedded.free_ports(2)
        self.address = f"https://localhost:{tls}"
        values = made / "values.env"
        values.touch(mode=0o600)
        values.write_text("".join(f"{name}={value}\n" for name, value in {
            "PORT": plain,
            "TLS_PORT": tls,
            "CERTIFICATES": self._trust,
            "PROXY_CERTIFICATES": self._proxy,
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "booking.riverside.example.nhs.uk",
            "POSTGRES_PASSWORD": secrets.token_hex(16),
            "DATABASE_PASSWORD": secrets.token_hex(16),
            "REDIS_PASSWORD": secrets.token_hex(16),
            "GPCONNECT_SSP_URL": "https://sandbox:9443",
            "NHS_API_CA_BUNDLE": "/certificates/api-ca.pem",
            "GPCONNECT_ISSUER": "https://booking-portal.example.nhs.uk",
            "GPCONNECT_DIRECTORY_URL": "https://sandbox:9444/sds",
            "GPCONNECT_DIRECTORY_API_KEY": self._api_key,
            "PDS_URL": "https://sandbox:9444/personal-demographics/FHIR/R4",
            "PDS_TOKEN_URL": "https://sandbox:9444/oauth2/token",
            "PDS_CLIENT_ID": "booking-portal",
            "PDS_KEY_ID": "riverside-1",
        }.items()))  # fmt: skip
        self.project = Project(name, compose, values, root=version.root)

    def installs(self) -> float:
        """From nothing to healthy, with the demo's organisations; the seconds that it took."""
        started = time.monotonic()
        certificates.make(self._made / "set")
        self._put(self._made / "set", self._trust, PORTAL_UID)
        own = self._made / "own"
        own.mkdir()
        for ending in ("pem", "key"):
            shutil.copy(self._made / "set" / f"server.{ending}", own / f"proxy.{ending}")
        self._put(own, self._proxy, PROXY_UID)
        self.compose("create", "--no-build", "--pull", "never")
        docker(
            "run", "--detach", "--name", self._sandbox, "--network", f"{self.project.name}_outside",
            "--network-alias", "sandbox", "--volume", f"{self._trust}:/certificates:ro",
            "--env", f"SANDBOX_SDS_KEY={self._api_key}", "--env", "SANDBOX_PDS_KEY_ID=riverside-1",
            self._demo,
            "python", "-m", "sandbox", "--state", "/sandbox", "--certificates", "/certificates",
            "--host", "0.0.0.0", "--ssp-port", "9443", "--services-port", "9444",  # noqa: S104
            "--control-port", "9445",
        )  # fmt: skip
        self.up()
        # Organisations and accounts, by the demo's own seed: it is no part of the portal's image.
        self.compose(
            "run", "--rm", "--no-deps", "--env", "DEMO_PASSWORD", "--volume",
            f"{self.version.root / 'demo'}:/portal/demo:ro", "set-up",
            "python", "-m", "demo.seed",
        )  # fmt: skip
        return time.monotonic() - started

    def compose(self, *arguments: str) -> str:
        """`docker compose ...` as the version that runs has it. Raises Failed."""
        return self.project(*arguments, PORTAL_IMAGE=self.version.image)

    def up(self, *options: str) -> float:
        """Start what is not running; the seconds until all is healthy. Raises Failed."""
        return self.project.up(*options, PORTAL_IMAGE=self.version.image)

    def scales(self, count: int) -> float:
        """To so many webs and workers; the seconds until all are healthy."""
        return self.up("--no-recreate", "--scale", f"web={count}", "--scale", f"worker={count}")

    def restarts_in_turn(self) -> int:
        """Every web, worker and beat, one after the other; how many."""
        names = ("web", "worker", "beat")
        turned = [one for name in names for one in self.project.containers(name)]
        for container in turned:
            docker("restart", "--time", "30", container)
            healthy(container, 120)
        self.compose("exec", "--no-TTY", "proxy", "nginx", "-c", "/etc/nginx/portal/tls.conf", "-s",
                     "reload")  # fmt: skip
        return len(turned)

    def rolls_to(self, version: Version, *, migrating: bool) -> float:
        """Replace every container by one of that version, under load; the seconds that it took.

        New webs come first and must be healthy before an old one is asked to stop.
        """
        started = time.monotonic()
        self.version = version
        self.project = replace(self.project, root=version.root)
        if migrating:
            self.compose("run", "--rm", "--no-deps", "set-up")
        old = self.project.containers("web")
        keeping = ("up", "--detach", "--no-build", "--pull", "never", "--no-deps")
        self.compose(*keeping, "--no-recreate", "--scale", f"web={2 * len(old)}", "web")
        for container in set(self.project.containers("web")) - set(old):
            healthy(container, 120)
        for container in old:
            docker("stop", "--time", "30", container)
            docker("rm", container)
        workers = len(self.project.containers("worker"))
        self.compose(*keeping, "--scale", f"worker={workers}", "worker", "beat")
        for name in ("worker", "beat"):
            for container in self.project.containers(name):
                healthy(container, 120)
        return time.monotonic() - started

    def images(self) -> set[str]:
        """The images of the running webs and workers."""
        running = [one for name in ("web", "worker") for one in self.project.containers(name)]
        return {docker("inspect", "--format", "{{.Config.Image}}", one) for one in running}

    def renews_trust(self) -> None:
        """Another authority, another client certificate and other lists, step by step."""
        old, new = self._made / "set", self._made / "next"
        certificates.make(new)
        both = {name: [old / name, new / name] for name in ("ca.pem", "revocations.pem")}
        pair = {f"client.{ending}": [new / f"client.{ending}"] for ending in ("key", "pem")}
        self._step("1-both", both)
        self._spine("1-spine", old, both)
        self._step("2-client", pair)
        self._spine("2-spine", old, both | {
            f"server.{ending}": [new / f"server.{ending}"] for ending in ("key", "pem")
        })  # fmt: skip
        only = {name: [new / name] for name in both}
        self._step("3-new", only)

    def _step(self, name: str, files: dict[str, list[Path]]) -> None:
        """Put those files, each made of several, in place of the portal's; wait."""
        self._put(self._joined(name, files), self._trust, PORTAL_UID)
        time.sleep(TAKEN_OVER_SECONDS)

    def _spine(self, name: str, base: Path, files: dict[str, list[Path]]) -> None:
        """Let the sandbox take over a set that is `base` but for those files."""
        directory = self._joined(name, files)
        for file in base.iterdir():
            if file.name not in files:
                shutil.copy(file, directory)
        there = f"/certificates-of-the-sandbox/{name}"
        docker("exec", "--user", "0", self._sandbox, "mkdir", "-p", "/certificates-of-the-sandbox")
        docker("cp", str(directory), f"{self._sandbox}:{there}")
        docker("exec", "--user", "0", self._sandbox, "chown", "-R", str(PORTAL_UID), there)
        asks = (
            "import requests; requests.put('http://127.0.0.1:9445/certificates', "
            f"json={{'directory': '{there}'}}, timeout=10).raise_for_status()"
        )
        docker("exec", self._sandbox, "python", "-c", asks)

    def _joined(self, name: str, files: dict[str, list[Path]]) -> Path:
        directory = self._made / name
        directory.mkdir()
        for target, parts in files.items():
            (directory / target).write_bytes(b"".join(part.read_bytes() for part in parts))
        return directory

    def _put(self, source: Path, target: Path, uid: int) -> None:
        """Every file of `source` into `target`, each whole at once, readable by that user alone."""
        target.mkdir(exist_ok=True)
        own = f"chown -R {uid} /to && chmod -R u=rwX,go= /to"
        docker(
            "run", "--rm", "--user", "0", "--volume", f"{source}:/from:ro", "--volume",
            f"{target}:/to", self._demo, "sh", "-ec",
            f"mkdir /to/.new\ncp /from/* /to/.new\n{own}\nmv /to/.new/* /to && rmdir /to/.new",
        )  # fmt: skip

    def logs(self, *services: str) -> Iterable[str]:
        """The lines of those services' logs."""
        return self.compose("logs", "--no-color", *services).splitlines()

    def ends(self) -> None:
        """Take everything down."""
        try:
            docker("rm", "--force", self._sandbox)
        except Failed as error:
            print(error)  # noqa: T201 - it reports to a terminal
        self.project.down()

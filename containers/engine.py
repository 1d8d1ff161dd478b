"""The Docker engine, Compose, and the base images where no registry is reached."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from containers.base_images import named
from demo import embedded
from demo.places import ROOT

STAND_INS: Final = Path(__file__).with_name("stand_ins")
AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
PIP: Final = Path("/etc/pip.conf")
COMPOSE: Final = "v2.40.3"
"""What Compose is built from with Go where the engine has no plugin of it."""


class Failed(Exception):
    """A command of the engine did not succeed; its text has the last lines that it said."""


def run(*command: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """What the command wrote to standard output. Raises Failed."""
    ran = subprocess.run(  # noqa: S603 - commands of this package
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        said = "\n".join((ran.stdout + ran.stderr).splitlines()[-25:])
        raise Failed(f"{' '.join(command[:6])} ...: {said}")
    return ran.stdout.strip()


def docker(*arguments: str, cwd: Path = ROOT) -> str:
    """What `docker ...` wrote. Raises Failed."""
    return run("docker", *arguments, cwd=cwd)


def base_images() -> set[str]:
    """The names of the images that the product builds on and runs beside."""
    return {str(one) for one in named(ROOT)}


def fetch_or_make_bases() -> list[str]:
    """Have every base image; gives those that were made from Debian's packages. Raises Failed."""
    made = [name for name in sorted(base_images()) if not _there(name) and not _pulled(name)]
    for name in made:
        if "@" in name:  # nothing that is made here has that digest
            raise Failed(f"{name} is pinned and could not be pulled: no registry is reached.")
    if not made:
        return [name for name in sorted(base_images()) if _is_stand_in(name)]
    with tempfile.TemporaryDirectory() as directory:
        debian = Path(directory) / "debian"
        if not _there("stand-in/debian"):
            run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm",
                str(debian))  # fmt: skip
            _import(debian)
        context = Path(directory) / "context"
        shutil.copytree(STAND_INS, context)
        postgres = embedded.postgres_installation()
        shutil.copytree(postgres, context / "pginstall")
        shutil.copytree(f"{postgres.parent}.libs", context / "libs")
        for name in made:
            target = name.split(":")[0]
            docker("build", "--network", "host", "--target", target, "--tag", name, str(context))
    return [name for name in sorted(base_images()) if _is_stand_in(name)]


def _import(debian: Path) -> None:
    """Debian as an image, which trusts whom this machine trusts when it fetches packages."""
    for file in (AUTHORITIES, PIP):
        if file.exists():
            shutil.copy(file, debian / file.relative_to("/"))
    archive = debian.with_suffix(".tar")
    run("tar", "--directory", str(debian), "--create", "--file", str(archive), ".")
    docker("import", "--change", "LABEL stand-in=debian", str(archive), "stand-in/debian")


def _there(image: str) -> bool:
    try:
        docker("image", "inspect", image)
    except Failed:
        return False
    return True


def _is_stand_in(image: str) -> bool:
    return docker("image", "inspect", "--format", '{{index .Config.Labels "stand-in"}}', image) == (
        "debian"
    )


def _pulled(image: str) -> bool:
    try:
        docker("pull", "--quiet", image)
    except Failed:
        return False
    return True


def build(target: str, tag: str, root: Path, version: str) -> float:
    """Build the product's image from the clone at `root`; the seconds that it took."""
    started = time.monotonic()
    docker(
        "build", "--network", "host", "--target", target, "--tag", tag,
        "--build-arg", f"VERSION={version}", "--build-arg",
        f"REVISION={run('git', 'rev-parse', 'HEAD')}", str(root),
    )  # fmt: skip
    return time.monotonic() - started


def compose_command(kept: Path) -> list[str]:
    """How Compose is called: the engine's plugin, or one built with Go into `kept`."""
    try:
        docker("compose", "version")
    except Failed:
        return [str(_built_compose(kept))]
    return ["docker", "compose"]


def _built_compose(kept: Path) -> Path:
    built = kept / f"docker-compose-{COMPOSE}"
    if built.exists():
        return built
    module = f"github.com/docker/compose/v2@{COMPOSE}"
    run("go", "mod", "download", module, cwd=kept)
    source = Path(run("go", "env", "GOMODCACHE")) / module
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "compose"
        shutil.copytree(source, copy)
        run("chmod", "-R", "u+w", str(copy))
        run("go", "build", "-trimpath", "-o", str(built), "./cmd", cwd=copy)
    return built


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the product: its image, and the clone whose docker-compose.yml runs it."""

    image: str
    root: Path = ROOT


@dataclass(frozen=True, slots=True)
class Project:
    """One Compose project: its name, how Compose is called, its file of values, and the clone."""

    name: str
    compose: list[str]
    values: Path
    profiles: tuple[str, ...] = ()
    root: Path = ROOT

    def __call__(self, *arguments: str, **changed: str) -> str:
        """What `docker compose ...` wrote; `changed` are values in place of the file's."""
        profiles = [part for name in self.profiles for part in ("--profile", name)]
        return run(
            *self.compose, "--project-name", self.name, "--env-file", str(self.values), *profiles,
            *arguments, cwd=self.root, environment={**os.environ, **changed},
        )  # fmt: skip

    def containers(self, service: str) -> list[str]:
        """The ids of the service's running containers."""
        return self("ps", "--quiet", service).split()

    def up(self, *services: str, seconds: float = 240, **changed: str) -> float:
        """Start, and wait until all are healthy; the seconds that it took. Raises Failed."""
        started = time.monotonic()
        try:
            self("up", "--detach", "--no-build", "--pull", "never", *services, **changed)
        except Failed as error:
            logs = self("logs", "--no-color", "--tail", "15", "set-up", **changed)
            raise Failed(f"{error}\n{logs}") from None
        running = self("ps", "--quiet").split()
        for container in running:
            healthy(container, seconds - (time.monotonic() - started))
        return time.monotonic() - started

    def down(self) -> None:
        """Take everything down, with its volumes."""
        self("down", "--volumes", "--timeout", "30", "--remove-orphans")


def healthy(container: str, seconds: float) -> None:
    """Wait until the container is healthy. Raises Failed."""
    until = time.monotonic() + seconds
    while (state := _health(container)) != "healthy":
        if time.monotonic() > until or state == "exited":
            said = docker("logs", "--tail", "15", container)
            raise Failed(f"{container[:12]} is {state}: {said}")
        time.sleep(0.5)


def _health(container: str) -> str:
    return docker(
        "inspect", "--format",
        "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}", container,
    )  # fmt: skip


def left_over(project: str) -> Iterator[str]:
    """What of the project is still there: containers, networks, volumes."""
    label = f"label=com.docker.compose.project={project}"
    yield from docker("ps", "--all", "--quiet", "--filter", label).split()
    for kind in ("network", "volume"):
        yield from docker(kind, "ls", "--quiet", "--filter", label).split()

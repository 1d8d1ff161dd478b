"""Builds both images and runs them; prints `name | value | goal | ok` (or `short`) a line.

    python -m containers

Needs a Docker engine (DOCKER_HOST, as usual), and no registry of images: base images that cannot be
pulled are made from Debian's packages. FROM=commit is the version to upgrade from (the one before);
ONLY=demo, production or upgrade: a part.
"""
# ruff: noqa: T201 - it reports to a terminal

import itertools
import os
import secrets
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests

from bench.figures import Figure
from chaos.commands.browser import Away, Broken
from containers import engine
from containers.engine import Failed, Project, Version, docker
from containers.installation import Installation
from containers.load import Count, Load, signed_in
from demo import embedded
from demo.places import ROOT
from tests.takeover.installation import code_of
from tests.takeover.page_user import APPOINTMENT, PageUser, Patient, Unexpected, subject_of

THIS: Final = "gpconnect-booking-portal:portal"
THIS_DEMO: Final = "gpconnect-booking-portal:demo"
BEFORE: Final = "gpconnect-booking-portal:before"
PATIENT: Final = Patient("9658218873", "1962-11-27")


def main() -> None:
    os.environ["DEMO_PASSWORD"] = secrets.token_urlsafe(16)  # the demo's own opens nothing in live
    os.environ["DOCKER_BUILDKIT"] = "0"  # the builder that every engine has
    short = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        made = Path(directory)
        try:
            for figure in _figures(made):
                print(figure, flush=True)
                short += figure.short
        except (Failed, Unexpected, Away, Broken, TimeoutError) as error:
            print(error)
            short += 1
    print(Figure("time of it all", time.monotonic() - begun, "s"))
    sys.exit(f"{short} short" if short else 0)


def _figures(made: Path) -> Iterator[Figure]:
    compose = engine.compose_command(_kept())
    stand_ins = engine.fetch_or_make_bases()
    yield Figure("base images that Debian's packages stand in for", len(stand_ins), "images")
    unpinned = sum("@" not in name for name in engine.base_images())
    yield Figure("base images not pinned by digest (make digests)", unpinned, "images")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for target, tag in (("portal", THIS), ("demo", THIS_DEMO)):
        yield Figure(f"built: {target}", engine.build(target, tag, ROOT, version), "s", goal=900)
    yield from _looked_into(version)
    only = os.environ.get("ONLY") or "demo production upgrade"
    if "demo" in only:
        yield from _demo(made / "demo", compose)
    if "production" in only:
        yield from _production(made / "production", compose)
    if "upgrade" not in only:
        return
    commit = engine.run("git", "rev-parse", "--short", os.environ.get("FROM", "HEAD~1"))
    code_of(commit, made / "code")
    yield Figure(f"built: {commit}", engine.build("portal", BEFORE, made / "code", commit), "s")
    yield from _upgrade(made / "upgrade", compose, commit, Version(BEFORE, made / "code"))


def _kept() -> Path:
    kept = ROOT / "var" / "containers"
    kept.mkdir(parents=True, exist_ok=True)
    return kept


def _looked_into(version: str) -> Iterator[Figure]:
    """What the image that was built is made of."""
    says = docker("run", "--rm", THIS, "python", "-c", (
        "import importlib.util as u, os; "
        "print(os.getuid(), sum(u.find_spec(n) is not None for n in ('pip', 'ensurepip')))"
    )).split()  # fmt: skip
    yield Figure("user of the image", int(says[0]), "uid", goal=10001, least=10001)
    yield Figure("installers in the image", int(says[1]), "found", goal=0)
    label = '{{index .Config.Labels "org.opencontainers.image.version"}}'
    told = docker("image", "inspect", "--format", label, THIS) == version
    yield Figure(f"label says version {version}", int(told), "of 1", least=1)


def _demo(made: Path, compose: list[str]) -> Iterator[Figure]:
    """The demo as demo/compose.env gives it, with free ports and a password of its own."""
    made.mkdir()
    plain, tls = embedded.free_ports(2)
    values = made / "values.env"
    text = (ROOT / "demo" / "compose.env").read_text()
    values.write_text(f"{text}PORT={plain}\nTLS_PORT={tls}\nPORTAL_IMAGE={THIS_DEMO}\n")
    project = Project("gpconnect-demo", compose, values, ("demo",))
    address = f"http://localhost:{plain}"
    own = os.environ.pop("DEMO_PASSWORD")
    try:
        yield Figure("demo: all healthy", project.up(), "s", goal=240)
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(f"{address}/demo/", timeout=20)
        listed = page.text.count("965 821 8873")
        yield Figure("demo: its page lists patients", listed, "times the first", least=1)
        yield _books("demo", address)
    finally:
        os.environ["DEMO_PASSWORD"] = own
        project.down()
    yield Figure("demo: left over", len([*engine.left_over(project.name)]), "things", goal=0)


def _production(made: Path, compose: list[str]) -> Iterator[Figure]:
    """Production's settings from nothing; then scaled, restarted and renewed under load."""
    made.mkdir()
    installation = Installation("gpconnect-production", made, compose, Version(THIS), THIS_DEMO)
    address, trusting = installation.address, installation.authority
    try:
        yield Figure("production: installed, all healthy", installation.installs(), "s", goal=300)
        yield _books("production", address, trusting)
        yield Figure("scaled to two webs, two workers", installation.scales(2), "s", goal=180)
        for name in ("web", "worker"):
            running = len(installation.project.containers(name))
            yield Figure(f"scaled: {name}", running, "containers", goal=2, least=2)
        with Load(address, PATIENT, trusting) as load:
            turned = installation.restarts_in_turn()
        yield Figure("restarted in turn under load", turned, "containers", least=5)
        yield from _under_load("restarts", load.count)
        with Load(address, PATIENT, trusting) as load:
            installation.renews_trust()
            time.sleep(5)
        taken = sum("taken over" in line for line in installation.logs("web"))
        yield Figure(
            "certificate, authority, lists renewed under load", taken, "times said", least=3
        )
        yield from _under_load("renewal", load.count)
    finally:
        installation.ends()
    left = len([*engine.left_over(installation.project.name)])
    yield Figure("production: left over", left, "things", goal=0)


def _upgrade(made: Path, compose: list[str], commit: str, before: Version) -> Iterator[Figure]:
    """The version before installed from nothing, upgraded to this one under load, and back."""
    made.mkdir()
    installation = Installation("gpconnect-upgrade", made, compose, before, THIS_DEMO)
    address, trusting = installation.address, installation.authority
    try:
        yield Figure(f"{commit}: installed, all healthy", installation.installs(), "s", goal=300)
        installation.scales(2)
        yield _books(commit, address, trusting)
        for name, version in (("upgrade", Version(THIS)), ("way back", before)):
            with Load(address, PATIENT, trusting) as load:
                took = installation.rolls_to(version, migrating=version != before)
            yield Figure(f"{name}: rolled", took, "s", goal=300)
            other = len(installation.images() - {version.image})
            yield Figure(f"{name}: still of the other version", other, "images", goal=0)
            yield from _under_load(name, load.count)
            yield _books(f"after the {name}", address, trusting)
    finally:
        installation.ends()
    left = len([*engine.left_over(installation.project.name)])
    yield Figure("upgrade: left over", left, "things", goal=0)


def _books(where: str, address: str, trusting: Path | None = None) -> Figure:
    """Sign in, find a patient, search, book: one booking that the practice has confirmed."""
    count = Count()
    user = PageUser(
        signed_in(address, "receptionist", count, trusting), itertools.count(1).__next__
    )
    page = user.books(PATIENT)
    until = time.monotonic() + 30
    while not APPOINTMENT.search(page.html) and time.monotonic() < until:
        time.sleep(0.5)
        page = user.browser.opens(f"/bookings/{subject_of(page)}/")
    return Figure(f"booked: {where}", int(bool(APPOINTMENT.search(page.html))), "bookings", least=1)


def _under_load(what: str, count: Count) -> Iterator[Figure]:
    for line in (*count.failed, *count.failed_journeys):
        print(f"  {line}")
    yield Figure(f"{what}: requests under load", count.answers, "answers", least=100)
    yield Figure(f"{what}: failed requests", len(count.failed), "requests", goal=0)
    yield Figure(f"{what}: searches at a practice under load", count.journeys, "searches", least=5)
    yield Figure(f"{what}: failed searches", len(count.failed_journeys), "searches", goal=0)


if __name__ == "__main__":
    main()

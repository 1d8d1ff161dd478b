"""`make digests`, in a copy of what it reads and writes, with an engine that plays a registry."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from containers.base_images import named
from tests.demo.processes import ROOT

IMAGES = {"python:3.11-slim", "nginx:1.28", "postgres:18", "redis:7.2"}
ENGINE = """#!{python}
import json, sys
what, image = sys.argv[1:]
assert what == "pull", sys.argv
found = json.load(open({answers!r})).get(image)
if found is None:
    sys.exit("Error response from daemon: no route to host")
print(f"{{image}}: Pulling\\n{{found}}\\nStatus: Downloaded newer image for {{image}}")
"""


class Clone:
    """The files that name images, and the command."""

    def __init__(self, root: Path) -> None:
        self.root = root / "clone"
        for name in ("containers", "demo", "kubernetes"):
            kept = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, self.root / name, ignore=kept)
        for name in ("Dockerfile", "docker-compose.yml"):
            text = (ROOT / name).read_text()
            for one in named(ROOT):  # as they were before anybody pinned them
                text = text.replace(str(one), one.image)
            (self.root / name).write_text(text)
        job = self.root / "kubernetes" / "set-up.yaml"
        text = job.read_text()
        job.write_text(text + "      initContainers:\n        - image: postgres:18 # waits\n")
        self.programs = root / "programs"
        self.programs.mkdir()
        self.answers = root / "answers.json"

    def has_an_engine(self) -> None:
        engine = self.programs / "docker"
        engine.write_text(ENGINE.format(python=sys.executable, answers=str(self.answers)))
        engine.chmod(0o755)

    def registry(self, digit: str, *without: str) -> dict[str, str]:
        """What the registry has from now on."""
        self.has_an_engine()
        digests = {
            image: f"sha256:{digit * 63}{number}" for number, image in enumerate(sorted(IMAGES))
        }
        said = {name: f"Digest: {one}" for name, one in digests.items() if name not in without}
        self.answers.write_text(json.dumps(said))
        return digests

    def runs(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "containers.digests"],
            cwd=self.root, env=os.environ | {"PATH": str(self.programs)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def texts(self) -> dict[Path, str]:
        return {file: file.read_text() for file in self.root.rglob("*") if file.suffix != ".pyc"
                and file.is_file()}  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_every_image_of_others_is_found() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    said = {service["image"] for service in services if not service["image"].startswith("$")}
    stages = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines()
              if line.startswith("FROM ")]  # fmt: skip
    own = {stage[-1] for stage in stages} | {"scratch"}
    said |= {stage[1] for stage in stages} - own
    assert {str(one) for one in named(ROOT)} == said
    assert {one.image for one in named(ROOT)} == IMAGES


def test_each_is_pinned_wherever_it_is_named_and_renewed_when_called_again(clone: Clone) -> None:
    digests = clone.registry("a")
    before = clone.texts()
    ran = clone.runs()
    assert ran.returncode == 0, ran.stderr
    for image, digest in digests.items():
        assert f"{image}: pinned, {digest}" in ran.stdout
    assert {(one.image, one.digest) for one in named(clone.root)} == set(digests.items())
    text = (clone.root / "Dockerfile").read_text()
    assert text.count(f"FROM python:3.11-slim@{digests['python:3.11-slim']} AS ") == 3
    job = (clone.root / "kubernetes" / "set-up.yaml").read_text()
    assert f"- image: postgres:18@{digests['postgres:18']} # waits\n" in job
    assert "image: gpconnect-booking-portal\n" in job
    pinned = clone.texts()
    assert {file.name for file in pinned if pinned[file] != before.get(file)} == {
        "Dockerfile", "docker-compose.yml", "set-up.yaml"
    }  # fmt: skip

    again = clone.runs()
    assert again.stdout.count("as before") == len(IMAGES)
    assert clone.texts() == pinned

    digests = clone.registry("b")
    renewed = clone.runs()
    assert renewed.stdout.count("renewed") == len(IMAGES)
    assert {(one.image, one.digest) for one in named(clone.root)} == set(digests.items())


def refused(clone: Clone, why: str) -> str:
    """What it says when it writes nothing."""
    before = clone.texts()
    ran = clone.runs()
    assert ran.returncode == 1
    assert "No digest was written." in ran.stderr
    assert why in ran.stderr
    assert clone.texts() == before
    return ran.stdout


def test_without_an_engine_nothing_is_written_and_what_is_not_pinned_is_named(clone: Clone) -> None:
    said = refused(clone, "There is no Docker engine here")
    for image in IMAGES:
        assert f"{image}: not pinned" in said


def test_one_that_the_registry_does_not_give_leaves_all_as_they_were(clone: Clone) -> None:
    clone.registry("a")
    assert clone.runs().returncode == 0
    digests = clone.registry("b", "redis:7.2")
    said = refused(clone, "no route to host")
    assert "not pinned" not in said
    assert f"redis:7.2@{digests['redis:7.2'].replace('b', 'a')}: stays as it is" in said


@pytest.mark.parametrize(
    "told", ["", "Digest: sha256:abc", f"Digest: sha256:{'a' * 64}\nDigest: sha256:{'b' * 64}"]
)
def test_a_pull_that_tells_no_digest_is_none(clone: Clone, told: str) -> None:
    clone.registry("a")
    answers = json.loads(clone.answers.read_text())
    clone.answers.write_text(json.dumps(answers | {"postgres:18": told}))
    refused(clone, "pulled postgres:18 and told no digest")


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(clone: Clone) -> None:
    clone.registry("a")
    (clone.root / "docker-compose.yml.new").mkdir()
    refused(clone, "docker-compose.yml.new")


def test_what_is_pinned_has_no_stand_in(clone: Clone) -> None:
    clone.registry("a")
    assert clone.runs().returncode == 0
    clone.answers.write_text("{}")
    ran = subprocess.run(
        [sys.executable, "-c", "from containers import engine; engine.fetch_or_make_bases()"],
        cwd=clone.root, env=os.environ | {"PATH": str(clone.programs)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "is pinned and could not be pulled" in ran.stderr

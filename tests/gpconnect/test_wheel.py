"""The client library is a package of its own: built, installed and used without the portal."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.gpconnect.test_readme import readme_example
from tests.sandbox_control import Sandbox

ROOT = Path(__file__).resolve().parents[2]

# Refuses every import of what belongs to the portal, then runs what standard input says.
ALONE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in "django booking_portal sandbox demo celery redis".split():
            raise AssertionError(f"{name} is imported")
sys.meta_path.insert(0, Refuse())
import importlib, pkgutil
import gpconnect
assert gpconnect.__file__.startswith(sys.argv[1]), gpconnect.__file__
for module in pkgutil.walk_packages(gpconnect.__path__, "gpconnect."):
    importlib.import_module(module.name)
exec(compile(sys.stdin.read(), "README.md", "exec"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by `python -m build`, without the network, from a copy of the sources."""
    copy, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for name in ("gpconnect", "booking_portal", "sandbox", "demo", "tests", "bench", "chaos"):
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    _run(copy, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy))
    [made] = out.glob("*.whl")
    return made


def _run(here: Path, *arguments: str, said: str = "") -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=here, input=said, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_wheel_holds_the_library_whole_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as opened:
        names = opened.namelist()
        [metadata] = [name for name in names if name.endswith("/METADATA")]
        said = opened.read(metadata).decode()
    modules = {name for name in names if not name.startswith("gpconnect_consumer-")}
    assert modules == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gpconnect").rglob("*")
        if path.suffix == ".py" or path.name in {"py.typed", "README.md"}
    }
    assert "Name: gpconnect-consumer" in said
    assert "GPConnectClient" in said  # the README is its description
    required = re.findall(r"^Requires-Dist: ([\w-]+)", said, re.MULTILINE)
    assert sorted(name.lower() for name in required) == [
        "fhirclient",
        "ldap3",
        "pyasn1",
        "pyjwt",
        "requests",
    ]


def test_installed_alone_it_books_without_django(
    wheel: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with ZipFile(wheel) as opened:
        opened.extractall(site)
    start = f"import sys; sys.path.insert(0, {str(site)!r})\n" + ALONE
    printed = _run(tmp_path, "-c", start, str(site), said=readme_example(sandbox))
    assert re.fullmatch(r"booked \d\d:\d\d\n", printed)
    assert len(sandbox.appointments("A20047", "9658218873")) == 1

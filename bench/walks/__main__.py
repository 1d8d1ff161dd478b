"""Prints, for each walk, through how many files and functions it went: `make walks`.

    python -m bench.walks [ROOT] [--files]

ROOT is any checkout of the product, this one where none is named, so that an older version can be
held beside this one:

    git worktree add /tmp/before 9cae5a4
    .venv/bin/python -m bench.walks /tmp/before

Each walk goes through the portal's front door, or is what the worker's task does, against the
checkout's own sandbox and servers. Counted is the product's own code (`booking_portal` and
`gpconnect`): a *function* that was called at least once, in whatever thread, and the *files* that
they are in. Bodies of modules and classes, lambdas and comprehensions are not counted, nor
templates. `--files` prints the files too, each with its functions.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure

STEPS = Path(__file__).with_name("steps.py")


def walked(root: Path) -> dict[str, dict[str, list[str]]]:
    """What each walk passed in the checkout: its functions by file.

    Raises: SystemExit, with what pytest said, when they could not be walked.
    """
    with tempfile.TemporaryDirectory() as directory:
        told = Path(directory, "walks.json")
        # By its path alone: this checkout's folders are not to come before ROOT's.
        options = [
            "--import-mode=importlib",
            "--rootdir",
            str(root),
            "--quiet",
            "-p",
            "no:cacheprovider",
        ]
        command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), *options]
        ended = subprocess.run(
            [*command, str(STEPS)],
            cwd=root,
            env=os.environ | {"WALKS_TO": str(told)},
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            sys.exit(f"The walks were not finished:\n{ended.stdout}{ended.stderr}")
        found: dict[str, dict[str, list[str]]] = json.loads(told.read_text())
        return found


def main() -> None:
    """One line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.walks")
    parser.add_argument("root", nargs="?", default=".", type=Path)
    parser.add_argument("--files", action="store_true", help="print every file and function too")
    asked = parser.parse_args()
    for name, passed in walked(asked.root.resolve()).items():
        print(Figure(f"{name}: files", len(passed), "files"))
        print(Figure(f"{name}: functions", sum(map(len, passed.values())), "functions"))
        for file, functions in passed.items() if asked.files else ():
            print(f"  {file}: {', '.join(functions)}")


if __name__ == "__main__":
    main()

"""Every test file by itself, on servers of its own: `make test-alone`.

    python -m tests.alone [FILE ...]

What runs first in a session must not leave behind what a later file needs. Prints the files that
fail alone; two at once.
"""
# ruff: noqa: T201 - it reports to a terminal

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2
NOTHING_COLLECTED = 5


def main() -> None:
    files = sys.argv[1:] or sorted(
        str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")
    )
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = list(pool.map(_passes, files))
    failed = [file for file, whole in zip(files, passed, strict=True) if not whole]
    print(f"{len(files)} files, {len(failed)} fail alone, {time.monotonic() - begun:.0f} seconds")
    for file in failed:
        print(f"  {file}")
    sys.exit(bool(failed))


def _passes(file: str) -> bool:
    command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "pytest", file]
    command += ["--quiet", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode in (0, NOTHING_COLLECTED):  # a file may hold long tests only
        return True
    told = re.findall(r"^(?:FAILED|ERROR|E  ) .*", ran.stdout, re.MULTILINE)
    print(file, *told[:20], sep="\n    ", flush=True)
    return False


if __name__ == "__main__":
    main()

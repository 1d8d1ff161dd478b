"""`python -m demo up`, `run` and `reset`; make calls them."""

import argparse
import fcntl
import os
import shutil
import sys

from demo import embedded
from demo.places import state_directory


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo")
    parser.add_argument("what", choices=["up", "run", "reset"])
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    arguments = parser.parse_args()
    if arguments.what == "reset":
        reset()
    elif arguments.what == "run":
        from demo.up import run

        run(arguments.port)
    else:
        from demo.up import up

        up(arguments.port)


def reset() -> None:
    """Forget everything that was done in the demo. Raises SystemExit while it runs."""
    state = state_directory()
    if not state.exists():
        return
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("The demo is running: stop it first.")
        embedded.forget(state / "postgres")
        shutil.rmtree(state)


if __name__ == "__main__":
    main()

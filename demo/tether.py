"""Tie a program to its parent: when the parent dies, however it dies, the program is told.

    python -m demo.tether [--signal TERM] COMMAND ...

The kernel keeps the promise (Linux, prctl PR_SET_PDEATHSIG), so it holds for `kill -9` too.
The promise survives `exec`, but not a change of user: whoever drops privileges ties afterwards.
"Parent" means the parent's *thread*: start tethered programs from a thread that lives.
"""

import argparse
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def to_parent(parent: int, death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process `death_signal` when process `parent` dies.

    `parent` is the parent's process id as known before it could have died: if it is gone
    already, this process exits at once. Raises OSError when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != parent:
        sys.exit("The parent has gone; not starting.")


def main() -> None:
    parent = os.getppid()
    parser = argparse.ArgumentParser(prog="python -m demo.tether", description=__doc__)
    parser.add_argument("--signal", default="TERM", help="sent when the parent dies")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    to_parent(parent, signal.Signals[f"SIG{arguments.signal}"])
    os.execvp(arguments.command[0], arguments.command)  # noqa: S606 - that is the purpose


if __name__ == "__main__":
    main()

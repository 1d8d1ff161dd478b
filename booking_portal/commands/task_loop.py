"""What the worker's tasks have in common."""

import threading
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def process_claimed(claimed: Iterable[T], do: Callable[[T], object], what: str) -> int:
    """Do it for each that is claimed; returns how many.

    One that fails does not keep the others waiting; its claim runs out and it is tried again. The
    next is claimed only when one is done, if `claimed` is lazy. `what` names them in the log.

    Raises: ExceptionGroup of what went wrong, for the worker's log.
    """
    done = 0
    failures: list[Exception] = []
    for one in claimed:
        done += 1
        try:
            do(one)
        except Exception as failure:  # noqa: BLE001 - gathered, and raised below
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {done} {what}", failures)
    return done


def at_most(threads: int) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """So many threads of this process do it at once; who comes when all are busy does nothing.

    What waits for practices that do not answer keeps none of a worker's other tasks waiting.
    """
    free = threading.BoundedSemaphore(threads)

    def bounded(task: Callable[[], int]) -> Callable[[], int]:
        @wraps(task)
        def unless_busy() -> int:
            if not free.acquire(blocking=False):
                return 0
            try:
                return task()
            finally:
                free.release()

        return unless_busy

    return bounded

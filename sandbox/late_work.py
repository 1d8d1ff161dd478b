"""Work that a practice does only some time after it was asked, whether anybody still waits."""

import asyncio
from collections.abc import Callable

from sandbox.answers import Answer


class LateWork:
    """What is still to be done. It dies with the sandbox, as it would with a practice's server."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[Answer]] = set()

    def put_off(self, seconds: float, work: Callable[[], Answer]) -> asyncio.Task[Answer]:
        """Do the work after so many seconds."""

        async def later() -> Answer:
            await asyncio.sleep(seconds)
            return work()

        task = asyncio.create_task(later())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return task

    def give_up(self) -> None:
        """Do none of it."""
        for task in self._waiting:
            task.cancel()

"""People at the portal's pages while its containers are changed: every request counts."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from chaos.commands.browser import Away, Broken, Browser
from chaos.commands.witness import Witness, heading_of
from demo import seed
from tests.page_reading import Page
from tests.takeover.page_user import PageUser, Patient, Unexpected

READERS: Final = ("clinician", "manager")
PAGES: Final = ("/", "/bookings/", "/healthz")
PAUSE_SECONDS: Final = 0.1


@dataclass(slots=True)
class Count:
    """Answers that came, journeys with exchanges that were made, and what failed of either."""

    answers: int = 0
    journeys: int = 0
    failed: list[str] = field(default_factory=list)
    failed_journeys: list[str] = field(default_factory=list)


class _Counting(Witness):
    """Counts every answer; 500 and above is a failed request."""

    def __init__(self, count: Count) -> None:
        super().__init__()
        self._count = count

    def saw(self, page: Page, seconds: float) -> None:
        del seconds  # for how long is not counted here
        self._count.answers += 1
        if page.status >= 500:
            at = time.strftime("%H:%M:%S")
            self._count.failed.append(
                f"{at} {page.status} {page.address.split('?')[0]} {heading_of(page)}"
            )


class _Impatient(Browser):
    """Never tries again unseen: a connection that was refused or broke is a failed request."""

    count: Count

    def _wait(self, until: float) -> None:
        self.count.failed.append(f"{time.strftime('%H:%M:%S')} no connection, or a broken one")
        super()._wait(until)


def signed_in(address: str, username: str, count: Count, trusting: Path | None) -> Browser:
    """A browser whose user has signed in. Raises: Away, Broken, RuntimeError."""
    browser = _Impatient([address], _Counting(count), 0, trusting)
    browser.count = count
    browser.signs_in(username, seed.password())
    return browser


class Load:
    """Two who read, and one who finds a patient and searches a practice, over and over again."""

    def __init__(self, address: str, patient: Patient, trusting: Path | None = None) -> None:
        self.count = Count()
        self._ended = threading.Event()
        self._patient = patient
        readers = [signed_in(address, name, self.count, trusting) for name in READERS]
        user = PageUser(
            signed_in(address, "receptionist", self.count, trusting), itertools.count(1).__next__
        )
        self._threads = [threading.Thread(target=self._reads, args=(one,)) for one in readers]
        self._threads.append(threading.Thread(target=self._searches, args=(user,)))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _reads(self, browser: Browser) -> None:
        for path in itertools.cycle(PAGES):
            if self._ended.wait(PAUSE_SECONDS):
                break
            try:
                browser.opens(path)
            except (Away, Broken) as error:
                self.count.failed.append(repr(error))

    def _searches(self, user: PageUser) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            self.count.journeys += 1
            try:
                user.searches(self._patient)
            except (Away, Broken, Unexpected) as error:
                self.count.failed_journeys.append(f"{time.strftime('%H:%M:%S')} {error!r}"[:300])

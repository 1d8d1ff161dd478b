"""Writes down what every page told, and when it was told."""

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from html import unescape
from typing import Final

from tests.page_reading import Page

_COMMAND: Final = re.compile(r"^/bookings/([0-9a-f-]{36})/$")
_TITLE: Final = re.compile(r'<h1 class="app-standing__title"[^>]*>(.*?)</h1>', re.S)
_HEADING: Final = re.compile(r"<h1[^>]*>(.*?)</h1>", re.S)
_ROW: Final = re.compile(
    r'<li class="app-slot app-slot--work">.*?href="/bookings/([0-9a-f-]{36})/".*?'
    r'<strong class="nhsuk-tag[^>]*>(.*?)</strong>',
    re.S,
)
_TAGS: Final = re.compile(r"<[^>]+>")
SEEN_SO: Final = {200, 302, 400, 403, 404, 409, 410, 502, 503}


@dataclass(frozen=True, slots=True)
class Told:
    """`words` about a command, on a page that had arrived `at` an instant (since 1970)."""

    at: float
    command_id: str
    words: str
    listed: bool = False


class Witness:
    """What all users were shown; used by all of their threads."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.pages: Counter[str] = Counter()
        self.broken: list[str] = []
        self._lock = threading.Lock()

    def saw(self, page: Page) -> None:
        """A page that a user was shown."""
        at = time.time()
        told = list(_told_by(page, at))
        heading = heading_of(page)
        with self._lock:
            self.told += told
            self.pages[f"{page.status} {heading}"] += 1
            if page.status not in SEEN_SO or (page.status != 302 and not heading):
                self.broken.append(f"{page.status} {page.address.split('?')[0]} {heading}")


def command_of(page: Page) -> str:
    """The id of the command whose page it is; empty for any other page."""
    found = _COMMAND.search(page.address.split("?")[0])
    return found[1] if found and page.status == 200 else ""


def standing_of(page: Page) -> str:
    """What the page says of where its command stands."""
    found = _TITLE.search(page.html)
    return _plain(found[1]) if found else ""


def heading_of(page: Page) -> str:
    """The page's heading."""
    found = _HEADING.search(page.html)
    return _plain(found[1]) if found else ""


def _told_by(page: Page, at: float) -> list[Told]:
    command_id = command_of(page)
    if command_id:
        return [Told(at, command_id, standing_of(page))]
    return [Told(at, row[1], _plain(row[2]), listed=True) for row in _ROW.finditer(page.html)]


def _plain(markup: str) -> str:
    return " ".join(unescape(_TAGS.sub(" ", markup)).split())

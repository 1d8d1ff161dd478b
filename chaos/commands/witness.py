"""Writes down what every page told, and when it was told."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

from tests.page_reading import Page

_COMMAND: Final = re.compile(r"^/bookings/([0-9a-f-]{36})/$")
_TITLE: Final = re.compile(r'<h1 class="app-standing__title"[^>]*>(.*?)</h1>', re.S)
_HEADING: Final = re.compile(r"<h1[^>]*>(.*?)</h1>", re.S)
_SAGA: Final = re.compile(r"^/steps/([0-9a-f-]{36})/$")
_CATCHING_UP: Final = re.compile(r'hx-get="/bookings/([0-9a-f-]{36})/caught-up')
_ROW: Final = re.compile(r'<li class="app-slot app-slot--work">(.*?)</li>', re.S)
_STATE: Final = re.compile(r'<p class="app-slot__state">(.*?)</p>', re.S)
_STEP: Final = re.compile(r'<ol class="app-steps">(.*?)</ol>', re.S)
_ITEM: Final = re.compile(r"<li>(.*?)</li>", re.S)
_ITEM_WHOLE: Final = re.compile(r".*", re.S)
_LINK: Final = re.compile(r'href="/(?:bookings|steps)/([0-9a-f-]{36})/"')
_TAG: Final = re.compile(r'<strong class="nhsuk-tag[^>]*>(.*?)</strong>', re.S)
_TAGS: Final = re.compile(r"<[^>]+>")
SEEN_SO: Final = {200, 302, 400, 403, 404, 409, 410, 502, 503}


@dataclass(frozen=True, slots=True)
class Told:
    """`words` about a command or a saga, on a page that came `at` an instant (since 1970)."""

    at: float
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A page by its status and heading, which came `at` an instant (since 1970) after `seconds`."""

    at: float
    seconds: float
    page: str


class Witness:
    """What all users were shown; used by all of their threads."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.shown: list[Shown] = []
        self.broken: list[str] = []
        self._lock = threading.Lock()

    @property
    def pages(self) -> Counter[str]:
        """How often each page was shown."""
        return Counter(one.page for one in self.shown)

    def saw(self, page: Page, seconds: float) -> None:
        """A page that a user was shown, who had waited for so long."""
        at = time.time()
        told = list(_told_by(page, at))
        heading = heading_of(page)
        with self._lock:
            self.told += told
            self.shown.append(Shown(at, seconds, f"{page.status} {heading}"))
            if page.status not in SEEN_SO or (page.status != 302 and not heading):
                self.broken.append(f"{page.status} {page.address.split('?')[0]} {heading}")


def command_of(page: Page) -> str:
    """The id of the command whose page it is; empty for any other page."""
    found = _COMMAND.search(page.address.split("?")[0])
    return found[1] if found and page.status == 200 else ""


def saga_of(page: Page) -> str:
    """The id of the saga whose page it is; empty for any other page."""
    found = _SAGA.search(page.address.split("?")[0])
    return found[1] if found and page.status == 200 else ""


def standing_of(page: Page) -> str:
    """What the page says of where its command stands."""
    found = _TITLE.search(page.html)
    return _plain(found[1]) if found else ""


def heading_of(page: Page) -> str:
    """The page's heading."""
    found = _HEADING.search(page.html)
    return _plain(found[1]) if found else ""


def _told_by(page: Page, at: float) -> Iterator[Told]:
    about = command_of(page) or saga_of(page)
    catching_up = _CATCHING_UP.search(page.html)
    if about or catching_up:
        yield Told(at, about or (catching_up[1] if catching_up else ""), standing_of(page))
    steps = _STEP.search(page.html)
    listed = [(row, _STATE) for row in _ROW.findall(page.html)]
    listed += [(item, _ITEM_WHOLE) for item in _ITEM.findall(steps[1] if steps else "")]
    for row, where in listed:
        link, state = _LINK.search(row), where.search(row)
        if link and state:
            yield Told(at, link[1], _plain(_TAG.findall(state[0])[-1]))


def _plain(markup: str) -> str:
    return " ".join(unescape(_TAGS.sub(" ", markup)).split())

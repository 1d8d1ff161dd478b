"""A clerk who books for one patient after the other, through the portal's pages, without a pause.

As light as can be, as it takes its processor time from the same machine: pages are searched for the
few things that the next step needs, and nothing else is read.
"""

import http.client
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import unescape
from random import Random
from typing import Final
from urllib.parse import urlencode, urlsplit

from markupsafe import escape

from chaos.commands.plan import Patient

DAYS: Final = 7
"""How many days one search asks for: what the form has ticked until somebody chooses."""
_LAST_FIRST_DAY: Final = 21  # practices of the sandbox have slots for four weeks
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_DAY: Final = re.compile(r'<section aria-labelledby="day-([^"]+)">(.*?)</section>', re.S)
_ROW: Final = re.compile(r'<li class="app-slot">(.*?)</li>', re.S)
_CHOOSE: Final = re.compile(r'name="only" value="([^"]+)"')
_STANDING: Final = re.compile(r'class="app-standing__title"[^>]*>(.*?)</h1>', re.S)
_PATIENCE_SECONDS: Final = 60
_IDLE_SECONDS: Final = 1.0  # Gunicorn closes a connection after two
Typed = Sequence[tuple[str, str]]


class Stuck(Exception):
    """A page that does not lead on."""


@dataclass(slots=True)
class Booked:
    """One whole booking: `pages` has the seconds of each page by name; `slots`, those shown."""

    seconds: float = 0.0
    slots: int = 0
    standing: str = ""
    pages: dict[str, float] = field(default_factory=dict)


class Clerk:
    """One signed-in person with a browser of their own."""

    def __init__(
        self, port: int, practices: Mapping[str, str], taken: set[str], dice: Random
    ) -> None:
        """`practices`: their names by ODS code. `taken`: what all clerks have chosen, for nobody
        is to choose it again."""
        self._port = port
        self._practices = practices
        self._taken = taken
        self._dice = dice
        self._cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        self._used = 0.0
        self._booked = Booked()

    def signs_in(self, username: str, password: str) -> None:
        """Through the front door. Raises: Stuck."""
        form = _form(self._opens("/sign-in/"), "/sign-in/")
        if "/sign-in" in self._sends("/sign-in/", form, login=username, password=password):
            raise Stuck(f"{username} cannot sign in")

    def books(self, patient: Patient, searched: int) -> Booked:
        """Find the patient, search `searched` practices, book at theirs, see what became of it.

        Raises: Stuck.
        """
        self._booked = booked = Booked()
        begun = time.perf_counter()
        with self._timed("find a patient"):
            page = self._opens("/patients/find")
        year, month, day = patient.born.split("-")
        born = {"birth_date-day": day, "birth_date-month": month, "birth_date-year": year}
        with self._timed("find a patient: sent"):
            form = _form(page, "/patients/find")
            there = self._sends("/patients/find", form, nhs_number=patient.nhs_number, **born)
        with self._timed("patient"):
            self._opens(there)
        slots = f"{there}slots/"
        with self._timed("search form"):
            page = self._opens(slots)
        with self._timed("search: sent"):
            wanted = [*_form(page, slots), *self._wanted(patient.practice, searched)]
            results = self._sends(slots, wanted)
        with self._timed("results"):
            page = self._opens(results)
        booked.slots = page.count('name="only"')
        with self._timed("slot chosen"):
            form = _form(page, f"{slots}choose")
            check = self._sends(f"{slots}choose", form, only=self._slot(page, patient.practice))
        with self._timed("check"):
            page = self._opens(check)
        with self._timed("booking: sent"):
            form = _form(page, check)
            outcome = self._sends(check, form, description="Sore knee", comment="")
        with self._timed("command"):
            page = self._opens(outcome)
        found = _STANDING.search(page)
        booked.standing = " ".join(found[1].split()) if found else "no booking's page"
        booked.seconds = time.perf_counter() - begun
        return booked

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _wanted(self, practice: str, searched: int) -> Iterator[tuple[str, str]]:
        others = [code for code in self._practices if code != practice]
        for code in (practice, *self._dice.sample(others, searched - 1)):
            yield "practices", code
        yield "when", "dates"
        today = date.today()  # noqa: DTZ011 - the sandbox's clock is this machine's
        first = today + timedelta(days=self._dice.randint(1, _LAST_FIRST_DAY))
        for name, day in (("start", first), ("end", first + timedelta(days=DAYS - 1))):
            for part in ("day", "month", "year"):
                yield f"{name}-{part}", str(getattr(day, part))

    def _slot(self, page: str, practice: str) -> str:
        name = escape(self._practices[practice])
        offered = {
            f"{day} {_CHOOSE.sub('', row)}": found[1]
            for day, rows in _DAY.findall(page)
            for row in _ROW.findall(rows)
            if name in row and (found := _CHOOSE.search(row))
        }
        free = sorted(offered.keys() - self._taken)
        if not free:
            raise Stuck(f"no slot at {practice}")
        chosen = self._dice.choice(free)
        self._taken.add(chosen)
        return unescape(offered[chosen])

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._booked.pages[name] = time.perf_counter() - begun

    def _opens(self, path: str) -> str:
        """The page. Raises: Stuck."""
        status, _, page = self._asks("GET", path)
        if status != http.HTTPStatus.OK:
            raise Stuck(f"{status} for GET {_named(path)}")
        return page

    def _sends(self, path: str, form: Typed, **typed: str) -> str:
        """Where the form leads to. Raises: Stuck."""
        body = urlencode([*form, *typed.items()])
        status, location, _ = self._asks("POST", path, body)
        if status != http.HTTPStatus.FOUND:
            raise Stuck(f"{status} for POST {_named(path)}")
        return urlsplit(location)._replace(scheme="", netloc="").geturl()

    def _asks(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://127.0.0.1:{self._port}"
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            page = answer.read().decode()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            raise Stuck(f"{type(error).__name__} for {method} {_named(path)}") from None
        self._used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), page


def _form(page: str, action: str) -> list[tuple[str, str]]:
    """What the page's form to this address has in its hidden fields. Raises: Stuck."""
    begins = page.find(f' action="{escape(action)}"')
    if begins < 0:
        raise Stuck(f"no form to {_named(action)}")
    inside = page[begins : page.index("</form>", begins)]
    return [(name, unescape(value)) for name, value in _HIDDEN.findall(inside)]


def _named(path: str) -> str:
    """The path without what is one booking's own."""
    return re.sub(r"[0-9a-f-]{36}", "-", path.partition("?")[0])

"""What a version leaves behind when it is stopped in the middle of the day.

All of it by that version's own pages, worker and beat.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import psycopg

from chaos.commands.browser import Away, Broken, Browser
from chaos.commands.witness import Witness
from demo import seed
from tests.page_reading import Form
from tests.sandbox_control import Sandbox
from tests.takeover import tasks
from tests.takeover.installation import Installation, Version
from tests.takeover.page_user import (
    HERE,
    PageUser,
    Patient,
    Searched,
    appointment_of,
    subject_of,
    texts,
    told_by,
)

MADE, NEVER_ARRIVED, OTHERWISE = "status_500_after", "status_502", "other_slot"
"""Faults: made, its answer lost; it never got there; the answer is about another slot."""
TYPED: Final = "Dad's elbow & wrist"
OPENED: Final = ("/", "/bookings/", "/patients/find", "/audit/", "/admin/")
"""Pages that not everybody may open."""
_DEADLINE_SECONDS: Final = 120.0

People = Mapping[str, Iterator[Patient]]
"""Whom nobody has booked for, by the ODS code of the practice that has them on its list."""


@dataclass(slots=True)
class Left:
    """What there is at the moment of the change.

    `commands` and `sagas` by what is to become of them; `open_forms` by what they ask for; `told`
    what the pages of what had ended said; `opened` the status that each account met at each page.
    """

    browsers: dict[str, Browser] = field(default_factory=dict)
    witness: Witness = field(default_factory=Witness)
    commands: dict[str, str] = field(default_factory=dict)
    sagas: dict[str, str] = field(default_factory=dict)
    patients: dict[str, Patient] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    opened: dict[tuple[str, str], int] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    open_forms: dict[str, Form] = field(default_factory=dict)
    searched: Searched | None = None
    searched_to_move: tuple[Searched, str] | None = None
    kept_at: str = ""
    queued: list[str] = field(default_factory=list)

    def broken(self) -> list[str]:
        """The pages that were broken; a part that a page asks for has no heading, and is none."""
        return [one for one in self.witness.broken if not one.endswith("/state ")]


def fill(installation: Installation, version: Version, sandbox: Sandbox) -> Left:
    """Work at the version's pages, and stop it; its web server is killed while it sends."""
    left = Left()
    web, worker, beat = version.web(), version.worker(), version.beat()
    try:
        version.sets_up()
        for program in (web, worker, beat):
            program.start()
        web.wait(installation.answers)
        _sign_in(installation, left)
        people = _patients(sandbox)
        count = itertools.count(1)
        user = PageUser(left.browsers["receptionist"], lambda: next(count))
        _ended(installation, user, sandbox, left, people)
        worker.end()
        time.sleep(3.0)  # beat goes on, and nobody takes what it puts on the queue
        beat.end()
        _under_way(user, sandbox, left, people)
        _open_pages(user, left, people)
        left.queued = version.runs(tasks.PUT_ON_QUEUE)
        _in_the_middle_of_sending(installation, user, sandbox, left, people, web.end)
    finally:
        for program in (web, worker, beat):
            program.end()
    return left


def count_of(url: str, condition: str) -> int:
    """How many rows a condition holds for, such as `commands_command WHERE state = 'sending'`."""
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {condition}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def until(condition: Callable[[], bool], what: str, seconds: float = _DEADLINE_SECONDS) -> None:
    """Return when it is so. Raises TimeoutError when that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.2)


def _sign_in(installation: Installation, left: Left) -> None:
    for account in seed.SAMPLE["accounts"]:
        name = account["username"]
        browser = Browser([installation.address], left.witness, 0)
        browser.signs_in(name, seed.password())
        left.browsers[name] = browser
        for path in OPENED:
            left.opened[name, path] = browser.opens(path, follow=False).status


def _patients(sandbox: Sandbox) -> People:
    """Those on the list of the practice, and those on another's, whom it does not know."""
    everybody = [one for one in sandbox.patients() if not one["note"] and one["pds"] == "ordinary"]
    return {
        practice: iter(
            [
                Patient(one["nhs_number"], one["birth_date"])
                for one in everybody
                if one["practice"] == practice
            ]
        )
        for practice in (HERE, "B82617")
    }


def _ended(
    installation: Installation, user: PageUser, sandbox: Sandbox, left: Left, people: People
) -> None:
    """What has come to an end, or to a person, while the worker ran."""
    here = people[HERE]
    left.patients["amended"] = next(here)
    page = user.books(left.patients["amended"])
    left.commands["booked"] = subject_of(page)
    form = user.opens_form(appointment_of(page), "amend")
    left.commands["amended"] = subject_of(user.browser.sends(form, texts("Sore hip")))

    sandbox.fault(practice=HERE, use_case="book", kind=MADE, times=1)
    left.commands["found by the worker"] = found = subject_of(user.books(next(here)))
    until(
        lambda: count_of(
            installation.database_url, f"commands_command WHERE id = '{found}' AND state = 'done'"
        ) == 1,
        "the worker finds a booking",
    )  # fmt: skip

    old = appointment_of(user.books(next(here)))
    sandbox.fault(practice=HERE, use_case="book", kind=MADE, times=1)
    page = user.moves(old)
    sandbox.rewrite(HERE, old.rpartition("/")[2], comment="Bring the letter")
    saga = left.sagas["waits for a person"] = subject_of(page)
    until(
        lambda: count_of(
            installation.database_url, f"commands_saga WHERE id = '{saga}' AND stopped > ''"
        ) == 1,
        "a move waits for a person",
    )  # fmt: skip
    page = user.browser.opens(f"/steps/{saga}/")
    user.browser.sends(page.form("/take"))

    sandbox.fault(practice=HERE, use_case="book", kind=OTHERWISE, times=1)
    page = user.books(next(here))
    left.commands["needs attention"] = subject_of(page)
    user.browser.sends(page.form("/take"))

    for address in _addresses(left):
        left.told[address] = told_by(user.browser.opens(address))


def _addresses(left: Left) -> list[str]:
    return [f"/bookings/{one}/" for one in left.commands.values()] + [
        f"/steps/{one}/" for one in left.sagas.values()
    ]


def _under_way(user: PageUser, sandbox: Sandbox, left: Left, people: People) -> None:
    """What the version after has to settle; no worker runs."""
    here = people[HERE]
    for name, kind in (("made", MADE), ("never arrived", NEVER_ARRIVED)):
        left.patients[name] = next(here)
        sandbox.fault(practice=HERE, use_case="book", kind=kind, times=1)
        left.commands[name] = subject_of(user.books(left.patients[name]))
        user.books(next(here))  # an answer, so that the practice is not held to be silent

    left.patients["withdrawn"] = next(here)
    sandbox.fault(practice=HERE, use_case="book", kind=NEVER_ARRIVED, times=1)
    withdrawn = subject_of(user.books(left.patients["withdrawn"]))
    left.commands["withdrawn"] = withdrawn
    user.browser.sends(Form(f"/bookings/{withdrawn}/withdraw", "post"))

    patient = left.patients["moved"] = next(here)
    old = appointment_of(user.books(patient))
    sandbox.fault(practice=HERE, use_case="book", kind=MADE, times=1)
    left.sagas["moved"] = subject_of(user.moves(old))

    left.patients["registered and booked"] = next(people["B82617"])
    sandbox.fault(practice=HERE, use_case="register", kind=MADE, times=1)
    page = user.registers(left.patients["registered and booked"])
    left.sagas["registered and booked"] = subject_of(page)


def _open_pages(user: PageUser, left: Left, people: People) -> None:
    """Pages that stay open, and a text that is kept because the sign-in had ended."""
    here = people[HERE]
    left.patients |= {what: next(here) for what in ("book", "amend", "cancel", "move")}
    left.open_forms["book"] = user.checks(left.patients["book"])
    for what in ("amend", "cancel"):
        appointment = appointment_of(user.books(left.patients[what]))
        left.open_forms[what] = user.opens_form(appointment, what)
    left.open_forms["move"] = user.checks_move(appointment_of(user.books(left.patients["move"])))
    left.searched_to_move = user.searches_to_move(appointment_of(user.books(next(here))))
    left.patients["old offer"] = next(here)
    left.searched = user.searches(left.patients["old offer"])

    other = PageUser(left.browsers["clinician"], user.next_slot)
    form = other.checks(next(here))
    other.browser.twin().sends(Form("/sign-out/", "post"))
    left.kept_at = other.browser.sends(form, texts(TYPED)).address

    encounter = left.searched.encounter
    left.addresses = [
        "/", "/bookings/", "/patients/find", "/patients/find-by-name", encounter,
        f"{encounter}slots/", left.searched.results, f"{encounter}appointments/{HERE}/",
        *(form.action for form in left.open_forms.values()), *_addresses(left),
        *(f"{address}state" for address in _addresses(left)),
    ]  # fmt: skip
    left.addresses = [
        one for one in left.addresses if user.browser.opens(one, follow=False).status == 200
    ]


def _in_the_middle_of_sending(
    installation: Installation,
    user: PageUser,
    sandbox: Sandbox,
    left: Left,
    people: People,
    kill: Callable[[], None],
) -> None:
    """The practice has made the booking, and is about to answer when the web server dies."""
    left.patients["being sent"] = next(people[HERE])
    form = user.checks(left.patients["being sent"])
    sandbox.fault(practice=HERE, use_case="book", kind="hang_after", times=1)
    sending = threading.Thread(target=_send, args=(user.browser.twin(), form), daemon=True)
    sending.start()
    number = left.patients["being sent"].nhs_number
    until(lambda: len(sandbox.appointments(HERE, number)) == 1, "the practice books")
    kill()
    with psycopg.connect(installation.database_url) as connection:
        [(command,)] = connection.execute(
            "SELECT id::text FROM commands_command WHERE state = 'sending'"
        ).fetchall()
    left.commands["being sent"] = command


def _send(browser: Browser, form: Form) -> None:
    with contextlib.suppress(Away, Broken):
        browser.sends(form, texts("Sore knee"))

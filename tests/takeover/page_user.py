"""A user at the portal's pages, of whichever version."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from chaos.commands.browser import Browser
from chaos.commands.witness import command_of, saga_of, standing_of
from tests.page_reading import Form, Page

HERE: Final = "A20047"
"""The practice where everything is booked."""
OFFER: Final = re.compile(r'name="only" value="([^"]+)"')
APPOINTMENT: Final = re.compile(
    r'href="(/encounters/[^"/]+/appointments/[^"/]+/[^"/]+/[^"/]+)/cancel"'
)
REGISTER: Final = re.compile(r'href="(/encounters/[^"]+/register(?:\?[^"]*)?)"')

TAKEN: Final = re.compile(r"You are dealing with it since [^.]{0,20}?\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented patient: `born` is an ISO date."""

    nhs_number: str
    born: str


@dataclass(frozen=True, slots=True)
class Searched:
    """A traced patient's encounter, and a kept search: its results' page and their offers."""

    encounter: str
    results: str
    search: str
    offers: tuple[str, ...]


class Unexpected(Exception):
    """A page is not the one that the step leads to; says which it is."""

    def __init__(self, step: str, page: Page) -> None:
        super().__init__(f"{step}: {page.status} {page.address.split('?')[0]} {page.text[:400]}")


class PageUser:
    """One signed-in user. Every method raises Unexpected, and what Browser raises."""

    def __init__(self, browser: Browser, next_slot: Callable[[], int]) -> None:
        """`next_slot` counts the slots that have been chosen, for all users together."""
        self.browser = browser
        self.next_slot = next_slot

    def searches(self, patient: Patient) -> Searched:
        """Find the patient, and search the practice."""
        year, month, day = patient.born.split("-")
        typed = {"nhs_number": patient.nhs_number, "birth_date-day": day}
        typed |= {"birth_date-month": month, "birth_date-year": year}
        page = self.browser.sends(Form("/patients/find", "post"), typed, follow=False)
        if page.status != 302 or "/encounters/" not in page.address:
            raise Unexpected("find", page)
        return self.searches_again(page.address)

    def searches_again(self, encounter: str) -> Searched:
        """Search the practice for the patient who is on the line."""
        typed = {"practices": HERE, "when": "14"}
        page = self.browser.sends(Form(f"{encounter}slots/", "post"), typed)
        address = page.address.split("?")[0]
        offers = tuple(OFFER.findall(page.html))
        if not offers:
            raise Unexpected("search", page)
        return Searched(encounter, address, address.rstrip("/").rpartition("/")[2], offers)

    def chooses(self, found: Searched, moving: str = "") -> Page:
        """Choose a slot that none of these users has chosen; the page that checks it."""
        typed = {"only": found.offers[-self.next_slot()], "search": found.search}
        if moving:
            typed["moving"] = moving
        return self.browser.sends(Form(f"{found.encounter}slots/choose", "post"), typed)

    def checks(self, patient: Patient) -> Form:
        """The form that books, ready to be sent."""
        return form_with("choose", self.chooses(self.searches(patient)), "description")

    def books(self, patient: Patient) -> Page:
        """The page that booking led to."""
        return self.browser.sends(self.checks(patient), texts("Sore knee"))

    def opens_form(self, appointment: str, what: str) -> Form:
        """The form that amends or cancels the appointment, ready to be sent."""
        page = self.browser.opens(f"{appointment}/{what}")
        return form_with(what, page, "form_token")

    def searches_to_move(self, appointment: str) -> tuple[Searched, str]:
        """Search for another slot; with what the pages carry, signed, of the appointment."""
        page = self.browser.opens(f"{appointment}/move", follow=False)
        moving = parse_qs(urlsplit(page.address).query).get("moving", [""])[0]
        return self.searches_again(f"{appointment.split('/appointments/')[0]}/"), moving

    def checks_move(self, appointment: str) -> Form:
        """The form that moves the appointment to another slot, ready to be sent."""
        page = self.chooses(*self.searches_to_move(appointment))
        return form_with("move", page, "description")

    def moves(self, appointment: str) -> Page:
        """The page that moving the appointment led to."""
        typed = {**texts("Sore knee"), "reason": "Another time"}
        return self.browser.sends(self.checks_move(appointment), typed)

    def registers(self, patient: Patient) -> Page:
        """The page that registering and booking led to."""
        page = self.chooses(self.searches(patient))
        found = REGISTER.search(page.html)
        if found is None:
            raise Unexpected("no record", page)
        page = self.browser.opens(found[1].replace("&amp;", "&"))
        form = form_with("register", page, "form_token")
        typed = texts("Sore knee") if "description" in form.fields else {}
        page = self.browser.sends(form, typed)
        if not (command_of(page) or saga_of(page)):
            form = form_with("register and book", page, "description")
            page = self.browser.sends(form, texts("Sore knee"))
        return page


def texts(description: str) -> dict[str, str]:
    """What is typed to book."""
    return {"description": description, "comment": ""}


def form_with(step: str, page: Page, field_name: str) -> Form:
    """The page's form that has this field. Raises Unexpected."""
    found = next((form for form in page.forms if field_name in form.fields), None)
    if found is None or page.status != 200:
        raise Unexpected(step, page)
    return found


def appointment_of(page: Page) -> str:
    """The address, without its ending, of the appointment that the page shows."""
    found = APPOINTMENT.search(page.html)
    if found is None:
        raise Unexpected("appointment", page)
    return found[1]


def told_by(page: Page) -> str:
    """What the page says of where its command or saga stands, and of who deals with it."""
    owner = TAKEN.search(page.text)
    return f"{standing_of(page)}. {owner[0] if owner else ''}".strip()


def subject_of(page: Page) -> str:
    """The id of the command or the saga whose page it is."""
    found = command_of(page) or saga_of(page)
    if not found:
        raise Unexpected("standing", page)
    return found

"""Somebody at the counter: the portal through its pages, without a browser."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from booking_portal.commands.models import Command
from tests.page_reading import Form, Page

PATIENT = "9658218873"
BORN = {
    "9658218865": "1947-03-09",  # one appointment, booked by A1001
    PATIENT: "1962-11-27",
    "9658218881": "1988-06-14",  # one appointment, booked by the practice
    "9658218903": "1975-01-30",  # one cancelled, one to come
    "9658218989": "2001-02-28",  # prefers the branch
    "9658220150": "1957-04-02",  # sensitive at A20047
    "9658220290": "1931-07-19",  # deceased
    "9324926233": "1969-09-21",  # no record at A20047, registered at B82617
    "9658219748": "1994-03-25",  # inactive at A20047, registered at C81007
    "9658220223": "1983-05-06",  # superseded by 9990000018; at A20047
    "9990000190": "1951-05-25",  # inactive at C81007, which calls that a duplicate
    "9990000026": "1986-12-05",  # an appointment without a practitioner at C81007
    "9990000042": "1979-04-18",  # another given name and gender at D82104
    "9990000050": "1953-08-23",  # another birth date at E83021
    "9990000131": "1985-11-02",  # at G85119, which lets A1002 hold two slots a day
    "9990000212": "1942-08-30",  # H86030, by telephone, where texts are joined
    "9990000239": "1958-10-17",  # at K83015, of version 1.2.8; prefers its branch
    "9990000220": "1983-04-11",  # at J84021, whose system is like the official Demonstrator
}
"""Patients of the sandbox and their birth dates."""

__all__ = ["BORN", "PATIENT", "Counter", "Form", "Page"]


def names_a_place(text: str) -> bool:
    """Whether it has the address of one of Dr Legg's two places: at which one is the diary's."""
    return "12 Albert Square" in text or "41 Turpin Road" in text


class Counter:
    """A signed-in person's steps through the pages."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.encounter_id = ""
        self.page: Page

    def opens(self, address: str) -> Page:
        """Open an address, following redirects."""
        response = self.client.get(address, follow=True)
        self.page = Page(response, self._where(response, address))
        return self.page

    def sends(self, form: Form, **typed: str | list[str]) -> Page:
        """Send a form with some fields filled in."""
        data: dict[str, str | list[str]] = {**form.fields, **typed}
        address = form.action or self.page.address
        response = self.client.post(address, data, follow=True)
        self.page = Page(response, self._where(response, address))
        return self.page

    def traces(self, nhs_number: str = PATIENT) -> str:
        """Find the patient; returns the encounter's id."""
        year, month, day = BORN[nhs_number].split("-")
        response: Any = self.client.post(
            reverse("find-patient"),
            {
                "nhs_number": nhs_number,
                "birth_date-day": day,
                "birth_date-month": month,
                "birth_date-year": year,
            },
        )
        assert response.status_code == 302, Page(response, "").text
        self.encounter_id = response.url.strip("/").split("/")[-1]
        return self.encounter_id

    def searches(self, *practices: str, when: str = "14") -> Page:
        """Search practices."""
        address = reverse("search-slots", args=[self.encounter_id])
        data = {"practices": list(practices), "when": when}
        response = self.client.post(address, data, follow=True)
        self.page = Page(response, self._where(response, address))
        return self.page

    @property
    def offered(self) -> list[str]:
        """The signed offers of the slots on the page, in order."""
        form = self.page.form("/slots/choose")
        return [value for name, value, _ in form.buttons if name == "only"]

    def chooses(self, number: int = -1) -> Page:
        """Choose the slot in this place of the list; the last is days away."""
        form = self.page.form("/slots/choose")
        return self.sends(form, only=self.offered[number])

    def ticks(self, *tokens: str) -> Page:
        """Tick slots and choose them together."""
        return self.sends(self.page.form("/slots/choose"), together=list(tokens))

    def books(self, description: str = "Knee pain", comment: str = "", **more: str) -> Page:
        """Fill in and send the check page."""
        form = next(form for form in self.page.forms if "description" in form.fields)
        return self.sends(form, description=description, comment=comment, **more)

    def arrives_at_booking(
        self, practice: str = "A20047", *, description: str = "Knee pain"
    ) -> Command:
        """From the patient to the sent booking in one go."""
        if not self.encounter_id:
            self.traces()
        self.searches(practice)
        self.chooses()
        self.books(description)
        return self.command

    @property
    def command(self) -> Command:
        """The command that the page shows."""
        found = re.search(r"/bookings/([0-9a-f-]{36})/$", self.page.address)
        assert found, f"not on a command's page: {self.page.address} {self.page.text[:600]}"
        return Command.objects.get(pk=found.group(1))

    @staticmethod
    def _where(response: Any, address: str) -> str:
        chain = getattr(response, "redirect_chain", [])
        return str(chain[-1][0]) if chain else address

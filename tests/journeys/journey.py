"""What people do at their desks, step by step; the journeys put these steps together."""

import re
from typing import Any

import pytest

from booking_portal.commands.models import Command
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.tasks import settle_due
from demo.seed import password
from tests.journeys.desk import Desk
from tests.sandbox_control import Json, Sandbox

DR_LEGG = "A20047"
ORDINARY, ANOTHER = "9658218873", "9658218989"
RESTRICTED = "9658220142"
WRONG_CHECK_DIGIT = "9999999991"
CHOOSE_AT_DR_LEGG = re.compile(r"^Choose .*Dr Legg's Surgery")


class Journey:
    """A receptionist of the hub, the sandbox behind them, and the steps both take."""

    desk: Desk
    sandbox: Sandbox

    @pytest.fixture(autouse=True)
    def _at_the_hub(self, sample: None, desk: Desk, spine: Sandbox) -> None:
        self.desk = desk
        self.sandbox = spine
        self._held_before: dict[str, set[str]] = {}

    # given

    def given_i_am_signed_in_as(self, username: str, desk: Desk | None = None) -> None:
        at = desk or self.desk
        at.open("/")
        at.fill("Username", username)
        at.page.get_by_label("Password", exact=True).fill(password())
        at.click("Sign in")

    def given_i_have_found(self, nhs_number: str) -> None:
        held = self.sandbox.appointments(DR_LEGG, nhs_number)
        self._held_before[nhs_number] = {one["id"] for one in held}
        self.when_i_look_for(nhs_number, self.birth_date_of(nhs_number))
        self.desk.sees_heading("What does the patient need?")

    def given_the_practice_will(self, kind: str, use_case: str, times: int | None = 1) -> None:
        self.sandbox.fault(practice=DR_LEGG, use_case=use_case, kind=kind, times=times)

    # when

    def when_i_look_for(self, nhs_number: str, birth_date: str) -> None:
        self.desk.follow("Find a patient")
        self.desk.fill("NHS number", nhs_number)
        year, month, day = birth_date.split("-")
        for label, text in (("Day", day), ("Month", month), ("Year", year)):
            self.desk.page.get_by_label(label, exact=True).fill(text)
        self.desk.click("Find patient")

    def when_i_search_for_free_slots(self) -> None:
        self.desk.click("Search for free slots")
        self.when_i_search_at_dr_leggs()

    def when_i_search_at_dr_leggs(self) -> None:
        """There alone: axe takes half a minute for a federation's fortnight."""
        self.desk.page.get_by_label("The next 7 days").check()
        for practice in self.desk.page.get_by_role("checkbox").all():
            practice.uncheck()
        self.desk.page.get_by_role("checkbox", name=re.compile("Dr Legg")).check()
        self.desk.click("Search")
        self.desk.sees_heading(re.compile("^Free slots"))

    def when_i_choose_a_slot_at_dr_leggs(self) -> None:
        self.desk.choose_the_last(CHOOSE_AT_DR_LEGG)
        self.desk.check()
        self.desk.sees_heading("Check with the patient, then book")

    def when_i_book_it(self, purpose: str = "Blood pressure review") -> None:
        self.desk.fill("What is the appointment for?", purpose)
        self.desk.click(re.compile("^Book "))

    def when_i_come_as_far_as_booking(self, nhs_number: str = ORDINARY) -> None:
        self.given_i_have_found(nhs_number)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        self.when_i_book_it()

    def when_the_portal_looks_at_the_practice(self) -> None:
        """What Celery's tick does; here at once instead of within two seconds."""
        assert settle_due() == 1

    def when_the_portal_goes_on(self) -> None:
        """What Celery's tick does for the second of two steps."""
        assert orchestrator.continue_due() == 1

    # then

    def then_the_practice_has(self, nhs_number: str, **expected: Any) -> Json:
        """The practice's own record: exactly one appointment that the portal made."""
        made = self.made_for(nhs_number)
        assert len(made) == 1, made
        assert {name: made[0][name] for name in expected} == expected
        return made[0]

    def then_the_practice_has_nothing_new(self, nhs_number: str) -> None:
        assert self.made_for(nhs_number) == []

    def then_no_practice_was_asked(self) -> None:
        assert self.sandbox.exchanges() == []

    # what the tests know

    def birth_date_of(self, nhs_number: str) -> str:
        (found,) = (p for p in self.sandbox.patients() if p["nhs_number"] == nhs_number)
        return str(found["birth_date"])

    def made_for(self, nhs_number: str) -> list[Json]:
        """The appointments at Dr Legg's that were not there when the patient was found."""
        held = self.sandbox.appointments(DR_LEGG, nhs_number)
        return [one for one in held if one["id"] not in self._held_before.get(nhs_number, set())]

    def command(self) -> Command:
        """The one command of this test so far."""
        return Command.objects.get()

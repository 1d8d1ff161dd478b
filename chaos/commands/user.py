"""A user at the pages, with one patient after the other on the line."""

import contextlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final
from urllib.parse import parse_qs, urlsplit

from chaos.commands.browser import Away, Broken, Browser, Data
from chaos.commands.plan import Patient, Plan
from chaos.commands.scale import Wish
from chaos.commands.witness import command_of, saga_of, standing_of
from tests.page_reading import Form, Page

OFFER: Final = re.compile(r'name="only" value="([^"]+)"')
APPOINTMENT: Final = re.compile(
    r'href="(/encounters/[^"/]+/appointments/[^"/]+/[^"/]+/[^"/]+)/cancel"'
)
REGISTER: Final = re.compile(r'href="(/encounters/[^"]+/register(?:\?[^"]*)?)"')
# How often a user does what users do.
DOUBLE_CLICK, RESUBMIT, LOOK_BACK, WITHDRAW, FOLLOW, RACE = 0.03, 0.03, 0.08, 0.1, 0.25, 0.02
DECIDE: Final = 0.7
STEPS: Final = (4, 10)
# A practice that does not answer is asked again while the patient is on the line.
SEARCHES: Final = 3
_CERTAIN: Final = {"Booked", "Moved", "Registered and booked", "Not booked", ""}
_WAITING: Final = {
    "Not confirmed yet",
    "Being sent",
    "The new one is not confirmed yet",
    "The new one is being asked for",
}


@dataclass(slots=True)
class Call:
    """One patient on the line: the encounter, offers of one search, appointments to change."""

    patient: Patient
    encounter: str
    search: str = ""
    offers: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    blocked: bool = False
    looked: bool = False


class User(threading.Thread):
    """Serves patients until the plan is over."""

    def __init__(self, number: int, browser: Browser, plan: Plan, dice: Random) -> None:
        super().__init__(name=f"user {number}", daemon=True)
        self.browser = browser
        self._plan = plan
        self._dice = dice
        self.failure: Exception | None = None

    def run(self) -> None:
        """Until the plan is over; what nobody expected ends it, and is kept in `failure`."""
        while not self._plan.over.is_set():
            with _on_the_line(self._plan) as patient:
                try:
                    self._serve(patient)
                except (Away, Broken):
                    continue
                except Exception as failure:  # noqa: BLE001 - reported by the scenario
                    self.failure = failure
                    return

    def _serve(self, patient: Patient) -> None:
        elsewhere = self._plan.wish(self._dice, ("book", "register", "move")) == "register"
        call = self._call(patient)
        if call is None:
            return
        practice = patient.practice
        if elsewhere:
            practice = self._dice.choice(
                [each for each in self._plan.practices if each != practice]
            )
        if self._plan.new_wanted or self._plan.remaining["move"] > 0:
            self._search(call, practice)
        if elsewhere:
            self._register_and_book(call)
        for _ in range(self._dice.randint(*STEPS)):
            if self._plan.over.is_set() or not self._step(call):
                return
            if self._dice.random() < LOOK_BACK and self._plan.seen:
                self.browser.opens(self._dice.choice(self._plan.seen))

    def _step(self, call: Call) -> bool:
        """Do one thing for the patient; whether there can be another."""
        if not call.own and call.patient in self._plan.booked and not call.looked:
            self._diary(call)
        possible: list[Wish] = ["amend", "cancel"] if call.own else []
        if call.offers and not call.blocked:
            possible += ["book", "move"] if call.own else ["book"]
        wish = self._plan.wish(self._dice, possible) if possible else None
        match wish:
            case "book" if self._dice.random() < RACE:
                self._race(call)
            case "book":
                self._book(call)
            case "amend":
                self._amend(call, call.own[-1])
            case "cancel":
                self._cancel(call, call.own.pop())
            case "move":
                self._move(call, call.own.pop())
            case _:
                return False
        return True

    # What a user does

    def _call(self, patient: Patient) -> Call | None:
        year, month, day = patient.born.split("-")
        typed = {"nhs_number": patient.nhs_number, "birth_date-day": day}
        typed |= {"birth_date-month": month, "birth_date-year": year}
        page = self.browser.sends(Form("/patients/find", "post"), typed, follow=False)
        if page.status != 302 or "/encounters/" not in page.address:
            return None
        return Call(patient, page.address)

    def _search(self, call: Call, practice: str) -> None:
        first = date.today() + timedelta(days=self._dice.randint(1, 25))  # noqa: DTZ011
        typed = {"practices": practice, "when": "dates"}
        for name, day in (("start", first), ("end", first + timedelta(days=1))):
            parts = {"day": day.day, "month": day.month, "year": day.year}
            typed |= {f"{name}-{part}": str(number) for part, number in parts.items()}
        for _ in range(SEARCHES):
            page = self.browser.sends(Form(f"{call.encounter}slots/", "post"), typed)
            call.search = page.address.split("?")[0].rstrip("/").rpartition("/")[2]
            call.offers = OFFER.findall(page.html)
            if call.offers:
                break
        self._dice.shuffle(call.offers)

    def _choose(self, call: Call, moving: str = "") -> Page:
        typed = {"only": call.offers.pop(), "search": call.search}
        if moving:
            typed["moving"] = moving
        page = self.browser.sends(Form(f"{call.encounter}slots/choose", "post"), typed)
        return self._again_if_it_failed(page)

    def _form_of(self, address: str, field_name: str) -> Form | None:
        return _form_with(self._again_if_it_failed(self.browser.opens(address)), field_name)

    def _again_if_it_failed(self, page: Page) -> Page:
        """Load a page once more that a practice's failure has kept from being made."""
        for _ in range(2):
            if page.status == 502:
                page = self.browser.opens(page.address)
        return page

    def _book(self, call: Call) -> None:
        page = self._choose(call)
        form = _form_with(page, "description")
        if form is None:
            call.blocked = page.status == 409
            return
        self._booked(call, self._click(form, self._texts("book")))

    def _booked(self, call: Call, page: Page) -> None:
        """Go on from whatever page a booking led to."""
        standing = self._after(page)
        if standing == "Booked":
            self._plan.booked.add(call.patient)
            call.own += APPOINTMENT.findall(page.html)[:1]
        call.blocked = page.status == 409 or standing not in _CERTAIN

    def _amend(self, call: Call, appointment: str) -> None:
        form = self._form_of(f"{appointment}/amend", "form_token")
        if form is None:
            call.own.remove(appointment)
            return
        if self._after(self._click(form, self._texts("amend"))) != "Changed":
            call.own.remove(appointment)

    def _cancel(self, call: Call, appointment: str) -> None:
        form = self._form_of(f"{appointment}/cancel", "form_token")
        if form is not None:
            reason = f"{self._plan.marker('cancel')} not needed any more"
            self._after(self._click(form, {"decision": "cancel", "reason": reason}))

    def _move(self, call: Call, appointment: str) -> None:
        page = self.browser.opens(f"{appointment}/move", follow=False)
        moving = parse_qs(urlsplit(page.address).query).get("moving", [""])[0]
        if not moving:
            return
        form = _form_with(self._choose(call, moving), "description")
        if form is None:
            return
        texts = self._texts("move")
        page = self._click(form, {**texts, "reason": f"{texts['description']}, another time"})
        self._booked(call, page)
        self._decide(page)

    def _register_and_book(self, call: Call) -> None:
        if not call.offers:
            return
        page = self._choose(call)
        found = REGISTER.search(page.html)
        if found is None:
            form = _form_with(page, "description")
            if form is not None and page.status == 200:  # known there by now
                self._booked(call, self._click(form, self._texts("book")))
            return
        form = self._form_of(found[1].replace("&amp;", "&"), "form_token")
        if form is None:
            return
        texts = self._texts("register") if "description" in form.fields else {}
        page = self._click(form, texts)
        form = _form_with(page, "description") if not command_of(page) else None
        if form is not None and page.status == 200:
            page = self._click(form, self._texts("register"))
        self._booked(call, page)

    def _decide(self, page: Page) -> None:
        """Finish or undo what waits for a person, or leave it to somebody else."""
        offered = [form for form in page.forms if form.action.startswith("/steps/")]
        if offered and self._dice.random() < DECIDE:
            reason = f"{self._plan.marker('cancel')} keep the old one"
            self._click(self._dice.choice(offered), {"reason": reason})

    def _diary(self, call: Call) -> None:
        call.looked = True
        page = self.browser.opens(f"{call.encounter}appointments/{call.patient.practice}/")
        page = self._again_if_it_failed(page)
        if page.status == 200 and not APPOINTMENT.search(page.html):
            self._plan.booked.discard(call.patient)
        call.own = list(dict.fromkeys(APPOINTMENT.findall(page.html)))

    def _race(self, call: Call) -> None:
        """A colleague books the same slot for another patient at the same moment."""
        with contextlib.ExitStack() as stack:
            try:
                rival = stack.enter_context(_borrowed(self._plan))
                patient = stack.enter_context(_on_the_line(self._plan, call.patient.practice))
            except LookupError:
                return
            colleague = User(-1, rival, self._plan, Random(self._dice.random()))
            other = colleague._call(patient)
            if other is None:
                return
            today = Random(self._dice.random())
            pages = []
            for who, what in ((self, call), (colleague, other)):
                who._dice.setstate(today.getstate())  # both search the same days
                who._search(what, call.patient.practice)
                pages.append(who._choose(what) if what.offers else None)
            forms = [_form_with(page, "description") if page else None for page in pages]
            if forms[0] is None or forms[1] is None:
                return
            self._plan.races += 1
            form = forms[1]
            thread = threading.Thread(
                target=colleague._quietly, args=(other, form, colleague._texts("book"))
            )
            thread.start()
            self._booked(call, self._click(forms[0], self._texts("book")))
            thread.join()

    def _quietly(self, call: Call, form: Form, texts: Data) -> None:
        with contextlib.suppress(Away, Broken):
            self._booked(call, self._click(form, texts))

    # How a user does it

    def _texts(self, wish: Wish) -> dict[str, str]:
        return {"description": f"{self._plan.marker(wish)} sore knee", "comment": ""}

    def _click(self, form: Form, typed: Data) -> Page:
        """Send a form, as people do: twice at once, again, or again after a broken connection."""
        second: threading.Thread | None = None
        if self._dice.random() < DOUBLE_CLICK:
            self._plan.count("double")
            second = threading.Thread(target=_send_quietly, args=(self.browser.twin(), form, typed))
            second.start()
        try:
            page = self._until_answered(form, typed)
        finally:
            if second is not None:
                second.join()
        if self._dice.random() < RESUBMIT:
            self._plan.count("again")
            page = self._until_answered(form, typed)
        return page

    def _until_answered(self, form: Form, typed: Data) -> Page:
        for _ in range(4):
            try:
                page = self.browser.sends(form, typed)
            except Broken:
                self._plan.count("interrupted")
                continue
            if page.status not in {502, 503}:
                break
        else:
            raise Away
        return page

    def _after(self, page: Page) -> str:
        """What the user does at a command's page, or a saga's; what it says in the end."""
        command, saga = command_of(page), saga_of(page)
        if not (command or saga):
            return ""
        address = page.address.split("?")[0]
        self._plan.seen.append(address)
        standing = standing_of(page)
        if standing not in _WAITING:
            return standing
        chance = self._dice.random()
        if command and chance < WITHDRAW:
            self._plan.count("withdrawn")
            page = self.browser.sends(Form(f"{address}withdraw", "post"))
            return standing_of(page) or standing
        if chance < WITHDRAW + FOLLOW:
            self._plan.over.wait(1.0)
            return standing_of(self.browser.opens(address))
        return standing


@contextmanager
def _on_the_line(plan: Plan, practice: str = "") -> Iterator[Patient]:
    patient = plan.patient(practice)
    try:
        yield patient
    finally:
        plan.back(patient)


@contextmanager
def _borrowed(plan: Plan) -> Iterator[Browser]:
    if plan.rivals.empty():
        raise LookupError("no colleague is free")
    browser = plan.rivals.get()
    try:
        yield browser
    finally:
        plan.rivals.put(browser)


def _send_quietly(browser: Browser, form: Form, typed: Data) -> None:
    with contextlib.closing(browser), contextlib.suppress(Away, Broken):
        browser.sends(form, typed)


def _form_with(page: Page, field_name: str) -> Form | None:
    """The form that has this field; None when the page has none."""
    return next((form for form in page.forms if field_name in form.fields), None)

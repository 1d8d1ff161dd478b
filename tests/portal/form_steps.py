"""Typing into a form whose sign-in ends, and signing in again."""

from demo import seed
from tests.page_reading import Form
from tests.portal.counter import Counter, Page

TEXT, COMMENT = "Dad's elbow & wrist", "Uses a stick\nand is hard of hearing"
NOT_SENT = "You had been signed out when you pressed the button, so nothing was sent"
AGAIN = "What you typed is in the form again"


def signed_out(counter: Counter) -> None:
    """The sign-in ends, as after twelve hours: the browser still has its CSRF cookie."""
    counter.client.session.flush()


def signs_in(counter: Counter, page: Page, username: str = "receptionist") -> Page:
    return counter.sends(page.form("/sign-in/"), login=username, password=seed.password())


def check_page(counter: Counter) -> Form:
    counter.traces()
    counter.searches("A20047")
    page = counter.chooses()
    return next(form for form in page.forms if "description" in form.fields)

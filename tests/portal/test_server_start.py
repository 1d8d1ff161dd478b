"""What the web server does once, so that a process that takes another's place answers at once."""

import pytest
from django.urls import reverse
from jinja2 import Environment

from booking_portal.jinja_environment import compile_all
from tests.portal.counter import Counter

pytestmark = pytest.mark.django_db


def test_no_page_compiles_a_template(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_all()
    compiled: list[str | None] = []
    compiles = Environment.compile

    def noted(self: Environment, source: str, name: str | None = None, *rest: object) -> object:
        compiled.append(name)
        return compiles(self, source, name, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", noted)
    booked = counter.arrives_at_booking()
    where = [counter.encounter_id, "A20047", booked.appointment_id]
    for name in ("appointment", "amend-appointment", "cancel-appointment", "move-appointment"):
        assert counter.opens(reverse(name, args=where)).status == 200
    for name in ("start", "bookings", "find-patient"):
        assert counter.opens(reverse(name)).status == 200
    assert compiled == []

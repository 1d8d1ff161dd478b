"""Two clicks at the very same moment, in two processes' places."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter, Form
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sample(committed_sample: None) -> None:
    """Everything of demo/sample.json, for every thread to see."""


def test_clicks_at_the_same_moment_make_one_booking(
    client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, receptionist)
    counter = Counter(client)
    counter.traces()
    counter.searches("A20047")
    check = counter.chooses()
    form = next(form for form in check.forms if "description" in form.fields)
    together = Barrier(4)

    def click(each: Form) -> str:
        clicking = Counter(Client())
        clicking.client.cookies = client.cookies
        together.wait(timeout=10)
        try:
            return clicking.sends(each, description="Knee pain").address
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        met = set(pool.map(click, [form] * 4))
    command = Command.objects.get()
    assert met == {f"/bookings/{command.pk}/"}
    assert command.state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1

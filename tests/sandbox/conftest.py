"""A consumer on the wire, and what its tests ask about most."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.sandbox import exchange
from tests.sandbox.wire import Wire
from tests.sandbox_control import Sandbox

ORDINARY = "9658218873"
# An active patient of each practice.
PATIENTS = {
    "A20047": ORDINARY,
    "B82617": "9324926233",
    "C81007": "9658219748",
    "D82104": "9990000042",
    "E83021": "9990000204",
    "F84047": "9990000123",
    "G85119": "9990000131",
    "H86030": "9990000158",
    "J84021": "9990000220",
    "K83015": "9990000239",
}


class SharedClock:
    """The time of the sandbox and of the consumer, for tests that need a certain one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def begin(self, moment: str) -> None:
        """Everything as seeded at that moment of London's (`yyyy-mm-dd hh:mm`)."""
        self._sandbox.reset(_london(moment))
        exchange.set_clock(_london(moment))

    def go_on_to(self, moment: str) -> None:
        """Time has passed, and all that was done is there still."""
        self._sandbox.set_clock(_london(moment))
        exchange.set_clock(_london(moment))


def _london(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=exchange.LONDON)


@pytest.fixture
def clock(sandbox: Sandbox) -> Iterator[SharedClock]:
    """Sets the time; it is the real one again after the test."""
    yield SharedClock(sandbox)
    exchange.set_clock(None)
    sandbox.reset()


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    """The hub A1001 talking to A20047."""
    wire = Wire(sandbox.ssp, sandbox.certificates)
    with wire.session:
        yield wire

"""A consumer on the wire, and what its tests ask about most."""

from collections.abc import Iterator

import pytest

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
}


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    """The hub A1001 talking to A20047."""
    wire = Wire(sandbox.ssp, sandbox.certificates)
    with wire.session:
        yield wire

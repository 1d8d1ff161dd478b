"""A consumer on the wire, and what its tests ask about most."""

from collections.abc import Iterator

import pytest

from tests.sandbox.wire import Wire
from tests.sandbox_control import Sandbox

ORDINARY = "9658218873"


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    """The hub A1001 talking to A20047."""
    wire = Wire(sandbox.ssp, sandbox.certificates)
    with wire.session:
        yield wire

"""What tests of writes begin with."""

import pytest

from booking_portal.commands.models import Command
from tests.portal.saga_steps import Desk


@pytest.fixture
def old(desk: Desk) -> Command:
    """A booked appointment at A20047."""
    return desk.books()

"""What tests of writes begin with."""

import pytest

from booking_portal.commands.models import Command
from tests.portal.saga_steps import Clerk


@pytest.fixture
def old(clerk: Clerk) -> Command:
    """A booked appointment at A20047."""
    return clerk.books()

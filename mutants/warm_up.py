"""What a warm session runs first, so that its servers are up and its database is made."""

import pytest

from tests.sandbox_control import Sandbox


@pytest.mark.django_db
def test_everything_is_up(sandbox: Sandbox) -> None:
    assert sandbox.practices()

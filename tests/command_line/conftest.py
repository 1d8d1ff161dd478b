"""The demo's organisations and accounts, and somebody at a terminal."""

import pytest

from tests.command_line.terminal import Terminal
from tests.sandbox_control import Sandbox


@pytest.fixture
def terminal(
    db: None,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """The receptionist of A1001 at a terminal that asks A20047."""
    return Terminal(capsys, monkeypatch)

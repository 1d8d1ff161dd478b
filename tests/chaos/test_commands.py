"""Users at work while practices, processes and servers fail: the small run of `make chaos`."""

from pathlib import Path

import pytest

from chaos.commands import scenario
from chaos.commands.scale import SMALL


@pytest.mark.long
@pytest.mark.requirement("BOOK-7", "BOOK-8", "AMEND-2", "MOVE-1", "REG-3")
def test_nothing_is_lost_doubled_or_told_wrongly_while_everything_fails(
    tmp_path: Path, server_logs: Path
) -> None:
    outcome = scenario.run(SMALL, 7, tmp_path / "state", server_logs, breaker=True)
    found = outcome.findings
    assert found.lost == []
    assert found.doubled == []
    assert found.told_wrongly == []
    assert found.unknown_words == {}
    assert found.cancelled_too_early == []
    assert found.left_without == []
    assert found.sending == []
    assert found.unsettled == []
    assert found.attention_for_nothing == []
    assert outcome.witness.broken == []
    assert outcome.failures == []
    short = [str(figure) for figure in scenario.figures(outcome) if figure.short]
    assert short == []

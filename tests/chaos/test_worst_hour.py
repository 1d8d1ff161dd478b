"""A supplier's practices stop answering and come back: the small run of `make worst-hour`."""

from dataclasses import replace
from pathlib import Path

import pytest

from chaos.commands import worst_hour
from chaos.commands.worst_hour import SCALE, Times


@pytest.mark.long
@pytest.mark.requirement("BOOK-7", "BOOK-8")
def test_nothing_is_lost_doubled_or_told_wrongly_while_a_supplier_is_away(
    tmp_path: Path, server_logs: Path
) -> None:
    times = Times(before=10.0, away=40.0, after=10.0, settling=120.0)
    hour = worst_hour.run(tmp_path / "state", server_logs, 7, times, replace(SCALE, users=4))
    found = hour.findings
    assert hour.commands
    assert any(one.not_answering for one in hour.watch.health)
    assert found.lost == []
    assert found.doubled == []
    assert found.told_wrongly == []
    assert found.unknown_words == {}
    assert found.sending == []
    assert found.unsettled == []
    assert found.attention_for_nothing == []
    assert hour.witness.broken == []
    assert hour.failures == []
    assert [one for one in hour.watch.health if one.status != 200] == []

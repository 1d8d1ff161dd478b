"""However many beats are started, one ticks."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import OperationalError, connection

from booking_portal.celery import app
from booking_portal.commands import beat_lease
from booking_portal.commands.beat_lease import BeatLease
from booking_portal.commands.single_beat import ASK_EVERY_SECONDS, SingleBeat
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.real_processes import START_SECONDS, Processes
from tests.services import ROOT

Start = Callable[[], "Beat"]


class Beat(SingleBeat):
    """Keeps what it would put into the queue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent: list[object] = []

    def apply_entry(self, entry: object, producer: object = None) -> None:
        self.sent.append(entry)

    def asks_again(self) -> None:
        """Time has passed."""
        self._asked_at = None


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts beats of one portal."""
    # Its connection is the test's, which must go on.
    monkeypatch.setattr("booking_portal.commands.single_beat.close_old_connections", lambda: None)
    beats: list[Beat] = []

    def started() -> Beat:
        beats.append(Beat(app, schedule_filename=str(tmp_path / f"schedule-{len(beats)}")))
        for entry in beats[-1].schedule.values():
            entry.last_run_at = app.now() - timedelta(hours=1)  # due
        return beats[-1]

    yield started
    for beat in beats:
        beat.close()


def runs_out() -> None:
    """The lease's time is over, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE commands_beatlease SET until = clock_timestamp() - interval '1 ms'")


@pytest.mark.django_db
class TestTheLease:
    def test_of_two_one_has_it_until_it_runs_out(self) -> None:
        assert beat_lease.take("first")
        assert not beat_lease.take("second")
        assert beat_lease.take("first"), "renewed"
        runs_out()
        assert beat_lease.take("second")
        assert not beat_lease.take("first")
        assert BeatLease.objects.get().holder == "second"

    def test_only_its_holder_can_give_it_up(self) -> None:
        assert beat_lease.take("first")
        beat_lease.give_up("second")
        assert not beat_lease.take("second")
        beat_lease.give_up("first")
        assert beat_lease.take("second")


@pytest.mark.django_db
class TestTheScheduler:
    def test_the_second_idles_until_the_first_has_ended(self, start: Start) -> None:
        first, second = start(), start()
        first.tick()
        assert second.tick() == ASK_EVERY_SECONDS
        first.close()
        second.asks_again()
        second.tick()
        assert first.sent
        assert second.sent

    def test_one_that_was_cut_off_stops_when_another_has_gone_on(self, start: Start) -> None:
        first, second = start(), start()
        first.tick()
        runs_out()
        second.tick()
        sent = len(first.sent)
        first.asks_again()
        assert first.tick() == ASK_EVERY_SECONDS
        assert len(first.sent) == sent
        assert second.sent

    def test_without_the_database_it_waits_and_goes_on_after(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beat = start()
        with monkeypatch.context() as away:
            away.setattr("booking_portal.commands.beat_lease.take", _away)
            away.setattr("booking_portal.commands.single_beat.connection.close", lambda: None)
            assert beat.tick() == ASK_EVERY_SECONDS
        assert beat.sent == []
        beat.asks_again()
        beat.tick()
        assert beat.sent

    def test_what_it_asks_leaves_time_before_the_lease_runs_out(self) -> None:
        assert beat_lease.LEASE.total_seconds() > ASK_EVERY_SECONDS * 2


def _away(holder: str) -> bool:
    raise OperationalError


@pytest.mark.long
def test_of_two_processes_one_ticks_and_the_other_takes_over_when_it_is_killed(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    beats = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        beats.append(Processes(tmp_path / name, own_database.url))
        beats[-1].start_beat()
    one, two = beats

    def ticking() -> list[Processes]:
        return [beat for beat in beats if "Sending due task" in beat.log()]

    try:
        assert until(lambda: bool(ticking()), START_SECONDS), one.log() + two.log()
        assert until(lambda: all("Starting" in beat.log() for beat in beats), START_SECONDS)
        [first] = ticking()
        [second] = [beat for beat in beats if beat is not first]
        first.kill()
        assert until(lambda: second in ticking(), START_SECONDS), second.log()
        assert "This beat ticks from now on" in second.log()
    finally:
        one.stop()
        two.stop()


@pytest.mark.django_db
def test_its_container_is_well_while_it_ticks_or_stands_by_and_not_a_minute_later(
    start: Start, tmp_path: Path
) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    kind, asked = compose["services"]["beat"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    for number in range(2):  # the first has the lease, the second stands by
        check = asked.replace("/tmp", str(tmp_path)).replace("beat-schedule", f"schedule-{number}")
        beat = start()
        assert subprocess.run(check, shell=True, check=False).returncode != 0
        beat.tick()
        assert subprocess.run(check, shell=True, check=False).returncode == 0
        minute_ago = time.time() - 61
        os.utime(tmp_path / f"schedule-{number}-alive", (minute_ago, minute_ago))
        assert subprocess.run(check, shell=True, check=False).returncode != 0

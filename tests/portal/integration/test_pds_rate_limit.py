"""How often the portal's processes ask PDS, all together."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from booking_portal.integration.pds_rate_limit import SharedRateLimit
from gpconnect import errors
from gpconnect.demographics import Urgency

if TYPE_CHECKING:  # a spawned process imports this file, and has no Django set up
    from tests.portal.redis_server import RedisServer

PROCESSES = 3
TURNS_EACH = 5


def a_limit(per_second: int = 5, alone: int = 1) -> SharedRateLimit:
    return SharedRateLimit(settings.REDIS_URL, per_second=per_second, per_second_alone=alone)


@pytest.fixture
def limit() -> Generator[SharedRateLimit]:
    made = a_limit()
    yield made
    made.close()


def _take_turns(redis_url: str) -> tuple[float, float]:
    """In another process: when it asked for its first turn, and when its last one came."""
    limit = SharedRateLimit(redis_url, per_second=5, per_second_alone=1)
    asked = time.monotonic()
    for _ in range(TURNS_EACH):
        limit.turn(Urgency.LIVE, 10.0)
    limit.close()
    return asked, time.monotonic()


@pytest.mark.requirement("PDS-5")
def test_all_processes_together_keep_to_the_limit() -> None:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        taking = pool.map_async(_take_turns, [settings.REDIS_URL] * PROCESSES, chunksize=1)
        taken = taking.get(timeout=60)  # processes that cannot start are started for ever
    # Five at once, five a second later, five after another: each process alone would need none.
    assert max(came for _, came in taken) - min(asked for asked, _ in taken) >= 2.0


@pytest.mark.requirement("PDS-5")
def test_people_come_before_what_settles_commands(limit: SharedRateLimit) -> None:
    for _ in range(3):
        limit.turn(Urgency.BACKGROUND, 0.0)
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        limit.turn(Urgency.BACKGROUND, 0.0)
    assert caught.value.code == "PDS_BUSY"
    begun = time.monotonic()
    for _ in range(2):
        limit.turn(Urgency.LIVE, 0.0)
    assert time.monotonic() - begun < 0.5
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        limit.turn(Urgency.LIVE, 0.1)
    assert caught.value.retry_after is not None
    assert 0.1 < caught.value.retry_after <= 1.0


@pytest.mark.requirement("PDS-5")
def test_when_pds_asks_for_a_pause_every_process_pauses(limit: SharedRateLimit) -> None:
    limit.pause(30.0)
    another = a_limit()
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        another.turn(Urgency.LIVE, 1.0)
    assert caught.value.retry_after is not None
    assert 29.0 < caught.value.retry_after <= 30.0
    another.close()


@pytest.mark.requirement("PDS-5")
def test_without_redis_each_process_keeps_a_limit_of_its_own(
    limit: SharedRateLimit, redis_server: RedisServer
) -> None:
    limit.turn(Urgency.LIVE, 0.0)
    redis_server.goes_away()
    limit.turn(Urgency.LIVE, 1.0)  # the first of its own
    with pytest.raises(errors.DemographicsUnavailable):
        limit.turn(Urgency.LIVE, 0.1)

"""Redis, or this process alone: when Redis is asked, and what is forgotten when it leaves."""

from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisGone

from booking_portal.redis_fallback import AWAY_SECONDS, RedisOrAlone
from tests.hand_clock import HandClock


class Redis:
    """One that is there or not, and how often it was asked."""

    def __init__(self) -> None:
        self.there = True
        self.asked = 0

    def says(self) -> str:
        self.asked += 1
        if not self.there:
            raise RedisGone
        return "redis"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def redis() -> Redis:
    return Redis()


@pytest.fixture
def left() -> list[str]:
    """One entry for each time that it has gone away."""
    return []


@pytest.fixture
def ask(redis: Redis, clock: HandClock, left: list[str]) -> Callable[[], str]:
    either = RedisOrAlone("nobody asks", on_leaving=lambda: left.append("gone"), clock=clock)
    return lambda: either.ask(redis.says, lambda: "alone")


def test_one_that_is_away_is_not_waited_for_again_and_again(
    ask: Callable[[], str], redis: Redis, clock: HandClock
) -> None:
    redis.there = False
    assert [ask(), ask(), ask()] == ["alone"] * 3
    assert redis.asked == 1
    clock.seconds += AWAY_SECONDS
    assert ask() == "alone"
    assert redis.asked == 2


def test_one_that_is_back_is_asked_again(
    ask: Callable[[], str], redis: Redis, clock: HandClock
) -> None:
    redis.there = False
    ask()
    redis.there = True
    clock.seconds += AWAY_SECONDS - 1
    assert ask() == "alone"
    clock.seconds += 1
    assert ask() == "redis"


def test_what_this_process_has_counted_begins_anew_each_time_that_redis_leaves(
    ask: Callable[[], str], redis: Redis, clock: HandClock, left: list[str]
) -> None:
    redis.there = False
    for _ in range(3):  # away all the while: counted on, though it is looked for
        ask()
        clock.seconds += AWAY_SECONDS
    assert left == ["gone"]
    redis.there = True
    ask()
    redis.there = False
    ask()
    assert left == ["gone", "gone"]


def test_a_fault_of_ours_is_no_redis_that_is_away(clock: HandClock) -> None:
    either = RedisOrAlone("nobody asks", clock=clock)

    def fault() -> str:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        either.ask(fault, lambda: "alone")

"""How often PDS is asked by all processes together: the count is kept in Redis. [PDS-5]

While Redis is away each process keeps a limit of its own, PDS_REQUESTS_PER_SECOND_ALONE: with as
many processes as PDS_REQUESTS_PER_SECOND all of them together keep to that. More than that, and
it is PDS's own 429 that slows them.
"""

from typing import Final, cast

from booking_portal.redis_fallback import RedisOrAlone, redis_client
from gpconnect.demographics import ProcessRateLimit, Urgency
from gpconnect.demographics.rate_limit import Turn, await_turn, kept_for_people

_REDIS_SECONDS: Final = 0.5
_MICRO: Final = 1_000_000

# The turns of the last second or yet to come, in microseconds of Redis's clock. Grants the next
# one if it comes within the wait, and says in how many microseconds it comes; as ProcessRateLimit.
_RESERVE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local per_second, of_each, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local turns = redis.call('LRANGE', KEYS[1], -per_second, -1)
local at = math.max(now, tonumber(redis.call('GET', KEYS[2]) or 0))
if #turns > 0 then at = math.max(at, tonumber(turns[#turns])) end
if #turns >= of_each then at = math.max(at, tonumber(turns[#turns - of_each + 1]) + 1000000) end
if at - now > longest then return {0, at - now} end
redis.call('RPUSH', KEYS[1], string.format('%.0f', at))
redis.call('LTRIM', KEYS[1], -per_second, -1)
redis.call('PEXPIRE', KEYS[1], math.ceil((at - now) / 1000) + 2000)
return {1, at - now}
"""

_PAUSE: Final = """
local time = redis.call('TIME')
local till = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil(ARGV[1] / 1000) + 1000)
end
"""


class SharedRateLimit:
    """A `gpconnect.demographics.RateLimit` of all processes that share a Redis."""

    def __init__(self, redis_url: str, *, per_second: int, per_second_alone: int) -> None:
        self._redis = redis_client(redis_url, _REDIS_SECONDS)
        self._redis_or_alone = RedisOrAlone("this process asks PDS by itself")
        self._reserve = self._redis.register_script(_RESERVE)
        self._pause = self._redis.register_script(_PAUSE)
        self._per_second = per_second
        self._alone = ProcessRateLimit(per_second_alone)

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        """Return when a request may leave.

        Raises: DemographicsUnavailable when that takes longer than `longest_wait` seconds.
        """
        await_turn(self._next, urgency, longest_wait)

    def pause(self, seconds: float) -> None:
        """Let nothing leave for a while, from any process."""
        self._alone.pause(seconds)
        micro = round(seconds * _MICRO)
        self._redis_or_alone.ask(lambda: self._pause(keys=[_PAUSED], args=[micro]), lambda: None)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()

    def _next(self, urgency: Urgency, longest_wait: float) -> Turn:
        return self._redis_or_alone.ask(
            lambda: self._next_of_all(urgency, longest_wait),
            lambda: self._alone.reserve(urgency, longest_wait),
        )

    def _next_of_all(self, urgency: Urgency, longest_wait: float) -> Turn:
        live = urgency is Urgency.LIVE
        of_each = self._per_second - (0 if live else kept_for_people(self._per_second))
        longest = round(longest_wait * _MICRO) if live else 0
        said = self._reserve(keys=[_TURNS, _PAUSED], args=[self._per_second, of_each, longest])
        granted, microseconds = cast("list[int]", said)
        return Turn(granted=bool(granted), seconds=microseconds / _MICRO)


_TURNS: Final = "pds:turns"
_PAUSED: Final = "pds:paused-until"

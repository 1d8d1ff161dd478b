"""Redis, taken away from the portal and given back."""

from booking_portal.cache import ForgivingRedisCache
from tests.connections import forget_connections
from tests.services import Services


class RedisServer:
    """The Redis of this session. A test that takes it away asks for the fixture `redis_server`."""

    def __init__(self, services: Services) -> None:
        assert services.redis is not None, "the session's own Redis, and not one that was given"
        self._server = services.redis

    def goes_away(self) -> None:
        self._server.kill()

    def comes_back(self) -> None:
        """It answers again, and this process asks it at once."""
        self._server.start()
        ForgivingRedisCache._redis_or_alone._away_until = 0.0
        forget_connections()

"""PostgreSQL and Redis by TLS: the right server is talked to, and nobody who takes its place."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db.utils import ConnectionHandler
from kombu import Connection as Broker
from kombu.exceptions import OperationalError as BrokerAway
from psycopg import OperationalError
from redis import ConnectionError as RedisAway

from booking_portal.redis_fallback import redis_client
from booking_portal.settings import server_addresses
from tests.services import STATE
from tests.tls_relay import tls_relay

CERTIFICATES = STATE / "certificates"
SERVER = CERTIFICATES / "server.pem"
OURS = CERTIFICATES / "ca.pem"
UNKNOWN = CERTIFICATES / "stranger-ca.pem"
EXPIRED = CERTIFICATES / "expired-server.pem"
NAMED, NOT_NAMED = "127.0.0.1", "127.0.0.2"  # by the certificate

NOT_THE_SERVER = [
    pytest.param(SERVER, UNKNOWN, NAMED, id="of an unknown authority"),
    pytest.param(SERVER, OURS, NOT_NAMED, id="of another name"),
    pytest.param(EXPIRED, OURS, NAMED, id="expired"),
]


def port_of(name: str) -> int:
    return urlsplit(os.environ[name]).port or 0


def at(name: str, host: str, port: int, scheme: str, query: str) -> str:
    """The same login elsewhere."""
    here = urlsplit(os.environ[name])
    who = here.netloc.rpartition("@")[0]
    return f"{scheme}://{who}@{host}:{port}{here.path}?{query}"


def connects(url: str) -> bool:
    """Whether Django gets through, and by TLS."""
    databases = ConnectionHandler({"default": server_addresses.postgres("DATABASE_URL", url)})
    try:
        wrapper = databases["default"]
        with wrapper.get_new_connection(wrapper.get_connection_params()) as connection:
            return bool(connection.pgconn.ssl_in_use)
    finally:
        databases.close_all()


def test_postgresql_by_tls() -> None:
    with tls_relay(SERVER, port_of("DATABASE_URL"), postgres=True) as port:
        options = f"sslmode=verify-full&sslrootcert={OURS}"
        assert connects(at("DATABASE_URL", NAMED, port, "postgres", options))


@pytest.mark.parametrize(("certificate", "authority", "host"), NOT_THE_SERVER)
def test_a_postgresql_that_is_another_is_not_told_anything(
    certificate: Path, authority: Path, host: str
) -> None:
    to = port_of("DATABASE_URL")
    with tls_relay(certificate, to, postgres=True, host=host) as port:
        options = f"sslmode=verify-full&sslrootcert={authority}"
        with pytest.raises(OperationalError, match="certificate"):
            connects(at("DATABASE_URL", host, port, "postgres", options))


def test_a_postgresql_without_tls_is_not_told_anything() -> None:
    options = f"sslmode=verify-full&sslrootcert={OURS}"
    with pytest.raises(OperationalError, match="does not support SSL"):
        connects(at("DATABASE_URL", NAMED, port_of("DATABASE_URL"), "postgres", options))


def redis_at(host: str, port: int, authority: Path) -> str:
    url = at("REDIS_URL", host, port, "rediss", f"ssl_ca_certs={authority}")
    return server_addresses.redis("REDIS_URL", url)


def test_redis_by_tls() -> None:
    with tls_relay(SERVER, port_of("REDIS_URL")) as port:
        url = redis_at(NAMED, port, OURS)
        with redis_client(url, 5.0) as client:
            assert client.ping()
        cache = RedisCache(url, {})
        cache.set("by-tls", "kept", 5)
        assert cache.get("by-tls") == "kept"
        with Broker(url) as broker:
            broker.ensure_connection(max_retries=1, timeout=5)


@pytest.mark.parametrize(("certificate", "authority", "host"), NOT_THE_SERVER)
def test_a_redis_that_is_another_is_not_told_anything(
    certificate: Path, authority: Path, host: str
) -> None:
    with tls_relay(certificate, port_of("REDIS_URL"), host=host) as port:
        url = redis_at(host, port, authority)
        with redis_client(url, 5.0) as client, pytest.raises(RedisAway, match="certificate"):
            client.ping()
        with pytest.raises(RedisAway, match="certificate"):
            RedisCache(url, {}).get("by-tls")
        with Broker(url) as broker, pytest.raises(BrokerAway, match="certificate"):
            broker.ensure_connection(max_retries=1, timeout=5)

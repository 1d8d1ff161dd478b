"""How operators write where PostgreSQL and Redis are: honoured to the letter, or refused."""

import ssl
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection as Broker
from redis import ConnectionPool, SSLConnection

from booking_portal.redis_fallback import redis_client
from booking_portal.settings import environment, server_addresses

EVERY_SIGN = "".join(chr(number) for number in range(33, 127)) + "é€ "
ENCODED = "".join(f"%{byte:02X}" for byte in EVERY_SIGN.encode())


def options_of(query: str) -> Any:
    url = f"postgres://portal:pw@db.example:5432/portal?{query}"
    return server_addresses.postgres("DATABASE_URL", url)["OPTIONS"]


@pytest.mark.parametrize(
    ("query", "option", "value"),
    [
        ("sslmode=verify-full", "sslmode", "verify-full"),
        ("sslrootcert=/run/secrets/ca.pem", "sslrootcert", "/run/secrets/ca.pem"),
        ("application_name=web%201", "application_name", "web 1"),
        ("connect_timeout=7", "connect_timeout", 7),
        ("target_session_attrs=read-write", "target_session_attrs", "read-write"),
        ("keepalives_idle=30", "keepalives_idle", 30),
    ],
)
def test_an_option_of_the_database_url_is_honoured(query: str, option: str, value: object) -> None:
    assert options_of(query)[option] == value


def test_several_options_and_what_is_not_said() -> None:
    assert options_of("sslmode=require&sslrootcert=system") == {
        "connect_timeout": 3,
        "application_name": "booking-portal",
        "sslmode": "require",
        "sslrootcert": "system",
    }


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://u:pw-1@h/n?sslmod=require", "is sslmode meant?"),
        ("postgres://u:pw-1@h/n?pool=true", "Known are: application_name"),
        ("postgres://u:pw-1@h/n?sslmode=on", "sslmode is one of disable"),
        ("postgres://u:pw-1@h/n?sslmode=require&sslmode=disable", "sslmode twice"),
        ("postgres://u:pw-1@h/n?sslmode=", "or empty"),
        ("postgres://u:pw-1@h/n?sslmode", "?name=value"),
        ("postgres://u:pw-1@h/n?connect_timeout=soon", "connect_timeout is a whole number"),
        ("postgres://u:pw-1@h/n?host=/run/postgresql", "names a host twice"),
        ("postgres:///n?host=elsewhere", "names a host twice"),
        ("mysql://u:pw-1@h/n", "must be a postgres:// or postgresql:// URL"),
        ("postgres://u:pw/1@h/n", "DATABASE_PASSWORD"),
        ("postgres://u:pw#1@h/n", "DATABASE_PASSWORD"),
        ("postgres://u:pw?1@h/n", "DATABASE_PASSWORD"),
        ("postgres://u:pw%1@h/n", "DATABASE_PASSWORD"),
        ("postgres://u:pw-1@h:port/n", "DATABASE_PASSWORD"),
        ("postgres://u:pw-1@h:99999/n", "no host and port"),
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        server_addresses.postgres("DATABASE_URL", url)
    assert said in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_password_with_any_sign() -> None:
    by_url = server_addresses.postgres("DATABASE_URL", f"postgres://u:{ENCODED}@h:1/n")
    assert by_url["PASSWORD"] == EVERY_SIGN
    beside = server_addresses.postgres("DATABASE_URL", "postgres://u@h:1/n", EVERY_SIGN)
    assert beside == by_url
    with pytest.raises(ImproperlyConfigured, match="and so has DATABASE_PASSWORD"):
        server_addresses.postgres("DATABASE_URL", "postgres://u:pw@h/n", EVERY_SIGN)


def test_the_environment_gives_passwords_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://portal@db/portal")
    monkeypatch.setenv("DATABASE_PASSWORD", "p@ss/w?rd#%41")
    monkeypatch.setenv("REDIS_URL", "redis://redis:6379/0")
    monkeypatch.setenv("REDIS_PASSWORD", "p@ss/w?rd#%41;,")
    assert environment.database("DATABASE_URL")["PASSWORD"] == "p@ss/w?rd#%41"
    assert environment.redis("REDIS_URL") == ("redis://:p%40ss%2Fw%3Frd%23%2541%3B%2C@redis:6379/0")


def test_a_socket_several_hosts_and_an_address_of_numbers() -> None:
    def places(url: str) -> tuple[object, object]:
        found = server_addresses.postgres("DATABASE_URL", url)
        return found["HOST"], found["PORT"]

    assert places("postgres:///portal?host=/run/postgresql") == ("/run/postgresql", "")
    assert places("postgres://u@%2Frun%2FPostgres/portal") == ("/run/Postgres", "")
    assert places("postgres://u@one:5432,two:5433/portal") == ("one,two", "5432,5433")
    assert places("postgres://u@[2001:db8::1]:5432/portal") == ("2001:db8::1", "5432")


def test_a_pooler_takes_away_server_side_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.database("DATABASE_URL")["DISABLE_SERVER_SIDE_CURSORS"] is False
    monkeypatch.setenv("DATABASE_POOLING", "transaction")
    assert environment.database("DATABASE_URL")["DISABLE_SERVER_SIDE_CURSORS"] is True
    monkeypatch.setenv("DATABASE_POOLING", "session")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOLING must be one of"):
        environment.database("DATABASE_URL")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("unix:///run/redis.sock", "must be a redis:// or rediss:// URL"),
        ("redis://:pw-1@h/0?ssl_ca_certs=/ca.pem", "its address is rediss://"),
        ("rediss://:pw-1@h/0?ssl_ca_cert=/ca.pem", "is ssl_ca_certs meant?"),
        ("rediss://:pw-1@h/0?ssl_cert_reqs=optional", "ssl_cert_reqs is one of required, none"),
        ("rediss://:pw-1@h/0?ssl_check_hostname=no", "ssl_check_hostname is one of"),
        ("redis://:pw-1@h/cache", "database's number"),
        ("redis://:pw-1@one,two/0", "names one host"),
        ("redis://:pw-1@/0", "names one host"),
    ],
)
def test_what_is_no_address_of_redis(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        server_addresses.redis("REDIS_URL", url)
    assert said in str(refused.value)
    assert "pw" not in str(refused.value)


def test_every_client_of_redis_reads_the_same() -> None:
    url = server_addresses.redis("REDIS_URL", f"redis://portal:{ENCODED}@[::1]:6380/3")
    wanted = {"username": "portal", "password": EVERY_SIGN, "host": "::1", "port": 6380, "db": 3}
    assert ConnectionPool.from_url(url).connection_kwargs.items() >= wanted.items()
    broker = Broker(url)
    assert (broker.userid, broker.password) == ("portal", EVERY_SIGN)
    assert (broker.hostname, broker.port, broker.virtual_host) == ("::1", 6380, "3")


def test_every_client_of_redis_verifies_whom_it_talks_to() -> None:
    """Celery, left to itself, takes any certificate for `rediss://`."""
    given = "rediss://:pw@redis.example:6380/0?ssl_ca_certs=/run/secrets/ca%20of%20redis.pem"
    url = server_addresses.redis("REDIS_URL", given)
    authority = "/run/secrets/ca of redis.pem"
    for pool in (ConnectionPool.from_url(url), redis_client(url, 1.0).connection_pool):
        connection = pool.make_connection()
        assert isinstance(connection, SSLConnection)
        assert connection.cert_reqs == ssl.CERT_REQUIRED
        assert connection.check_hostname
        assert connection.ca_certs == authority
    assert Broker(url).ssl == {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_check_hostname": True,
        "ssl_ca_certs": authority,
    }

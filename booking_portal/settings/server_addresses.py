"""The addresses of PostgreSQL and Redis, as operators write them, read strictly.

What is misspelt or meant otherwise is refused when the process starts, never left out: an
`sslmode` that nobody honours is a connection in the clear. No message repeats a value, as any
part of an address that was written wrongly may be the password.
"""

import re
from difflib import get_close_matches
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from django.core.exceptions import ImproperlyConfigured

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_POSTGRES_NUMBERS: Final = frozenset(
    {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
     "tcp_user_timeout"}
)  # fmt: skip
_POSTGRES_TEXTS: Final = frozenset(
    {"host", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir",
     "sslnegotiation", "ssl_min_protocol_version", "channel_binding", "gssencmode",
     "target_session_attrs", "application_name", "options"}
)  # fmt: skip
_REDIS_CHOICES: Final = {
    "ssl_cert_reqs": ("required", "none"),
    "ssl_check_hostname": ("true", "false"),
}
_REDIS_TEXTS: Final = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<who>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(?:/(?P<path>[^/?#]*))?"
    r"(?:\?(?P<query>[^#]*))?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def postgres(name: str, address: str, password: str | None = None) -> dict[str, object]:
    """Django's settings for `postgres://user:password@host:port/database?option=value`.

    Several hosts, with or without ports, are divided by commas, for a standby that takes over
    (with `target_session_attrs=read-write`). A directory of Unix sockets is `?host=/run/postgresql`
    with nothing before the database's name. `password`, where it is given, is taken as it is, and
    the address has none; one in the address is percent-encoded.

    Raises: ImproperlyConfigured, naming `name`, for any other engine, and for what is no such
    address or no option that is known.
    """
    found = _parts(name, address, {"postgres", "postgresql"})
    options: dict[str, object] = {"connect_timeout": 3, "application_name": "booking-portal"}
    given = _options(name, found["query"], _POSTGRES_NUMBERS | _POSTGRES_TEXTS)
    hosts, ports = _hosts(name, found["hosts"])
    if directory := given.pop("host", ""):
        if hosts or not directory.startswith("/"):
            raise ImproperlyConfigured(
                f"{name} names a host twice: the option host is for a directory of sockets alone."
            )
        hosts = directory
    for option, value in given.items():
        options[option] = _whole(name, option, value) if option in _POSTGRES_NUMBERS else value
    if options.get("sslmode", "prefer") not in SSL_MODES:
        raise ImproperlyConfigured(f"{name}: sslmode is one of {', '.join(SSL_MODES)}.")
    if options.get("sslmode") == "verify-full":
        options.setdefault("gssencmode", "disable")  # libpq would prefer it, whatever sslmode says
    user, secret = _who(name, found["who"], password)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(found["path"]),
        "USER": user,
        "PASSWORD": secret,
        "HOST": hosts,
        "PORT": ports,
        "OPTIONS": options,
    }


def redis(name: str, address: str, password: str | None = None) -> str:
    """The address in the one form that the cache, Celery and our own clients all understand.

    `redis://:password@host:port/number`, or `rediss://` for TLS, with the server's certificate and
    name verified unless the address says otherwise: left to itself Celery would verify nothing.
    `password` as for `postgres`.

    Raises: ImproperlyConfigured, naming `name`, for what is no such address or no known option.
    """
    found = _parts(name, address, {"redis", "rediss"})
    known = _REDIS_TEXTS | _REDIS_CHOICES.keys()
    given = _options(name, found["query"], known)
    for option, choices in _REDIS_CHOICES.items():
        if given.get(option, choices[0]) not in choices:
            raise ImproperlyConfigured(f"{name}: {option} is one of {', '.join(choices)}.")
    encrypted = found["scheme"] == "rediss"
    if given and not encrypted:
        raise ImproperlyConfigured(f"{name} has options of TLS: its address is rediss://.")
    if encrypted:
        given = {option: choices[0] for option, choices in _REDIS_CHOICES.items()} | given
    host, port = _hosts(name, found["hosts"])
    if not host or "," in host:
        raise ImproperlyConfigured(f"{name} names one host.")
    number = found["path"] or "0"
    if not number.isdecimal():
        raise ImproperlyConfigured(f"{name} ends in the database's number, such as /0.")
    user, secret = _who(name, found["who"], password)
    who = f"{quote(user, safe='')}:{quote(secret, safe='')}@" if user or secret else ""
    bare = f"[{host}]" if ":" in host else host
    query = f"?{urlencode(given)}" if given else ""
    return f"{found['scheme']}://{who}{bare}:{port or 6379}/{number}{query}"


def _parts(name: str, address: str, schemes: set[str]) -> dict[str, str]:
    wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
    found = _ADDRESS.fullmatch(address)
    if found is None or found["scheme"] not in schemes:
        kind = f"{name} must be a {wanted} URL"
        raise ImproperlyConfigured(f"{kind}; {_ENCODE.format(name=_password_of(name))}")
    if _STRAY_PERCENT.search(address):
        raise ImproperlyConfigured(
            f"{name} has a % that encodes nothing; {_ENCODE.format(name=_password_of(name))}"
        )
    return {part: value or "" for part, value in found.groupdict().items()}


_ENCODE: Final = "percent-encode a password with other signs, or give it as it is in {name}."


def _password_of(name: str) -> str:
    return f"{name.removesuffix('_URL')}_PASSWORD"


def _who(name: str, who: str, password: str | None) -> tuple[str, str]:
    user, divided, secret = who.partition(":")
    if password is not None and divided:
        raise ImproperlyConfigured(f"{name} has a password, and so has {_password_of(name)}.")
    return unquote(user), password if password is not None else unquote(secret)


def _hosts(name: str, hosts: str) -> tuple[str, str]:
    """Hosts and ports, each divided by commas, as libpq takes them."""
    found = [_HOST.fullmatch(one) for one in hosts.split(",")]
    names, ports = [], []
    for one in found:
        if one is None or (one["port"] and not 0 < int(one["port"]) < 65536):
            raise ImproperlyConfigured(
                f"{name} has no host and port where they belong; "
                f"{_ENCODE.format(name=_password_of(name))}"
            )
        names.append(unquote(one["host"]).strip("[]"))
        ports.append(one["port"] or "")
    return ",".join(names), ",".join(ports) if any(ports) else ""


def _options(name: str, query: str, known: frozenset[str] | set[str]) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}: options are written ?name=value&name=value; "
            f"{_ENCODE.format(name=_password_of(name))}"
        ) from None
    options: dict[str, str] = {}
    for option, value in pairs:
        if option not in known:
            raise ImproperlyConfigured(_unknown(name, option, known))
        if option in options or not value:
            raise ImproperlyConfigured(f"{name} has {option} twice, or empty.")
        options[option] = value
    return options


def _unknown(name: str, option: str, known: frozenset[str] | set[str]) -> str:
    near = get_close_matches(option, sorted(known), n=1)
    if near:
        return f"{name} has an option that is unknown: is {near[0]} meant?"
    return f"{name} has an option that is unknown. Known are: {', '.join(sorted(known))}."


def _whole(name: str, option: str, value: str) -> int:
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}: {option} is a whole number.")
    return int(value)

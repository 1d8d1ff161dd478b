"""Who a request comes from: what a trusted proxy says of it, and nothing that strangers say."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# As nginx, Caddy and cloud gateways write it: bare, or with the client's port.
_HOP: Final = re.compile(
    r"\[(?P<bracketed>[0-9A-Fa-f:.]+)\](?::\d+)?|(?P<v4>[0-9.]+)(?::\d+)?|(?P<v6>[0-9A-Fa-f:.]+)"
)
_SAYS_WHERE_FROM: Final = ("HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_FORWARDED")
_SCHEME: Final = "HTTP_X_FORWARDED_PROTO"


class TrustedProxies:
    """The first of all: REMOTE_ADDR becomes the client's, for the audit trail and every throttle.

    Where the connection comes from TRUSTED_PROXIES, X-Forwarded-For is read from its end, where
    the nearest proxy wrote, to the first address that is no proxy of ours; what stands before it
    may be the client's own invention. X-Forwarded-Proto stays for Django; every other header of
    the kind is removed, and all of them where the connection comes from a stranger. [IG-2]
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        peer = _address(str(meta.get("REMOTE_ADDR", "")))
        trusted = peer is not None and _is_trusted(peer)
        hops = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        scheme = meta.get(_SCHEME)
        for name in [name for name in meta if name.startswith(_SAYS_WHERE_FROM)]:
            del meta[name]
        if peer is not None and trusted:
            meta["REMOTE_ADDR"] = str(_client(peer, hops))
            if scheme is not None:
                meta[_SCHEME] = scheme
        return self.get_response(request)


def _client(peer: Address, hops: Iterable[str]) -> Address:
    """The nearest hop that is no proxy of ours; the farthest that is known, where there is none."""
    nearest = peer
    for hop in reversed(list(hops)):
        address = _address(hop.strip())
        if address is None:  # what is no address is nobody's word
            break
        nearest = address
        if not _is_trusted(address):
            break
    return nearest


def _address(text: str) -> Address | None:
    found = _HOP.fullmatch(text)
    if found is None:
        return None
    try:
        address = ipaddress.ip_address(found["bracketed"] or found["v4"] or found["v6"])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: Address) -> bool:
    networks: list[Network] = settings.TRUSTED_PROXIES
    return any(address in network for network in networks)

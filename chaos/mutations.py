"""Answers gone wrong: in their structure, in their HTTP, or in any of their bytes."""

import copy
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

Json = Any
_FHIR: Final = "application/fhir+json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One answer's bytes; `hangs`: the server then leaves the connection open and says no more.

    `status` is the one sent while the headers are sound, otherwise None.
    """

    answer: bytes
    hangs: bool
    status: int | None


_TEXTS: Final = (
    "", " ", "\x00", "\ud800", "�", "x" * 5_000, "../..", "#", "Patient/", "Patient/9/_history/",
    "9658218873", "booked", "cancelled", "free", "U", "R", "2026-12-01", "2026-12-01T09:00:00",
    "2026-12-01T09:00:00+14:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00",
    "٢٠٢٦-12-01", "24:00", 'W/"1"', "urn:uuid:1", "https://x/Slot/1", "é\u0301", "\u202e",
)  # fmt: skip
_LEAVES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, -1, 7, 2**63, 10**400, 1.5, 1e308, float("inf"))),
    st.sampled_from(_TEXTS),
    st.text(max_size=12),
)
_VALUES: Final = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(("resourceType", "reference", "coding", "value", "id", "extension")),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
_STATUSES: Final = (200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 403, 404, 409, 410, 412, 422,
                    429, 500, 501, 502, 503, 999)  # fmt: skip
_HEADERS: Final = (
    "Content-Type: text/html", "Content-Type: application/json", "Content-Type:",
    "Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: gzip, gzip",
    'ETag: W/"5"', "ETag: \x01", "Retry-After: 1", "Retry-After: -1", "Retry-After: never",
    "Retry-After: Sat, 99 Nov 2026 12:00:00 GMT", "Location: http://elsewhere.example/",
    "Transfer-Encoding: chunked", "Content-Length: 3", "Content-Length: -3",
    "Connection: close", "X: " + "y" * 70_000, "Set-Cookie: a=b", ": nothing", "no colon",
)  # fmt: skip
_NASTY: Final = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 20_000, b'{"a":' * 20_000, b"1e999", b"NaN",
    b"9" * 5_000, b"\\ud800", b"\\u0000", b'"', b"}", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n",
)  # fmt: skip


@st.composite
def structural(draw: st.DrawFn, document: Json, status: int) -> Mutant:
    """The document with some of its parts changed, well sent; or with other words in its HTTP."""
    changed = document
    for _ in range(draw(st.integers(1, 4))):
        changed = _changed(draw, changed)
    sent_status = draw(st.sampled_from((status,) * 60 + _STATUSES))
    headers = [f"Content-Type: {_FHIR}"]
    if draw(st.integers(0, 7)) == 0:
        headers = draw(st.lists(st.sampled_from(_HEADERS), max_size=3))
    body = json.dumps(changed).encode()
    if draw(st.integers(0, 5)) == 0:
        body, headers = gzip.compress(body, 1), [*headers, "Content-Encoding: gzip"]
    return Mutant(_http(sent_status, headers, body), hangs=False, status=sent_status)


@st.composite
def bytewise(draw: st.DrawFn, document: Json, status: int) -> Mutant:
    """The whole answer, headers too, with some of its bytes gone, doubled or different."""
    headers, body = [f"Content-Type: {_FHIR}"], json.dumps(document).encode()
    body_only = draw(st.booleans())
    raw = body if body_only else _http(status, headers, body)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        until = min(at + draw(st.integers(1, 40)), len(raw))
        other = draw(
            st.one_of(
                st.just(b""),
                st.just(raw[at:until] * 2),
                st.binary(min_size=1, max_size=8),
                st.sampled_from(_NASTY),
            )
        )
        raw = raw[:at] + other + raw[until:]
    hangs = draw(st.integers(0, 99)) == 0
    if body_only:
        return Mutant(_http(status, headers, raw), hangs=hangs, status=status)
    return Mutant(raw, hangs=hangs, status=None)


def mutants(document: Json, status: int) -> st.SearchStrategy[Mutant]:
    """Both kinds, the structural ones more often: they get further."""
    either = structural(document, status)
    return st.one_of(either, either, bytewise(document, status))


def _changed(draw: st.DrawFn, document: Json) -> Json:
    places = list(_places(document, ()))
    if not places:
        return draw(_VALUES)
    path = draw(st.sampled_from(places))
    whole = copy.deepcopy(document)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    key, value = path[-1], holder[path[-1]]
    what = draw(st.sampled_from(("remove", "other", "other", "wrap", "unwrap", "double", "swap")))
    if what == "remove":
        del holder[key]
    elif what == "other":
        holder[key] = draw(_VALUES)
    elif what == "wrap":
        holder[key] = [value]
    elif what == "unwrap":
        holder[key] = next(iter(value), None) if isinstance(value, list | dict) else [[value]]
    elif what == "double":
        holder[key] = [*value, *value] if isinstance(value, list) else [value, value]
    else:
        holder[key] = copy.deepcopy(_at(document, draw(st.sampled_from(places))))
    return whole


def _places(value: Json, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _at(document: Json, path: tuple[Any, ...]) -> Json:
    for key in path:
        document = document[key]
    return document


def _http(status: int, headers: list[str], body: bytes) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}"])
    return head.encode("latin-1") + b"\r\n\r\n" + body

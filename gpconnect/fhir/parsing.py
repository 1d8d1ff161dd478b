"""From an answer's bytes to JSON, as much of it as can be had. [ERR-5]

What is JSON in UTF-8 takes the quick way. What is not quite goes another: a byte that is no UTF-8
becomes a replacement character, a control character inside a text stays, a number that is none
reads as "not given". One such thing hides nothing else.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

# What a database cannot hold, or UTF-8 not say: NUL and half a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_ESCAPED: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_RESOURCE: Final = re.compile(r'"resource"\s*:\s*(?={)')
_DEEP: Final = 10_000  # what a part that is nested too deeply costs, in characters


class Mended(dict[str, Any]):
    """An object that is not quite what was sent: good for reading, never for sending back."""


def parse(body: bytes) -> Any:
    """The JSON, without what cannot be stored; its objects are Mended where it was not sound.

    Raises: ValueError, RecursionError.
    """
    try:
        document = json.loads(
            body.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite
        )
    except ValueError:
        return _storable(_decoder().decode(_text(body)))
    if b"\\" in body and _ESCAPED.search(body):  # most answers escape nothing at all
        # A whole surrogate pair is joined by now; only what is still there must go.
        return _storable(document)
    return document


def salvage(body: bytes) -> Any:
    """A searchset of those resources of a broken one that are whole, and a null for the rest.

    Only for answers in which each resource is good by itself, however many are missing.

    Raises: ValueError when there are none.
    """
    found: list[Any] = [
        {"resource": _storable(resource)} for resource in _whole_resources(_text(body))
    ]
    if not found:
        raise ValueError("nothing whole in it")
    return Mended(resourceType="Bundle", type="searchset", entry=[*found, None])


def _whole_resources(text: str) -> Iterator[Any]:
    """The objects that stand as a resource; reads no more than twice the text's length."""
    decoder = _decoder()
    place, left = 0, 2 * len(text)
    while left > 0 and (match := _RESOURCE.search(text, place)):
        begin = place = match.end()
        try:
            resource, place = decoder.raw_decode(text, begin)
        except json.JSONDecodeError as broken:
            left -= broken.pos - begin
        except (ValueError, RecursionError):
            left -= _DEEP
        else:
            yield resource


def _text(body: bytes) -> str:
    """The text, whatever its bytes; FHIR knows UTF-8 only, but a byte-order mark may say more."""
    return body.decode(json.detect_encoding(body), "replace").lstrip(
        "\N{ZERO WIDTH NO-BREAK SPACE}"
    )


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        strict=False,
        parse_constant=lambda _: None,
        parse_float=_or_none(_finite),
        parse_int=_or_none(int),
        object_pairs_hook=Mended,
    )


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number that is too large")
    return number


def _or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def reading(digits: str) -> Any:
        try:
            return read(digits)
        except ValueError:
            return None

    return reading


def _storable(document: Any) -> Any:
    """The same, or, where something in it cannot be stored, one that can."""
    return _replaced(document) if any(map(_UNSTORABLE.search, _texts(document))) else document


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts(item)


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return Mended({_replaced(name): _replaced(item) for name, item in value.items()})
    return value

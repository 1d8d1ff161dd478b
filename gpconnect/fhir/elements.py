"""FHIR's building blocks, read tolerantly: a wrong type reads as "not given". [RES-2..4]

Lists where the specification has one thing and one thing where it has a list are both met in
real answers, its own examples included.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from gpconnect.models import Address, ContactPoint, HumanName

Json = Mapping[str, Any]

# Wider than FHIR's form: what can be stored, and stand in a path. What is sent is checked fully.
_IDENTITY: Final = re.compile(r"(?!\.+\Z)[!-.0-~]{1,64}", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What a database cannot hold, or UTF-8 not say: NUL and half a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_ESCAPED: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Unreadable(Exception):
    """A resource lacks what it is nothing without; the text says what, and no more."""


def parse(body: bytes) -> Any:
    """JSON, without what cannot be stored. Raises: ValueError, RecursionError."""
    document = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    if b"\\" not in body or not _ESCAPED.search(body):  # most answers escape nothing at all
        return document
    # A whole surrogate pair is joined by now; only what is still there must go.
    return _storable(document)


def text(value: object) -> str | None:
    """A string that says something; otherwise None."""
    return value if isinstance(value, str) and value.strip() else None


def mapping(value: object) -> Json:
    """An object, or the first of a list of them; otherwise an empty one."""
    if isinstance(value, dict):
        return value
    return next(iter(objects(value)), {})


def objects(value: object) -> list[Json]:
    """The objects of a list, or the one object that stands for it."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list, or the one string that stands for it."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str) and item.strip())


def required(resource: Json, name: str) -> str:
    """A string that a resource is nothing without. Raises: Unreadable."""
    value = resource.get(name)
    if isinstance(value, str) and value.strip():
        return value
    raise Unreadable(f"without {name}")


def identity(resource: Json) -> str:
    """The logical id that a resource is nothing without. Raises: Unreadable."""
    value = required(resource, "id")
    if not _IDENTITY.fullmatch(value):
        raise Unreadable("with an id that is none")
    return value


def version(resource: Json, etag: str | None = None) -> str | None:
    """The version id that the resource says, or else the ETag."""
    said = text(mapping(resource.get("meta")).get("versionId"))
    if said is None and etag:
        match = re.fullmatch(r'(?:W/)?"([^"]*)"', etag.strip())
        return match.group(1) if match else None
    return said


def reference(value: object, kind: str) -> str | None:
    """The id in a reference to a resource of this kind: relative, absolute or versioned."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    target = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(target, str):
        return None
    if "/_history/" in target:
        target = target.partition("/_history/")[0]
    head, _, identity = target.rpartition("/")
    if identity and (head == kind or head.endswith(f"/{kind}")):
        return identity
    return None


def first_reference(values: Iterable[object], kind: str) -> str | None:
    return next(filter(None, (reference(value, kind) for value in values)), None)


def extensions(resource: Json, *urls: str) -> list[Json]:
    """The extensions with one of these URLs, in the order of the resource."""
    found = objects(resource.get("extension"))
    return [extension for extension in found if extension.get("url") in urls]


def identifier(resource: Json, system: str) -> str | None:
    """The value of the first identifier of a system."""
    for entry in objects(resource.get("identifier")):
        if entry.get("system") == system:
            return text(entry.get("value"))
    return None


def concept(value: object) -> tuple[str | None, str | None]:
    """Code and words of a CodeableConcept; the words are its display, or its text."""
    whole = mapping(value)
    for coding in objects(whole.get("coding")):
        code, display = text(coding.get("code")), text(coding.get("display"))
        if code or display:
            return code, display or text(whole.get("text"))
    return None, text(whole.get("text"))


def whole_date(value: object) -> date | None:
    """A full date; a year or a month alone is not one."""
    if not isinstance(value, str) or not _DATE.fullmatch(value[:10]):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def address(value: Json) -> Address:
    return Address(
        lines=texts(value.get("line")),
        city=text(value.get("city")),
        district=text(value.get("district")),
        postcode=text(value.get("postalCode")),
        country=text(value.get("country")),
        use=text(value.get("use")),
    )


def first_address(value: object) -> Address | None:
    return next((address(item) for item in objects(value)), None)


def contact_points(value: object) -> tuple[ContactPoint, ...]:
    """Those that say something; one without a system is taken for a telephone."""
    return tuple(
        ContactPoint(text(item.get("system")) or "phone", said, text(item.get("use")))
        for item in objects(value)
        if (said := text(item.get("value")))
    )


def telephone(value: object) -> str | None:
    """The first telephone number among contact points."""
    points = contact_points(value)
    return next((point.value for point in points if point.system == "phone"), None)


def human_names(value: object) -> tuple[HumanName, ...]:
    return tuple(
        HumanName(
            use=text(item.get("use")),
            family=" ".join(texts(item.get("family"))) or None,
            given=texts(item.get("given")),
            prefix=texts(item.get("prefix")),
            text=text(item.get("text")),
        )
        for item in objects(value)
    )


def preferred_name(names: tuple[HumanName, ...]) -> HumanName | None:
    """The official name, or else the usual one, or else the first."""
    for use in ("official", "usual"):
        for name in names:
            if name.use == use:
                return name
    return names[0] if names else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value

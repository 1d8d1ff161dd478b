"""FHIR's building blocks, read tolerantly: a wrong type reads as "not given". [RES-2..4]

Lists where the specification has one thing and one thing where it has a list are both met in
real answers, its own examples included.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gpconnect.models import Address, ContactPoint, HumanName

Json = Mapping[str, Any]

# Wider than FHIR's form: what can be stored, and stand in a path. What is sent is checked fully.
_IDENTITY: Final = re.compile(r"(?!\.+\Z)[!-.0-~]{1,64}", re.ASCII)
_VERSION: Final = re.compile(r"[!#-~]{1,64}", re.ASCII)
_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


LONGEST: Final = 4_000
"""Characters of one text: beyond it follows an ellipsis."""


class Unreadable(Exception):
    """A resource lacks what it is nothing without; the text says what, and no more."""


def text(value: object) -> str | None:
    """A string that says something, cut where it is LONGEST; otherwise None."""
    if isinstance(value, str) and value.strip():
        return value if len(value) <= LONGEST else _cut(value)
    return None


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
    return tuple(said for item in items if (said := text(item)))


def spelt(value: str | None, known: Mapping[str, str]) -> str | None:
    """A code as the specification spells it, whatever its case and hyphens; another as it is.

    `known` is what `spellings` made. [RES-4]
    """
    return known.get(_folded(value), value) if value else None


def spellings(*codes: str) -> Mapping[str, str]:
    """Each code by what is the same in all ways of spelling it."""
    return {_folded(code): code for code in codes}


def required(resource: Json, name: str) -> str:
    """A string that a resource is nothing without. Raises: Unreadable."""
    value = resource.get(name)
    if isinstance(value, str) and value.strip():
        return value
    raise Unreadable(f"without {name}")


def identity(resource: Json) -> str:
    """The logical id that a resource is nothing without. Raises: Unreadable."""
    value = resource.get("id")
    if isinstance(value, str) and _IDENTITY.fullmatch(value):
        return value
    required(resource, "id")
    raise Unreadable("with an id that is none")


def version(resource: Json, etag: str | None = None) -> str | None:
    """The version id that the resource says, or else the ETag."""
    said = mapping(resource.get("meta")).get("versionId")
    if isinstance(said, str) and _VERSION.fullmatch(said):
        return said
    match = _ETAG.fullmatch((etag or "").strip())
    return match[1] if match and _VERSION.fullmatch(match[1]) else None


def reference(value: object, kind: str) -> str | None:
    """The id in a reference to a resource of this kind: relative, absolute or versioned."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    target = value.get("reference") if isinstance(value, dict) else value
    if not isinstance(target, str):
        return None
    target = target.strip().rstrip("/")
    if "/_history" in target:
        target = target.partition("/_history")[0]
    head, _, identity = target.rpartition("/")
    if head != kind and head.rpartition("/")[2].casefold() != kind.casefold():
        return None
    return identity if _IDENTITY.fullmatch(identity) else None


def references(value: object) -> list[object]:
    """References in a list, or the one that stands for it, to look among."""
    return value if isinstance(value, list) else [value]


def first_reference(values: Iterable[object], kind: str) -> str | None:
    return next(filter(None, (reference(value, kind) for value in values)), None)


def extensions(resource: Json, *urls: str) -> list[Json]:
    """The extensions with one of these URLs, in the order of the resource."""
    found = objects(resource.get("extension"))
    return [extension for extension in found if extension.get("url") in urls]


def identifier(resource: Json, system: str) -> str | None:
    """The value of the first identifier of a system."""
    return next(iter(identifiers(resource, system)), None)


def identifiers(resource: Json, system: str) -> tuple[str, ...]:
    """The values of a system's identifiers, each once."""
    values = (
        text(entry.get("value"))
        for entry in objects(resource.get("identifier"))
        if entry.get("system") == system
    )
    return tuple(dict.fromkeys(filter(None, values)))


def concept(value: object) -> tuple[str | None, str | None]:
    """Code and words of a CodeableConcept; the words are its display, or its text."""
    whole = mapping(value)
    for coding in objects(whole.get("coding")):
        code, display = text(coding.get("code")), text(coding.get("display"))
        if code or display:
            return code, display or text(whole.get("text"))
    return None, text(whole.get("text"))


def address(value: Json) -> Address:
    return Address(
        lines=texts(value.get("line")),
        city=text(value.get("city")),
        district=text(value.get("district")),
        postcode=text(value.get("postalCode")),
        country=text(value.get("country")),
        use=spelt(text(value.get("use")), _USES),
    )


def addresses(value: object) -> tuple[Address, ...]:
    """Those that say something."""
    return tuple(read for item in objects(value) if (read := address(item)).as_lines())


def first_address(value: object) -> Address | None:
    """The first address, an old one last."""
    return min(addresses(value), key=lambda read: read.use == "old", default=None)


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def contact_points(value: object) -> tuple[ContactPoint, ...]:
    """Those that say something; one without a system is taken for a telephone."""
    return tuple(
        ContactPoint(
            spelt(text(item.get("system")), _SYSTEMS) or "phone",
            said,
            spelt(text(item.get("use")), _USES),
        )
        for item in objects(value)
        if (said := text(item.get("value")))
    )


def telephone(value: object) -> str | None:
    """The first telephone number among contact points that is not an old one."""
    points = contact_points(value)
    return next(
        (point.value for point in points if point.system == "phone" and point.use != "old"), None
    )


def human_names(value: object) -> tuple[HumanName, ...]:
    """The names that say something: whole, in part, or as one text."""
    names = (
        HumanName(
            use=spelt(text(item.get("use")), _USES),
            family=" ".join(texts(item.get("family"))) or None,
            given=texts(item.get("given")),
            prefix=texts(item.get("prefix")),
            text=text(item.get("text")),
        )
        for item in objects(value)
    )
    return tuple(name for name in names if str(name))


def preferred_name(names: tuple[HumanName, ...]) -> HumanName | None:
    """The official name, or else the usual one, or else the first, an old one last."""
    ranks = {"official": 0, "usual": 1, "old": 3}
    return min(names, key=lambda name: ranks.get(name.use or "", 2), default=None)


def gender(value: object) -> str | None:
    """An administrative gender; one that FHIR does not know as it is."""
    return spelt(text(value), _GENDERS)


def _folded(code: str) -> str:
    return code.casefold().translate(_BETWEEN)


def _cut(value: str) -> str:
    return f"{value[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


_BETWEEN: Final = str.maketrans("", "", " \t\n\r-_")
_GENDERS: Final = spellings("male", "female", "other", "unknown")
_SYSTEMS: Final = spellings("phone", "fax", "email", "pager", "url", "sms", "other")
_USES: Final = spellings(
    "usual", "official", "temp", "nickname", "anonymous", "old", "maiden", "home", "work", "mobile"
)

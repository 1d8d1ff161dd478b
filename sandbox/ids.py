"""Logical ids and version ids as different suppliers make them, opaque to consumers. [RES-1]"""

import re
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

Style = Literal["numeric", "guid", "odd"]

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def logical_id(style: Style, ods: str, kind: str, number: int) -> str:
    """The id of the practice's `number`th resource of a kind; the same every time it is asked."""
    if style == "numeric":
        return str(number)
    if style == "guid":
        return str(uuid5(NAMESPACE_URL, f"https://sandbox.test/{ods}/{kind}/{number}"))
    # Legal, but awkward on purpose: dots, hyphens, and a case that matters.
    return f"-{kind[0]}.{kind[1:3].upper()}-{_base36(number)}.X"


def version_id(style: Style, version: int) -> str:
    """How the practice writes a resource's `version`th version."""
    if style == "guid":
        return str(636068818095315000 + version * 79)
    return f"v{version}.r-{version}" if style == "odd" else str(version)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"

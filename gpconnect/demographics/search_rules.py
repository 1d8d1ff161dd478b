"""What PDS searches by, as its FHIR API specifies it (`GET /Patient`, non-fuzzy). [PDS-7]

PDS refuses a search outside these rules, so they are kept before anything is sent.
"""

from typing import Final, Literal

LONGEST_NAME: Final = 35
"""Characters of a family name, and of each given name."""
BEFORE_WILDCARD: Final = 2
"""Characters that have to stand before the first `*`."""

Slip = Literal["too long", "wildcard too early"]


def slip(text: str, longest: int | None = LONGEST_NAME) -> Slip | None:
    """What PDS does not accept about one search value; None where it does."""
    if longest is not None and len(text) > longest:
        return "too long"
    if "*" in text[:BEFORE_WILDCARD]:
        return "wildcard too early"
    return None

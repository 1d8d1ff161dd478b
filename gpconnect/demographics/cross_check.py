"""Is the practice's patient the one that was traced? Compared as people would. [PDS-6]"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from gpconnect.demographics.patient import TracedPatient
from gpconnect.models import HumanName, Patient
from gpconnect.partial_date import Agreement, PartialDate

Field = Literal["nhs_number", "family", "given", "gender", "birth_date"]

# Letters that are not a base letter with an accent, as an English keyboard writes them.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th"}
)
_SERIOUS: Final = frozenset({"nhs_number", "family", "birth_date"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the two differ; the texts are to be shown (None: not given).

    `serious`: family name or birth date (to be acknowledged before going on), or the NHS
    number (never to be gone on with). A birth date of which one side has a part only, which
    agrees, is not serious.
    """

    field: Field
    at_pds: str | None
    at_practice: str | None
    serious: bool


def cross_check(traced: TracedPatient, found: Patient) -> tuple[Difference, ...]:
    """Every difference between the trace and the practice's record; none: the same person.

    Case, accents, punctuation and white space make no difference, nor do further given names
    that only one of the two has. A name equals any of the current names that PDS gave. What
    neither of the two has is not the same, and a year that agrees is not a birth date: it is
    shown, and need not be acknowledged. A restricted trace has nothing to compare with: do not
    call this for one.
    """
    pds, practice = _closest(traced, found.name), found.name or HumanName()
    birth_dates = _agreement(traced.born, found.born)
    compared: tuple[tuple[Field, bool, object, object], ...] = (
        ("nhs_number", traced.nhs_number == found.nhs_number, traced.nhs_number, found.nhs_number),
        (
            "family",
            says_the_same(pds.family, practice.family),
            pds.family or pds.text,
            practice.family or practice.text,
        ),
        (
            "given",
            same_given(pds.given, practice.given),
            " ".join(pds.given),
            " ".join(practice.given),
        ),
        ("gender", says_the_same(traced.gender, found.gender), traced.gender, found.gender),
        ("birth_date", birth_dates == "same", traced.born, found.born),
    )
    mild = {"birth_date"} if birth_dates == "compatible" else set()
    return tuple(
        Difference(field, _shown(at_pds), _shown(at_practice), field in _SERIOUS - mild)
        for field, same, at_pds, at_practice in compared
        if not same
    )


def says_the_same(one: str | None, other: str | None) -> bool:
    """Whether two texts say the same to a person; one that says nothing equals none."""
    said = _folded(one or "")
    return bool(said) and said == _folded(other or "")


def same_given(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether the first given names agree, as far as both have them; one at least."""
    ours, theirs = _names(one), _names(other)
    shared = min(len(ours), len(theirs))
    if not shared:
        return False
    # "Mary Ann", "Mary-Ann" and "Maryann" are one name to people.
    return ours[:shared] == theirs[:shared] or "".join(ours) == "".join(theirs)


def _agreement(one: PartialDate | None, other: PartialDate | None) -> Agreement | None:
    """None where either of the two is not known: that agrees with nothing."""
    return one.agreement(other) if one and other else None


def _closest(traced: TracedPatient, name: HumanName | None) -> HumanName:
    """The name at PDS that the practice's agrees with, or else the preferred one."""
    if name is not None:
        for candidate in traced.names:
            if says_the_same(candidate.family, name.family) and same_given(
                candidate.given, name.given
            ):
                return candidate
    return traced.official_name or HumanName()


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(character for character in plain if character.isalnum())


def _names(given: Iterable[str]) -> list[str]:
    return [
        word for text in given for part in text.replace("-", " ").split() if (word := _folded(part))
    ]


def _shown(value: object) -> str | None:
    """As text, a date in ISO form as far as it is known; None where nothing was given."""
    return str(value) if value else None

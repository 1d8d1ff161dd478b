"""Is it the patient whom PDS has? Nothing about them is shown before. [PDS-8, PDS-9]

A whole birth date that the patient says correctly is enough. PDS has no more than a year or a
month of some, and of a few nothing: of them the known parts must agree, and the names that PDS
has; and the postcode too where the year or one of the names is missing (docs/adr/0010).
"""

import re
from dataclasses import dataclass
from datetime import date

from gpconnect.demographics import TracedPatient, same_given, says_the_same
from gpconnect.models import HumanName, PartialDate


class NotConfirmed(Exception):
    """What the patient says does not confirm whom PDS has: nothing is shown."""

    outcome = ""  # for the audit trail


class BirthDateDiffers(NotConfirmed):
    """The birth date that the patient says is not the one at PDS. [PDS-8]"""

    outcome = "birth date differs from PDS"


class MoreToAsk(NotConfirmed):
    """PDS has no whole birth date: names, and perhaps the postcode, are needed as well. [PDS-9]"""

    outcome = "no full birth date on PDS: more is asked"

    def __init__(self, *, postcode: bool) -> None:
        super().__init__()
        self.postcode = postcode


class DetailsDiffer(NotConfirmed):
    """PDS has no whole birth date, and what else the patient says is not what PDS has."""

    outcome = "names or postcode differ from PDS"


class NothingToGoBy(NotConfirmed):
    """PDS has too little of the patient to confirm anybody by."""

    outcome = "too little on PDS to confirm by"


class TooManyTries(NotConfirmed):
    """Wrong too often in a short time: nothing is asked before `minutes` are over."""

    outcome = "too many wrong tries"

    def __init__(self, minutes: int) -> None:
        super().__init__()
        self.minutes = minutes


@dataclass(frozen=True, slots=True)
class Said:
    """What the patient says of themselves; only a partial birth date at PDS needs the rest."""

    birth_date: date
    family: str = ""
    given: str = ""
    postcode: str = ""


def require_confirmed(traced: TracedPatient, said: Said) -> None:
    """Go on only if this is certainly the patient.

    Raises: NotConfirmed (BirthDateDiffers, MoreToAsk, DetailsDiffer, NothingToGoBy).
    """
    born = traced.born
    if born and born.agreement(PartialDate.of(said.birth_date)) == "different":
        raise BirthDateDiffers
    if traced.birth_date:
        return
    postcodes = {_plain(held.value.postcode) for held in traced.addresses if held.counts} - {""}
    names = traced.names or ((traced.official_name,) if traced.official_name else ())
    needs_postcode = born is None or not any(name.family and name.given for name in names)
    if not names or (needs_postcode and not postcodes):
        raise NothingToGoBy
    if _is_too_little(said, names) or (needs_postcode and not said.postcode):
        raise MoreToAsk(postcode=needs_postcode)
    if not any(_is_name(name, said) for name in names):
        raise DetailsDiffer
    if needs_postcode and _plain(said.postcode) not in postcodes:
        raise DetailsDiffer


def _is_too_little(said: Said, names: tuple[HumanName, ...]) -> bool:
    """Whether a part was not said that every name at PDS has. Some people have one name only."""
    no_family = not said.family and all(name.family for name in names)
    no_given = not said.given and all(name.given for name in names)
    return no_family or no_given or not (said.family or said.given)


def _is_name(name: HumanName, said: Said) -> bool:
    """Whether every part that PDS has of the name is as the patient says it."""
    if not (name.family or name.given):
        return set(_words(f"{said.given} {said.family}")) <= set(_words(name.text or ""))
    family = not name.family or says_the_same(name.family, said.family)
    return family and (not name.given or same_given(name.given, said.given.split()))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in re.findall(r"[^\W_]+", text)]


def _plain(text: str | None) -> str:
    return re.sub(r"\W", "", text or "").casefold()

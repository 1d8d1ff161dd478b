"""What people type or paste, made plain: numbers, names, telephones, dates and texts.

Every form, filter and the command line reads through here, so that what comes out of an e-mail, a
letter or another system's screen counts the same everywhere. Nothing is guessed: what could be
read in two ways is refused, and every function raises ValueError for it (never with what was
typed in its text).
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final

from gpconnect import nhs_number as numbers

EARLIEST, LATEST = date(1850, 1, 1), date(9000, 1, 1)
"""Further away nobody was born, books or looks; and calendars end before the year 10000 does."""

_APOSTROPHES: Final = (
    "\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u055a\u00b4`\uff07\ua78c"
)
_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"
# Beside the category of dashes: minus signs, and the bullet that some screens print for a hyphen.
_DASHES: Final = "\u2212\u02d7\u2043\u2796\u00af\u2500\u2501"
_ALIKE: Final = str.maketrans(
    dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_QUOTES, '"') | dict.fromkeys(_DASHES, "-")
)
_UNSEEN: Final = frozenset(
    "\u034f\u115f\u1160\u2800\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10)))
)
# What a browser's trim() takes away.
_BLANK: Final = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_AROUND: Final = " \t.,;:!?\"'|/\\()[]{}<>=_-*#\u2022\u00b7"
_AROUND_NAME: Final = ' .,;:!?"|/\\()[]{}<>=_-#\u2022\u00b7'

# Digits with nothing but spaces, hyphens or dots between them, and no letter that touches the end.
_DIGITS: Final = re.compile(r"\d(?:[ .-]*\d)*", re.ASCII)
_NUMBER_LENGTH: Final = 10
_LONGEST: Final = 200
"""No number or date has more around it than this, in characters."""

_MONTHS: Final = {
    name: number
    for number, spelt in enumerate(
        ("january", "february febuary", "march", "april", "may", "june", "july", "august",
         "september", "october", "november", "december"), start=1
    )
    for full in spelt.split()
    for name in (full[:length] for length in range(3, len(full) + 1))
}  # fmt: skip
"""The months by every beginning of their names that is long enough."""
_DATES: Final = tuple(
    re.compile(rf"(?<![\w])(?:{pattern})(?![\w])", re.ASCII | re.IGNORECASE)
    for pattern in (
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)?[ ./,-]*"
        r"(?P<month>[a-z]{3,9})[ ./,'-]*(?P<year>\d{4})",
        r"(?P<month>[a-z]{3,9})[ .-]*(?P<day>\d{1,2})(?:st|nd|rd|th)?[ ,.]+(?P<year>\d{4})",
        r"(?P<day>\d{1,2}) ?[ ./-] ?(?P<month>\d{1,2}) ?[ ./-] ?(?P<year>\d{4})",
        r"(?P<year>\d{4})[ ./-](?P<month>\d{1,2})[ ./-](?P<day>\d{1,2})",
        # Never both: the century of the one is no month of the other.
        r"(?P<year>(?:18|19|20)\d{2})(?P<month>0\d|1[0-2])(?P<day>[0-3]\d)",
        r"(?P<day>[0-3]\d)(?P<month>[01]\d)(?P<year>\d{4})",
    )
)
_DAY: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII | re.IGNORECASE)
_YEAR_CUT: Final = re.compile(r"\D*\d{1,2}\W+\w+\W+\d{2}\D*", re.ASCII)
_AGE: Final = re.compile(r"\([^()]*\)")

_DIALLED: Final = re.compile(r"\+?[0-9() -]+(?: ext [0-9]{1,6})?")
_EXTENSION: Final = re.compile(
    r"(?:[ ,;]*(?:extension|extn|ext)|[ ,;]+x)[ .:]*(?=[0-9]{1,6}$)", re.ASCII | re.IGNORECASE
)
_TELEPHONE_LABEL: Final = re.compile(r"^[A-Za-z][A-Za-z .]*[:.-]?(?= *[+(0-9])")


class SeveralNumbers(ValueError):
    """More than one NHS number, or more digits than one has: none of them is picked. [FIND-1]"""


class NotANumber(ValueError):
    """No NHS number, or one whose check digit is wrong. [FIND-1]"""


class NotADate(ValueError):
    """No date, more than one, or a day that the calendar does not have."""


class YearNotWhole(NotADate):
    """A date whose year is not of four digits: of which century is not ours to say."""


class YearOutOfRange(NotADate):
    """A date before EARLIEST or after LATEST."""


def line(text: str) -> str:
    """One line: no invisible characters, plain quotes, dashes and spaces, composed (NFC)."""
    seen = "".join(_plain(each) for each in text)
    return " ".join(unicodedata.normalize("NFC", seen).split())


def words(text: str) -> str:
    """A text of several lines as it is counted and sent. [BOOK-4]

    Composed (NFC), each line break one character, nothing empty around it. Its length is the
    number of its characters (code points); the counter in the browser counts the same
    (static/portal/portal.js), and so does the client library before it sends.
    """
    broken = re.sub("\r\n?", "\n", text)
    return unicodedata.normalize("NFC", broken).strip(_BLANK)


def nhs_number(text: str) -> str:
    """The ten digits of the one NHS number in the text, whatever is written around it. [FIND-1]

    Raises: SeveralNumbers, NotANumber.
    """
    found = ten_digits(text)
    if not numbers.is_valid(found):
        raise NotANumber
    return found


def ten_digits(text: str) -> str:
    """As `nhs_number`, whatever the check digit: for the official test of a wrong one.

    Raises: SeveralNumbers, NotANumber.
    """
    candidates: set[str] = set()
    shown = _ascii(_bounded(text, NotANumber))
    for run in _DIGITS.finditer(shown):
        if run.end() < len(shown) and shown[run.end()].isalpha():
            continue
        groups = re.findall(r"\d+", run[0], re.ASCII)
        candidates |= _tens(groups)
    if len(candidates) > 1:
        raise SeveralNumbers
    if not candidates:
        raise NotANumber
    return candidates.pop()


def name(text: str) -> str:
    """A name as the national record spells names: straight apostrophes, plain hyphens. [PDS-7]"""
    spelt = unicodedata.normalize("NFC", _wide(line(text))).strip(_AROUND_NAME)
    # An apostrophe can begin a name ('t Hooft); one around the whole of it is a quotation mark.
    if spelt.startswith("'") and spelt.endswith("'"):
        spelt = spelt.strip("'")
    return re.sub(r" *- *", "-", spelt).strip()


def names(text: str) -> tuple[str, ...]:
    """First names, each by itself: "Ignatius Paul" is two. [PDS-7]"""
    return tuple(each for part in name(text).split() if (each := name(part)))


def postcode(text: str) -> str:
    """A postcode in capitals, with one space at most."""
    return _ascii(text).strip(_AROUND.replace("*", "")).upper()


def telephone(text: str) -> str:
    """A telephone number that can be dialled, in the groups that it was given in.

    A label before it goes, dots become spaces, and an extension is written "ext 23". Empty stays
    empty.

    Raises: ValueError for anything else, two numbers included.
    """
    shown = _TELEPHONE_LABEL.sub("", _ascii(_bounded(text, ValueError))).strip(" .,;:|/")
    shown = " ".join(_EXTENSION.sub(" ext ", shown).replace(".", " ").split())
    if shown and not is_telephone(shown):
        raise ValueError("not a telephone number")
    return shown


def is_telephone(text: str) -> bool:
    """Whether it can be dialled: 6 to 15 digits (E.164), with spaces, brackets or hyphens."""
    number = text.partition(" ext ")[0]
    return (
        bool(_DIALLED.fullmatch(text)) and 6 <= sum(each in "0123456789" for each in number) <= 15
    )


def day(text: str) -> date:
    """A date typed or pasted whole, in the ways that are usual here: "15/3/1984", "15th March
    1984", "15-Mar-1984", "1984-03-15"; the day comes before the month.

    Raises: NotADate (and its kinds).
    """
    shown = _AGE.sub(" ", _ascii(_bounded(text, NotADate)))
    for pattern in _DATES:
        match = pattern.search(shown)
        if match is None:
            continue
        if any(each.isdigit() for each in shown[: match.start()] + shown[match.end() :]):
            raise NotADate
        return date_of(match["day"], match["month"], match["year"])
    raise YearNotWhole if _YEAR_CUT.fullmatch(shown) else NotADate


def date_of(day_: str, month: str, year: str) -> date:
    """A date of its three parts; the day may be "1st", the month a name.

    Raises: NotADate (and its kinds).
    """
    parts = [_ascii(part).strip(_AROUND) for part in (day_, month, year)]
    if len(parts[2]) != 4:
        raise YearNotWhole
    day_of_month = _DAY.fullmatch(parts[0])
    if day_of_month is None or not parts[2].isdigit():
        raise NotADate
    try:
        found = date(int(parts[2]), _month(parts[1]), int(day_of_month[1]))
    except ValueError:
        raise NotADate from None
    if not EARLIEST <= found <= LATEST:
        raise YearOutOfRange
    return found


def _month(text: str) -> int:
    """A month by number or by its English name; 0 for neither."""
    by_name = _MONTHS.get(text.lower())
    if by_name is not None:
        return by_name
    return int(text) if re.fullmatch(r"\d{1,2}", text, re.ASCII) else 0


def _tens(groups: Sequence[str]) -> set[str]:
    """The numbers of ten digits that a run of groups is: one, or several side by side.

    Raises: SeveralNumbers for digits that are more than one number and cannot be told apart.
    """
    digits = "".join(groups)
    if len(digits) < _NUMBER_LENGTH:
        return set()
    if len(digits) == _NUMBER_LENGTH:
        return {digits}
    found, taken = set(), ""
    for group in groups:
        taken += group
        if len(taken) == _NUMBER_LENGTH:
            found.add(taken)
            taken = ""
    if not taken:
        return found
    if found or len(digits) >= 2 * _NUMBER_LENGTH:
        raise SeveralNumbers
    return set()


def _plain(character: str) -> str:
    """What a character stands for: nothing, a space, a plain dash or quote, or itself."""
    category = unicodedata.category(character)
    if category == "Cf" or character in _UNSEEN:
        return ""  # zero width: joiners, marks of direction, soft hyphens, selectors
    if category in {"Zs", "Zl", "Zp"}:
        return " "
    if category == "Pd":
        return "-"
    return character.translate(_ALIKE)


def _bounded(text: str, refusal: type[ValueError]) -> str:
    """The text, unless it is longer than anybody writes. Raises: the refusal."""
    if len(text) > _LONGEST:
        raise refusal
    return text


def _wide(text: str) -> str:
    """Full-width and other look-alike letters and digits as the ordinary ones."""
    return unicodedata.normalize("NFKC", text)


def _ascii(text: str) -> str:
    """A line in which all digits are 0 to 9."""
    return "".join(
        str(unicodedata.decimal(each)) if each.isdecimal() else each for each in _wide(line(text))
    )

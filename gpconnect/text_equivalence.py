"""Undo what suppliers' systems do to the texts that they are given. [BOOK-4, BOOK-7, AMEND-1]

They write HTML references (`&#39;`, some twice), upper case, `?` for characters that they do not
know, other quotation marks, dashes, spaces or Unicode forms, and join description and comment in
one field. None of that changes what the words say. What may change it is never undone: digits
compare exactly, and a word that has come back as replacement characters only has not come back.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SINGLE: Final = "‘’‚‛′´`ʼ"
_DOUBLE: Final = "“”„‟″«»"
_DASHES: Final = "‐‑‒–—―−"
_ALIKE: Final = str.maketrans(
    dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_DASHES, "-")
)
_REPLACEMENTS: Final = frozenset("?\N{REPLACEMENT CHARACTER}")
# Between two texts in one field, and behind them.
_JOINING: Final = frozenset(" |/\\;:,.-()[]{}<>*=~_•·")
_PARTS_DIGITS: Final = frozenset(" |;")  # of these, what keeps two numbers apart
_TIMES_ENCODED: Final = 4
_SHOUTED: Final = re.compile("&[A-Z]+[0-9]*;")
_LINE_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")


def same_words(asked: str, got: str) -> bool:
    """Whether `got` is `asked` as some supplier's system writes it."""
    plain = _plain(got)
    return len(plain) in _ends(_parts(asked), plain, {0})


def same_words_joined(asked: tuple[str, str], got: tuple[str, str]) -> bool:
    """Whether two texts say what was asked for and no more, be it in one field or in two.

    "Knee" is not said by "Knee pain": that is somebody else's text, or another.
    """
    first, second = (_plain(text) for text in got)
    if same_words(asked[0], got[0]) and same_words(asked[1], got[1]):
        return True
    one, other = (_parts(text) for text in asked)
    wholes = {f"{first} {second}".strip()}
    if second and len(second) in _ends(other, second, {0}):  # joined, and kept apart as well
        wholes.add(first)
    orders = [(one, other), (other, one)] if one and other else [(one or other, ())]
    return any(_is_joined(*order, whole) for order in orders for whole in wholes)


@dataclass(frozen=True, slots=True)
class _Part:
    """A character of what was asked for: how it is compared, and how many replacement
    characters may stand for it (0: it is not to be replaced)."""

    plain: str
    replaced_by: int


def _is_joined(one: Iterable[_Part], other: tuple[_Part, ...], whole: str) -> bool:
    ends = _ends(one, whole, {0})
    if other:
        starts = {place for end in ends for place in _behind_joint(whole, end)}
        ends = _ends(other, whole, starts)
    return any(_JOINING.issuperset(whole[end:]) for end in ends)


def _behind_joint(text: str, end: int) -> Iterable[int]:
    """Where the second text may begin, when the first ends here."""
    place = end
    while place < len(text) and text[place] in _JOINING:
        place += 1
        if not _alters_a_number(text, end, place):
            yield place


def _alters_a_number(text: str, end: int, place: int) -> bool:
    """Whether what joins them would be read as a part of a number: a point, a minus, a slash."""
    if not text[place : place + 1].isnumeric():
        return False
    after_a_number = text[max(end - 1, 0) : end].isnumeric()
    return text[place - 1] not in _PARTS_DIGITS or (
        after_a_number and _PARTS_DIGITS.isdisjoint(text[end:place])
    )


def _ends(parts: Iterable[_Part], text: str, starts: set[int]) -> set[int]:
    """Every place in `text` where `parts` may end, having begun at one of `starts`."""
    places = starts
    for part in parts:
        if not places:
            break
        places = {end for place in places for end in _steps(part, text, place)}
    return places


def _steps(part: _Part, text: str, place: int) -> Iterable[int]:
    if text.startswith(part.plain, place):
        yield place + len(part.plain)
    if part.plain == " " and (place in {0, len(text)} or text[place - 1] == " "):
        yield place
    for length in range(1, part.replaced_by + 1):
        if text[place + length - 1 : place + length] not in _REPLACEMENTS:
            break
        yield place + length


@lru_cache(maxsize=64)
def _parts(asked: str) -> tuple[_Part, ...]:
    """What was asked for, character by character; a run of white space is one."""
    decoded = unicodedata.normalize("NFC", _decoded(asked))
    hidden = {
        place
        for word in _WORD.finditer(decoded)
        if not any(letter.isascii() for letter in word.group())
        for place in range(*word.span())
    }
    parts: list[_Part] = []
    # A system that knows no UTF-8 may write one replacement character for each of its octets.
    for place, letter in enumerate(decoded):
        foreign = not letter.isascii() and not letter.isnumeric() and place not in hidden
        octets = len(letter.encode(errors="surrogatepass"))
        part = _Part(_folded(letter), octets if foreign else 0)
        if part.plain == " " and parts and parts[-1].plain == " ":
            part = _Part(" ", part.replaced_by + parts.pop().replaced_by)
        parts.append(part)
    while parts and parts[-1].plain == " ":
        parts.pop()
    while parts and parts[0].plain == " ":
        parts.pop(0)
    return tuple(parts)


def _plain(got: str) -> str:
    """What the practice gave, in the form in which it is compared."""
    decoded = unicodedata.normalize("NFC", _decoded(got))
    return " ".join("".join(map(_folded, decoded)).split())


def _decoded(text: str) -> str:
    """Without HTML's references, however often they were written."""
    for _ in range(_TIMES_ENCODED):
        once = html.unescape(text)
        once = _SHOUTED.sub(lambda found: html.unescape(found.group().lower()), once)
        if once == text:
            break
        text = once
    return _LINE_BREAK.sub(" ", text)


@lru_cache(maxsize=4_096)
def _folded(letter: str) -> str:
    """One character without its case and without what only its form is; digits as they are."""
    if letter.isspace():
        return " "
    if unicodedata.category(letter) in {"Cc", "Cf"}:
        return ""
    alike = letter.translate(_ALIKE)
    form = unicodedata.normalize("NFKC", alike)
    if not any(each.isnumeric() for each in form):
        alike = form
    return unicodedata.normalize("NFD", alike.upper().casefold())

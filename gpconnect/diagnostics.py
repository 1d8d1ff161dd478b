"""What the other side said, made fit to be kept and to be shown to support staff. [READ-2, IG-2]

Untrusted text in, one bounded line out: without control and bidirectional characters, query
strings, e-mail addresses, postcodes, dates and numbers that may be a person's, and without the
names that are given. Escaping is left to whoever shows it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MOST: Final = 500
"""Characters of a masked text."""

_READ: Final = 4 * MOST  # of a text that is longer, the rest is not even looked at
_MONTH: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_GAP: Final = r"[\s.,/_-]{1,3}"
_PERSONAL: Final = re.compile(
    "|".join(
        (
            # What a supplier's log is searched by; matched first, so that it stays whole.
            r"(?P<kept>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)",
            r"(?P<query>(?<=\S)\?[^\s\"'<>]+)",
            r"(?P<email>[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255})",
            r"(?P<date>(?<!\d)(?:\d{4}[-/. ]\d\d?[-/. ]\d\d?|\d\d?[-/. ]\d\d?[-/. ](?:\d{4}|\d\d)"
            rf"|\d\d?(?:st|nd|rd|th)?{_GAP}(?:of )?{_MONTH}{_GAP}\d{{2,4}}"
            rf"|{_MONTH}{_GAP}\d\d?(?:st|nd|rd|th)?{_GAP}\d{{4}})(?!\d|[-/. ]\d))",
            # Seven digits or more, however grouped: NHS numbers, telephones, dates run together.
            r"(?P<number>\+?\(?\d(?:[\s()./_-]{0,3}\d){6,})",
            r"(?P<postcode>\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b)",
        )
    ),
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text as it may be kept: one line of at most MOST characters, nobody to be known by it.

    `names` are those of the patient at hand, in whole or in parts; each of their words is masked
    wherever it stands as a word of its own, whatever its case and accents. Masking what is masked
    changes nothing.
    """
    whole = len(text) <= _READ
    plain = _plain(text[:_READ])
    if not whole:  # a number or name that was cut in two would not be known as one
        plain = plain.rsplit(" ", 8)[0]
    plain = _PERSONAL.sub(_mask, plain)
    hidden = {_folded(word) for name in names for word in _WORD.findall(_plain(name))}
    hidden = {word for word in hidden if len(word) > 1}
    if hidden:
        plain = _WORD.sub(lambda word: "[name]" if _folded(word[0]) in hidden else word[0], plain)
    if whole and len(plain) <= MOST:
        return plain
    return f"{plain[: MOST - 1].rsplit(' ', 1)[0]}…"  # at a word: it may be a name yet to be masked


def _mask(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    return found[0] if kind == "kept" else "?[query]" if kind == "query" else f"[{kind}]"


def _plain(text: str) -> str:
    """In one form of Unicode, on one line, without what cannot be seen or steers the screen."""
    spaced = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFKC", text)
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    dashed = ("-" if unicodedata.category(char) == "Pd" else char for char in spaced)
    return " ".join("".join(dashed).split())


def _folded(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word)
    return "".join(char for char in bare if not unicodedata.combining(char)).casefold()

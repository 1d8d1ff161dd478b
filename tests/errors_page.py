"""docs/errors.md, made from the client library's one table of errors."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from booking_portal.error_codes import CODES
from gpconnect.error_table import BY_INTERACTION, REFUSALS, TABLE, ErrorRow
from gpconnect.errors import GPConnectError
from gpconnect.interactions import Interaction

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"

_INTRODUCTION = """\
# Errors

Written by `make pages` from `gpconnect/error_table.py` and `booking_portal/error_codes.py`;
`make test` fails when it is out of date.

Every error of the client library has a code, a sentence for the user and what to do next, and
says what it is evidence of: what becomes of a write, and whether a practice is held to answer,
are derived from that. *Outcome known*: after a request that reads, always, for nothing was
changed. After one that writes (book, amend, cancel, register), *no* means that the practice may
have done what was asked, so somebody has to look. *If all agrees* means that it is a "no" only if
whoever may say so has said it under a status below 500 (`NOT_IMPLEMENTED`: or 501); otherwise it
is contradictory, which decides nothing. `HTTP_4XX` and `HTTP_5XX` stand for every other status
without an OperationOutcome.
"""


def page() -> str:
    """The page: a table for each kind of error, then what is special in one use case."""
    lines = [_INTRODUCTION]
    for family, rows in groupby(TABLE.items(), lambda entry: _family(entry[1].kind)):
        lines += [f"## {family.__name__}", "", _first_sentence(family), ""]
        lines += [*_head("code"), *(_line((code,), row) for code, row in rows), ""]
    lines += ["## In one use case only", "", "What a code says there instead.", ""]
    lines += [*_head("use case", "code")]
    lines += [
        _line((_use_case(interaction), code), row)
        for (interaction, code), row in BY_INTERACTION.items()
    ]
    lines += ["", "## Of the portal itself", "", "| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join(lines) + "\n"


def _family(kind: type[GPConnectError]) -> type[GPConnectError]:
    """The class right below GPConnectError."""
    above = kind.__mro__
    family: type[GPConnectError] = above[above.index(GPConnectError) - 1]
    return family


def _head(*first: str) -> Iterable[str]:
    names = (
        *first, "class", "meaning", "evidence that", "sentence", "next step",
        "outcome known after a write",
    )  # fmt: skip
    return (f"| {' | '.join(names)} |", "|---" * len(names) + "|")


def _line(first: tuple[str, ...], row: ErrorRow) -> str:
    cells = (
        *(f"`{each}`" for each in first),
        f"`{row.kind.__name__}`",
        _first_sentence(row.kind),
        row.says.value,
        row.sentence,
        row.next_step,
        _known(row),
    )
    return f"| {' | '.join(cells)} |"


def _known(row: ErrorRow) -> str:
    if row.says in REFUSALS:
        return "if all agrees"
    return "yes" if row.decided else "**no**"


def _first_sentence(kind: type[GPConnectError]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _use_case(interaction: Interaction) -> str:
    return f"{interaction.method} {interaction.path}"

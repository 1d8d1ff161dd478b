"""The one table of what an answer to a write means: nothing else decides a command's state.

Looked up by the kind of command, who answered (or where it broke), the HTTP status, the code, and
which attempt it was. Success is not in the table: it means `done`. What no row fits is
`unconfirmed`: the portal looks before it says anything. [BOOK-7, BOOK-8, AMEND-2, REG-3, ERR-1..5]
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from booking_portal.commands.states import Kind, State
from gpconnect.errors import GPConnectError, Origin


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: what fits it, the state that it puts a command in, and why.

    An empty collection fits everything. `look_first`: the "no" may be about our own earlier
    success; the practice is looked at before it counts, and with nothing of ours there it is final.
    """

    why: str
    state: State
    kinds: Collection[Kind] = ()
    origins: Collection[Origin] = ()
    statuses: Collection[int] = ()
    codes: Collection[str] = ()
    attempts: Collection[int] = ()
    look_first: bool = False

    def fits(self, kind: Kind, error: GPConnectError, attempt: int) -> bool:
        """Whether the row speaks of this error of the command's `attempt`th send (from 1)."""
        pairs: tuple[tuple[Collection[object], object], ...] = (
            (self.kinds, kind),
            (self.origins, error.origin),
            (self.statuses, error.status),
            (self.codes, error.code),
            (self.attempts, attempt),
        )
        return all(value in wanted for wanted, value in pairs if wanted)


_FIRST: Final = (1,)
_CHANGES: Final = (Kind.AMEND, Kind.CANCEL)
_NOBODY_ELSE: Final = (Origin.PORTAL, Origin.NETWORK, Origin.SDS)
_PRACTICE: Final = (Origin.PRACTICE,)
_SPINE: Final = (Origin.SSP,)

NEVER_LEFT: Final = frozenset(
    {
        "INVALID_REQUEST", "NHS_NUMBER_INVALID", "STOPPED_BEFORE_SENDING", "UNREACHABLE",
        "NAME_NOT_RESOLVED", "CONNECT_DEADLINE_EXCEEDED", "TLS_FAILED", "PRACTICE_NOT_ANSWERING",
        "PAGE_OUT_OF_TIME", "PRACTICE_NOT_ENABLED", "DIRECTORY_AMBIGUOUS", "DIRECTORY_MALFORMED",
        "DIRECTORY_UNREACHABLE", "DIRECTORY_REFUSED",
    }
)  # fmt: skip
UNREADABLE: Final = frozenset(
    {
        "EMPTY_ANSWER", "WRONG_CONTENT_TYPE", "INVALID_JSON", "BAD_COMPRESSION",
        "ANSWER_TOO_LARGE", "UNEXPECTED_STATUS", "WRONG_RESOURCE",
    }
)  # fmt: skip
SPINE_SAYS_NO: Final = frozenset(
    {
        "ENDPOINT_VARIES_FROM_TARGETURL", "ASID_CHECK_FAILED", "PARTYKEY_INTERACTION_CHECK_FAILED",
        "FOT_CHECK_FAILED", "SSP_REFUSED", "SSP_METHOD_NOT_ALLOWED", "SSP_UNSUPPORTED_MEDIA_TYPE",
    }
)  # fmt: skip
PRACTICE_SAYS_NO: Final = frozenset(
    {
        "BAD_REQUEST", "INVALID_IDENTIFIER_SYSTEM", "INVALID_IDENTIFIER_VALUE",
        "INVALID_NHS_NUMBER", "INVALID_PATIENT_DEMOGRAPHICS", "NO_PATIENT_CONSENT",
        "NO_ORGANISATION_CONSENT", "ACCESS_DENIED", "PATIENT_NOT_FOUND", "PATIENT_SENSITIVE",
        "ORGANISATION_NOT_FOUND", "PRACTITIONER_NOT_FOUND", "NO_RECORD_FOUND",
        "DUPLICATE_REJECTED", "INVALID_RESOURCE", "INVALID_PARAMETER", "REFERENCE_NOT_FOUND",
        "FHIR_CONSTRAINT_VIOLATION", "NOT_IMPLEMENTED", "VERSION_CONFLICT", "ASID_CHECK_FAILED",
    }
)  # fmt: skip

# The first row that fits decides.
TABLE: Final = (
    Verdict(
        "it has done something else than was asked",
        State.NEEDS_ATTENTION,
        codes=("DIFFERENT_FROM_ASKED",),
    ),
    Verdict(
        "nothing was sent",
        State.NOT_MADE,
        origins=_NOBODY_ELSE,
        codes=NEVER_LEFT,
        attempts=_FIRST,
    ),
    Verdict(
        "nothing was sent this time, which says nothing of the time before",
        State.UNCONFIRMED,
        codes=NEVER_LEFT,
    ),
    Verdict(
        "the slot has gone, perhaps to ourselves",
        State.UNCONFIRMED,
        kinds=(Kind.BOOK,),
        origins=_PRACTICE,
        codes=("DUPLICATE_REJECTED",),
        look_first=True,
    ),
    Verdict(
        "changed since it was read, perhaps by ourselves",
        State.UNCONFIRMED,
        kinds=_CHANGES,
        origins=_PRACTICE,
        codes=("VERSION_CONFLICT",),
        look_first=True,
    ),
    Verdict(
        "registered already, perhaps by ourselves",
        State.UNCONFIRMED,
        kinds=(Kind.REGISTER,),
        origins=_PRACTICE,
        codes=("DUPLICATE_REJECTED",),
        look_first=True,
    ),
    Verdict(
        "the Spine said no, and has not passed it on",
        State.REFUSED,
        origins=_SPINE,
        codes=SPINE_SAYS_NO,
        attempts=_FIRST,
    ),
    Verdict(
        "the practice said no",
        State.REFUSED,
        origins=_PRACTICE,
        codes=PRACTICE_SAYS_NO,
        attempts=_FIRST,
    ),
    Verdict(
        "a no to this time, which says nothing of the time before",
        State.UNCONFIRMED,
        codes=PRACTICE_SAYS_NO | SPINE_SAYS_NO,
    ),
    Verdict(
        "no whole answer came", State.UNCONFIRMED, codes=("CONNECTION_LOST", "DEADLINE_EXCEEDED")
    ),
    Verdict("an answer that points elsewhere", State.UNCONFIRMED, statuses=range(300, 400)),
    Verdict("not let in, by whom it does not say", State.UNCONFIRMED, statuses=(401, 403, 407)),
    Verdict("timed out on the way", State.UNCONFIRMED, statuses=(408, 504)),
    Verdict("too busy, perhaps after having done it", State.UNCONFIRMED, statuses=(429, 503)),
    Verdict("it failed, perhaps after having done it", State.UNCONFIRMED, statuses=range(500, 600)),
    Verdict("a success that cannot be read", State.UNCONFIRMED, codes=UNREADABLE),
    Verdict("anything else", State.UNCONFIRMED),
)


def verdict(kind: Kind, error: GPConnectError, attempt: int) -> Verdict:
    """What an error of the command's `attempt`th send (from 1) means."""
    return next(row for row in TABLE if row.fits(kind, error, attempt))


def said_no(code: str) -> bool:
    """Whether the last answer was a plain "no": asking once more would not change it."""
    return code in PRACTICE_SAYS_NO | SPINE_SAYS_NO

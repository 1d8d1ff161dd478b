"""What an error is evidence of: its code, who said it and the status, held together. [ERR-2]"""

from gpconnect.error_table import DECIDED, NEVER_LEFT, REFUSALS, Says, is_spine_code, row
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import Interaction


def meaning(code: str, *, origin: Origin | None, status: int | None) -> Says:
    """What an error is evidence of, all of it held together; `origin` None: not known.

    A "no" is one only if a refusing code, somebody who may say it, and a status below 500 agree;
    501 agrees with NOT_IMPLEMENTED. A failure that comes as a refusal contradicts itself too.
    KeyError for a code that is not in the table. [ERR-2]
    """
    says = row(code).says
    if says in REFUSALS:
        return says if _agrees(code, status) and _may_say(code, origin) else Says.CONTRADICTORY
    if says in NEVER_LEFT:
        ours = origin in {None, Origin.PORTAL, Origin.NETWORK, Origin.SDS}
        return says if ours else Says.CONTRADICTORY
    failed = status is not None and status >= 500
    if says is Says.FAILED:
        # A code for a status is that status, 429 too.
        return says if failed or code.startswith("HTTP_") else Says.CONTRADICTORY
    return Says.FAILED if failed and says in {Says.UNCLEAR, Says.UNREADABLE} else says


def meaning_of(error: GPConnectError) -> Says:
    """What the error is evidence of; nothing clear where its code is in no table."""
    try:
        return meaning(error.code, origin=error.origin, status=error.status)
    except KeyError:
        return Says.UNCLEAR


def _agrees(code: str, status: int | None) -> bool:
    if status is None:
        return False
    return 400 <= status < 500 or (code, status) == ("NOT_IMPLEMENTED", 501)


def _may_say(code: str, origin: Origin | None) -> bool:
    by_practice = row(code).says is Says.PRACTICE_REFUSES or is_spine_code(code)
    by_spine = row(code).says is Says.SPINE_REFUSES
    return (
        origin is None
        or (origin is Origin.PRACTICE and by_practice)
        or (origin is Origin.SSP and by_spine)
    )


def failure(
    code: str,
    *,
    origin: Origin = Origin.PORTAL,
    interaction: Interaction | None = None,
    status: int | None = None,
    trace_id: str | None = None,
    diagnostics: str = "",
) -> GPConnectError:
    """The error for a code, with its words and with what is known of the outcome.

    The outcome of a read is always known: nothing was changed. That of a write is known only
    where code, origin and status agree that nothing was done.
    """
    found = row(code, interaction)
    writes = interaction is not None and interaction.writes
    return found.kind(
        code,
        found.sentence,
        found.next_step,
        origin=origin,
        status=status,
        trace_id=trace_id,
        outcome_known=not writes or meaning(code, origin=origin, status=status) in DECIDED,
        diagnostics=diagnostics,
    )

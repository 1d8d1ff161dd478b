"""How an exchange goes that a fault strikes: what the practice does, and what gets through.

Each kind of fault is here once, but those of which the SSP itself complains.
"""

from collections.abc import Awaitable, Callable, Mapping

from sandbox.answers import Answer
from sandbox.faults import Fault
from sandbox.late_work import LateWork
from sandbox.misbehaviour import Line
from sandbox.provider.mishaps import MISHAPS, Occasion

# The practice does nothing, or it does what it was asked, and no answer gets through.
_LOST_BEFORE: Mapping[str, Callable[[Line], Awaitable[None]]] = {
    "refuse": Line.abort,
    "reset_before": Line.reset,
    "hang_before": Line.hang,
}
_LOST_AFTER: Mapping[str, Callable[[Line], Awaitable[None]]] = {
    "reset_after": Line.reset,
    "hang_after": Line.hang,
}
# The practice does what it was asked, and its answer is spoilt on the way.
_SPOILT: Mapping[str, Callable[[Line, Answer], Awaitable[int]]] = {
    "truncated": Line.truncated,
    "garbled": Line.garbled,
    "latin_1": Line.latin_1,
    "cut_after_headers": Line.cut_after_headers,
}


async def suffer(fault: Fault, occasion: Occasion, line: Line, late_work: LateWork) -> int | None:
    """Let the fault happen. Returns the HTTP status that was sent, or None."""
    if fault.kind in _LOST_BEFORE:
        await _LOST_BEFORE[fault.kind](line)
        return None
    if fault.kind == "commit_late":
        return await line.await_late(late_work.put_off(fault.seconds, occasion.ask))
    if fault.kind in MISHAPS:
        return await line.answer(MISHAPS[fault.kind](occasion))
    answer = occasion.ask()
    if fault.kind in _LOST_AFTER:
        await _LOST_AFTER[fault.kind](line)
        return None
    if fault.kind == "drip":
        return await line.drip(answer, fault.seconds)
    if fault.kind == "held_after":
        return await line.held(answer, lambda: fault.over)
    return await _SPOILT[fault.kind](line, answer)

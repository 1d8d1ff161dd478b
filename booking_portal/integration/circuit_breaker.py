"""A circuit breaker for each practice: one that does not answer is spared, and so is the user.

Closed, everything passes. After BREAKER_FAILURES exchanges in a row that brought no answer it is
open: nothing leaves for the practice but, every BREAKER_WAIT_SECONDS, one read that finds out
whether it answers again, and the worker's reads that settle commands. Any answer closes it, also
a refusal: a practice that says no is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from booking_portal.integration.breaker_store import FailureRun, ForgivingFailureRuns
from booking_portal.integration.bulkhead import Bulkhead
from gpconnect import london
from gpconnect.error_evidence import meaning
from gpconnect.error_table import Says, row
from gpconnect.errors import NotSent, Origin
from gpconnect.transport import Answered, Asked, Deadlines, ExchangeObserver


class PracticeNotAnswering(NotSent):
    """The breaker is open; nothing was sent."""

    def __init__(self, since: datetime) -> None:
        super().__init__(
            "PRACTICE_NOT_ANSWERING",
            f"This practice is not answering since {clock(since)}. Nothing was sent.",
            row("PRACTICE_NOT_ANSWERING").next_step,
            origin=Origin.NETWORK,
        )
        self.since = since


class Sign(Enum):
    """What the end of an exchange says of the practice."""

    ANSWERS = "answers"
    SILENT = "silent"
    NONE = "none"


# What is contradictory counts for nothing: it neither opens a breaker nor closes one. Nor do
# refusals by the Spine, answers that cannot be understood, failures of trust, and whatever
# stopped it on our side.
_SIGNS: Final = {
    Says.NO_CONNECTION: Sign.SILENT,
    Says.NO_ANSWER: Sign.SILENT,
    Says.FAILED: Sign.SILENT,
    Says.PRACTICE_REFUSES: Sign.ANSWERS,
    Says.DONE_OTHERWISE: Sign.ANSWERS,
    Says.UNCLEAR: Sign.ANSWERS,
}


def sign_of(answer: Answered) -> Sign:
    """Whether the practice answers, as far as this exchange tells: as the table of errors says."""
    if answer.error_code is None:
        return Sign.ANSWERS
    try:
        says = meaning(answer.error_code, origin=None, status=answer.status)
    except KeyError:
        return Sign.NONE
    return _SIGNS.get(says, Sign.NONE)


def part_of_a_failure(answer: Answered, limits: Deadlines) -> float:
    """How much a silence counts: 1; or, where a page's budget had cut the deadline short, the part
    of `limits` that was waited, in tenths. What was seen counts, and no more than was seen.
    """
    whole = {
        "DEADLINE_EXCEEDED": limits.total,
        "CONNECT_DEADLINE_EXCEEDED": limits.connect,
    }.get(answer.error_code or "")
    return 1.0 if whole is None else min(1.0, round(answer.milliseconds / 1000 / whole, 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many failures in a row it opens, how many seconds pass between two reads that
    find out whether the practice answers again, and after how many seconds without a further
    failure all is forgotten.

    `wait` is longer than a read may take, so that there is one such read at a time.
    """

    failures: int
    wait: float
    memory: float


class Breaker:
    """The breakers of all practices, by ODS code. Thread-safe. Times are aware, in UTC."""

    def __init__(self, redis_url: str, limits: Limits) -> None:
        self._limits = limits
        self._failure_runs = ForgivingFailureRuns(redis_url, limits.memory)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._failure_runs.close()

    def let_pass(self, ods_code: str, *, writes: bool) -> None:
        """Go on only if the practice may be asked now.

        Raises: PracticeNotAnswering.
        """

        def ask(run: FailureRun | None, now: float) -> tuple[FailureRun | None, float | None]:
            if run is None or run.ask_at is None:
                return run, None
            if writes or now < run.ask_at:
                return run, run.since
            return replace(run, ask_at=now + self._limits.wait), None

        since = self._failure_runs.change(ods_code, ask)
        if since is not None:
            raise PracticeNotAnswering(datetime.fromtimestamp(since, UTC))

    def note(self, ods_code: str, sign: Sign, part: float = 1.0) -> None:
        """Keep what the end of an exchange said of the practice; `part`: as `part_of_a_failure`."""

        def failed(run: FailureRun | None, now: float) -> tuple[FailureRun, None]:
            run = run or FailureRun(0, now)
            run = replace(run, failures=round(run.failures + part, 1))
            if run.ask_at is None and run.failures >= self._limits.failures:
                run = replace(run, ask_at=now + self._limits.wait)
            return run, None

        if sign is Sign.SILENT and part > 0:
            self._failure_runs.change(ods_code, failed)
        elif sign is Sign.ANSWERS:
            self._failure_runs.change(ods_code, lambda run, now: (None, None))

    def not_answering(self, ods_codes: Iterable[str]) -> dict[str, datetime]:
        """Those of the practices whose breaker is open, with the time of their first failure."""
        return {
            ods_code: datetime.fromtimestamp(run.since, UTC)
            for ods_code, run in self._failure_runs.all_of(ods_codes).items()
            if run.ask_at is not None
        }

    def in_doubt(self, ods_codes: Iterable[str]) -> frozenset[str]:
        """Those of the practices that have not answered when they were last asked."""
        return frozenset(self._failure_runs.all_of(ods_codes))


class Guard:
    """An exchange observer that asks breaker and bulkhead first, and tells them how they ended.

    What it stops never reaches `observer`. With `reads_pass` reads are let through to a practice
    that does not answer (settling). `limits` is how long a read may take that nothing cuts short.
    """

    def __init__(
        self,
        breaker: Breaker,
        bulkhead: Bulkhead,
        ods_code: str,
        observer: ExchangeObserver,
        *,
        reads_pass: bool,
        limits: Deadlines,
    ) -> None:
        self._breaker = breaker
        self._bulkhead = bulkhead
        self._ods_code = ods_code
        self._observer = observer
        self._reads_pass = reads_pass
        self._limits = limits

    def asked(self, question: Asked) -> None:
        """Raises: PracticeNotAnswering or OthersWaiting, before anything leaves."""
        writes = question.method != "GET"
        if writes or not self._reads_pass:
            self._breaker.let_pass(self._ods_code, writes=writes)
        self._bulkhead.enter(self._ods_code, question.trace_id)
        try:
            self._observer.asked(question)
        except BaseException:  # then nobody hears of its end
            self._bulkhead.leave(self._ods_code, question.trace_id)
            raise

    def answered(self, answer: Answered) -> None:
        """The breaker hears of it also where the audit trail cannot."""
        self._bulkhead.leave(self._ods_code, answer.trace_id)
        part = part_of_a_failure(answer, self._limits)
        self._breaker.note(self._ods_code, sign_of(answer), part)
        self._observer.answered(answer)


def clock(instant: datetime) -> str:
    """London's wall clock: 14:05, or 14:05 on 3 May where that is not today."""
    local = instant.astimezone(london.LONDON)
    day = "" if local.date() == london.today() else f" on {local.day} {local:%B}"
    return f"{local:%H:%M}{day}"

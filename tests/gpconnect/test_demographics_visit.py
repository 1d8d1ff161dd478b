"""One question to PDS: in whose name, in its turn, and whether it is worth asking again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pytest

from gpconnect import errors
from gpconnect.attempt import Remaining
from gpconnect.demographics import HealthcareWorker, Urgency
from gpconnect.demographics.access import Access, Visit, retry_after
from gpconnect.demographics.rate_limit import busy
from gpconnect.demographics.token import ApplicationToken
from gpconnect.national import Reply
from gpconnect.transport import Deadlines

NOW: Final = datetime(2031, 6, 2, 12, 0, tzinfo=UTC)
WORKER: Final = HealthcareWorker("a-token", "555254240100")


@dataclass
class Limit:
    """A rate limit that lets everything through, and writes down what it was asked."""

    turns: list[tuple[Urgency, float]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        self.turns.append((urgency, longest_wait))

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


class Full(Limit):
    """A rate limit that has no turn, as one that was asked for in another exchange."""

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        error = busy(3.0)
        error.trace_id = "another"
        raise error


def visit(limit: Limit, worker: HealthcareWorker | None = WORKER) -> Visit:
    return Visit(Access(None, limit, lambda: NOW), "A1001", worker, Urgency.BACKGROUND)


def reply(status: int, said: str | None = None) -> Reply:
    return Reply(status, {} if said is None else {"Retry-After": said}, None, "trace")


class Six(Remaining):
    """Six seconds, however long a test takes."""

    seconds = 6.0


def six_seconds() -> Remaining:
    return Six(Deadlines(1.0, 6.0))


class Token(ApplicationToken):
    """A token of the application's own, and what has been given back of it."""

    def __init__(self) -> None:
        self.discarded: list[str] = []

    def value(self, deadlines: Deadlines | None = None) -> str:
        return "ours"

    def discard(self, token: str) -> None:
        self.discarded.append(token)


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٧", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("86400", 86_400.0),
        ("86401", 86_400.0),
        ("1000000000", 86_400.0),
        ("9" * 50, 86_400.0),
        ("Mon, 02 Jun 2031 12:00:30 GMT", 30.0),
        ("Mon, 02 Jun 2031 12:00:30", 30.0),
        ("Mon, 02 Jun 2031 13:00:30 +0100", 30.0),
        ("Mon, 02 Jun 2031 12:00:00 GMT", 0.0),
        ("Mon, 02 Jun 2031 11:59:59 GMT", 0.0),
    ],
)
def test_when_to_ask_again_is_a_number_or_a_date(said: str | None, seconds: float | None) -> None:
    assert retry_after(reply(429, said), NOW) == seconds


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    ("status", "said", "again", "pauses"),
    [
        (429, "2", True, [2.0]),
        (429, "3", False, [3.0]),  # half of what is left is kept for the answer
        (429, "30", False, [30.0]),
        (429, None, False, [1.0]),
        (401, "1", False, []),  # the user's sign-in is not renewed here
        (403, "1", False, []),
        (430, "1", False, []),
        (503, "1", False, []),
        (200, None, False, []),
    ],
)
def test_only_a_busy_pds_is_asked_again_and_everybody_waits(
    status: int, said: str | None, again: bool, pauses: list[float]
) -> None:
    for worker in (WORKER, None):
        limit = Limit()
        one = visit(limit, worker)
        assert one.once_more(reply(status, said), six_seconds()) is again
        assert limit.pauses == pauses
        assert one.refused(reply(status)) is (status == 401 and worker is not None)


@pytest.mark.requirement("PDS-5")
def test_a_users_question_says_whose_it_is_each_time_it_is_sent() -> None:
    limit = Limit()
    one = visit(limit)
    first, second = one.headers("t1", six_seconds()), one.headers("t2", six_seconds())
    correlation = first["X-Correlation-ID"]
    assert first == {
        "Authorization": "Bearer a-token",
        "NHSD-Session-URID": "555254240100",
        "NHSD-End-User-Organisation-ODS": "A1001",
        "X-Request-ID": "t1",
        "X-Correlation-ID": correlation,
    }
    assert second == {**first, "X-Request-ID": "t2"}
    assert correlation not in ("", visit(limit).headers("t", six_seconds())["X-Correlation-ID"])
    assert one.claims == {"access": "healthcare worker", "session_urid": "555254240100"}
    assert visit(limit, None).claims == {"access": "application"}
    assert limit.turns == [(Urgency.BACKGROUND, 3.0)] * 3  # half is kept for the answer
    assert "a-token" not in repr(WORKER)


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    ("status", "worker", "again"),
    [(401, None, True), (401, WORKER, False), (402, None, False), (400, None, False)],
)
def test_only_the_applications_own_token_is_renewed(
    status: int, worker: HealthcareWorker | None, again: bool
) -> None:
    token = Token()
    one = Visit(Access(token, Limit(), lambda: NOW), "A1001", worker, Urgency.LIVE)
    whose = "ours" if worker is None else "a-token"
    assert one.headers("t1", six_seconds())["Authorization"] == f"Bearer {whose}"
    assert one.once_more(reply(status), six_seconds()) is again
    assert token.discarded == (["ours"] if again else [])


@pytest.mark.requirement("PDS-5")
def test_what_stops_a_question_has_the_trace_of_its_exchange() -> None:
    limit = Limit()
    with pytest.raises(errors.SignInNeeded) as nobody:
        visit(limit, None).headers("t1", six_seconds())
    assert (nobody.value.trace_id, nobody.value.origin) == ("t1", errors.Origin.PDS)
    assert limit.turns == []  # what cannot be asked takes nobody's turn
    with pytest.raises(errors.DemographicsUnavailable) as full:
        visit(Full()).headers("t1", six_seconds())
    assert full.value.trace_id == "another"


@pytest.mark.requirement("PDS-5", "RES-1")
@pytest.mark.parametrize(
    ("organisation", "worker", "field"),
    [
        ("A-1", None, "organisation"),
        ("", WORKER, "organisation"),
        ("A1001", HealthcareWorker("", "1"), "access token"),
        ("A1001", HealthcareWorker("a b", "1"), "access token"),
        ("A1001", HealthcareWorker("a", ""), "session URID"),
        ("A1001", HealthcareWorker("a", "1\r\nX: y"), "session URID"),
        ("A1001", HealthcareWorker("a", "é"), "session URID"),
    ],
)
def test_what_is_no_header_is_not_sent(
    organisation: str, worker: HealthcareWorker | None, field: str
) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        Visit(Access(None, Limit(), lambda: NOW), organisation, worker, Urgency.LIVE)
    assert caught.value.diagnostics == field

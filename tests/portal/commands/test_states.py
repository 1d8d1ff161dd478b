"""The table of states, and the table of what an answer means."""

from datetime import UTC, datetime
from itertools import product

import pytest

from booking_portal.commands.delivery.outbox import slot_key_of
from booking_portal.commands.models import Command
from booking_portal.commands.outcomes import (
    is_contradictory,
    is_no,
    never_left,
    outcome_of,
    refusal_of,
    said_no,
)
from booking_portal.commands.states import MAY_FOLLOW, PERMISSION, UNSETTLED, Kind, State
from booking_portal.commands.worklist.manual_close import ANSWERED_OTHERWISE
from gpconnect import errors
from gpconnect.error_evidence import failure
from gpconnect.error_table import SPINE_CODES, TABLE
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    REGISTER_PATIENT,
)

BOOKED_BY = {
    Kind.BOOK: BOOK_APPOINTMENT,
    Kind.AMEND: AMEND_APPOINTMENT,
    Kind.CANCEL: CANCEL_APPOINTMENT,
    Kind.REGISTER: REGISTER_PATIENT,
}
EVERYWHERE = sorted(Origin)


def test_the_words_under_which_commands_are_stored_stay() -> None:
    """Rows of every version before have these, and so do their events in the audit trail."""
    assert list(Kind) == ["book", "amend", "cancel", "register"]
    assert list(State) == [
        *("sending", "unconfirmed", "needs_attention"),
        *("done", "refused", "not_made", "withdrawn"),
    ]


def answered(
    kind: Kind, code: str, origin: Origin = Origin.PRACTICE, status: int | None = None
) -> GPConnectError:
    """What the client raises for this code in the kind's use case."""
    return failure(code, origin=origin, status=status, interaction=BOOKED_BY[kind])


@pytest.mark.parametrize(
    ("kind", "code", "origin", "status", "state"),
    [
        (Kind.BOOK, "UNREACHABLE", Origin.NETWORK, None, State.NOT_MADE),
        (Kind.BOOK, "TLS_FAILED", Origin.NETWORK, None, State.NOT_MADE),
        (Kind.BOOK, "INVALID_REQUEST", Origin.PORTAL, None, State.NOT_MADE),
        (Kind.REGISTER, "PRACTICE_NOT_ENABLED", Origin.SDS, None, State.NOT_MADE),
        (Kind.BOOK, "DEADLINE_EXCEEDED", Origin.NETWORK, None, State.UNCONFIRMED),
        (Kind.CANCEL, "CONNECTION_LOST", Origin.NETWORK, None, State.UNCONFIRMED),
        (Kind.BOOK, "REDIRECTED", Origin.PRACTICE, 302, State.UNCONFIRMED),
        (Kind.BOOK, "HTTP_401", Origin.PRACTICE, 401, State.UNCONFIRMED),
        (Kind.BOOK, "HTTP_408", Origin.PRACTICE, 408, State.UNCONFIRMED),
        (Kind.AMEND, "HTTP_429", Origin.PRACTICE, 429, State.UNCONFIRMED),
        (Kind.BOOK, "HTTP_503", Origin.PRACTICE, 503, State.UNCONFIRMED),
        (Kind.BOOK, "HTTP_504", Origin.PRACTICE, 504, State.UNCONFIRMED),
        (Kind.BOOK, "SSP_PRACTICE_NOT_REACHED", Origin.SSP, 502, State.UNCONFIRMED),
        (Kind.BOOK, "EMPTY_ANSWER", Origin.PRACTICE, 201, State.UNCONFIRMED),
        (Kind.CANCEL, "INVALID_JSON", Origin.PRACTICE, 200, State.UNCONFIRMED),
        (Kind.REGISTER, "WRONG_RESOURCE", Origin.PRACTICE, 200, State.UNCONFIRMED),
        (Kind.BOOK, "INTERNAL_SERVER_ERROR", Origin.PRACTICE, 500, State.UNCONFIRMED),
        (Kind.BOOK, "UNRECOGNISED_CODE", Origin.PRACTICE, 422, State.UNCONFIRMED),
        (Kind.BOOK, "INVALID_RESOURCE", Origin.PRACTICE, 422, State.REFUSED),
        (Kind.REGISTER, "INVALID_PATIENT_DEMOGRAPHICS", Origin.PRACTICE, 400, State.REFUSED),
        (Kind.BOOK, "FOT_CHECK_FAILED", Origin.SSP, 403, State.REFUSED),
        (Kind.BOOK, "DIFFERENT_FROM_ASKED", Origin.PRACTICE, 201, State.NEEDS_ATTENTION),
        (Kind.AMEND, "DIFFERENT_FROM_ASKED", Origin.PRACTICE, 200, State.NEEDS_ATTENTION),
        (Kind.AMEND, "CHANGE_NOT_CONFIRMED", Origin.PRACTICE, 200, State.NEEDS_ATTENTION),
    ],
)
def test_every_answer_to_a_first_send_means_one_state(
    kind: Kind, code: str, origin: Origin, status: int | None, state: State
) -> None:
    found = outcome_of(kind, answered(kind, code, origin, status), 1)
    assert (found.state, found.look_first) == (state, False)


@pytest.mark.requirement("BOOK-8", "AMEND-2", "REG-3")
@pytest.mark.parametrize("attempt", [1, 2, 3])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.BOOK, "DUPLICATE_REJECTED"),
        (Kind.AMEND, "VERSION_CONFLICT"),
        (Kind.CANCEL, "VERSION_CONFLICT"),
        (Kind.REGISTER, "DUPLICATE_REJECTED"),
    ],
)
def test_a_no_that_may_be_about_ourselves_is_looked_into_first(
    kind: Kind, code: str, attempt: int
) -> None:
    found = outcome_of(kind, answered(kind, code, status=409), attempt)
    assert (found.state, found.look_first) == (State.UNCONFIRMED, True)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("code", TABLE)
def test_the_table_and_the_table_of_errors_agree(kind: Kind, code: str) -> None:
    """What the client holds to be undecided is never an end, whoever said it under any status."""
    for origin, status in product(EVERYWHERE, (None, 200, 201, 302, 400, 401, 409, 429, 500, 503)):
        error = answered(kind, code, origin, status)
        first = outcome_of(kind, error, 1).state
        if not error.outcome_known and code not in ANSWERED_OTHERWISE:
            assert first is State.UNCONFIRMED
        if first is State.NOT_MADE:
            assert isinstance(error, errors.NotSent | errors.InvalidRequest | errors.DirectoryError)
        for later in (2, 3):
            said = outcome_of(kind, error, later).state
            assert said in {State.UNCONFIRMED, State.NEEDS_ATTENTION}


@pytest.mark.parametrize("kind", Kind)
def test_a_status_without_a_code_decides_nothing(kind: Kind) -> None:
    for status, origin in product(range(300, 600), (Origin.PRACTICE, Origin.SSP, Origin.NETWORK)):
        code = "REDIRECTED" if status < 400 else f"HTTP_{status}"
        assert outcome_of(kind, answered(kind, code, origin, status), 1).state is State.UNCONFIRMED


@pytest.mark.parametrize("kind", Kind)
def test_what_practices_say_no_with_is_in_the_table(kind: Kind) -> None:
    """Every code of the specification that decides is a row of its own, and not a leftover."""
    for code in SPINE_CODES:
        error = answered(kind, code, status=400)
        found = outcome_of(kind, error, 1)
        assert (found.state is State.REFUSED) or found.look_first or not error.outcome_known


@pytest.mark.requirement("AMEND-2", "ERR-2")
@pytest.mark.parametrize("status", [409, 412])
@pytest.mark.parametrize("kind", Kind)
def test_a_conflict_in_no_words_is_looked_into_first_where_there_is_a_version(
    kind: Kind, status: int
) -> None:
    """A practice that says it with the status alone: another version, or our own success."""
    found = outcome_of(kind, answered(kind, f"HTTP_{status}", status=status), 1)
    changes = kind in {Kind.AMEND, Kind.CANCEL}
    assert (found.state, found.look_first) == (State.UNCONFIRMED, changes)


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.BOOK, "DUPLICATE_REJECTED"),
        (Kind.AMEND, "VERSION_CONFLICT"),
        (Kind.CANCEL, "VERSION_CONFLICT"),
        (Kind.REGISTER, "DUPLICATE_REJECTED"),
    ],
)
def test_a_slot_that_is_gone_under_the_status_of_a_failure_is_not_believed(
    kind: Kind, code: str
) -> None:
    found = outcome_of(kind, answered(kind, code, status=500), 1)
    assert (found.state, found.look_first) == (State.UNCONFIRMED, False)


def test_a_code_that_nobody_knows_decides_nothing() -> None:
    for kind, attempt in product(Kind, (1, 2)):
        error = answered(kind, "UNRECOGNISED_CODE", status=409)
        error.code = "OF_NO_TABLE"
        found = outcome_of(kind, error, attempt)
        assert (found.state, found.look_first) == (State.UNCONFIRMED, False)
        assert refusal_of(kind, "OF_NO_TABLE", 409) is None


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("code", "status", "no", "contradictory", "said", "left"),
    [
        # what is kept of an answer: a no; contradictory; a no by its code; has left
        ("INVALID_RESOURCE", 422, True, False, True, True),
        ("INVALID_RESOURCE", 500, False, True, True, True),
        ("INVALID_RESOURCE", None, False, True, True, True),
        ("NOT_IMPLEMENTED", 501, True, False, True, True),
        ("NOT_IMPLEMENTED", 500, False, True, True, True),
        ("INTERNAL_SERVER_ERROR", 500, False, False, False, True),
        ("INTERNAL_SERVER_ERROR", 400, False, True, False, True),
        ("UNREACHABLE", None, False, False, False, False),
        ("INVALID_REQUEST", None, False, False, False, False),
        ("CONNECTION_LOST", None, False, False, False, True),
        ("HTTP_503", 503, False, False, False, True),
        ("OF_NO_TABLE", 422, False, False, False, True),
        ("", None, False, False, False, True),
    ],
)
def test_what_was_kept_of_an_answer_says_the_same_later(
    code: str, status: int | None, no: bool, contradictory: bool, said: bool, left: bool
) -> None:
    assert is_no(code, status) is no
    assert is_contradictory(code, status) is contradictory
    assert said_no(code) is said
    assert never_left(code) is (not left)


@pytest.mark.parametrize(
    ("kind", "code", "raised"),
    [
        (Kind.BOOK, "DUPLICATE_REJECTED", errors.SlotGone),
        (Kind.AMEND, "VERSION_CONFLICT", errors.VersionConflict),
        (Kind.CANCEL, "VERSION_CONFLICT", errors.VersionConflict),
        (Kind.REGISTER, "DUPLICATE_REJECTED", errors.AlreadyRegistered),
    ],
)
def test_a_kept_refusal_is_the_practices_own_again(
    kind: Kind, code: str, raised: type[GPConnectError]
) -> None:
    refusal = refusal_of(kind, code, 409)
    assert isinstance(refusal, raised)
    assert (refusal.code, refusal.status, refusal.origin) == (code, 409, Origin.PRACTICE)


def test_what_is_kept_and_shown_of_kinds_and_states_stays() -> None:
    """The database has these words in its rows, and people know the others."""
    assert Kind.choices == [
        ("book", "Book"),
        ("amend", "Amend"),
        ("cancel", "Cancel"),
        ("register", "Register"),
    ]
    assert State.choices == [
        ("sending", "Being sent"),
        ("unconfirmed", "Not confirmed yet"),
        ("needs_attention", "Needs attention"),
        ("done", "Done"),
        ("refused", "Refused"),
        ("not_made", "Not made"),
        ("withdrawn", "Withdrawn"),
    ]


@pytest.mark.requirement("IG-1")
def test_each_kind_has_a_permission_of_its_own() -> None:
    assert {kind: permission.value for kind, permission in PERMISSION.items()} == {
        Kind.BOOK: "book_appointment",
        Kind.AMEND: "amend_appointment",
        Kind.CANCEL: "cancel_appointment",
        Kind.REGISTER: "register_patient",
    }


def test_an_end_is_left_only_by_later_evidence() -> None:
    for state in State:
        if state not in UNSETTLED:
            assert MAY_FOLLOW[state] <= {State.DONE, State.NEEDS_ATTENTION}
    assert State.SENDING not in frozenset().union(*MAY_FOLLOW.values())


def test_nothing_is_decided_before_it_can_be() -> None:
    assert {State.UNCONFIRMED, State.DONE} <= MAY_FOLLOW[State.SENDING]
    assert State.UNCONFIRMED not in MAY_FOLLOW[State.NEEDS_ATTENTION]
    assert MAY_FOLLOW[State.DONE] == frozenset()


def test_the_order_of_ticking_does_not_matter() -> None:
    assert slot_key_of(["s1", "s2"]) == slot_key_of(["s2", "s1"]) != slot_key_of(["s1"])


def test_the_day_of_a_command_is_londons() -> None:
    just_after_midnight_in_summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert Command(starts_at=just_after_midnight_in_summer).day.isoformat() == "2026-07-02"

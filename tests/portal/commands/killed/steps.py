"""Every step of a write's life at which a process can die, by the function that is run there."""

from booking_portal.audit.models import EventKind
from booking_portal.commands.states import State
from gpconnect.attempt import Attempt
from tests.portal.commands.killed.killing import Point, recording, the, writing

TRAIL = "booking_portal.audit.trail:record"


def through_a_gate(attempt: Attempt) -> bool:
    return attempt.gate is not None


NOT_STORED = (
    Point("before it is stored", "booking_portal.commands.delivery.outbox:store"),
    Point("stored, not committed", TRAIL, when=recording(EventKind.COMMAND_STORED)),
)
UP_TO_THE_FIRST_BYTE = (
    Point("its attempt noted", "booking_portal.commands.delivery.sender:_perform"),
    Point("connected, before the gate", "gpconnect.attempt:Attempt.leave", when=through_a_gate),
    Point(
        "through the gate, before the first byte",
        "gpconnect.attempt:Attempt.leave",
        after=True,
        when=through_a_gate,
    ),
)
NOT_SENT = (
    Point("committed, not taken up", "booking_portal.commands.delivery.sender:audit_subject_of"),
    *UP_TO_THE_FIRST_BYTE,
)
MADE = (
    Point(
        "acted on, the answer not read",
        "gpconnect.attempt:Connection.getresponse",
        after=True,
        when=writing,
    ),
    Point("the answer read, its attempt open", "booking_portal.commands.delivery.sender:_made"),
    Point(
        "its attempt closed", "booking_portal.commands.delivery.sender:close_attempt", after=True
    ),
    Point("done, not committed", TRAIL, when=recording(EventKind.COMMAND_MOVED, State.DONE)),
    Point(
        "recorded, nothing shown", "booking_portal.commands.delivery.sender:keep_registered_patient"
    ),
)
ANSWER_LOST = (
    Point("no answer, nothing noted", "booking_portal.commands.delivery.sender:_failed"),
    Point(
        "unconfirmed, not committed",
        TRAIL,
        when=recording(EventKind.COMMAND_MOVED, State.UNCONFIRMED),
    ),
)
FOUND = (
    Point("claimed by the worker", "booking_portal.commands.tasks:settle"),
    Point("about to look", "booking_portal.commands.delivery.outcome_check:_see"),
    Point("seen, nothing noted", "booking_portal.commands.delivery.outcome_check:_see", after=True),
    Point("found, not recorded", "booking_portal.commands.delivery.outcome_check:confirm_done"),
    Point("found, not committed", TRAIL, when=recording(EventKind.COMMAND_MOVED, State.DONE)),
    Point(
        "found and recorded",
        "booking_portal.commands.delivery.outcome_check:keep_registered_patient",
    ),
)
SENDER_LOST = (
    Point(
        "its lost sender noticed, not committed",
        TRAIL,
        when=recording(EventKind.COMMAND_MOVED, State.UNCONFIRMED),
    ),
    Point(
        "its lost sender noted", "booking_portal.commands.delivery.recovery:transition", after=True
    ),
)
SENT_AGAIN = (
    Point("about to be sent again", "booking_portal.commands.delivery.recovery:send_again"),
    Point("its lease renewed, not committed", TRAIL, when=recording(EventKind.COMMAND_SENT_AGAIN)),
    *UP_TO_THE_FIRST_BYTE,
    *MADE[::3],
)
GIVEN_UP = (
    Point("not there, not recorded", "booking_portal.commands.delivery.recovery:transition"),
    Point(
        "not made, not committed", TRAIL, when=recording(EventKind.COMMAND_MOVED, State.NOT_MADE)
    ),
)

FIRST_OF_TWO = (
    Point("begun, not committed", TRAIL, when=recording(EventKind.STEPS_MOVED, "begun")),
    NOT_SENT[0],
    MADE[0],
    MADE[3],
    MADE[4],
)
BETWEEN = (
    Point("about to go on", "booking_portal.commands.sagas.start:continue_saga"),
    Point("the second step claimed", "booking_portal.commands.sagas.orchestrator:ready_second"),
    Point("stored, not committed", TRAIL, when=recording(EventKind.STEPS_MOVED, "went on")),
    Point("the second step committed", "booking_portal.commands.sagas.orchestrator:send"),
)
SECOND_OF_TWO = (
    Point(
        "the second through its gate",
        "gpconnect.attempt:Attempt.leave",
        after=True,
        when=the(2, through_a_gate),
    ),
    Point(
        "the second acted on, its answer not read",
        "gpconnect.attempt:Connection.getresponse",
        after=True,
        when=the(2, writing),
    ),
    Point(
        "the second done, not committed",
        TRAIL,
        when=the(2, recording(EventKind.COMMAND_MOVED, State.DONE)),
    ),
    Point("both recorded, nothing shown", "booking_portal.commands.sagas.start:latest_step"),
)

"""Every step of a write's life at which a process can die, by the function that is run there."""

from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.states import State
from gpconnect.attempt import Attempt
from tests.portal.killed.killing import Point, recording, the, writing

TRAIL = "booking_portal.audit.trail:record"
COMMANDS = "booking_portal.commands"


def through_a_gate(attempt: Attempt) -> bool:
    return attempt.gate is not None


NOT_STORED = (
    Point("before it is stored", f"{COMMANDS}.steps.preparing:store"),
    Point("stored, not committed", TRAIL, when=recording(EventKind.COMMAND_STORED)),
)
UP_TO_THE_FIRST_BYTE = (
    Point("its attempt noted", f"{COMMANDS}.sending:_perform"),
    Point("connected, before the gate", "gpconnect.attempt:Attempt.leave", when=through_a_gate),
    Point(
        "through the gate, before the first byte",
        "gpconnect.attempt:Attempt.leave",
        after=True,
        when=through_a_gate,
    ),
)
NOT_SENT = (
    Point("committed, not taken up", f"{COMMANDS}.sending:subject_of"),
    *UP_TO_THE_FIRST_BYTE,
)
MADE = (
    Point(
        "acted on, the answer not read",
        "gpconnect.attempt:Connection.getresponse",
        after=True,
        when=writing,
    ),
    Point("the answer read, its attempt open", f"{COMMANDS}.sending:_made"),
    Point("its attempt closed", f"{COMMANDS}.sending:close_attempt", after=True),
    Point("done, not committed", TRAIL, when=recording(EventKind.COMMAND_MOVED, State.DONE)),
    Point("recorded, nothing shown", f"{COMMANDS}.sending:learn"),
)
ANSWER_LOST = (
    Point("no answer, nothing noted", f"{COMMANDS}.sending:_failed"),
    Point(
        "unconfirmed, not committed",
        TRAIL,
        when=recording(EventKind.COMMAND_MOVED, State.UNCONFIRMED),
    ),
)
FOUND = (
    Point("claimed by the worker", f"{COMMANDS}.tasks:settle"),
    Point("about to look", f"{COMMANDS}.looking:_see"),
    Point("seen, nothing noted", f"{COMMANDS}.looking:_see", after=True),
    Point("found, not recorded", f"{COMMANDS}.looking:confirm"),
    Point("found, not committed", TRAIL, when=recording(EventKind.COMMAND_MOVED, State.DONE)),
    Point("found and recorded", f"{COMMANDS}.looking:learn"),
)
SENDER_LOST = (
    Point(
        "its lost sender noticed, not committed",
        TRAIL,
        when=recording(EventKind.COMMAND_MOVED, State.UNCONFIRMED),
    ),
    Point("its lost sender noted", f"{COMMANDS}.settling:move", after=True),
)
SENT_AGAIN = (
    Point("about to be sent again", f"{COMMANDS}.settling:send_again"),
    Point("its lease renewed, not committed", TRAIL, when=recording(EventKind.COMMAND_SENT_AGAIN)),
    *UP_TO_THE_FIRST_BYTE,
    *MADE[::3],
)
GIVEN_UP = (
    Point("not there, not recorded", f"{COMMANDS}.settling:move"),
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
    Point("about to go on", f"{COMMANDS}.steps.sagas:go_on"),
    Point("the second step claimed", f"{COMMANDS}.steps.going_on:ready_second"),
    Point("stored, not committed", TRAIL, when=recording(EventKind.STEPS_MOVED, "went on")),
    Point("the second step committed", f"{COMMANDS}.steps.going_on:send"),
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
    Point("both recorded, nothing shown", f"{COMMANDS}.steps.sagas:latest"),
)

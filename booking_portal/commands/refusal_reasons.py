"""Why a practice refused, where the next step depends on it. [BOOK-8, AMEND-2]"""

from booking_portal.commands.models import Command
from booking_portal.commands.outcomes import is_no
from booking_portal.commands.states import Kind, State

SLOT_GONE = "DUPLICATE_REJECTED"
CHANGED_MEANWHILE = "VERSION_CONFLICT"


def slot_gone(command: Command) -> bool:
    """Whether somebody else has the slot, for certain. [BOOK-8]"""
    return (
        command.kind == Kind.BOOK
        and command.error_code == SLOT_GONE
        and command.state in {State.REFUSED, State.NOT_MADE}
        and command.resolution != Command.Resolution.BY_TELEPHONE
        and is_no(command.error_code, command.error_status)
    )


def changed_meanwhile(command: Command) -> bool:
    """Whether the practice refused a change because the appointment had changed. [AMEND-2]"""
    return (
        command.kind in {Kind.AMEND, Kind.CANCEL}
        and command.state == State.REFUSED
        and command.error_code == CHANGED_MEANWHILE
    )

"""Generated histories of a patient's appointments at a practice, whose truth is known.

Every appointment by our organisation on exactly the slots asked for is some command's of the
portal: two systems of one organisation that book the same slots for the same patient within
seconds cannot be told apart, and each other's success is then what the patient wanted.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from hypothesis import strategies as st

from booking_portal.accounts.models import Organisation
from booking_portal.commands.delivery.matching import Known
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from gpconnect.models import Appointment, BookingOrganisation
from gpconnect.practice_time import PracticeTime

CLICKED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STARTS, ENDS, LATER = (
    PracticeTime.read(f"2026-11-24T{time}:00+00:00") for time in ("18:40", "19:00", "19:20")
)
WANTED = ("s1", "s2")
NEAR = ("1", "10", "01", "100", "1-0", "1.0", "A1", "a1", "a1a", "aa1", "11", "111", "l1", "1l")
"""Ids that are easily mistaken for one another."""


class Origin(Enum):
    """How an appointment that is not ours came to be in the list."""

    LISTED_BEFORE = auto()  # ours or anybody's, there when the check page was made
    HIDDEN_BEFORE = auto()  # an earlier one of the portal's, cancelled, that was not listed then
    CLAIMED = auto()  # another command's that is done
    MARKED = auto()  # another command's, with its identifier
    BY_THE_PRACTICE = auto()
    BY_ANOTHER_ORGANISATION = auto()
    BY_NOBODY_NAMED = auto()
    ON_SOME_OF_THE_SLOTS = auto()
    AT_ANOTHER_TIME = auto()
    OF_A_RIVAL = auto()  # another command's for the same slots, which is not settled yet


ACCOUNTED_FOR = frozenset(
    {Origin.LISTED_BEFORE, Origin.HIDDEN_BEFORE, Origin.CLAIMED, Origin.MARKED}
)
BY_OTHERS = frozenset({Origin.BY_THE_PRACTICE, Origin.BY_ANOTHER_ORGANISATION})


@dataclass(frozen=True)
class Habits:
    """What the practice's system does with what it was sent."""

    keeps_identifier: bool
    names_booker: bool
    names_patient: bool
    keeps_slots: bool
    moves: bool

    def tell(self, appointment: Appointment) -> Appointment:
        """The appointment as the practice tells it."""
        return replace(
            appointment,
            identifiers=appointment.identifiers if self.keeps_identifier else (),
            booking_organisation=appointment.booking_organisation if self.names_booker else None,
            patient_id=appointment.patient_id if self.names_patient else None,
            slot_ids=appointment.slot_ids
            if self.keeps_slots
            else tuple(f"new-{slot}" for slot in appointment.slot_ids),
        )

    @property
    def tells_all(self) -> bool:
        """Whether what was booked can be seen of an appointment without our identifier."""
        return self.names_booker and self.names_patient and self.keeps_slots


@dataclass(frozen=True)
class History:
    """What the portal knows, what the practice tells, and what really happened.

    `made`: the ids of what the command made. `provable`: whether the rules' evidence for it is
    there to be seen. `quiet`: whether nothing in the list can be taken for something of ours.
    """

    command: Command
    told: tuple[Appointment, ...]
    complete: bool
    known: Known
    made: frozenset[str]
    provable: bool
    quiet: bool


def a_booking(before: list[str] | None, state: State = State.UNCONFIRMED) -> Command:
    """A booking of A1001's, stored at CLICKED, that no database knows."""
    offers = [
        {"practice_ods": "A20047", "slot_id": slot, "starts": STARTS.written, "ends": ENDS.written}
        for slot in WANTED
    ]
    return Command(
        id=uuid.uuid4(),
        kind=Kind.BOOK,
        state=state,
        organisation=Organisation(ods_code="A1001"),
        patient_id="p1",
        starts_at=datetime(2026, 11, 24, 18, 40, tzinfo=UTC),
        created_at=CLICKED,
        request_dead_at=CLICKED + timedelta(seconds=370),
        payload={"offers": offers, "before": before},
    )


def an_appointment(identity: str, **fields: object) -> Appointment:
    """What our request makes of the practice, or anything like it."""
    ours = Appointment(
        id=identity,
        version="1",
        status="booked",
        start=STARTS,
        end=ENDS,
        description="Knee pain",
        slot_ids=WANTED,
        patient_id="p1",
        booking_organisation=BookingOrganisation("A1001"),
    )
    return replace(ours, **fields)  # type: ignore[arg-type]


habits = st.builds(
    Habits,
    keeps_identifier=st.booleans(),
    names_booker=st.sampled_from((True, True, True, False)),
    names_patient=st.sampled_from((True, True, True, True, False)),
    keeps_slots=st.sampled_from((True, True, True, True, False)),
    moves=st.sampled_from((False, False, False, False, True)),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A patient's appointments at the practice, ours among them or not."""
    practice = draw(habits)
    ids = iter(draw(st.permutations(NEAR)))
    rivalled = draw(st.sampled_from((False, False, False, True)))
    origins = draw(st.lists(st.sampled_from(Origin), max_size=5))
    others = [
        (origin, _like(draw, next(ids), origin))
        for origin in origins
        if rivalled or origin is not Origin.OF_A_RIVAL
    ]
    listed = [one.id for origin, one in others if origin is Origin.LISTED_BEFORE]
    before = draw(st.sampled_from((listed, listed, listed, None)))
    state = State.NOT_MADE if rivalled else State.UNCONFIRMED
    command = a_booking(before, state)
    times_made = 0 if rivalled else draw(st.sampled_from((0, 0, 1, 1, 1, 1, 2)))
    ours = [_ours(draw, command, practice, next(ids)) for _ in range(times_made)]
    told = [*(practice.tell(one) for _, one in others), *map(practice.tell, ours)]
    complete = draw(st.sampled_from((True, True, True, True, False)))
    if not complete:
        told = [one for one in told if draw(st.booleans())]
    shown = [one for one in ours if one.id in {one.id for one in told}]
    return History(
        command,
        tuple(draw(st.permutations(told))),
        complete,
        Known(_taken(others, practice), rivalled),
        frozenset(one.id for one in ours),
        provable=_provable(shown, practice, known_before=before is not None and not rivalled),
        quiet=all(_is_no_matter(origin, practice, before) for origin, _ in others),
    )


def _like(draw: st.DrawFn, identity: str, origin: Origin) -> Appointment:
    """A look-alike: the same patient, the same words, as near to ours as its origin allows."""
    status = draw(st.sampled_from(("booked", "cancelled")))
    another = (str(uuid.uuid4()),)
    near: dict[Origin, dict[str, object]] = {
        Origin.LISTED_BEFORE: {
            "slot_ids": draw(st.sampled_from((WANTED, ("s1",), ("s9",)))),
            "booking_organisation": draw(
                st.sampled_from((BookingOrganisation("A1001"), BookingOrganisation("A20047"), None))
            ),
        },
        Origin.HIDDEN_BEFORE: {"status": "cancelled"},
        Origin.MARKED: {"identifiers": another},
        Origin.BY_THE_PRACTICE: {"booking_organisation": BookingOrganisation("A20047")},
        Origin.BY_ANOTHER_ORGANISATION: {
            "booking_organisation": BookingOrganisation(draw(st.sampled_from(("A1002", "A10010")))),
            "identifiers": draw(st.sampled_from(((), another, ("1001",)))),
        },
        Origin.BY_NOBODY_NAMED: {
            "booking_organisation": draw(st.sampled_from((None, BookingOrganisation(""))))
        },
        Origin.ON_SOME_OF_THE_SLOTS: {"slot_ids": draw(st.sampled_from((("s1",), ("s2", "s3"))))},
        Origin.AT_ANOTHER_TIME: {
            "slot_ids": ("s3",),
            "start": ENDS,
            "end": LATER,
            "booking_organisation": draw(st.sampled_from((None, BookingOrganisation("A20047")))),
        },
    }
    return an_appointment(identity, **{"status": status, **near.get(origin, {})})


def _ours(draw: st.DrawFn, command: Command, practice: Habits, identity: str) -> Appointment:
    # Neither our name nor our slots nor our time: then nobody could tell.
    moved: dict[str, object] = (
        {"start": ENDS, "end": LATER} if practice.moves and practice.names_booker else {}
    )
    return an_appointment(
        identity,
        status=draw(st.sampled_from(("booked", "booked", "cancelled"))),
        description=draw(st.sampled_from(("Knee pain", "Knee p", "Knee pain / By taxi", None))),
        identifiers=draw(
            st.sampled_from(((str(command.pk),), ("77", str(command.pk)), (command.pk.urn,)))
        ),
        **moved,
    )


def _taken(others: list[tuple[Origin, Appointment]], practice: Habits) -> frozenset[str]:
    """What the portal's database tells; without identifiers, the other command is done."""
    return frozenset(
        one.id
        for origin, one in others
        if origin in {Origin.HIDDEN_BEFORE, Origin.CLAIMED, Origin.MARKED}
    )


def _provable(shown: list[Appointment], practice: Habits, *, known_before: bool) -> bool:
    live = [one for one in shown if one.status == "booked"]
    if practice.keeps_identifier:
        return bool(shown) and len(live) <= 1
    return len(shown) == 1 and known_before and practice.tells_all


def _is_no_matter(origin: Origin, practice: Habits, before: list[str] | None) -> bool:
    """Whether such an appointment cannot be taken for ours."""
    if origin is Origin.LISTED_BEFORE:
        return before is not None
    if origin in BY_OTHERS:
        return practice.names_booker
    return origin in ACCOUNTED_FOR or origin is Origin.AT_ANOTHER_TIME

"""The patient no longer wants it: withdrawn on the page, never sent again, followed to its end."""

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.models import User
from booking_portal.appointments.shared.appointment_card import card_of_command
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.commands.transitions import transition
from tests.portal.appointments.worklist.test_start_page import command_of, noon_today
from tests.portal.clocks import set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.unsettled import (
    NEVER_ARRIVED,
    books_with,
    cancels,
    changes_with,
    colleague,
    page_of,
    to_a_person,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def withdraws(counter: Counter, command: Command) -> Any:
    page = counter.opens(reverse("withdraw-command", args=[command.pk]))
    return counter.sends(page.form("/withdraw"))


class TestWithdrawing:
    def test_it_is_asked_once_more_and_then_said(
        self, counter: Counter, spine: Sandbox, receptionist: User
    ) -> None:
        command = books_with(counter, spine)
        assert "The patient no longer wants this appointment" in counter.page.text
        asked = counter.opens(reverse("withdraw-command", args=[command.pk]))
        assert asked.title.startswith("Withdraw this booking?")
        command.refresh_from_db()
        assert command.withdrawn_at is None
        page = counter.sends(asked.form("/withdraw"))
        assert page.title.startswith("Withdrawn, and not settled yet")
        assert (
            "The portal does not send it again, and still makes sure that the practice does "
            "not hold it." in page.text
        )
        assert f"Withdrawn by {receptionist.full_name}" in page.text
        assert "The patient no longer wants" not in page.text
        assert 'hx-trigger="every 2s"' in page.html
        assert (
            Event.objects.filter(
                kind=EventKind.COMMAND_WITHDRAWN, command_id=command.pk, username="receptionist"
            ).count()
            == 1
        )

    def test_one_who_has_rung_off_is_rung_back_and_nothing_is_withdrawn(
        self, counter: Counter, spine: Sandbox, receptionist: User
    ) -> None:
        """Case 20: to be rung back is another wish than not to want it, with a way of its own."""
        command = books_with(counter, spine)
        assert "has rung off, or" not in counter.page.text
        assert "A patient who has rung off is rung back on this number" in counter.page.text
        asked = counter.opens(reverse("withdraw-command", args=[command.pk]))
        assert "Only if the patient has said that they no longer want it." in asked.text
        assert f"they are rung back on {command.ring_back} when it is certain" in asked.text
        assert reverse("ring-back", args=[command.pk]) in asked.html
        assert card_of_command(command).day in asked.text
        command.refresh_from_db()
        assert (command.withdrawn_at, command.owner) == (None, receptionist)

    def test_withdrawn_it_keeps_its_owner_and_the_number_that_the_patient_said(
        self, counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
    ) -> None:
        """Made after all, the one who took it on rings that number, and not the one of PDS."""
        command = books_with(counter, spine, NEVER_ARRIVED)
        other = colleague(clinician, sign_in)
        other.sends(other.opens(page_of(command)).form("/take"))
        number = other.opens(reverse("ring-back", args=[command.pk])).form("/ring-back")
        other.sends(number, ring_back="07700 900123")
        withdraws(counter, command)
        command.refresh_from_db()
        assert (command.owner, command.ring_back) == (clinician, "07700 900123")
        assert "If the call ends first" not in counter.page.text
        settled(command, dead=True)
        assert command.state == State.WITHDRAWN
        assert (command.owner, command.ring_back) == (clinician, "07700 900123")
        assert "Tell the patient" not in other.opens(page_of(command)).text
        assert "Ring the patient back" not in other.opens(reverse("bookings")).text
        page = other.opens(reverse("ring-back", args=[command.pk]))
        page = other.sends(page.form("/ring-back"), ring_back="07700 900124")
        assert "Nobody has to be rung back" in page.text
        transition(command, State.DONE, reason="found after all", by_system="settling")
        assert (command.owner, command.ring_back) == (clinician, "07700 900123")
        assert "Ring back 07700 900123" in other.opens(page_of(command)).text

    def test_it_is_never_sent_again(self, counter: Counter, spine: Sandbox) -> None:
        """Without withdrawing, it would be at this point: the request before is dead."""
        command = books_with(counter, spine, NEVER_ARRIVED)
        withdraws(counter, command)
        set_clocks(command, request_dead_at=-1)
        settled(command)
        assert (command.state, command.sends) == (State.WITHDRAWN, 1)
        assert command.attempts.filter(purpose=Attempt.Purpose.SEND).count() == 1
        assert spine.appointments("A20047", PATIENT) == []
        page = counter.opens(page_of(command))
        assert page.title.startswith("Withdrawn, and not made")
        assert "Tell the patient" not in page.text
        assert "Try the same slot again" not in page.text

    def test_made_after_all_cancelling_is_offered(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        withdraws(counter, command)
        settled(command)
        assert command.state == State.DONE
        page = counter.opens(page_of(command))
        assert page.title.startswith("It was made after all")
        assert "Read to the patient" not in page.text
        [address] = set(re.findall(r'href="([^"]+/cancel)"', page.html))
        assert f"/{command.appointment_id}/" in address
        cancels(counter, address)
        [held] = spine.appointments("A20047", PATIENT)
        assert held["status"] == "cancelled"
        page = counter.opens(page_of(command))
        assert page.title.startswith("Made, and cancelled since")
        assert "Tell the patient" not in page.text

    def test_or_the_patient_keeps_it(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        withdraws(counter, command)
        settled(command)
        page = counter.opens(page_of(command))
        page = counter.sends(page.form("/told"))
        assert "Cancel this appointment, unless" not in page.text
        assert page.title.startswith("Booked")
        assert "Read to the patient" in page.text

    def test_a_colleague_without_the_patient_is_asked_to_find_them(
        self, counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine)
        withdraws(counter, command)
        settled(command)
        page = colleague(clinician, sign_in).opens(page_of(command))
        assert "Find this patient, to cancel it" in page.text

    def test_a_cancellation_not_made_has_to_be_told(self, counter: Counter, spine: Sandbox) -> None:
        """The patient may take the appointment for cancelled."""
        command = changes_with(counter, spine, Kind.CANCEL, NEVER_ARRIVED)
        withdraws(counter, command)
        settled(command, dead=True)
        page = counter.opens(page_of(command))
        assert page.title.startswith("Withdrawn, and not cancelled")
        assert "The appointment still stands." in page.text
        assert "Tell the patient" in page.text

    def test_what_is_settled_meanwhile_cannot_be_withdrawn(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = books_with(counter, spine)
        form = counter.opens(reverse("withdraw-command", args=[command.pk])).form("/withdraw")
        settled(command)
        page = counter.sends(form)
        assert "This was settled before it could be withdrawn." in page.text
        assert page.title.startswith("Booked")
        asked = counter.opens(reverse("withdraw-command", args=[command.pk]))
        assert asked.address == page_of(command)

    def test_twice_is_once(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        form = counter.opens(reverse("withdraw-command", args=[command.pk])).form("/withdraw")
        counter.sends(form)
        page = counter.sends(form)
        assert page.title.startswith("Withdrawn, and not settled yet")
        assert Event.objects.filter(kind=EventKind.COMMAND_WITHDRAWN).count() == 1

    def test_another_tab_that_follows_is_loaded_again(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = books_with(counter, spine)
        withdraws(counter, command)
        polled = counter.client.get(
            reverse("command-state", args=[command.pk]), {"state": "unconfirmed", "looks": "0"}
        )
        assert polled.headers["HX-Refresh"] == "true"

    def test_closed_by_telephone_it_ends_as_withdrawn(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine, NEVER_ARRIVED)
        withdraws(counter, command)
        command.refresh_from_db()
        other = colleague(manager, sign_in)
        page = other.opens(page_of(to_a_person(command)))
        assert page.title.startswith("Withdrawn, and somebody has to ring the practice")
        page = other.sends(page.form("/close"), outcome="not_made", spoken_to="Mrs Tull")
        assert page.title.startswith("Withdrawn, and not made")
        assert "Mrs Tull" in page.text


TITLES: dict[tuple[State, bool], dict[Kind, str]] = {
    (State.SENDING, False): dict.fromkeys(Kind, "Being sent"),
    (State.SENDING, True): dict.fromkeys(Kind, "Withdrawn, and not settled yet"),
    (State.UNCONFIRMED, False): dict.fromkeys(Kind, "Not confirmed yet"),
    (State.UNCONFIRMED, True): dict.fromkeys(Kind, "Withdrawn, and not settled yet"),
    (State.NEEDS_ATTENTION, False): dict.fromkeys(Kind, "Somebody has to ring the practice"),
    (State.NEEDS_ATTENTION, True): dict.fromkeys(
        Kind, "Withdrawn, and somebody has to ring the practice"
    ),
    (State.DONE, False): {
        Kind.BOOK: "Booked",
        Kind.AMEND: "Changed",
        Kind.CANCEL: "Cancelled",
        Kind.REGISTER: "Registered",
    },
    (State.DONE, True): {
        Kind.BOOK: "It was made after all",
        Kind.AMEND: "It was changed after all",
        Kind.CANCEL: "It was cancelled after all",
        Kind.REGISTER: "The patient was registered after all",
    },
    (State.NOT_MADE, False): {
        Kind.BOOK: "Not booked",
        Kind.AMEND: "Not changed",
        Kind.CANCEL: "Not cancelled",
        Kind.REGISTER: "Not registered",
    },
    (State.NOT_MADE, True): {
        Kind.BOOK: "Withdrawn, and not made",
        Kind.AMEND: "Withdrawn, and not changed",
        Kind.CANCEL: "Withdrawn, and not cancelled",
        Kind.REGISTER: "Withdrawn, and not registered",
    },
}
TITLES[State.REFUSED, False] = TITLES[State.NOT_MADE, False]
TITLES[State.REFUSED, True] = TITLES[State.NOT_MADE, False]
TITLES[State.WITHDRAWN, True] = TITLES[State.NOT_MADE, True]


def stored(user: User, kind: Kind, state: State, **facts: Any) -> Command:
    """A colleague's command of this kind in this state, as the database may hold it."""
    unsettled = state in UNSETTLED
    texts = {"description": "Knee pain", "comment": ""}
    payload: dict[str, Any] = {"going_on_to": "", "offers": [], "before": []} | texts
    before = {"settled_at": None, "owner": user} if unsettled else {}
    return command_of(
        user,
        noon_today(),
        **{
            "kind": kind,
            "state": state,
            "payload": payload,
            "result": {},
            "form_token": uuid.uuid4(),
            "starts": "" if kind == Kind.REGISTER else "2099-01-01T10:00:00+00:00",
        }
        | before
        | facts,
    )


COMBINATIONS = [
    (kind, state, withdrawn) for (state, withdrawn), by_kind in TITLES.items() for kind in by_kind
]


@pytest.mark.parametrize(("kind", "state", "withdrawn"), COMBINATIONS)
def test_every_standing_has_its_words(
    counter: Counter, clinician: User, kind: Kind, state: State, withdrawn: bool
) -> None:
    """Each kind in each state, withdrawn or not: a title, what is known, and what to do."""
    said = {"withdrawn_at": timezone.now(), "withdrawn_by": clinician} if withdrawn else {}
    command = stored(clinician, kind, state, **said)
    page = counter.opens(page_of(command))
    assert page.status == 200
    assert page.title.startswith(TITLES[state, withdrawn][kind]), page.title
    assert "The practice has not received it" not in page.text
    if state in UNSETTLED and not withdrawn:
        assert (
            "Do not send it again" in page.text
            or "Do not book again" in page.text
            or ("020 7946 0101" in page.text)
        )


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (Kind.BOOK, "Booked after all"),
        (Kind.AMEND, "Changed after all"),
        (Kind.CANCEL, "Cancelled after all"),
        (Kind.REGISTER, "Registered after all"),
    ],
)
def test_what_was_said_to_be_not_made_and_is_there(
    counter: Counter, clinician: User, kind: Kind, title: str
) -> None:
    command = stored(
        clinician, kind, State.DONE, resolution=Command.Resolution.FOUND_LATER, owner=clinician
    )
    page = counter.opens(page_of(command))
    assert page.title.startswith(title)
    assert "Whoever was told otherwise has to know." in page.text
    assert "Tell the patient" in page.text


@pytest.mark.parametrize("kind", [Kind.BOOK, Kind.AMEND, Kind.CANCEL, Kind.REGISTER])
def test_one_sent_again_says_so(counter: Counter, clinician: User, kind: Kind) -> None:
    waiting = counter.opens(page_of(stored(clinician, kind, State.UNCONFIRMED, sends=2)))
    assert "sent twice, the last time because the practice did not have it" in waiting.text
    Command.objects.update(state=State.NOT_MADE, settled_at=timezone.now())
    Attempt.objects.create(command=Command.objects.get(), purpose=Attempt.Purpose.LOOK)
    over = counter.opens(waiting.address)
    assert "It was sent 2 times. The portal has looked at Dr Legg's Surgery" in over.text


@pytest.mark.parametrize("kind", [Kind.BOOK, Kind.REGISTER])
@pytest.mark.parametrize("code", ["PRACTICE_NOT_ANSWERING", "OTHERS_WAITING"])
def test_a_silent_practice_is_what_the_patient_hears_of(
    counter: Counter, clinician: User, kind: Kind, code: str
) -> None:
    command = stored(
        clinician,
        kind,
        State.NOT_MADE,
        error_code=code,
        sentence="The practice has not been answering.",
        next_step="Ring the practice, or choose another.",
    )
    page = counter.opens(page_of(command))
    assert "system is not answering" in page.text.split("Say to the patient")[1]
    assert "Ring the practice, or choose another." in page.text


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", [State.DONE, State.NOT_MADE, State.WITHDRAWN])
def test_closed_by_telephone_says_who_said_so(
    counter: Counter, clinician: User, kind: Kind, state: State
) -> None:
    said = {"withdrawn_at": timezone.now(), "withdrawn_by": clinician}
    sentence = "Mr Bell rang the practice. Mrs Tull there said that it has it."
    command = stored(
        clinician,
        kind,
        state,
        resolution=Command.Resolution.BY_TELEPHONE,
        sentence=sentence,
        **(said if state == State.WITHDRAWN else {}),
    )
    assert sentence in counter.opens(page_of(command)).text

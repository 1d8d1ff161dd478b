"""Ask, be answered by a mutant, and judge what comes of it."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLSocket
from typing import Final

from chaos.mutations import Mutant
from chaos.use_cases import NUMBER, PRACTICE, REQUESTER, UseCase, Ways
from gpconnect import demographics, directory, london
from gpconnect.client import GPConnectClient
from gpconnect.demographics import SigningKeys, TracedPatient, Urgency, cross_check
from gpconnect.errors import GPConnectError
from gpconnect.fhir import checks, resource_builders
from gpconnect.models import (
    Appointment,
    Appointments,
    Booking,
    BookingOrganisation,
    FreeSlot,
    FreeSlots,
    Patient,
    SlotChoice,
)
from gpconnect.transport import TLS, Deadlines, Transport
from tests.gpconnect.scripted_server import CLOSE, Received, ScriptedServer, http

PATIENT_ENOUGH: Final = Deadlines(1.0, 2.0)
WHEN_IT_HANGS: Final = Deadlines(1.0, 0.3)


class _Unlimited:
    """No rate limit: a mutant's Retry-After must not hold up those that follow."""

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        """At once."""

    def pause(self, seconds: float) -> None:
        """Never."""


class Wrong(AssertionError):
    """The library did something that it must not do."""


@dataclass(slots=True)
class Tally:
    """What came of the answers so far; `late` is the most that one came after its deadline."""

    answers: int = 0
    read: int = 0
    late: float = 0.0
    codes: dict[str, int] = field(default_factory=dict)


class Fuzz:
    """A server that answers as it is told, and every way of the library led to it."""

    def __init__(self, server: ScriptedServer, ways: Ways, queue: list[bytes | Mutant]) -> None:
        self._server = server
        self._ways = ways
        self._queue = queue
        self.tally = Tally()

    def try_(self, use_case: UseCase, mutant: Mutant) -> None:
        """One question. Raises: Wrong."""
        sound = [[http(each) for each in some] for some in (use_case.before, use_case.after)]
        self._queue[:] = [*sound[0], mutant, *sound[1]]
        limits = WHEN_IT_HANGS if mutant.hangs else PATIENT_ENOUGH
        begun = time.monotonic()
        try:
            result = use_case.ask(self._ways, limits)
        except GPConnectError as error:
            self._took(begun, limits)
            self._judge(use_case, mutant, error)
        else:
            self._took(begun, limits)
            self.tally.read += 1
            use(result)
        finally:
            self.tally.answers += 1

    def _took(self, begun: float, limits: Deadlines) -> None:
        self.tally.late = max(self.tally.late, time.monotonic() - begun - limits.total)

    def _judge(self, use_case: UseCase, mutant: Mutant, error: GPConnectError) -> None:
        self.tally.codes[error.code] = self.tally.codes.get(error.code, 0) + 1
        said = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
        if NUMBER in said or "practice.example" in said:
            raise Wrong(f"{error.code} says who the patient is or where the practice is")
        if not (error.sentence and error.next_step):
            raise Wrong(f"{error.code} has no words for the user")
        succeeded = mutant.status is not None and mutant.status < 300
        if use_case.writes and succeeded and error.outcome_known:
            raise Wrong(f"{error.code} after a success says that nothing was done")


def _every_hour_is_over() -> Callable[[], datetime]:
    """A clock by which no token lasts until it is asked for again."""
    hours = itertools.count()
    return lambda: london.now_utc() + timedelta(hours=next(hours) % 100_000)


@contextlib.contextmanager
def fuzzing(certificates: Path) -> Generator[Fuzz]:
    """A Fuzz with its server, while the context lasts."""
    queue: list[bytes | Mutant] = []
    over = threading.Event()

    def script(connection: SSLSocket, request: Received) -> bool | None:
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, bytes):
            connection.sendall(answer)
            return None
        connection.sendall(answer.answer)
        if answer.hangs:
            over.wait(WHEN_IT_HANGS.total + 0.1)
        return CLOSE

    tls = TLS(ca_bundle=certificates / "ca.pem")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ScriptedServer(script, certificates / "server.pem"))
        stack.callback(over.set)
        transport = stack.enter_context(Transport(server.url, tls, PATIENT_ENOUGH))
        pds = demographics.from_url(f"{server.url}/FHIR/R4", tls=tls, rate_limit=_Unlimited())
        with_token = demographics.from_url(
            f"{server.url}/FHIR/R4",
            tls=tls,
            token_url=f"{server.url}/token",
            client_id="chaos",
            keys=SigningKeys(certificates / "pds-private.pem", "chaos-1"),
            rate_limit=_Unlimited(),
            clock=_every_hour_is_over(),
        )
        sds = directory.from_url(f"{server.url}/sds", tls=tls, api_key="key")
        for each in (pds, with_token, sds):
            stack.callback(each.close)
        client = GPConnectClient(transport, REQUESTER, PRACTICE)
        yield Fuzz(server, Ways(client, pds, with_token, sds), queue)


def use(result: object) -> None:
    """Do with what was read what the portal does with it. Raises only GPConnectError's kind."""
    if isinstance(result, tuple):
        for each in result:
            use(each)
    elif isinstance(result, FreeSlots):
        for slot in result.slots:
            _choose(slot)
    elif isinstance(result, Appointments):
        for appointment in result.appointments:
            _change(appointment)
    elif isinstance(result, Appointment):
        _change(result)
    elif isinstance(result, Patient):
        cross_check(TracedPatient(NUMBER, False, False, london.now_utc()), result)
    elif isinstance(result, TracedPatient):
        cross_check(result, Patient("2"))
    json.dumps(repr(result)).encode("ascii")


def _choose(slot: FreeSlot) -> None:
    str((slot.minutes, slot.start.time_label, slot.start.local_date, slot.practitioner)).encode()
    booking = Booking(
        patient_id="2",
        slots=(SlotChoice(slot.id, slot.start.written, slot.end.written, slot.schedule_id),),
        location_id=slot.location.id if slot.location else "l1",
        description="Dressing",
        organisation=BookingOrganisation("A1001", "Hub", "01632 960201"),
        created=london.now_utc(),
        practitioner_id=slot.practitioner.id if slot.practitioner else None,
        delivery_channel=slot.delivery_channel,
        practitioner_role=slot.practitioner_role,
        practitioner_role_code=slot.practitioner_role_code,
    )
    with contextlib.suppress(GPConnectError):
        checks.booking(booking, london.now_utc())
        json.dumps(resource_builders.appointment_to_book(booking, "https://x/Id")).encode("ascii")


def _change(appointment: Appointment) -> None:
    str((appointment.minutes, appointment.start.time_label, appointment.cancelled)).encode()
    with contextlib.suppress(GPConnectError):
        checks.changeable(appointment, london.now_utc())
        resource_builders.amended(appointment, "New words", None)
        resource_builders.cancelled(appointment, "No longer needed")

"""Who asks, and how: shared by the tests of the client library."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo import certificates as demo_certificates
from gpconnect import directory, london
from gpconnect.attempt import DEFAULT_DEADLINES
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError
from gpconnect.identity import Device, Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import (
    Appointment,
    Booking,
    BookingOrganisation,
    Endpoint,
    FreeSlot,
    SlotChoice,
    SlotSearch,
)
from gpconnect.transport import TLS, Answered, Asked, Deadlines, Transport
from tests.gpconnect.scripted_server import Script, ScriptedServer
from tests.sandbox_control import Sandbox

REQUESTER = Requester(
    issuer="https://booking-portal.example.nhs.uk",
    device=Device(
        identifier_system="https://booking-portal.example.nhs.uk/Id/installation",
        identifier_value="demo-1",
        model="GP Connect booking portal",
        version="0.1.0",
    ),
    organisation=RequestingOrganisation(
        ods_code="A1001",
        name="Riverside Extended Access Hub",
        type="urgent-care",
        asid="200000000101",
        telephone="01632 960201",
    ),
    user=RequestingUser(
        local_id="8f14e45f-ea4c-4a2b-9d3c-000000000007",
        local_id_system="https://booking-portal.example.nhs.uk/Id/user",
        family="Quillfeather",
        given=("Ottoline", "May"),
        prefix="Mrs",
    ),
)

# A practice that nobody resolves or reaches, for requests that a scripted server answers.
NOWHERE = Endpoint("X99999", "200000000999", "https://practice.example/X99999/STU3/1/gpconnect")

CAPABILITY = {"resourceType": "CapabilityStatement", "fhirVersion": "3.0.1"}

SHORT = Deadlines(connect=0.5, total=0.8)
AT_THE_LATEST = 4.0
"""Seconds in which a busy machine too ends what SHORT bounds; unbounded, it takes five and more."""


@dataclass
class Observer:
    """Keeps what an audit trail would."""

    questions: list[Asked] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)

    def asked(self, question: Asked) -> None:
        self.questions.append(question)

    def answered(self, answer: Answered) -> None:
        self.answers.append(answer)


def mutual(made: Path) -> TLS:
    """Mutual TLS with a set of certificates."""
    return TLS(made / "client.pem", made / "client.key", made / "ca.pem")


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def mutual_tls(sandbox: Sandbox) -> TLS:
    return mutual(sandbox.certificates)


@pytest.fixture
def transport(sandbox: Sandbox, mutual_tls: TLS) -> Generator[Transport]:
    with Transport(sandbox.ssp, mutual_tls) as made:
        yield made


@pytest.fixture
def sds(sandbox: Sandbox) -> Generator[directory.Directory]:
    tls = TLS(ca_bundle=sandbox.certificates / "api-ca.pem")
    found = directory.from_url(sandbox.sds, tls=tls, api_key="sandbox-sds-key")
    yield found
    found.close()


@pytest.fixture
def client_of(
    transport: Transport, sds: directory.Directory, observer: Observer
) -> Callable[..., GPConnectClient]:
    """Makes a client of a practice by its ODS code."""

    def make(ods_code: str, requester: Requester = REQUESTER) -> GPConnectClient:
        return GPConnectClient(transport, requester, sds.look_up(ods_code), observer)

    return make


@pytest.fixture
def client(client_of: Callable[..., GPConnectClient]) -> GPConnectClient:
    """A client of A20047."""
    return client_of("A20047")


@dataclass(frozen=True)
class Scripted:
    """A client of a scripted server, and the server."""

    client: GPConnectClient
    server: ScriptedServer
    transport: Transport


Start = Callable[..., Scripted]
"""Of the fixture `scripted`: a script, and what is otherwise than usual."""


@pytest.fixture
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory_ = tmp_path_factory.getbasetemp() / "certificates"
    demo_certificates.make(directory_)
    return directory_


@pytest.fixture
def scripted(certificates: Path, observer: Observer) -> Generator[Callable[..., Scripted]]:
    """Starts a server with a script, and a client that takes it for the Spine's proxy."""
    with ExitStack() as stack:

        def start(script: Script, *, certificate: str = "server.pem", **options: Any) -> Scripted:
            limit = options.pop("max_answer_bytes", 1_000_000)
            deadlines = options.pop("deadlines", DEFAULT_DEADLINES)
            tls = options.pop(
                "client_tls",
                TLS(
                    certificates / "client.pem",
                    certificates / "client.key",
                    certificates / "ca.pem",
                ),
            )
            path = options.pop("path", "")
            server = stack.enter_context(
                ScriptedServer(script, certificates / certificate, **options)
            )
            transport = stack.enter_context(
                Transport(server.url + path, tls, deadlines, max_answer_bytes=limit)
            )
            made = GPConnectClient(transport, REQUESTER, NOWHERE, observer)
            return Scripted(made, server, transport)

        yield start


def a_booking() -> Booking:
    """A sound booking at nowhere."""
    start = (london.now_utc() + timedelta(days=2)).replace(microsecond=0)
    times = [london.written_with_offset(start + timedelta(minutes=each)) for each in (0, 10)]
    return Booking(
        patient_id="p1",
        slots=(SlotChoice("s1", times[0], times[1]),),
        location_id="l1",
        description="Dressing",
        organisation=BookingOrganisation("A1001", "Hub", "01632 960201"),
        created=london.now_utc(),
    )


def slots_from_tomorrow(client: GPConnectClient, days: int = 13) -> list[FreeSlot]:
    tomorrow = london.today() + timedelta(days=1)
    found = client.search_free_slots(SlotSearch(tomorrow, tomorrow + timedelta(days=days)))
    assert found.complete
    return list(found.slots)


def booking_of(patient_id: str, *chosen: FreeSlot, **changes: Any) -> Booking:
    """A booking of slots, as the portal would make it."""
    first = chosen[0]
    assert first.location is not None
    organisation = REQUESTER.organisation
    values: dict[str, Any] = {
        "patient_id": patient_id,
        "slots": tuple(
            SlotChoice(
                slot.id,
                slot.start.written,
                slot.end.written,
                slot.schedule_id,
                slot.delivery_channel,
                slot.slot_type,
            )
            for slot in chosen
        ),
        "location_id": first.location.id,
        "practitioner_id": first.practitioner.id if first.practitioner else None,
        "description": "Review of inhaler",
        "comment": "Prefers mornings",
        "delivery_channel": first.delivery_channel,
        "practitioner_role": first.practitioner_role,
        "practitioner_role_code": first.practitioner_role_code,
        "created": london.now_utc(),
        "organisation": BookingOrganisation(
            organisation.ods_code, organisation.name, organisation.telephone, organisation.type
        ),
    }
    return Booking(**values | changes)


@pytest.fixture
def booked(client: GPConnectClient) -> Appointment:
    """An appointment at A20047, just booked for 9658218873."""
    [patient] = client.find_patient("9658218873")
    slot = next(slot for slot in slots_from_tomorrow(client) if slot.practitioner)
    return client.book_appointment(booking_of(patient.id, slot))


def refused(client: GPConnectClient) -> GPConnectError:
    """The error of a read that must fail."""
    with pytest.raises(GPConnectError) as caught:
        client.capability_statement()
    return caught.value


def refused_write(client: GPConnectClient) -> GPConnectError:
    """The error of a booking that must fail."""
    with pytest.raises(GPConnectError) as caught:
        client.book_appointment(a_booking())
    return caught.value

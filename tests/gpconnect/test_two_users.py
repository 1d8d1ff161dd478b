"""Two users of two organisations in one process: every exchange is its own user's alone."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.identity import Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import Booking, BookingOrganisation, SlotChoice, SlotSearch
from gpconnect.transport import Deadlines
from tests.gpconnect.conftest import NOWHERE, REQUESTER, Observer, Scripted, a_booking
from tests.gpconnect.scripted_server import Received, bundle, http
from tests.gpconnect.test_slots import LOCATION, SCHEDULE, slot

THREADS, EACH = 8, 125  # a thousand exchanges
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"

SURGERY = Requester(
    issuer=REQUESTER.issuer,
    device=REQUESTER.device,
    organisation=RequestingOrganisation(
        "A20047", "Dr Legg's Surgery", "gp-practice", "200000000103", "020 7946 0101"
    ),
    user=RequestingUser(
        local_id="42",
        local_id_system="https://booking-portal.example.nhs.uk/Id/user",
        family="Legg",
        given=("Harold",),
        sds_user_id="555000000042",
        sds_role_profile_id="555000000043",
    ),
)
REQUESTERS = {each.organisation.ods_code: each for each in (REQUESTER, SURGERY)}

START = (london.now_utc() + timedelta(days=2)).replace(microsecond=0)
TIMES = {
    "start": london.written_with_offset(START),
    "end": london.written_with_offset(START + timedelta(minutes=10)),
}


def answer(connection: Any, request: Received) -> None:
    """A practice that has every location, the same slot for everybody, and books it."""
    if request.method == "POST":
        content: Any = {**request.json(), "id": "1", "meta": {"versionId": "1"}}
        status = 201
    elif "/Slot?" in request.target:
        content, status = bundle(slot(**TIMES), SCHEDULE, LOCATION), 200
    else:
        content, status = {**LOCATION, "id": request.target.rpartition("/")[2]}, 200
    connection.sendall(http(content, status))


def the_users_own(request: Received) -> str:
    """Whom the request is for, as whoever asked marked it. Each part of it must say the same."""
    token = (request.header("Authorization") or "").removeprefix("Bearer ").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(token + "=="))
    ods_code: str = claims["requesting_organization"]["identifier"][0]["value"]
    requester = REQUESTERS[ods_code]
    user, organisation = requester.user, requester.organisation
    assert request.header("Ssp-From") == organisation.asid
    assert claims["requesting_organization"]["name"] == organisation.name
    practitioner = claims["requesting_practitioner"]
    assert claims["sub"] == practitioner["id"] == user.local_id
    assert practitioner["name"][0]["family"] == user.family
    assert [each["value"] for each in practitioner["identifier"]] == [
        user.sds_user_id or "UNK",
        user.sds_role_profile_id or "UNK",
        user.local_id,
    ]
    if request.method == "POST":
        body = request.json()
        [contained] = body["contained"]
        assert contained["identifier"] == [{"system": ODS, "value": ods_code}]
        assert contained["telecom"][0]["value"] == organisation.telephone
        assert body["description"] == f"For {ods_code}"
    elif "/Slot?" in request.target:
        assert f"searchFilter={ODS}|{ods_code}&" in unquote(request.target)
    else:
        assert request.target.rpartition("/")[2].startswith(f"{ods_code}-")
    return ods_code


def a_booking_for(requester: Requester) -> Booking:
    organisation = requester.organisation
    return replace(
        a_booking(),
        slots=(SlotChoice("s1", TIMES["start"], TIMES["end"]),),
        description=f"For {organisation.ods_code}",
        organisation=BookingOrganisation(
            organisation.ods_code, organisation.name, organisation.telephone, organisation.type
        ),
    )


def one_exchange(client: GPConnectClient, requester: Requester, number: int) -> None:
    """A read, a search or a booking, whose answer must be this user's own."""
    ods_code = requester.organisation.ods_code
    if number % 5 == 0:
        tomorrow = london.today() + timedelta(days=1)
        [found] = client.search_free_slots(SlotSearch(tomorrow, tomorrow)).slots
        assert found.location is not None
    elif number % 5 == 1:
        booked = client.book_appointment(a_booking_for(requester))
        assert booked.booking_organisation is not None
        assert booked.booking_organisation.ods_code == ods_code
    else:
        identity = f"{ods_code}-{threading.get_native_id()}-{number}"
        assert client.read_location(identity).id == identity


@pytest.mark.requirement("SSP-2", "SDS-5", "JWT-1", "JWT-4", "JWT-5", "SFS-3", "BOOK-3")
def test_a_thousand_exchanges_of_two_users_interleaved_are_each_their_own_users(
    scripted: Callable[..., Scripted],
) -> None:
    started = scripted(answer, deadlines=Deadlines(5.0, 10.0))
    observers = {ods_code: Observer() for ods_code in REQUESTERS}
    clients = {
        ods_code: GPConnectClient(started.transport, requester, NOWHERE, observers[ods_code])
        for ods_code, requester in REQUESTERS.items()
    }
    failures: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def work(which: int) -> None:
        together.wait()
        try:
            for number in range(EACH):
                ods_code = list(REQUESTERS)[(which + number) % 2]
                one_exchange(clients[ods_code], REQUESTERS[ods_code], number)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=work, args=(which,)) for which in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    received = started.server.received
    assert Counter(map(the_users_own, received)) == dict.fromkeys(REQUESTERS, 500)
    traces = [request.header("Ssp-TraceID") for request in received]
    assert len(set(traces)) == THREADS * EACH
    # What the audit trail heard is what arrived.
    by_trace = dict(zip(traces, received, strict=True))
    for ods_code, observer in observers.items():
        assert len(observer.questions) == len(observer.answers) == 500
        for question in observer.questions:
            assert question.spine_from == REQUESTERS[ods_code].organisation.asid
            assert the_users_own(by_trace[question.trace_id]) == ods_code

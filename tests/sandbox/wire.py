"""A consumer on the wire: one method for each thing that the tests ask of a practice."""

import copy
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.sandbox.exchange import (
    BOOKING_ORGANISATION,
    CANCELLATION_REASON,
    CONSUMERS,
    DELIVERY_CHANNEL,
    DELIVERY_CHANNEL_1,
    NHS_NUMBER,
    ODS_CODE,
    ORGANISATION_TYPE,
    PRACTITIONER_ROLE,
    PROFILES,
    Exchange,
    RawAnswer,
    encode,
    today,
)
from tests.sandbox.slots import Slots, slot_query


class Wire:
    """A consumer organisation that talks to one practice through the SSP."""

    def __init__(
        self, ssp: str, certificates: Path, practice: str = "A20047", organisation: str = "A1001"
    ) -> None:
        self.ssp = ssp
        self.certificates = certificates
        self.practice = practice
        self.organisation = organisation
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(certificates / "ca.pem")
        self.session.cert = (str(certificates / "client.pem"), str(certificates / "client.key"))

    def at(self, practice: str, organisation: str | None = None) -> "Wire":
        """The same connection, to another practice or for another organisation."""
        other = copy.copy(self)
        other.practice = practice
        other.organisation = organisation or self.organisation
        return other

    def exchange(self, use_case: str, path: str, body: Any = None) -> Exchange:
        """A request that is right, to be changed or sent."""
        return Exchange(use_case, self.practice, self.organisation, path, body)

    def send(self, exchange: Exchange) -> requests.Response:
        """Send it as it is now."""
        headers = dict(exchange.headers)
        headers.setdefault("Authorization", exchange.authorization())
        body = exchange.body
        return self.session.request(
            exchange.method,
            f"{self.ssp}/{exchange.service_root}{exchange.path}",
            headers=headers,
            data=body if isinstance(body, str | None) else json.dumps(body).encode(),
            timeout=10,
            allow_redirects=False,
        )

    @contextmanager
    def asking(self, exchange: Exchange, timeout: float = 10) -> Iterator[HTTPSConnection]:
        """Send it byte for byte: no library adds a header, rewrites the URL or tries again.

        On a connection of its own, which is ready for the answer to be read, or not to be.
        """
        tls = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        tls.load_cert_chain(self.certificates / "client.pem", self.certificates / "client.key")
        address = urlsplit(self.ssp)
        connection = HTTPSConnection(
            address.hostname or "", address.port, context=tls, timeout=timeout
        )
        with closing(connection):
            target = f"/{exchange.service_root}{exchange.path}"
            connection.putrequest(exchange.method, target, skip_accept_encoding=True)
            authorization = {"Authorization": exchange.authorization()}
            for name, value in {**authorization, **exchange.headers}.items():
                connection.putheader(name, value)
            body = b"" if exchange.body is None else json.dumps(exchange.body).encode()
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            yield connection

    def send_raw(self, exchange: Exchange) -> "RawAnswer":
        """Send it byte for byte, and read what comes back whole."""
        with self.asking(exchange) as connection:
            response = connection.getresponse()
            return RawAnswer(response.status, dict(response.getheaders()), response.read())

    def ask(
        self,
        use_case: str,
        path: str,
        body: Any = None,
        *,
        changed: Callable[[Exchange], object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """Build, change and send."""
        exchange = self.exchange(use_case, path, body)
        exchange.headers |= headers or {}
        if changed:
            changed(exchange)
        return self.send(exchange)

    def find(self, nhs_number: str) -> requests.Response:
        """Find a patient."""
        return self.ask("find_patient", f"/Patient?identifier={encode(NHS_NUMBER)}%7C{nhs_number}")

    def patient_id(self, nhs_number: str) -> str:
        """The logical id of the only record."""
        (entry,) = self.find(nhs_number).json()["entry"]
        logical_id: str = entry["resource"]["id"]
        return logical_id

    def search(self, query: str) -> requests.Response:
        """Search for slots with a query of the test's own."""
        return self.ask("search_slots", f"/Slot?{query}")

    def slots(self, **choices: Any) -> "Slots":
        """The free slots of the coming days as a consumer asks for them."""
        response = self.search(slot_query(**{"organisation": self.organisation, **choices}))
        assert response.status_code == 200, response.text
        return Slots(response.json())

    def book(self, resource: dict[str, Any]) -> requests.Response:
        """Book."""
        return self.ask("book", "/Appointment", resource)

    def booking(self, nhs_number: str, slots: "Slots", *chosen: dict[str, Any]) -> dict[str, Any]:
        """A sound Appointment for the chosen slots."""
        schedule = slots.schedule(chosen[0])
        _, name, kind = CONSUMERS[self.organisation]
        references = [f"Patient/{self.patient_id(nhs_number)}"]
        references += [actor["reference"] for actor in schedule["actor"]]
        return {
            "resourceType": "Appointment",
            "meta": {"profile": [PROFILES + "GPConnect-Appointment-1"]},
            "contained": [
                {
                    "resourceType": "Organization",
                    "id": "1",
                    "meta": {"profile": [PROFILES + "CareConnect-GPC-Organization-1"]},
                    "identifier": [{"system": ODS_CODE, "value": self.organisation}],
                    "type": [{"coding": [{"system": ORGANISATION_TYPE, "code": kind}]}],
                    "name": name,
                    "telecom": [{"system": "phone", "value": "01632 960 801"}],
                }
            ],
            "extension": [
                {"url": BOOKING_ORGANISATION, "valueReference": {"reference": "#1"}},
                *_known(chosen[0]),
                *_known(schedule),
            ],
            "status": "booked",
            "description": "Cough for two weeks",
            "comment": "Needs the ground floor",
            "start": chosen[0]["start"],
            "end": chosen[-1]["end"],
            "slot": [{"reference": f"Slot/{slot['id']}"} for slot in chosen],
            "created": "2026-01-01T09:00:00+00:00",
            "participant": [
                {"actor": {"reference": reference}, "status": "accepted"}
                for reference in references
            ],
        }

    def booked(self, nhs_number: str) -> dict[str, Any]:
        """An appointment just made in the first ordinary free slot from tomorrow on."""
        slots = self.slots()
        response = self.book(self.booking(nhs_number, slots, slots.ordinary()[0]))
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def put(self, use_case: str, appointment: dict[str, Any], etag: str = "") -> requests.Response:
        """Amend or cancel: send the resource back with its version."""
        etag = etag or f'W/"{appointment["meta"]["versionId"]}"'
        path = f"/Appointment/{appointment['id']}"
        return self.ask(use_case, path, appointment, headers={"If-Match": etag})

    def retrieve(self, nhs_number: str, days: int = 40) -> list[dict[str, Any]]:
        """A patient's appointments from today on."""
        start, end = today(), today() + timedelta(days=days)
        path = f"/Patient/{self.patient_id(nhs_number)}/Appointment?start=ge{start}&start=le{end}"
        response = self.ask("retrieve", path)
        assert response.status_code == 200, response.text
        return [entry["resource"] for entry in response.json().get("entry", [])]


def _known(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The extensions that a booking repeats, without what the practice's system has of its own."""
    known = {DELIVERY_CHANNEL, DELIVERY_CHANNEL_1, PRACTITIONER_ROLE}
    return [one for one in resource.get("extension", []) if one["url"] in known]


def cancelled(appointment: dict[str, Any], reason: object = "Feels better") -> dict[str, Any]:
    """The appointment as it is sent to be cancelled."""
    resource = copy.deepcopy(appointment)
    resource["status"] = "cancelled"
    resource["extension"].append({"url": CANCELLATION_REASON, "valueString": reason})
    return resource


def error_code(response: requests.Response | RawAnswer) -> str:
    """The Spine error code of a practice's OperationOutcome, whose shape is checked as well."""
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["meta"]["profile"] == [PROFILES + "GPConnect-OperationOutcome-1"]
    (issue,) = outcome["issue"]
    assert issue["severity"] == "error"
    code: str = issue["details"]["coding"][0]["code"]
    return code


def ssp_reason(response: requests.Response | RawAnswer) -> str:
    """The reason in the SSP's own OperationOutcome, whose code must be the status."""
    outcome = response.json()
    assert "meta" not in outcome
    (issue,) = outcome["issue"]
    coding = issue["details"]["coding"][0]
    assert coding["code"] == str(response.status_code)
    reason: str = coding["display"]
    return reason

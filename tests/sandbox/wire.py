"""Requests to the sandbox, built from the specification and nothing of ours.

What is sent here is right in every detail unless a test changes it, so that each refusal can be
blamed on the one thing that the test changed.
"""

import base64
import copy
import gzip
import json
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import requests

LONDON = ZoneInfo("Europe/London")
ISSUER = "https://booking-portal.example.nhs.uk"
FHIR_JSON = "application/fhir+json;charset=utf-8"
PROFILES = "https://fhir.nhs.uk/STU3/StructureDefinition/"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ORGANISATION_TYPE = "https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-OrganisationType-1"
BOOKING_ORGANISATION = PROFILES + "Extension-GPConnect-BookingOrganisation-1"
CANCELLATION_REASON = PROFILES + "Extension-GPConnect-AppointmentCancellationReason-1"
DELIVERY_CHANNEL = PROFILES + "Extension-GPConnect-DeliveryChannel-2"
VERIFICATION = PROFILES + "Extension-CareConnect-GPC-NHSNumberVerificationStatus-1"

_PREFIX = "urn:nhs:names:services:gpconnect:fhir:"
# Use case: (rest of the interaction id, verb, scope)
INTERACTIONS = {
    "capability": ("rest:read:metadata-1", "GET", "organization/*.read"),
    "find_patient": ("rest:search:patient-1", "GET", "patient/*.read"),
    "read_patient": ("rest:read:patient-1", "GET", "patient/*.read"),
    "register": ("operation:gpc.registerpatient-1", "POST", "patient/*.write"),
    "find_practitioner": ("rest:search:practitioner-1", "GET", "organization/*.read"),
    "read_practitioner": ("rest:read:practitioner-1", "GET", "organization/*.read"),
    "find_organisation": ("rest:search:organization-1", "GET", "organization/*.read"),
    "read_organisation": ("rest:read:organization-1", "GET", "organization/*.read"),
    "read_location": ("rest:read:location-1", "GET", "organization/*.read"),
    "search_slots": ("rest:search:slot-1", "GET", "organization/*.read"),
    "book": ("rest:create:appointment-1", "POST", "patient/*.write"),
    "read": ("rest:read:appointment-1", "GET", "patient/*.read"),
    "retrieve": ("rest:search:patient_appointments-1", "GET", "patient/*.read"),
    "amend": ("rest:update:appointment-1", "PUT", "patient/*.write"),
    "cancel": ("rest:cancel:appointment-1", "PUT", "patient/*.write"),
}

PRACTICES = {
    ods: (f"2000000002{number:02d}", f"https://provider.sandbox.test/{ods}/STU3/1/gpconnect")
    for number, ods in enumerate(
        ("A20047", "B82617", "C81007", "D82104", "E83021", "F84047", "G85119", "H86030"), start=1
    )
}
PRACTICES["F84047"] = (
    "200000000206",
    "https://Provider-F.sandbox.test/Api/F84047/stu3/1/GPConnect",
)
CONSUMERS = {
    "A1001": ("200000000101", "Riverside Extended Access Hub", "urgent-care"),
    "A1002": ("200000000102", "Northgate Out-of-Hours Service", "urgent-care"),
    "A20047": ("200000000103", "Dr Legg's Surgery", "gp-practice"),
}


@dataclass
class Exchange:
    """One request in the making: a test changes what it wants to be wrong, then sends."""

    use_case: str
    practice: str
    organisation: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    jwt_header: dict[str, str] = field(default_factory=lambda: {"alg": "none", "typ": "JWT"})
    signature: str = ""
    method: str = ""
    service_root: str = ""

    def __post_init__(self) -> None:
        rest, verb, scope = INTERACTIONS[self.use_case]
        asid, root = PRACTICES[self.practice]
        self.method = self.method or verb
        self.service_root = self.service_root or root
        self.headers = {
            "Ssp-TraceID": str(uuid4()),
            "Ssp-From": CONSUMERS[self.organisation][0],
            "Ssp-To": asid,
            "Ssp-InteractionID": _PREFIX + rest,
            "Accept": FHIR_JSON,
            "Accept-Encoding": "gzip",
            **self.headers,
        }
        if self.body is not None:
            self.headers.setdefault("Content-Type", FHIR_JSON)
        self.claims = claims(self.organisation, root, scope)

    def authorization(self) -> str:
        return f"Bearer {encoded(self.jwt_header)}.{encoded(self.claims)}.{self.signature}"


def claims(organisation: str, audience: str, scope: str) -> dict[str, Any]:
    """The claims of a receptionist without a smartcard."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": "user-17",
        "aud": audience,
        "iat": now,
        "exp": now + 300,
        "reason_for_request": "directcare",
        "requested_scope": scope,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [{"system": f"{ISSUER}/Id/device", "value": "portal-1"}],
            "model": "Booking portal",
            "version": "1.0",
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": ODS_CODE, "value": organisation}],
            "name": CONSUMERS[organisation][1],
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": "user-17",
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "UNK"},
                {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "UNK"},
                {"system": f"{ISSUER}/Id/user", "value": "user-17"},
            ],
            "name": [{"family": "Weatherall", "given": ["Joan"], "prefix": ["Mrs"]}],
        },
    }


def encoded(part: object) -> str:
    """base64url without padding, as a JWT has it."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@dataclass
class RawAnswer:
    """What came back, unread."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        gzipped = self.headers.get("Content-Encoding") == "gzip"
        return json.loads(gzip.decompress(self.content) if gzipped else self.content)


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

    def send_raw(self, exchange: Exchange) -> "RawAnswer":
        """Send it byte for byte: no library adds a header or rewrites the URL."""
        tls = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        tls.load_cert_chain(self.certificates / "client.pem", self.certificates / "client.key")
        address = urlsplit(self.ssp)
        connection = HTTPSConnection(address.hostname or "", address.port, context=tls, timeout=10)
        with closing(connection):
            target = f"/{exchange.service_root}{exchange.path}"
            connection.putrequest(exchange.method, target, skip_accept_encoding=True)
            authorization = {"Authorization": exchange.authorization()}
            for name, value in {**authorization, **exchange.headers}.items():
                connection.putheader(name, value)
            body = b"" if exchange.body is None else json.dumps(exchange.body).encode()
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
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
                *chosen[0]["extension"],
                *schedule.get("extension", []),
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


class Slots:
    """A searchset of slots, read by type and id."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.resources = [entry["resource"] for entry in bundle.get("entry", [])]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [resource for resource in self.resources if resource["resourceType"] == kind]

    @property
    def free(self) -> list[dict[str, Any]]:
        return self.of("Slot")

    def schedule(self, slot: dict[str, Any]) -> dict[str, Any]:
        kind, _, logical_id = slot["schedule"]["reference"].partition("/")
        return next(one for one in self.of(kind) if one["id"] == logical_id)

    def ordinary(self) -> list[dict[str, Any]]:
        """Free slots from tomorrow on that anybody may book now."""
        tomorrow = (today() + timedelta(days=1)).isoformat()
        return [slot for slot in self.free if slot["start"] >= tomorrow]

    def neighbours(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Two adjacent slots of one schedule, channel and type."""
        for first in self.ordinary():
            for second in self.ordinary():
                if first["end"] == second["start"] and all(
                    first[part] == second[part] for part in ("schedule", "extension", "serviceType")
                ):
                    return first, second
        raise AssertionError("no adjacent slots")


def slot_query(
    *,
    start: str | None = None,
    end: str | None = None,
    organisation: str | None = "A1001",
    kind: str | None = "",
    include: tuple[str, ...] = (
        "Schedule:actor:Practitioner",
        "Schedule:actor:Location",
        "Location:managingOrganization",
    ),
) -> str:
    """The query of a search; `kind` "" is the organisation's own type, None sends none."""
    start = start or f"ge{today()}"
    end = end or f"le{today() + timedelta(days=14)}"
    parts = [f"start={encode(start)}", f"end={encode(end)}", "status=free"]
    parts.append("_include=" + encode("Slot:schedule"))
    parts += ["_include:recurse=" + encode(one) for one in include]
    if kind == "" and organisation:
        kind = CONSUMERS[organisation][2]
    if organisation:
        parts.append("searchFilter=" + encode(f"{ODS_CODE}|{organisation}"))
    if kind:
        parts.append("searchFilter=" + encode(f"{ORGANISATION_TYPE}|{kind}"))
    return "&".join(parts)


def encode(value: str) -> str:
    """Percent-encode a parameter value whole."""
    return quote(value, safe="")


def today() -> date:
    """London's date."""
    return datetime.now(LONDON).date()


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

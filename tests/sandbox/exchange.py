"""One request to the sandbox, built from the specification and nothing of ours.

What is sent is right in every detail unless a test changes it, so that each refusal can be
blamed on the one thing that the test changed.
"""

import base64
import gzip
import json
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

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
DELIVERY_CHANNEL_1 = PROFILES + "Extension-GPConnect-DeliveryChannel-1"
PRACTITIONER_ROLE = PROFILES + "Extension-GPConnect-PractitionerRole-1"
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
    "read_service": ("rest:read:healthcareservice-1", "GET", "organization/*.read"),
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
        (
            "A20047",
            "B82617",
            "C81007",
            "D82104",
            "E83021",
            "F84047",
            "G85119",
            "H86030",
            "J84021",
            "K83015",
        ),
        start=1,
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
    issued = int(now())
    return {
        "iss": ISSUER,
        "sub": "user-17",
        "aud": audience,
        "iat": issued,
        "exp": issued + 300,
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


def encode(value: str) -> str:
    """Percent-encode a parameter value whole."""
    return quote(value, safe="")


_ahead = 0.0


def set_clock(moment: datetime | None) -> None:
    """Let it be that (aware) moment for the consumer, going on from there; None: the real time."""
    global _ahead
    _ahead = moment.timestamp() - time.time() if moment else 0.0


def now() -> float:
    """Seconds since 1970, by the consumer's clock."""
    return time.time() + _ahead


def today() -> date:
    """London's date, by the consumer's clock."""
    return datetime.fromtimestamp(now(), LONDON).date()

"""The directory (SDS), the demographics (PDS) and PDS's token endpoint."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.exchange import ODS_CODE, PRACTICES
from tests.sandbox_control import Sandbox

INTERACTION = "https://fhir.nhs.uk/Id/nhsServiceInteractionId"
PARTY_KEY = "https://fhir.nhs.uk/Id/nhsMhsPartyKey"
ASID = "https://fhir.nhs.uk/Id/nhsSpineASID"
SLOT_SEARCH = "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1"


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(sandbox.certificates / "api-ca.pem")
        yield session


class Directory:
    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.url = sandbox.sds
        self.session = session

    def ask(self, kind: str, ods: str, *identifiers: str, key: str = "sandbox-sds-key") -> Any:
        return self.session.get(
            f"{self.url}/{kind}",
            params={"organization": f"{ODS_CODE}|{ods}", "identifier": list(identifiers)},
            headers={"apikey": key, "X-Correlation-Id": "c-1"},
            timeout=10,
        )

    def found(self, kind: str, ods: str, *identifiers: str) -> list[dict[str, Any]]:
        response = self.ask(kind, ods, *identifiers)
        assert response.status_code == 200
        assert response.json()["total"] == len(response.json()["entry"])
        return [entry["resource"] for entry in response.json()["entry"]]


@pytest.fixture
def directory(sandbox: Sandbox, session: requests.Session) -> Directory:
    return Directory(sandbox, session)


def identifier(resource: dict[str, Any], system: str) -> str:
    (value,) = (one["value"] for one in resource["identifier"] if one["system"] == system)
    found: str = value
    return found


@pytest.mark.requirement("SDS-2")
@pytest.mark.parametrize("ods", PRACTICES)
def test_a_practice_is_looked_up_in_two_steps(directory: Directory, ods: str) -> None:
    (endpoint,) = directory.found("Endpoint", ods, f"{INTERACTION}|{SLOT_SEARCH}")
    party_key = identifier(endpoint, PARTY_KEY)
    (device,) = directory.found(
        "Device", ods, f"{INTERACTION}|{SLOT_SEARCH}", f"{PARTY_KEY}|{party_key}"
    )
    assert (identifier(device, ASID), endpoint["address"]) == PRACTICES[ods]


@pytest.mark.requirement("SDS-2", "SDS-4")
def test_without_the_party_key_an_organisation_in_two_roles_has_two_systems(
    directory: Directory,
) -> None:
    systems = directory.found("Device", "A20047", f"{INTERACTION}|{SLOT_SEARCH}")
    assert {identifier(system, ASID) for system in systems} == {"200000000201", "200000000103"}


@pytest.mark.requirement("SDS-5")
def test_a_consumers_own_asid_is_registered(directory: Directory) -> None:
    (device,) = directory.found("Device", "A1001", f"{INTERACTION}|{SLOT_SEARCH}")
    assert identifier(device, ASID) == "200000000101"


@pytest.mark.requirement("SDS-2")
def test_an_organisation_or_interaction_that_is_not_enabled_is_empty(directory: Directory) -> None:
    assert directory.found("Endpoint", "Z99999", f"{INTERACTION}|{SLOT_SEARCH}") == []
    assert directory.found("Endpoint", "A20047", f"{INTERACTION}|urn:nhs:names:other") == []


@pytest.mark.requirement("SDS-4")
def test_some_organisations_are_registered_wrongly(directory: Directory) -> None:
    assert len(directory.found("Endpoint", "J87601", f"{INTERACTION}|{SLOT_SEARCH}")) == 2
    (endpoint,) = directory.found("Endpoint", "K88602", f"{INTERACTION}|{SLOT_SEARCH}")
    assert "address" not in endpoint
    assert len(directory.found("Device", "L89603", f"{INTERACTION}|{SLOT_SEARCH}")) == 2
    assert directory.found("Device", "M90604", f"{INTERACTION}|{SLOT_SEARCH}") == []


def test_the_directory_wants_its_key_and_an_identifier(directory: Directory) -> None:
    assert directory.ask("Endpoint", "A20047", f"{INTERACTION}|x", key="wrong").status_code == 401
    assert directory.ask("Endpoint", "A20047").status_code == 400


class Demographics:
    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session

    def assertion(self, **changes: Any) -> str:
        known = serialization.load_pem_private_key(
            (self.sandbox.certificates / "pds-private.pem").read_bytes(), None
        )
        assert isinstance(known, rsa.RSAPrivateKey)
        key = changes.pop("key", known)
        algorithm = changes.pop("algorithm", "RS512")
        kid = changes.pop("kid", "demo-1")
        claims = {
            "iss": "booking-portal",
            "sub": "booking-portal",
            "aud": self.sandbox.pds_token,
            "jti": str(uuid4()),
            "exp": int(time.time()) + 300,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm, headers={"kid": kid})

    def token(self, assertion: str, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            **changes,
        }
        return self.session.post(self.sandbox.pds_token, data=form, timeout=10)

    def get(self, path: str, **headers: str | None) -> requests.Response:
        """Ask; a header of None is left out."""
        bearer = self.token(self.assertion()).json()["access_token"]
        return self.session.get(
            self.sandbox.pds + path,
            headers={
                "Authorization": f"Bearer {bearer}",
                "X-Request-ID": str(uuid4()),
                **headers,
            },
            timeout=10,
        )


@pytest.fixture
def demographics(sandbox: Sandbox, session: requests.Session) -> Demographics:
    return Demographics(sandbox, session)


def code(response: requests.Response) -> str:
    (issue,) = response.json()["issue"]
    found: str = issue["details"]["coding"][0]["code"]
    return found


@pytest.mark.requirement("PDS-5")
def test_a_signed_assertion_gets_a_bearer_token(demographics: Demographics) -> None:
    response = demographics.token(demographics.assertion())
    assert response.status_code == 200
    assert response.json()["token_type"] == "Bearer"
    assert int(response.json()["expires_in"]) == 599


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    "changes",
    [
        {"key": rsa.generate_private_key(65537, 2048)},
        {"algorithm": "RS256"},
        {"kid": "demo-2"},
        {"iss": "another"},
        {"sub": "another"},
        {"aud": "https://localhost/oauth2/token"},
        {"jti": None},
        {"exp": None},
        {"exp": 1},
        {"exp": int(time.time()) + 3600},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_assertion_gets_none(demographics: Demographics, changes: dict[str, Any]) -> None:
    response = demographics.token(demographics.assertion(**changes))
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


@pytest.mark.requirement("PDS-5")
def test_a_token_and_an_assertion_end_in_time(demographics: Demographics, sandbox: Sandbox) -> None:
    path = "/Patient/9658218873"
    bearer = demographics.token(demographics.assertion()).json()["access_token"]
    assert demographics.get(path, Authorization=f"Bearer {bearer}").status_code == 200
    assertion = demographics.assertion()
    sandbox.set_clock(datetime.now(UTC) + timedelta(minutes=11))
    assert demographics.token(assertion).status_code == 400
    sandbox.set_clock(datetime.now(UTC) + timedelta(seconds=605))
    with_expired = demographics.session.get(
        sandbox.pds + path,
        headers={"Authorization": f"Bearer {bearer}", "X-Request-ID": str(uuid4())},
        timeout=10,
    )
    assert with_expired.status_code == 401


@pytest.mark.requirement("PDS-5")
def test_an_assertion_is_good_once(demographics: Demographics) -> None:
    assertion = demographics.assertion()
    assert demographics.token(assertion).status_code == 200
    assert demographics.token(assertion).status_code == 400


@pytest.mark.parametrize("field", ["grant_type", "client_assertion_type", "client_assertion"])
def test_another_form_gets_none(demographics: Demographics, field: str) -> None:
    assert demographics.token(demographics.assertion(), **{field: "x"}).status_code == 400


@pytest.mark.requirement("PDS-5")
def test_without_a_token_or_a_request_id_nothing_is_told(demographics: Demographics) -> None:
    path = "/Patient/9658218873"
    assert demographics.get(path, Authorization="Bearer x").status_code == 401
    assert demographics.get(path, **{"X-Request-ID": "1"}).status_code == 400
    unnamed = demographics.get(path, **{"X-Request-ID": None})
    assert (unnamed.status_code, code(unnamed)) == (412, "PRECONDITION_FAILED")
    search = demographics.get("/Patient?family=Zelthorpe", **{"X-Request-ID": None})
    assert search.status_code == 412


@pytest.mark.requirement("PDS-2")
def test_a_record_has_what_a_trace_needs(demographics: Demographics) -> None:
    identifier = str(uuid4())
    response = demographics.get("/Patient/9658218873", **{"X-Request-ID": identifier})
    assert response.headers["X-Request-ID"] == identifier
    patient = response.json()
    assert patient["id"] == "9658218873"
    assert patient["meta"]["security"][0]["code"] == "U"
    assert patient["name"][0]["family"] == "Zelthorpe"
    assert (patient["gender"], patient["birthDate"]) == ("male", "1962-11-27")
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "A20047"
    assert patient["address"][0]["postalCode"]


@pytest.mark.requirement("PDS-2")
def test_an_official_and_a_usual_name_may_differ(demographics: Demographics) -> None:
    names = demographics.get("/Patient/9658219004").json()["name"]
    assert {name["use"]: name["given"] for name in names} == {
        "usual": ["Nell"],
        "official": ["Nerys", "Anwen"],
    }


@pytest.mark.requirement("PDS-3")
@pytest.mark.parametrize(
    ("number", "label"),
    [
        ("9658220142", "R"),
        ("9990000069", "V"),
        ("9990000077", "REDACTED"),
        ("9990000085", None),
    ],
)
def test_a_restricted_record_has_no_whereabouts(
    demographics: Demographics, number: str, label: str | None
) -> None:
    patient = demographics.get(f"/Patient/{number}").json()
    labels = [one["code"] for one in patient["meta"].get("security", [])]
    assert labels == ([label] if label else [])
    assert not {"address", "telecom", "generalPractitioner"} & set(patient)


@pytest.mark.requirement("PDS-4")
def test_death_is_told_by_date_or_by_notification(demographics: Demographics) -> None:
    assert demographics.get("/Patient/9658220290").json()["deceasedDateTime"].startswith("2024")
    assert demographics.get("/Patient/9990000093").json()["deceasedDateTime"] == "2023"
    notified = demographics.get("/Patient/9990000107").json()
    assert "deceasedDateTime" not in notified
    (status,) = notified["extension"][0]["extension"]
    assert status["valueCodeableConcept"]["coding"][0]["code"] == "1"


@pytest.mark.requirement("PDS-4")
def test_a_superseded_number_gives_the_current_one(demographics: Demographics) -> None:
    assert demographics.get("/Patient/9658220223").json()["id"] == "9990000018"


@pytest.mark.requirement("PDS-4")
@pytest.mark.parametrize(
    ("number", "status", "expected"),
    [
        ("9990000115", 404, "INVALIDATED_RESOURCE"),
        ("9476718943", 404, "RESOURCE_NOT_FOUND"),
        ("9999999999", 404, "RESOURCE_NOT_FOUND"),
        ("9999999991", 400, "INVALID_RESOURCE_ID"),
    ],
)
def test_a_number_without_a_record(
    demographics: Demographics, number: str, status: int, expected: str
) -> None:
    response = demographics.get(f"/Patient/{number}")
    assert (response.status_code, code(response)) == (status, expected)


@pytest.mark.requirement("PDS-7")
@pytest.mark.parametrize(
    "query",
    [
        "family=Zelthorpe&birthdate=eq1962-11-27",
        "family=zelthorpe&given=Ignatius&gender=male&birthdate=eq1962-11-27",
        "family=ZELT*&birthdate=ge1962-01-01&birthdate=le1962-12-31",
    ],
)
def test_a_patient_is_found_by_what_they_say(demographics: Demographics, query: str) -> None:
    bundle = demographics.get(f"/Patient?{query}").json()
    assert bundle["total"] == 1
    assert bundle["entry"][0]["resource"]["id"] == "9658218873"


@pytest.mark.parametrize(
    ("given", "total"),
    [("Ign*", 1), ("Pau*", 0), ("Paul", 1), ("Ignatius&given=Paul", 1), ("Ignatius%20Paul", 0)],
)
@pytest.mark.requirement("PDS-7")
def test_an_asterisk_is_for_the_first_of_the_given_names(
    demographics: Demographics, given: str, total: int
) -> None:
    query = f"family=Ze*th*&birthdate=eq1962-11-27&given={given}"
    assert demographics.get(f"/Patient?{query}").json()["total"] == total


@pytest.mark.requirement("PDS-7")
def test_the_postcode_counts_with_or_without_its_space(demographics: Demographics) -> None:
    known = demographics.get("/Patient/9658218873").json()["address"][0]["postalCode"]
    query = "family=Zelthorpe&birthdate=eq1962-11-27&address-postalcode="
    for postcode, total in ((known, 1), (known.replace(" ", "").lower(), 1), ("XE1 1AA", 0)):
        assert demographics.get(f"/Patient?{query}{postcode}").json()["total"] == total


@pytest.mark.requirement("PDS-7")
def test_more_than_one_is_too_many_and_none_is_none(demographics: Demographics) -> None:
    twins = "family=Twynnshaw&birthdate=eq1959-06-06"
    many = demographics.get(f"/Patient?{twins}")
    assert (many.status_code, code(many)) == (200, "TOO_MANY_MATCHES")
    assert demographics.get(f"/Patient?{twins}&given=Edna").json()["total"] == 1
    assert demographics.get("/Patient?family=Nobody&birthdate=eq1959-06-06").json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "UNSUPPORTED_SERVICE"),
        ("family=Zelthorpe&birthdate=eq1962-11-27&year=1962", "ADDITIONAL_PROPERTIES"),
        ("family=Zelthorpe", "MISSING_VALUE"),
        ("birthdate=eq1962-11-27", "INVALID_SEARCH_DATA"),
        (
            "family=Zelthorpe&birthdate=eq1962-11-27&address-postcode=LS1&address-postalcode=LS1",
            "INVALID_SEARCH_DATA",
        ),
        ("family=Zelthorpe&birthdate=27.11.1962", "INVALID_VALUE"),
        ("family=Zelthorpe&birthdate=eq1962-11-27&gender=m", "INVALID_VALUE"),
        ("family=Z*&birthdate=eq1962-11-27", "INVALID_VALUE"),
        ("family=*elthorpe&birthdate=eq1962-11-27", "INVALID_VALUE"),
        (f"family={'Z' * 36}&birthdate=eq1962-11-27", "INVALID_VALUE"),
        ("family=Zelthorpe&given=Paul&given=I*&birthdate=eq1962-11-27", "INVALID_VALUE"),
        (f"family=Zelthorpe&given={'I' * 36}&birthdate=eq1962-11-27", "INVALID_VALUE"),
        ("family=Zelthorpe&birthdate=eq1962-11-27&address-postalcode=L*", "INVALID_VALUE"),
    ],
)
@pytest.mark.requirement("PDS-7")
def test_another_search_is_refused(demographics: Demographics, query: str, expected: str) -> None:
    response = demographics.get(f"/Patient?{query}")
    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.requirement("PDS-5")
def test_a_busy_service_says_429_and_when_to_come_again(
    demographics: Demographics, sandbox: Sandbox
) -> None:
    sandbox.fault(service="pds", kind="status_429", retry_after="7", times=2)
    sandbox.fault(service="pds", kind="status_429", retry_after="")
    for said in ("7", "7", None):
        answer = demographics.get("/Patient/9658218873")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, said)
    with pytest.raises(requests.HTTPError):
        sandbox.fault(practice="A20047", kind="status_429")


@pytest.mark.requirement("PDS-5")
def test_the_token_of_a_sign_in_is_good_with_its_role_only(
    demographics: Demographics, sandbox: Sandbox
) -> None:
    worker = {"Authorization": f"Bearer {sandbox.sign_in('555254240100')}"}
    for role, status in (("555254240100", 200), ("111111111111", 400), (None, 400)):
        headers = worker | ({"NHSD-Session-URID": role} if role else {})
        assert demographics.get("/Patient/9658218873", **headers).status_code == status

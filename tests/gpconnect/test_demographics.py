"""PDS against the sandbox, what it may say, and its token."""

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from gpconnect import demographics, errors
from gpconnect.demographics import Demographics, ProcessRateLimit, SigningKeys, TracedPatient
from gpconnect.errors import DemographicsError
from gpconnect.transport import TLS
from tests.gpconnect.conftest import SHORT, Observer, Start
from tests.gpconnect.scripted_server import Received, bundle, http, operation_outcome
from tests.sandbox_control import Sandbox


def from_sandbox(sandbox: Sandbox, **changes: Any) -> Demographics:
    options: dict[str, Any] = {
        "tls": TLS(ca_bundle=sandbox.certificates / "api-ca.pem"),
        "token_url": sandbox.pds_token,
        "client_id": "booking-portal",
        "keys": SigningKeys(sandbox.certificates / "pds-private.pem", "demo-1"),
        "deadlines": SHORT,
    }
    return demographics.from_url(sandbox.pds, **options | changes)


@pytest.fixture
def pds(sandbox: Sandbox, observer: Observer) -> Generator[Demographics]:
    found = from_sandbox(sandbox, observer=observer)
    yield found
    found.close()


@pytest.mark.requirement("PDS-2", "PDS-5")
def test_a_trace_gives_who_the_patient_is_and_is_observed(
    pds: Demographics, observer: Observer
) -> None:
    before = datetime.now(UTC)
    traced = pds.trace("965 821 8873", organisation_ods="A1001")
    assert traced.nhs_number == "9658218873"
    assert not traced.restricted
    assert not traced.superseded
    assert not traced.deceased
    assert traced.official_name is not None
    assert traced.official_name.family == "Zelthorpe"
    assert (traced.gender, traced.registered_practice) == ("male", "A20047")
    assert traced.birth_date == date(1962, 11, 27)
    assert traced.address is not None
    assert before <= traced.traced_at <= datetime.now(UTC)
    [question], [answer] = observer.questions, observer.answers
    assert (question.service, question.interaction_id) == ("pds", "pds:trace")
    assert "9658218873" not in repr(question)
    assert (answer.status, answer.error_code) == (200, None)


@pytest.mark.requirement("PDS-3")
def test_a_restricted_patient_has_no_details_at_all(pds: Demographics) -> None:
    traced = pds.trace("9658220142", organisation_ods="A1001")
    assert traced == TracedPatient(
        "9658220142", superseded=False, restricted=True, traced_at=traced.traced_at
    )


@pytest.mark.requirement("PDS-4")
def test_deceased_superseded_and_unknown_patients_are_told_apart(
    pds: Demographics, observer: Observer
) -> None:
    assert pds.trace("9658220290", organisation_ods="A1001").deceased
    superseded = pds.trace("9658220223", organisation_ods="A1001")
    assert superseded.superseded
    assert superseded.nhs_number != "9658220223"
    assert not pds.trace(superseded.nhs_number, organisation_ods="A1001").superseded
    with pytest.raises(errors.PatientUnknown):
        pds.trace("9476718943", organisation_ods="A1001")
    assert observer.answers[-1].error_code == "PDS_UNKNOWN"
    asked = len(observer.questions)
    with pytest.raises(errors.InvalidNHSNumber):
        pds.trace("9999999991", organisation_ods="A1001")
    assert len(observer.questions) == asked


@pytest.mark.requirement("PDS-7")
def test_a_search_finds_exactly_one_or_nobody(pds: Demographics) -> None:
    known = pds.trace("9658218873", organisation_ods="A1001")
    assert known.address is not None
    found = pds.search(
        family="zelthorpe",
        given=("Ignatius",),
        birth_date=date(1962, 11, 27),
        gender="male",
        postcode=known.address.postcode,
        organisation_ods="A1001",
    )
    assert found.nhs_number == "9658218873"
    assert found.registered_practice == "A20047"
    with pytest.raises(errors.PatientNotUnique) as caught:
        pds.search(family="Nobodyhere", birth_date=date(1962, 11, 27), organisation_ods="A1001")
    assert caught.value.code == "PDS_NO_MATCH"


@pytest.mark.requirement("PDS-5")
def test_an_application_that_pds_does_not_know_is_refused(sandbox: Sandbox) -> None:
    stranger = from_sandbox(
        sandbox, keys=SigningKeys(sandbox.certificates / "pds-private.pem", "another")
    )
    with pytest.raises(errors.DemographicsNotPermitted):
        stranger.trace("9658218873", organisation_ods="A1001")
    stranger.close()


@pytest.mark.requirement("ERR-1")
@pytest.mark.parametrize("kind", ["refuse", "hang_before", "status_500"])
def test_pds_away_is_said_and_nothing_more(
    pds: Demographics, sandbox: Sandbox, kind: str, observer: Observer
) -> None:
    sandbox.fault(service="pds", kind=kind, times=None)
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        pds.trace("9658218873", organisation_ods="A1001")
    assert caught.value.origin is errors.Origin.PDS
    assert "9658218873" not in f"{caught.value} {caught.value!r}"
    assert observer.answers[-1].error_code == caught.value.code


# What the sandbox does not do

PATIENT = {
    "resourceType": "Patient",
    "id": "9658218873",
    "meta": {"security": [{"code": "U", "display": "unrestricted"}]},
    "name": [{"use": "usual", "family": "Smith", "given": ["Jo"]}],
    "birthDate": "1952-05-31",
}


class FakePDS:
    """A token service and PDS in one scripted server."""

    def __init__(self, scripted: Start, certificates: Path) -> None:
        self.answers: list[bytes] = []
        self.lifetime = "599"
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        self.tokens: list[Received] = []
        self.asked: list[Received] = []
        self._public = (certificates / "pds-public.pem").read_text()
        self.server = scripted(self._script).server
        self.pds = demographics.from_url(
            f"{self.server.url}/FHIR/R4",
            tls=TLS(ca_bundle=certificates / "ca.pem"),
            token_url=f"{self.server.url}/oauth2/token",
            client_id="booking-portal",
            keys=SigningKeys(certificates / "pds-private.pem", "demo-1"),
            rate_limit=ProcessRateLimit(1000),
            deadlines=SHORT,
            clock=lambda: self.now,
        )

    def _script(self, connection: Any, request: Received) -> None:
        if request.method == "POST":
            self.tokens.append(request)
            token = {"access_token": f"token-{len(self.tokens)}", "expires_in": self.lifetime}
            connection.sendall(http(token, 200, "application/json"))
        else:
            self.asked.append(request)
            connection.sendall(self.answers.pop(0) if self.answers else http(PATIENT))

    def trace(self) -> TracedPatient:
        return self.pds.trace("9658218873", organisation_ods="A1001")

    def assertion(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of the last signed assertion, its signature checked."""
        form = parse_qs(self.tokens[-1].body.decode())
        assert form["grant_type"] == ["client_credentials"]
        assert form["client_assertion_type"] == [
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        ]
        [signed] = form["client_assertion"]
        options: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}
        claims = jwt.decode(signed, self._public, ["RS512"], options=options)
        return jwt.get_unverified_header(signed), claims


@pytest.fixture
def fake_pds(scripted: Start, certificates: Path) -> Generator[FakePDS]:
    fake = FakePDS(scripted, certificates)
    yield fake
    fake.pds.close()


@pytest.mark.requirement("PDS-5")
def test_the_token_is_asked_for_with_a_signed_jwt_and_kept_until_it_ends(
    fake_pds: FakePDS,
) -> None:
    fake_pds.trace()
    header, claims = fake_pds.assertion()
    assert header == {"alg": "RS512", "typ": "JWT", "kid": "demo-1"}
    now = int(fake_pds.now.timestamp())
    assert claims["iss"] == claims["sub"] == "booking-portal"
    assert claims["aud"] == f"{fake_pds.server.url}/oauth2/token"
    assert claims["exp"] == now + 300
    assert claims["jti"]
    fake_pds.now += timedelta(seconds=560)
    fake_pds.trace()
    assert len(fake_pds.tokens) == 1
    fake_pds.now += timedelta(seconds=20)  # shortly before it ends
    fake_pds.trace()
    assert len(fake_pds.tokens) == 2
    sent = [request.header("Authorization") for request in fake_pds.asked]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.requirement("PDS-5")
def test_a_token_that_pds_does_not_accept_is_renewed_once(fake_pds: FakePDS) -> None:
    fake_pds.answers = [http("", 401)]
    fake_pds.trace()
    first, second = fake_pds.asked
    assert (first.header("Authorization"), second.header("Authorization")) == (
        "Bearer token-1",
        "Bearer token-2",
    )
    for name in ("X-Request-ID", "X-Correlation-ID"):
        assert first.header(name) == second.header(name)
        assert first.header(name)
    assert first.header("NHSD-End-User-Organisation-ODS") == "A1001"
    fake_pds.answers = [http("", 401), http("", 401)]
    with pytest.raises(errors.DemographicsNotPermitted):
        fake_pds.trace()
    assert len(fake_pds.asked) == 4


@pytest.mark.requirement("PDS-4", "PDS-5")
@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (http(operation_outcome("RESOURCE_NOT_FOUND"), 404), errors.PatientUnknown, "UNKNOWN"),
        (
            http(operation_outcome("INVALIDATED_RESOURCE"), 404),
            errors.PatientInvalidated,
            "INVALIDATED",
        ),
        (
            http(operation_outcome("ACCESS_DENIED"), 403),
            errors.DemographicsNotPermitted,
            "REFUSED",
        ),
        (http("", 429, Retry_After="7"), errors.DemographicsUnavailable, "BUSY"),
        (http("", 500), errors.DemographicsUnavailable, "UNAVAILABLE"),
        (http("<html>", 200, "text/html"), errors.DemographicsUnavailable, "UNAVAILABLE"),
        (http({"resourceType": "Patient"}), errors.DemographicsUnavailable, "UNAVAILABLE"),
        (http({}, 302, Location="/login"), errors.DemographicsUnavailable, "UNAVAILABLE"),
    ],
)
def test_each_refusal_of_pds_is_an_outcome_of_its_own(
    fake_pds: FakePDS, answer: bytes, error: type[DemographicsError], code: str
) -> None:
    fake_pds.answers = [answer]
    with pytest.raises(DemographicsError) as caught:
        fake_pds.trace()
    assert (type(caught.value), caught.value.code) == (error, f"PDS_{code}")


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0), ("soon", None), ("", None)],
)
def test_how_long_to_wait_is_read_in_every_form(
    fake_pds: FakePDS, said: str, seconds: float | None
) -> None:
    fake_pds.answers = [http("", 429, Retry_After=said)]
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        fake_pds.trace()
    assert caught.value.retry_after == seconds


@pytest.mark.requirement("PDS-3")
@pytest.mark.parametrize("label", ["R", "V", "REDACTED", "X", None])
def test_whatever_is_not_unrestricted_is_restricted(fake_pds: FakePDS, label: str | None) -> None:
    security = [{"code": label}] if label else []
    for meta in ({"security": security}, {"security": [{"code": "U"}, *security, {}]}):
        fake_pds.answers = [http({**PATIENT, "meta": meta})]
        traced = fake_pds.trace()
        assert traced.restricted
        assert traced.official_name is None
        assert traced.birth_date is None


DEATH = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"


@pytest.mark.requirement("PDS-4")
@pytest.mark.parametrize(
    ("changes", "deceased"),
    [
        ({"deceasedDateTime": "2010-10-22T00:00:00+00:00"}, True),
        ({"deceasedDateTime": "2010"}, True),
        ({"deceasedBoolean": True}, True),
        ({"status": "1"}, True),
        ({"status": "2"}, True),
        ({"status": "U"}, False),
        ({}, False),
    ],
)
def test_death_is_read_in_every_form(
    fake_pds: FakePDS, changes: dict[str, Any], deceased: bool
) -> None:
    status = changes.pop("status", None)
    if status:
        part = {
            "url": "deathNotificationStatus",
            "valueCodeableConcept": {"coding": [{"code": status}]},
        }
        changes = {"extension": [{"url": DEATH, "extension": [part]}]}
    fake_pds.answers = [http({**PATIENT, **changes})]
    assert fake_pds.trace().deceased is deceased


@pytest.mark.requirement("PDS-2")
def test_what_has_ended_is_left_out(fake_pds: FakePDS) -> None:
    over, open_ = {"period": {"end": "2020-01-01"}}, {"period": {"start": "2020-01-02"}}
    practice = {"system": "https://fhir.nhs.uk/Id/ods-organization-code"}
    fake_pds.answers = [
        http(
            {
                **PATIENT,
                "name": [
                    {"use": "usual", "family": "Before", **over},
                    {"use": "usual", "family": "Now", **open_},
                ],
                "address": [{"use": "temp", "line": ["T"]}, {"use": "home", "line": ["H"]}],
                "generalPractitioner": [
                    {"identifier": {**practice, "value": "OLD01", **over}},
                    {"identifier": {**practice, "value": "NEW01", **open_}},
                ],
            }
        )
    ]
    traced = fake_pds.trace()
    assert traced.official_name is not None
    assert traced.official_name.family == "Now"
    assert traced.registered_practice == "NEW01"
    assert traced.address is not None
    assert traced.address.lines == ("H",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "O*"},
        {"family": "S" * 36},
        {"given": ("Jo", "A*")},
        {"given": ("A" * 36,)},
        {"postcode": "L*"},
    ],
)
@pytest.mark.requirement("PDS-7")
def test_a_search_outside_the_rules_of_pds_is_not_sent(
    fake_pds: FakePDS, wrong: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"family": "Smith", "birth_date": date(1952, 5, 31)} | wrong
    with pytest.raises(errors.InvalidRequest):
        fake_pds.pds.search(**asked, organisation_ods="A1001")
    assert fake_pds.asked == []


@pytest.mark.parametrize("code", ["INVALID_SEARCH_DATA", "INVALID_VALUE"])
@pytest.mark.requirement("PDS-7")
def test_a_search_that_pds_cannot_do_is_nothing_for_support(fake_pds: FakePDS, code: str) -> None:
    """Case 11: what was typed is not a fault of PDS's or of ours."""
    fake_pds.answers = [http(operation_outcome(code), 400)]
    with pytest.raises(errors.PatientNotUnique) as caught:
        fake_pds.pds.search(family="Smith", birth_date=date(1952, 5, 31), organisation_ods="A1001")
    assert caught.value.code == "PDS_CANNOT_SEARCH"
    assert "support" not in caught.value.next_step


@pytest.mark.requirement("PDS-7")
def test_too_many_matches_ask_for_more_details(fake_pds: FakePDS) -> None:
    for answer in (
        http(operation_outcome("TOO_MANY_MATCHES")),
        http(bundle(PATIENT, {**PATIENT, "id": "9658218881"})),
    ):
        fake_pds.answers = [answer]
        with pytest.raises(errors.PatientNotUnique) as caught:
            fake_pds.pds.search(
                family="Smith", birth_date=date(1952, 5, 31), organisation_ods="A1001"
            )
        assert caught.value.code == "PDS_SEVERAL_MATCHES"
    assert fake_pds.asked[-1].target == "/FHIR/R4/Patient?family=Smith&birthdate=eq1952-05-31"

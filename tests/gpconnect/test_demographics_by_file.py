"""A file in PDS's place for tests, and what is refused as an address of PDS."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gpconnect import demographics, errors
from gpconnect.demographics import SigningKeys
from gpconnect.transport import TLS
from tests.gpconnect.conftest import Observer, Start
from tests.gpconnect.scripted_server import always

PATIENT = {
    "resourceType": "Patient",
    "id": "9658218873",
    "meta": {"security": [{"code": "U"}]},
    "name": [{"use": "usual", "family": "Smith", "given": ["Jo"]}],
    "birthDate": "1952-05-31",
}


def test_a_file_serves_as_pds_for_tests(tmp_path: Path, observer: Observer) -> None:
    replaced = {
        **PATIENT,
        "id": "9658218881",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9658218903"}],
        "birthDate": "1960-01-01",
    }
    file = tmp_path / "pds.json"
    file.write_text(json.dumps([PATIENT, replaced]))
    pds = demographics.from_url(file.as_uri(), tls=TLS(), observer=observer)
    assert not pds.trace("9658218873", organisation_ods="A1001").superseded
    old = pds.trace("9658218903", organisation_ods="A1001")
    assert (old.superseded, old.nhs_number) == (True, "9658218881")
    with pytest.raises(errors.PatientUnknown):
        pds.trace("9658218865", organisation_ods="A1001")
    born: dict[str, Any] = {"birth_date": date(1952, 5, 31), "organisation_ods": "A1001"}
    assert pds.search(family="SMITH", given=("jo",), **born).nhs_number == "9658218873"
    with pytest.raises(errors.PatientNotUnique):
        pds.search(family="Smith", given=("Ann",), **born)
    assert {each.service for each in observer.questions} == {"pds"}
    assert len(observer.questions) == len(observer.answers) == 5


@pytest.mark.parametrize("url", ["http://pds.example", "", "https://pds.example"])
def test_other_kinds_of_pds_are_refused_and_a_token_service_without_a_key(url: str) -> None:
    with pytest.raises(ValueError, match="PDS"):
        demographics.from_url(url, tls=TLS(), token_url="https://token.example")


def test_plain_http_is_no_token_service(scripted: Start, certificates: Path) -> None:
    with pytest.raises(ValueError, match="token"):
        demographics.from_url(
            scripted(always(b"")).server.url,
            tls=TLS(ca_bundle=certificates / "ca.pem"),
            token_url="http://token.example",
            keys=SigningKeys(certificates / "pds-private.pem", ""),
        )

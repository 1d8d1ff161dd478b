"""Patient records as PDS writes them (FHIR R4, UK Core). [PDS-2..4]"""

from typing import Any

from sandbox.people import Person

_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
_UK_CORE_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"

# State of the PDS record: code and display of its confidentiality label.
_LABELS = {
    "restricted": ("R", "restricted"),
    "very-restricted": ("V", "very restricted"),
    "redacted": ("REDACTED", "redacted"),
}
_UNRESTRICTED = ("U", "unrestricted")
_DEATHS: dict[str, tuple[str | None, str]] = {
    "deceased": ("2024-02-19T00:00:00+00:00", "2"),
    "deceased-year": ("2023", "2"),
    "death-notified": (None, "1"),
}
_DEATH_STATUSES = {
    "1": "Informal - death notice received via an update from a local NHS Organisation",
    "2": "Formal - death notice received from Registrar of Deaths",
}


def patient(person: Person) -> dict[str, Any]:
    """The PDS record; of a restricted patient without address, telephone and practice."""
    label = _LABELS.get(person.pds, None if person.pds == "unlabelled" else _UNRESTRICTED)
    meta: dict[str, Any] = {"versionId": "2"}
    if label:
        code, display = label
        system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
        meta["security"] = [{"system": system, "code": code, "display": display}]
    record: dict[str, Any] = {
        "resourceType": "Patient",
        "id": person.nhs_number,
        "meta": meta,
        "identifier": [_verified_number(person.nhs_number)],
        "name": _names(person),
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "multipleBirthInteger": 1,
    }
    if person.pds in _DEATHS:
        _add_death(record, *_DEATHS[person.pds])
    if label == _UNRESTRICTED:
        _add_whereabouts(record, person)
    return record


def _verified_number(number: str) -> dict[str, Any]:
    coding = {
        "system": _UK_CORE_CODES + "NHSNumberVerificationStatus",
        "version": "1.0.0",
        "code": "01",
        "display": "Number present and verified",
    }
    extension = {
        "url": _UK_CORE + "NHSNumberVerificationStatus",
        "valueCodeableConcept": {"coding": [coding]},
    }
    return {"system": _NHS_NUMBER, "value": number, "extension": [extension]}


def _names(person: Person) -> list[dict[str, Any]]:
    """Usually one name, of use `usual`; an official one besides where the two differ."""
    name = {
        "id": "123",
        "use": "usual",
        "period": {"start": "2015-01-01"},
        "family": person.family,
        "given": list(person.given),
        "prefix": [person.prefix],
    }
    if person.usual:
        return [{**name, **person.usual}, {**name, "id": "124", "use": "official"}]
    return [name]


def _add_death(record: dict[str, Any], date_time: str | None, status: str) -> None:
    if date_time:
        record["deceasedDateTime"] = date_time
    coding = {
        "system": _UK_CORE_CODES + "DeathNotificationStatus",
        "version": "1.0.0",
        "code": status,
        "display": _DEATH_STATUSES[status],
    }
    record["extension"] = [
        {
            "url": _UK_CORE + "DeathNotificationStatus",
            "extension": [
                {
                    "url": "deathNotificationStatus",
                    "valueCodeableConcept": {"coding": [coding]},
                }
            ],
        }
    ]


def _three(lines: tuple[str, ...]) -> list[str]:
    """PDS always writes five lines: three of street and locality, the town and the county."""
    return [*lines, "", "", ""][:3]


def _add_whereabouts(record: dict[str, Any], person: Person) -> None:
    if person.practice:
        practice = {
            "system": _ODS_CODE,
            "value": person.practice,
            "period": {"start": "2015-01-01"},
        }
        record["generalPractitioner"] = [
            {"id": "254406A3", "type": "Organization", "identifier": practice}
        ]
    where = person.address
    record["address"] = [
        {
            "id": "456",
            "use": "home",
            "period": {"start": "2015-01-01"},
            "line": [*_three(where.lines), where.city, where.district],
            "postalCode": where.postcode,
        }
    ]
    telecom = [
        {"id": f"78{place}", "system": "phone", "use": use, "value": number}
        for place, (use, number) in enumerate(person.telephones.items())
    ]
    if person.email:
        telecom.append({"id": "790", "system": "email", "use": "home", "value": person.email})
    if telecom:
        record["telecom"] = telecom

"""The practice itself: practitioners, organisation, locations, capability statement."""

import re
from typing import Any

from sandbox.answers import Answer
from sandbox.interactions import ALL
from sandbox.outcomes import Refused
from sandbox.provider import resources
from sandbox.provider.asked import Asked
from sandbox.provider.patients import one_identifier


def read_practitioner(asked: Asked) -> Answer:
    """A practitioner by logical id."""
    clinician = asked.practice.clinician(asked.target)
    if clinician is None:
        raise Refused("PRACTITIONER_NOT_FOUND")
    return _read(asked, resources.practitioner(asked.practice, clinician))


def find_practitioner(asked: Asked) -> Answer:
    """Practitioners with an SDS user id."""
    user_id = one_identifier(asked, resources.SDS_USER_ID)
    if not re.fullmatch(r"\d{12}", user_id, re.ASCII):
        raise Refused("INVALID_IDENTIFIER_VALUE", "an SDS user id has twelve digits")
    found = [one for one in asked.practice.clinicians if one.sds_user_id == user_id]
    return Answer(
        200, resources.bundle([resources.practitioner(asked.practice, one) for one in found])
    )


def read_organisation(asked: Asked) -> Answer:
    """The practice, or another organisation on its records, by logical id."""
    practice = asked.practice
    if asked.target == practice.organisation_id:
        return _read(asked, resources.organisation(practice))
    for neighbour in practice.neighbours:
        if asked.target == neighbour.id:
            return _read(asked, resources.organisation(practice, neighbour))
    raise Refused("ORGANISATION_NOT_FOUND")


def find_organisation(asked: Asked) -> Answer:
    """Organisations by ODS code: the practice, and others as often as it has them on record."""
    practice, code = asked.practice, one_identifier(asked, resources.ODS_CODE)
    found = [resources.organisation(practice)] if code == practice.ods else []
    found += [
        resources.organisation(practice, each) for each in practice.neighbours if each.ods == code
    ]
    return Answer(200, resources.bundle(found))


def read_location(asked: Asked) -> Answer:
    """A surgery building by logical id."""
    place = asked.practice.place(asked.target)
    if place is None:
        raise Refused("NO_RECORD_FOUND")
    return _read(asked, resources.location(asked.practice, place))


def read_service(asked: Asked) -> Answer:
    """A service by logical id; a system of before 1.2.8 does not know of any."""
    if asked.practice.flavour.specification == "1.2.7":
        raise Refused("NOT_IMPLEMENTED")
    service = asked.practice.service(asked.target)
    if service is None:
        raise Refused("NO_RECORD_FOUND")
    return _read(asked, resources.service(asked.practice, service))


def capability(asked: Asked) -> Answer:
    """What this practice's system can do."""
    statement = _capability_statement(asked.practice.name)
    flavour = asked.practice.flavour
    if flavour.specification == "1.2.8":
        statement |= {
            "version": flavour.specification,
            "extension": [
                {"url": resources.SERVICE_FILTERING, "valueCode": flavour.service_filtering}
            ],
        }
        of_server = statement["rest"][0]["resource"]
        of_server.append(_capable("HealthcareService", ("read",), []))
        slot = next(one for one in of_server if one["type"] == "Slot")
        slot["searchInclude"].append("Schedule:actor:HealthcareService")
    return Answer(200, statement)


def _read(asked: Asked, resource: dict[str, Any]) -> Answer:
    return Answer(200, resource, {"ETag": f'W/"{asked.practice.flavour.version(1)}"'})


def _capability_statement(name: str) -> dict[str, Any]:
    identifier = {"name": "identifier", "type": "token"}
    profiles = (
        "CareConnect-GPC-Patient-1", "CareConnect-GPC-Organization-1",
        "CareConnect-GPC-Practitioner-1", "CareConnect-GPC-Location-1",
        "GPConnect-OperationOutcome-1", "GPConnect-Appointment-1", "GPConnect-Schedule-1",
        "GPConnect-Slot-1",
    )  # fmt: skip
    slot_parameters = (
        ("start", "date"),
        ("end", "date"),
        ("status", "token"),
        ("searchFilter", "token"),
    )
    return {
        "resourceType": "CapabilityStatement",
        "version": "1.2.7",
        "name": "GP Connect",
        "status": "active",
        "date": "2020-01-15",
        "publisher": "Booking portal sandbox",
        "description": f"The simulated GP Connect server of {name}",
        "kind": "capability",
        "software": {"name": "sandbox", "version": "1.0"},
        "fhirVersion": "3.0.1",
        "acceptUnknown": "both",
        "format": ["application/fhir+json"],
        "profile": [{"reference": resources.PROFILE + profile} for profile in profiles],
        "rest": [
            {
                "mode": "server",
                "documentation": ", ".join(interaction.id for interaction in ALL),
                "resource": [
                    _capable("Patient", ("read", "search-type"), [identifier]),
                    _capable("Organization", ("read", "search-type"), [identifier]),
                    _capable("Practitioner", ("read", "search-type"), [identifier]),
                    _capable("Location", ("read",), []),
                    {
                        **_capable("Appointment", ("read", "create", "update", "search-type"), []),
                        "updateCreate": False,
                    },
                    {
                        **_capable(
                            "Slot",
                            ("search-type",),
                            [{"name": name, "type": kind} for name, kind in slot_parameters],
                        ),
                        "searchInclude": [
                            "Schedule:actor:Location",
                            "Schedule:actor:Practitioner",
                            "Slot:schedule",
                            "Location:managingOrganization",
                        ],
                    },
                ],
                "operation": [
                    {
                        "name": "gpc.registerpatient",
                        "definition": {
                            "reference": "https://fhir.nhs.uk/STU3/OperationDefinition/"
                            "GPConnect-RegisterPatient-Operation-1"
                        },
                    }
                ],
            }
        ],
    }


def _capable(
    resource_type: str, interactions: tuple[str, ...], parameters: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in interactions],
        **({"searchParam": parameters} if parameters else {}),
    }

"""Practitioners, organisations and locations, as practices send them."""

from gpconnect.fhir import elements, names
from gpconnect.fhir.elements import Json
from gpconnect.models import (
    CapabilityStatement,
    Location,
    Organisation,
    Practitioner,
)


def practitioner(resource: Json, etag: str | None = None) -> Practitioner:
    """Raises: Unreadable without an id."""
    roles = (
        elements.concept(extension.get("valueCodeableConcept"))[1]
        for extension in elements.extensions(resource, names.PRACTITIONER_ROLE)
    )
    return Practitioner(
        id=elements.identity(resource),
        version=elements.version(resource, etag),
        name=elements.preferred_name(elements.human_names(resource.get("name"))),
        gender=elements.gender(resource.get("gender")),
        roles=tuple(filter(None, roles)),
        sds_user_id=elements.identifier(resource, names.SDS_USER_ID),
    )


def organisation(resource: Json, etag: str | None = None) -> Organisation:
    """Raises: Unreadable without an id."""
    code, words = elements.concept(elements.mapping(resource.get("type")))
    return Organisation(
        id=elements.identity(resource),
        ods_code=elements.identifier(resource, names.ODS_CODE),
        name=elements.text(resource.get("name")),
        telephone=elements.telephone(resource.get("telecom")),
        address=elements.first_address(resource.get("address")),
        type=code or words,
    )


def location(resource: Json, etag: str | None = None) -> Location:
    """Raises: Unreadable without an id."""
    return Location(
        id=elements.identity(resource),
        name=elements.text(resource.get("name")),
        address=elements.first_address(resource.get("address")),
        telephone=elements.telephone(resource.get("telecom")),
        managing_organisation_id=elements.reference(
            resource.get("managingOrganization"), "Organization"
        ),
    )


def capability_statement(resource: Json) -> CapabilityStatement:
    """What can be done, as "Slot.search-type" and, for operations, "gpc.registerpatient"."""
    can: set[str] = set()
    for rest in elements.objects(resource.get("rest")):
        for entry in elements.objects(rest.get("resource")):
            for interaction in elements.objects(entry.get("interaction")):
                can.add(f"{entry.get('type')}.{interaction.get('code')}")
        can.update(
            name
            for operation in elements.objects(rest.get("operation"))
            if (name := elements.text(operation.get("name")))
        )
    return CapabilityStatement(
        fhir_version=elements.text(resource.get("fhirVersion")),
        version=elements.text(resource.get("version")),
        interactions=frozenset(can),
    )

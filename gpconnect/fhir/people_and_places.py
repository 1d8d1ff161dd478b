"""Practitioners, organisations, locations and services, as practices send them. [READ-2]"""

from gpconnect.fhir import elements, names, people
from gpconnect.fhir.elements import Json
from gpconnect.models import (
    CapabilityStatement,
    HealthcareService,
    Location,
    Organisation,
    Practitioner,
)
from gpconnect.partial_date import PartialDate


def practitioner(resource: Json, etag: str | None = None) -> Practitioner:
    """Raises: Unreadable without an id."""
    roles = (
        elements.concept(extension.get("valueCodeableConcept"))[1]
        for extension in elements.extensions(resource, names.PRACTITIONER_ROLE)
    )
    qualifications = (
        elements.concept(entry.get("code"))
        for entry in elements.objects(resource.get("qualification"))
    )
    human_names = elements.human_names(resource.get("name"))
    return Practitioner(
        id=elements.identity(resource),
        version=elements.version(resource, etag),
        name=elements.preferred_name(human_names),
        gender=elements.gender(resource.get("gender")),
        roles=tuple(filter(None, roles)),
        sds_user_id=elements.identifier(resource, names.SDS_USER_ID),
        sds_role_profile_ids=elements.identifiers(resource, names.SDS_ROLE_PROFILE_ID),
        active=elements.flag(resource.get("active")),
        names=human_names,
        communications=people.communications(resource),
        telecoms=elements.contact_points(resource.get("telecom")),
        addresses=elements.addresses(resource.get("address")),
        born=PartialDate.read(resource.get("birthDate")),
        qualifications=tuple(said for code, words in qualifications if (said := words or code)),
    )


def organisation(resource: Json, etag: str | None = None) -> Organisation:
    """Raises: Unreadable without an id."""
    code, words = elements.concept(elements.mapping(resource.get("type")))
    part_of = elements.mapping(resource.get("partOf"))
    periods = elements.extensions(resource, names.ORGANISATION_PERIOD)
    period = elements.mapping([elements.mapping(each.get("valuePeriod")) for each in periods])
    main = (
        elements.reference(each.get("valueReference"), "Location")
        for each in elements.extensions(resource, names.MAIN_LOCATION)
    )
    return Organisation(
        id=elements.identity(resource),
        ods_code=elements.identifier(resource, names.ODS_CODE),
        name=elements.text(resource.get("name")),
        telephone=elements.telephone(resource.get("telecom")),
        address=elements.first_address(resource.get("address")),
        type=code or words,
        version=elements.version(resource, etag),
        active=elements.flag(resource.get("active")),
        aliases=elements.texts(resource.get("alias")),
        telecoms=elements.contact_points(resource.get("telecom")),
        addresses=elements.addresses(resource.get("address")),
        since=PartialDate.read(period.get("start")),
        until=PartialDate.read(period.get("end")),
        main_location_id=next(filter(None, main), None),
        part_of_id=elements.reference(part_of, "Organization"),
        part_of_name=elements.text(part_of.get("display")),
        contacts=people.contacts(resource.get("contact")),
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


def healthcare_service(resource: Json, etag: str | None = None) -> HealthcareService:
    """Raises: Unreadable without an id."""
    return HealthcareService(
        id=elements.identity(resource),
        version=elements.version(resource, etag),
        name=elements.text(resource.get("name")),
        service_ids=elements.identifiers(resource, names.SERVICE_ID),
        organisation_id=elements.reference(resource.get("providedBy"), "Organization"),
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
    filtering = (
        elements.text(extension.get("valueCode"))
        for extension in elements.extensions(resource, names.SERVICE_FILTERING)
    )
    return CapabilityStatement(
        fhir_version=elements.text(resource.get("fhirVersion")),
        version=elements.text(resource.get("version")),
        interactions=frozenset(can),
        service_filtering=next(filter(None, filtering), None),
    )

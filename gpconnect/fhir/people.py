"""A patient's record as a practice sends it, and the parts that PDS writes likewise. [READ-2]"""

from gpconnect.fhir import elements, names
from gpconnect.fhir.elements import Json
from gpconnect.models import Communication, Contact, Patient, RegistrationDetails
from gpconnect.partial_date import PartialDate


def patient(resource: Json, etag: str | None = None) -> Patient:
    """Raises: Unreadable without an id."""
    human_names = elements.human_names(resource.get("name"))
    return Patient(
        id=elements.identity(resource),
        version=elements.version(resource, etag),
        nhs_number=_nhs_number(resource),
        name=elements.preferred_name(human_names),
        names=human_names,
        gender=elements.gender(resource.get("gender")),
        born=PartialDate.read(resource.get("birthDate")),
        addresses=tuple(map(elements.address, elements.objects(resource.get("address")))),
        telecoms=elements.contact_points(resource.get("telecom")),
        preferred_branch_id=_preferred_branch(resource),
        registration=_registration(resource),
        communication=_communication(resource),
        contacts=contacts(resource.get("contact")),
        number_status=_number_status(resource),
    )


def communication(extension: Json) -> Communication:
    """Language and interpreter need of an NHS communication extension."""
    code, words, interpreter = None, None, None
    for part in elements.extensions(extension, "language"):
        code, words = elements.concept(part.get("valueCodeableConcept"))
    for part in elements.extensions(extension, "interpreterRequired"):
        interpreter = elements.flag(part.get("valueBoolean"))
    return Communication(code, words, interpreter)


def contacts(value: object) -> tuple[Contact, ...]:
    """People to get in touch with: each with what was given of relation, name and telephones."""
    read = (
        Contact(
            relation=next(filter(None, map(_said, _relations(entry))), None),
            name=elements.preferred_name(elements.human_names(entry.get("name"))),
            telecoms=elements.contact_points(entry.get("telecom")),
        )
        for entry in elements.objects(value)
    )
    return tuple(one for one in read if one.relation or one.name or one.telecoms)


def _relations(entry: Json) -> list[Json]:
    """What a contact is to a patient, or is there for at an organisation."""
    return elements.objects(entry.get("relationship")) or elements.objects(entry.get("purpose"))


def _said(concept: Json) -> str | None:
    code, words = elements.concept(concept)
    return words or code


def communications(resource: Json) -> tuple[Communication, ...]:
    """The NHS communication extensions, preferred ones first."""
    found = elements.extensions(resource, names.NHS_COMMUNICATION)
    return tuple(communication(extension) for extension in sorted(found, key=_is_second_choice))


def _is_second_choice(extension: Json) -> bool:
    parts = elements.extensions(extension, "preferred")
    return not any(part.get("valueBoolean") is True for part in parts)


def _communication(resource: Json) -> Communication:
    """The preferred one of several, or else the first."""
    return next(iter(communications(resource)), Communication())


def _nhs_number(resource: Json) -> str | None:
    """The NHS number, without the spaces that people write; None where there are several."""
    numbers = {"".join(value.split()) for value in elements.identifiers(resource, names.NHS_NUMBER)}
    return numbers.pop() if len(numbers) == 1 else None


def _registration(resource: Json) -> RegistrationDetails:
    kind, status, since, until = None, None, None, None
    for details in elements.extensions(resource, names.REGISTRATION_DETAILS):
        for part in elements.extensions(details, "registrationType"):
            kind = _words(part)
        for part in elements.extensions(details, "registrationStatus"):
            status = _words(part)
        for part in elements.extensions(details, "registrationPeriod"):
            period = elements.mapping(part.get("valuePeriod"))
            since = PartialDate.read(period.get("start"))
            until = PartialDate.read(period.get("end"))
    return RegistrationDetails(kind, status, since, until)


def _words(part: Json) -> str | None:
    return _said(elements.mapping(part.get("valueCodeableConcept")))


def _number_status(resource: Json) -> str | None:
    """The verification status of the NHS number, in whichever system it is coded. [RES-4]"""
    for entry in elements.objects(resource.get("identifier")):
        if entry.get("system") == names.NHS_NUMBER:
            for extension in elements.extensions(entry, names.VERIFICATION_STATUS):
                return elements.concept(extension.get("valueCodeableConcept"))[0]
    return None


def _preferred_branch(resource: Json) -> str | None:
    for details in elements.extensions(resource, names.REGISTRATION_DETAILS):
        for branch in elements.extensions(details, "preferredBranchSurgery"):
            return elements.reference(branch.get("valueReference"), "Location")
    return None

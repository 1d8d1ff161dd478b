"""Appointments as practices hold them. [RET-2]"""

from datetime import UTC, datetime
from typing import Final

from gpconnect.fhir import elements, names
from gpconnect.fhir.bundles import resources
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.fhir.parsing import Mended
from gpconnect.fhir.slots import (
    delivery_channel,
    practitioner_role,
    service_category,
    service_type,
)
from gpconnect.models import Appointment, Appointments, BookingOrganisation, PracticeTime

_STATUSES: Final = elements.spellings(
    "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow",
    "entered-in-error",
)  # fmt: skip
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def appointments(bundle: Json, patient_id: str) -> Appointments:
    """A patient's appointments by start, and what was unreadable.

    Raises: Unreadable when one of them is another patient's. [PDS-6]
    """
    found = resources(bundle)
    read = list(found.read("Appointment", appointment))
    if any(each.patient_id not in (None, patient_id) for each in read):
        raise Unreadable("of another patient")
    for each in read:
        if each.patient_id is None:
            found.fault("an appointment that does not say whose it is")
    ordered = sorted(read, key=lambda each: each.start.instant or _LAST)
    return Appointments(tuple(ordered), found.fault_sentences())


def appointment(resource: Json, etag: str | None = None) -> Appointment:
    """Raises: Unreadable without an id or a status."""
    actors = [
        participant.get("actor") for participant in elements.objects(resource.get("participant"))
    ]
    slots = (elements.reference(slot, "Slot") for slot in elements.objects(resource.get("slot")))
    identifiers = (
        elements.text(entry.get("value")) for entry in elements.objects(resource.get("identifier"))
    )
    role_code, role = practitioner_role(resource)
    return Appointment(
        id=elements.identity(resource),
        version=elements.version(resource, etag),
        status=elements.spelt(elements.required(resource, "status"), _STATUSES) or "",
        start=PracticeTime.read(elements.text(resource.get("start")) or ""),
        end=PracticeTime.read(elements.text(resource.get("end")) or ""),
        description=elements.text(resource.get("description")),
        comment=elements.text(resource.get("comment")),
        slot_ids=tuple(filter(None, slots)),
        patient_id=elements.first_reference(actors, "Patient"),
        location_id=elements.first_reference(actors, "Location"),
        practitioner_id=elements.first_reference(actors, "Practitioner"),
        service_id=elements.first_reference(actors, "HealthcareService"),
        delivery_channel=delivery_channel(resource),
        practitioner_role=role,
        practitioner_role_code=role_code,
        slot_type=service_type(resource),
        schedule_type=service_category(resource),
        booking_organisation=_booking_organisation(resource),
        cancellation_reason=_cancellation_reason(resource),
        created=elements.text(resource.get("created")),
        identifiers=tuple(filter(None, identifiers)),
        intact=not isinstance(resource, Mended),
        raw=resource,
    )


def _booking_organisation(resource: Json) -> BookingOrganisation | None:
    wanted = {
        elements.text(elements.mapping(extension.get("valueReference")).get("reference"))
        for extension in elements.extensions(resource, names.BOOKING_ORGANISATION)
    }
    for contained in elements.objects(resource.get("contained")):
        identity = contained.get("id")
        if contained.get("resourceType") != "Organization" or not isinstance(identity, str):
            continue
        if f"#{identity.removeprefix('#')}" in wanted:
            code, words = elements.concept(elements.mapping(contained.get("type")))
            return BookingOrganisation(
                ods_code=elements.identifier(contained, names.ODS_CODE) or "",
                name=elements.text(contained.get("name")),
                telephone=elements.telephone(contained.get("telecom")),
                type=code or words,
            )
    return None


def _cancellation_reason(resource: Json) -> str | None:
    for extension in elements.extensions(resource, names.CANCELLATION_REASON):
        return elements.text(extension.get("valueString"))
    return None

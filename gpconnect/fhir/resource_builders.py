"""What is sent: new resources, held against fhirclient's STU3 models, and changed ones.

Call the checks of `gpconnect.fhir.checks` first: the models know types, and neither dates,
lengths, codes nor rules. [BOOK-2..5, AMEND-1, CANCEL-1, REG-2]
"""

import copy
import logging
from typing import Any

from fhirclient.models import appointment, parameters
from fhirclient.models.fhirabstractbase import FHIRValidationError

from gpconnect import london
from gpconnect.error_evidence import failure
from gpconnect.fhir import elements, names
from gpconnect.languages import LANGUAGES
from gpconnect.models import (
    Address,
    Appointment,
    Booking,
    BookingOrganisation,
    ContactPoint,
    Registration,
)

# It logs the values that it does not like, and ours are patients'.
logging.getLogger("fhirclient").setLevel(logging.CRITICAL)


def appointment_to_book(booking: Booking, identifier_system: str) -> dict[str, Any]:
    """The Appointment resource of a booking. [BOOK-2..5]

    `identifier_system` names the system of `booking.identifier`, the consumer's own id.
    """
    actors = [f"Patient/{booking.patient_id}", f"Location/{booking.location_id}"]
    if booking.practitioner_id:
        actors.append(f"Practitioner/{booking.practitioner_id}")
    resource = {
        "resourceType": "Appointment",
        "meta": {"profile": [names.APPOINTMENT_PROFILE]},
        "contained": [_organisation("1", booking.organisation)],
        "extension": _extensions("#1", booking),
        "status": "booked",
        "description": booking.description,
        # Start and end are copied as the practice wrote them.
        "start": booking.slots[0].start,
        "end": booking.slots[-1].end,
        "slot": [{"reference": f"Slot/{slot.id}"} for slot in booking.slots],
        "created": london.written_with_offset(booking.created),
        "participant": [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
    }
    if booking.identifier:
        resource["identifier"] = [{"system": identifier_system, "value": booking.identifier}]
    if booking.comment:
        resource["comment"] = booking.comment
    return _held_against(appointment.Appointment, resource)


def amended(last_read: Appointment, description: str, comment: str | None) -> dict[str, Any]:
    """The JSON last read with other words; a comment of None takes it away. [AMEND-1]"""
    resource = copy.deepcopy(dict(last_read.raw))
    resource["description"] = description
    if comment is None:
        resource.pop("comment", None)
    else:
        resource["comment"] = comment
    return _with_profile(resource)


def cancelled(last_read: Appointment, reason: str) -> dict[str, Any]:
    """The JSON last read, cancelled for a reason. [CANCEL-1]"""
    resource = copy.deepcopy(dict(last_read.raw))
    resource["status"] = "cancelled"
    others = [
        each
        for each in elements.objects(resource.get("extension"))
        if each.get("url") != names.CANCELLATION_REASON
    ]
    resource["extension"] = [*others, {"url": names.CANCELLATION_REASON, "valueString": reason}]
    return _with_profile(resource)


def registration(asked: Registration) -> dict[str, Any]:
    """The Parameters resource that registers a patient. [REG-2, RES-3]"""
    status = _concept(names.VERIFICATION_CODES, "01", "Number present and verified")
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "meta": {"profile": [names.PATIENT_PROFILE]},
        "identifier": [
            {
                "extension": [{"url": names.VERIFICATION_STATUS, "valueCodeableConcept": status}],
                "system": names.NHS_NUMBER,
                "value": asked.nhs_number,
            }
        ],
        "name": [{"use": "official", "family": asked.family, "given": list(asked.given)}],
        "birthDate": asked.birth_date.isoformat(),
    }
    if asked.gender:
        patient["gender"] = asked.gender
    if asked.telecoms:
        patient["telecom"] = [_contact_point(point) for point in asked.telecoms]
    places = (("home", asked.home_address), ("temp", asked.temporary_address))
    if addresses := [_address(use, place) for use, place in places if place]:
        patient["address"] = addresses
    if asked.language:
        patient["extension"] = [_communication(asked.language, asked.interpreter_required)]
    return _held_against(
        parameters.Parameters,
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "registerPatient", "resource": patient}],
        },
    )


def _extensions(organisation: str, booking: Booking) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"url": names.BOOKING_ORGANISATION, "valueReference": {"reference": organisation}}
    ]
    if booking.practitioner_role:
        role = _concept(names.JOB_ROLE, booking.practitioner_role_code, booking.practitioner_role)
        found.append({"url": names.PRACTITIONER_ROLE, "valueCodeableConcept": role})
    if booking.delivery_channel:
        found.append({"url": names.DELIVERY_CHANNEL, "valueCode": booking.delivery_channel})
    return found


def _organisation(identity: str, booker: BookingOrganisation) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Organization",
        "id": identity,
        "meta": {"profile": [names.ORGANISATION_PROFILE]},
        "identifier": [{"system": names.ODS_CODE, "value": booker.ods_code}],
        "name": booker.name,
        "telecom": [{"system": "phone", "value": booker.telephone}],
    }
    if booker.type:
        resource["type"] = [_concept(names.ORGANISATION_TYPE, booker.type)]
    return resource


def _communication(language: str, interpreter_required: bool) -> dict[str, Any]:
    return {
        "url": names.NHS_COMMUNICATION,
        "extension": [
            {
                "url": "language",
                "valueCodeableConcept": _concept(names.LANGUAGE, language, LANGUAGES.get(language)),
            },
            {"url": "interpreterRequired", "valueBoolean": interpreter_required},
        ],
    }


def _concept(system: str, code: str | None, display: str | None = None) -> dict[str, Any]:
    if code is None:
        return {"text": display}
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def _contact_point(point: ContactPoint) -> dict[str, Any]:
    return {"system": point.system, "value": point.value, "use": point.use}


def _address(use: str, place: Address) -> dict[str, Any]:
    lines = [line for line in place.lines if line.strip()]
    parts = {
        "city": place.city,
        "district": place.district,
        "postalCode": place.postcode,
        "country": place.country,
    }
    return (
        {"use": use, "type": "physical"}
        | ({"line": lines} if lines else {})
        | {name: part for name, part in parts.items() if part and part.strip()}
    )


def _with_profile(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource that is amended carries its profile, whatever the practice sent. [RES-1]"""
    meta = resource.setdefault("meta", {})
    profiles = meta.setdefault("profile", []) if isinstance(meta, dict) else None
    if isinstance(profiles, list) and names.APPOINTMENT_PROFILE not in profiles:
        profiles.append(names.APPOINTMENT_PROFILE)
    return resource


def _held_against(model: Any, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as its STU3 model writes it. Raises: InvalidRequest."""
    try:
        made: dict[str, Any] = model(resource, strict=True).as_json()
    except FHIRValidationError:
        pass  # its text holds values, and must not travel on as our error's context
    else:
        return made
    raise failure("INVALID_REQUEST", diagnostics="the resource's structure")

"""What a practice demands of an Appointment that it is to create. [BOOK-2..6, RES-1]

Every function raises Refused INVALID_RESOURCE with the element in the diagnostics.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from sandbox.ids import FHIR_ID
from sandbox.outcomes import Refused
from sandbox.practices import Consumer
from sandbox.provider import resources

LONGEST_DESCRIPTION = 100
LONGEST_COMMENT = 500

_ALLOWED = frozenset(
    {
        "resourceType", "meta", "contained", "extension", "identifier", "status",
        "serviceCategory", "serviceType", "description", "start", "end", "minutesDuration",
        "slot", "created", "comment", "participant",
    }
)  # fmt: skip
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_CHANNELS = ("In-person", "Telephone", "Video")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A well-formed request to book: the references as logical ids, the texts as sent."""

    slots: tuple[str, ...]
    patient: str
    location: str
    practitioner: str | None
    service: str | None
    start: str
    end: str
    channel: str | None
    roles: tuple[str, ...]
    organisation: Mapping[str, Any]
    resource: Mapping[str, Any]


def read(resource: dict[str, Any], consumer: Consumer) -> Submitted:
    """Check the form of the resource that a consumer sent to book."""
    if resource.get("resourceType") != "Appointment":
        refuse("the resource is not an Appointment")
    for element in ("reason", "specialty"):
        if element in resource:
            refuse(f"{element} must not be sent")
    if "id" in resource:
        refuse("id must not be sent")
    unknown = sorted(set(resource) - _ALLOWED)
    if unknown:
        refuse(f"{unknown[0]} is not part of the profile or must not be sent")
    check_profile(resource, resources.APPOINTMENT_PROFILE)
    if resource.get("status") != "booked":
        refuse("status is not booked")
    for element in ("start", "end", "created"):
        if not _is_date_time(resource.get(element)):
            refuse(f"{element} is missing or not a dateTime with an offset")
    check_texts(resource)
    _check_identifiers(resource)
    actors = _actors(resource)
    channel, roles = _extensions(resource)
    return Submitted(
        slots=_slots(resource),
        patient=actors["Patient"],
        location=actors["Location"],
        practitioner=actors.get("Practitioner"),
        service=actors.get("HealthcareService"),
        start=resource["start"],
        end=resource["end"],
        channel=channel,
        roles=roles,
        organisation=_organisation(resource, consumer),
        resource=resource,
    )


def check_profile(resource: Mapping[str, Any], profile: str) -> None:
    """`meta.profile` names the profile."""
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    if not isinstance(profiles, list) or profile not in profiles:
        refuse(f"meta.profile does not name {profile}")


def check_texts(
    resource: Mapping[str, Any], longest_description: int = LONGEST_DESCRIPTION
) -> None:
    """Description present, both texts within their limits and not empty."""
    if "description" not in resource:
        refuse("description is missing")
    for element, limit in (("description", longest_description), ("comment", LONGEST_COMMENT)):
        if element not in resource:
            continue
        text = resource[element]
        if not isinstance(text, str) or not text.strip():
            refuse(f"{element} is empty")
        if len(text) > limit:
            refuse(f"{element} is longer than {limit} characters")


def reference_to(raw: object, *kinds: str) -> tuple[str, str]:
    """The kind and logical id of a relative reference to one of the kinds."""
    reference = raw.get("reference") if isinstance(raw, dict) else None
    if not isinstance(reference, str):
        refuse(f"a reference to {' or '.join(kinds)} is missing")
    kind, _, logical_id = reference.partition("/")
    if kind not in kinds or not FHIR_ID.fullmatch(logical_id):
        refuse(f"a reference is not a relative one to {' or '.join(kinds)}")
    return kind, logical_id


def items(resource: Mapping[str, Any], element: str) -> list[dict[str, Any]]:
    """The objects in a list of a resource; none if the element is not there."""
    found = resource.get(element, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        refuse(f"{element} is not a list of objects")
    return found


def coded(extension: Mapping[str, Any]) -> str | None:
    """The first code of an extension's `valueCodeableConcept`, or None."""
    concept = extension.get("valueCodeableConcept")
    codings = items(concept, "coding") if isinstance(concept, dict) else []
    code = codings[0].get("code") if codings else None
    return code if isinstance(code, str) else None


def check_system(extension: Mapping[str, Any], system: str) -> None:
    """The code is of the system that the profile's required binding names. [RES-4]"""
    concept = extension.get("valueCodeableConcept")
    codings = items(concept, "coding") if isinstance(concept, dict) else []
    if not codings or codings[0].get("system") != system:
        refuse(f"the code is not of the system {system}")


def check_types(part: Mapping[str, Any], **expected: type) -> None:
    """The elements that are there are of the types expected, and the items of lists are texts."""
    for element, kind in expected.items():
        value = part.get(element, kind())
        if not isinstance(value, kind):
            refuse(f"{element} is of another type")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            refuse(f"{element} is not a list of texts")


def refuse(why: str) -> NoReturn:
    """Refuse the resource as invalid."""
    raise Refused("INVALID_RESOURCE", why)


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _slots(resource: Mapping[str, Any]) -> tuple[str, ...]:
    slots = tuple(reference_to(item, "Slot")[1] for item in items(resource, "slot"))
    if not slots:
        refuse("slot is missing")
    if len(set(slots)) < len(slots):
        refuse("a slot is given twice")
    return slots


def _actors(resource: Mapping[str, Any]) -> dict[str, str]:
    actors: dict[str, str] = {}
    for participant in items(resource, "participant"):
        kind, logical_id = reference_to(
            participant.get("actor"), "Patient", "Location", "Practitioner", "HealthcareService"
        )
        if participant.get("status") != "accepted":
            refuse(f"the status of participant {kind} is not accepted")
        if kind in actors:
            refuse(f"there is more than one participant {kind}")
        actors[kind] = logical_id
    for kind in ("Patient", "Location"):
        if kind not in actors:
            refuse(f"participant {kind} is missing")
    return actors


def _extensions(resource: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    channel, roles = None, []
    for extension in items(resource, "extension"):
        url = extension.get("url")
        if url == resources.DELIVERY_CHANNEL:
            channel = str(extension.get("valueCode"))
        elif url == resources.DELIVERY_CHANNEL_1:
            channel = _code(extension)
        elif url == resources.PRACTITIONER_ROLE:
            roles.append(_code(extension))
        elif url == resources.CANCELLATION_REASON:
            refuse("an appointment to be booked has no cancellation reason")
        elif url != resources.BOOKING_ORGANISATION:
            refuse("an extension is not part of the profile")
    if channel is not None and channel not in _CHANNELS:
        refuse("the delivery channel is not one of the value set")
    return channel, tuple(roles)


def _code(extension: Mapping[str, Any]) -> str:
    code = coded(extension)
    if code is None:
        refuse("an extension has no coding")
    return code


def _check_identifiers(resource: Mapping[str, Any]) -> None:
    for identifier in items(resource, "identifier"):
        check_types(identifier, system=str, value=str)
        if set(identifier) != {"system", "value"} or not all(identifier.values()):
            refuse("an identifier has a system and a value and nothing else")


def _organisation(resource: Mapping[str, Any], consumer: Consumer) -> Mapping[str, Any]:
    """The contained booking organisation, which must be the one that asks."""
    references = [
        extension.get("valueReference")
        for extension in items(resource, "extension")
        if extension.get("url") == resources.BOOKING_ORGANISATION
    ]
    contained = items(resource, "contained")
    if len(references) != 1 or len(contained) != 1 or not isinstance(references[0], dict):
        refuse("there is not exactly one booking organisation")
    organisation = contained[0]
    check_types(organisation, id=str)
    if (
        organisation.get("resourceType") != "Organization"
        or not organisation.get("id")
        or references[0].get("reference") != f"#{organisation['id']}"
    ):
        refuse("the booking organisation extension does not refer to the contained Organization")
    check_profile(organisation, resources.ORGANISATION_PROFILE)
    identifiers = [(i.get("system"), i.get("value")) for i in items(organisation, "identifier")]
    if identifiers != [(resources.ODS_CODE, consumer.ods)]:
        refuse("the booking organisation is not identified by the sender's ODS code")
    if not isinstance(organisation.get("name"), str) or not organisation["name"].strip():
        refuse("the booking organisation has no name")
    if not any(
        telecom.get("system") == "phone" and telecom.get("value")
        for telecom in items(organisation, "telecom")
    ):
        refuse("the booking organisation has no telephone")
    for concept in items(organisation, "type"):
        codings = [(c.get("system"), c.get("code")) for c in items(concept, "coding")]
        if codings != [(resources.ORGANISATION_TYPE, consumer.type)]:
            refuse("the booking organisation's type is not that of the sender")
    return organisation

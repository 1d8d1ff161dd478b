"""A patient as PDS holds them: a FHIR R4 resource, read with its restrictions. [PDS-2..4]"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from gpconnect import london, nhs_number
from gpconnect.fhir import elements
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.models import Address, ContactPoint, HumanName

_UNRESTRICTED: Final = "U"
_DEATH_STATUS: Final = "Extension-UKCore-DeathNotificationStatus"
_DEAD: Final = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True)
class TracedPatient:
    """What a trace gave. With `restricted`, everything personal is None or empty. [PDS-3]

    `nhs_number` is the current one; `superseded` says that it is not the one asked for.
    `registered_practice` is an ODS code, `traced_at` an aware instant in UTC.
    """

    nhs_number: str
    superseded: bool
    restricted: bool
    traced_at: datetime
    official_name: HumanName | None = None
    names: tuple[HumanName, ...] = ()
    gender: str | None = None
    birth_date: date | None = None
    deceased: bool = False
    registered_practice: str | None = None
    address: Address | None = None
    telecoms: tuple[ContactPoint, ...] = ()


def traced(resource: Json, asked: str, now: datetime) -> TracedPatient:
    """The patient of a PDS resource; `asked` is the NHS number asked for.

    Raises: Unreadable when it is no patient with a valid NHS number.
    """
    number = elements.required(resource, "id")
    if resource.get("resourceType") != "Patient" or not nhs_number.is_valid(number):
        raise Unreadable("without an NHS number")
    number = nhs_number.normalise(number)
    superseded = number != asked
    if _security(resource) != {_UNRESTRICTED}:
        return TracedPatient(number, superseded, restricted=True, traced_at=now)
    today = london.today(now)
    names = elements.human_names(_current(resource.get("name"), today))
    addresses = [elements.address(each) for each in _current(resource.get("address"), today)]
    home = [each for each in addresses if each.use == "home"]
    return TracedPatient(
        number,
        superseded,
        restricted=False,
        traced_at=now,
        official_name=elements.preferred_name(names),
        names=names,
        gender=elements.text(resource.get("gender")),
        birth_date=elements.whole_date(resource.get("birthDate")),
        deceased=_deceased(resource),
        registered_practice=_registered_practice(resource, today),
        address=next(iter(home or addresses), None),
        telecoms=elements.contact_points(_current(resource.get("telecom"), today)),
    )


def _security(resource: Json) -> set[str]:
    labels = elements.objects(elements.mapping(resource.get("meta")).get("security"))
    return {elements.text(label.get("code")) or "" for label in labels}


def _current(value: object, today: date) -> list[Json]:
    """The entries whose period has not ended."""
    return [entry for entry in elements.objects(value) if not _ended(entry, today)]


def _ended(entry: Json, today: date) -> bool:
    end = elements.whole_date(elements.mapping(entry.get("period")).get("end"))
    return end is not None and end < today


def _deceased(resource: Json) -> bool:
    """By a date (a year is enough), by a flag, or by either death notification. [PDS-4]"""
    if elements.text(resource.get("deceasedDateTime")) or resource.get("deceasedBoolean") is True:
        return True
    return any(
        elements.concept(part.get("valueCodeableConcept"))[0] in _DEAD
        for extension in elements.objects(resource.get("extension"))
        if str(extension.get("url")).endswith(_DEATH_STATUS)
        for part in elements.extensions(extension, "deathNotificationStatus")
    )


def _registered_practice(resource: Json, today: date) -> str | None:
    for practice in elements.objects(resource.get("generalPractitioner")):
        identifier = elements.mapping(practice.get("identifier"))
        code = elements.text(identifier.get("value"))
        if code and not _ended(identifier, today):
            return code
    return None

"""A patient as PDS holds them: a FHIR R4 resource, read with its restrictions. [PDS-2..4, PDS-9]"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from gpconnect import london, nhs_number
from gpconnect.demographics.validity import Dated, Standing, dated
from gpconnect.fhir import elements, people
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.models import Address, Communication, Contact, ContactPoint, HumanName
from gpconnect.partial_date import PartialDate

_UNRESTRICTED: Final = "U"
_DEATH_STATUS: Final = "Extension-UKCore-DeathNotificationStatus"
_COMMUNICATION: Final = "Extension-UKCore-NHSCommunication"
_OTHER_SYSTEM: Final = "Extension-UKCore-OtherContactSystem"
_DEAD: Final = frozenset({"1", "2"})
_NAME_USES: Final = ("official", "usual", None, "temp", "nickname")
_TOWN: Final = 3  # PDS writes five lines: three of street and locality, the town, the county


@dataclass(frozen=True, slots=True)
class TracedPatient:
    """What a trace gave. With `restricted`, everything personal is None or empty. [PDS-3]

    `nhs_number` is the current one; `superseded` says that it is not the one asked for.
    `registered_practice` is an ODS code, `traced_at` an aware instant in UTC. What counts today
    is apart from what does not: `names`, `telecoms` and `registered_practice` are current;
    `official_name` is the preferred one of them or, where there is none, the last known
    (`name_standing`); `last_practice` is where a registration has ended and no other began.
    `addresses` and `last_telecoms` say with each whether it counts. A telecom's system is FHIR's,
    or `textphone`.
    """

    nhs_number: str
    superseded: bool
    restricted: bool
    traced_at: datetime
    official_name: HumanName | None = None
    name_standing: Standing = Standing.CURRENT
    names: tuple[HumanName, ...] = ()
    gender: str | None = None
    born: PartialDate | None = None
    deceased: bool = False
    died: PartialDate | None = None
    registered_practice: str | None = None
    last_practice: str | None = None
    addresses: tuple[Dated[Address], ...] = ()
    telecoms: tuple[ContactPoint, ...] = ()
    last_telecoms: tuple[Dated[ContactPoint], ...] = ()
    communication: Communication = field(default_factory=Communication)
    contacts: tuple[Contact, ...] = ()

    @property
    def birth_date(self) -> date | None:
        """The birth date, if PDS has a whole one. [PDS-9]"""
        return self.born.whole if self.born else None

    @property
    def address(self) -> Address | None:
        """The home address that counts for sure; one of another use never stands for it."""
        return next(
            (
                held.value
                for held in self.addresses
                if held.value.use == "home" and held.standing is Standing.CURRENT
            ),
            None,
        )


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
    names = _names(resource, today)
    telecoms = _telecoms(resource.get("telecom"), today)
    practice, last_practice = _practices(resource, today)
    return TracedPatient(
        number,
        superseded,
        restricted=False,
        traced_at=now,
        official_name=names[0].value if names else None,
        name_standing=names[0].standing if names else Standing.CURRENT,
        names=tuple(name.value for name in names if name.counts),
        gender=elements.gender(resource.get("gender")),
        born=PartialDate.read(resource.get("birthDate")),
        deceased=_deceased(resource),
        died=PartialDate.read(resource.get("deceasedDateTime")),
        registered_practice=practice,
        last_practice=last_practice,
        addresses=_addresses(resource, today),
        telecoms=tuple(one.value for one in telecoms if one.standing is Standing.CURRENT),
        last_telecoms=tuple(one for one in telecoms if one.standing is not Standing.CURRENT),
        communication=_communication(resource),
        contacts=_contacts(resource, today),
    )


def _security(resource: Json) -> set[str | None]:
    labels = elements.objects(elements.mapping(resource.get("meta")).get("security"))
    return {elements.text(label.get("code")) for label in labels}


def _names(resource: Json, today: date) -> list[Dated[HumanName]]:
    """Those that count, the preferred one first; or else the one that counted last."""
    read = [
        dated(name, entry, today)
        for entry in elements.objects(resource.get("name"))
        for name in elements.human_names(entry)
        if name.family or name.given or name.text
    ]
    counting = [name for name in read if name.counts]
    if counting:
        return sorted(counting, key=_name_order)
    return sorted((name for name in read if name.standing is Standing.ENDED), key=_name_order)[:1]


def _name_order(name: Dated[HumanName]) -> tuple[Any, ...]:
    use = name.value.use
    if name.standing is Standing.ENDED:
        return name.order
    return _NAME_USES.index(use) if use in _NAME_USES else len(_NAME_USES), *name.order


def _addresses(resource: Json, today: date) -> tuple[Dated[Address], ...]:
    """Those that count, home first; and the last known home where none counts."""
    read = [
        dated(_address(entry), entry, today) for entry in elements.objects(resource.get("address"))
    ]
    read = sorted((one for one in read if one.value.as_lines()), key=lambda one: one.order)
    counting = [one for one in read if one.counts]
    if not any(one.value.use == "home" for one in counting):
        ended = [one for one in read if one.standing is Standing.ENDED]
        counting += [one for one in ended if one.value.use in {"home", "old"}][:1]
    return tuple(sorted(counting, key=lambda one: one.value.use != "home"))


def _address(entry: Json) -> Address:
    """In its parts where PDS's own order of lines gives them; otherwise its lines alone."""
    address = elements.address(entry)
    lines = entry.get("line")
    if address.city or not isinstance(lines, list) or len(lines) != _TOWN + 2:
        return address
    town, county = elements.text(lines[_TOWN]), elements.text(lines[_TOWN + 1])
    if town is None:
        return address
    return Address(
        lines=elements.texts(lines[:_TOWN]),
        city=town,
        district=county,
        postcode=address.postcode,
        country=address.country,
        use=address.use,
    )


def _telecoms(value: object, today: date) -> list[Dated[ContactPoint]]:
    """Those that count; and the last known telephone number where none does."""
    read = [
        dated(_contact_point(point, entry), entry, today)
        for entry in elements.objects(value)
        for point in elements.contact_points(entry)
    ]
    counting = [one for one in read if one.counts]
    if not any(one.value.system == "phone" for one in counting):
        ended = [
            one
            for one in sorted(read, key=lambda one: one.order)
            if one.standing is Standing.ENDED and one.value.system == "phone"
        ]
        counting += ended[:1]
    return counting


def _contact_point(point: ContactPoint, entry: Json) -> ContactPoint:
    for extension in elements.objects(entry.get("extension")):
        coding = elements.mapping(extension.get("valueCoding"))
        if str(extension.get("url")).endswith(_OTHER_SYSTEM) and coding.get("code") == "textphone":
            return ContactPoint("textphone", point.value, point.use)
    return point


def _communication(resource: Json) -> Communication:
    for extension in elements.objects(resource.get("extension")):
        if str(extension.get("url")).endswith(_COMMUNICATION):
            return people.communication(extension)
    return Communication()


def _contacts(resource: Json, today: date) -> tuple[Contact, ...]:
    entries = elements.objects(resource.get("contact"))
    return people.contacts([entry for entry in entries if dated(None, entry, today).counts])


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


def _practices(resource: Json, today: date) -> tuple[str | None, str | None]:
    """The ODS codes of the registered practice and, where there is none, of the last one."""
    read = [
        dated(code, identifier, today)
        for practice in elements.objects(resource.get("generalPractitioner"))
        for identifier in [elements.mapping(practice.get("identifier"))]
        if (code := elements.text(identifier.get("value")))
    ]
    read.sort(key=lambda one: one.order)
    for one in read:
        if one.counts:
            return one.value, None
        if one.standing is Standing.ENDED:
            return None, one.value
    return None, None

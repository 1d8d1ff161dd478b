"""What PDS said of a patient, as an encounter keeps it: JSON, read tolerantly. [PDS-2, PDS-9]

Rows of earlier versions lack some of it: what is not there reads as not given.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from gpconnect.demographics import Dated, Standing, TracedPatient
from gpconnect.models import (
    Address,
    Communication,
    Contact,
    ContactPoint,
    HumanName,
    PartialDate,
    Patient,
    RegistrationDetails,
)

Trace = Mapping[str, Any]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class TracedName:
    """The preferred name as PDS gave it; parts that it did not give are empty.

    `text` is the whole name, where PDS gave it in one. `ended`: PDS has no current name, and
    this is the last known one.
    """

    family: str
    given: tuple[str, ...]
    title: str
    text: str = ""
    ended: bool = False


def written(traced: TracedPatient, superseded_numbers: set[str]) -> dict[str, Any]:
    """The trace as it is kept; `superseded_numbers`: those that are not theirs any more."""
    name = traced.official_name or HumanName()
    home = traced.address
    telephones = [point for point in traced.telecoms if point.system == "phone"]
    return {
        "family": name.family or "",
        "given": list(name.given),
        "title": " ".join(name.prefix),
        "name_text": name.text or "",
        "name_ended": traced.name_standing is Standing.ENDED,
        "names": [asdict(each) for each in traced.names],
        "superseded_numbers": sorted(superseded_numbers),
        "gender": traced.gender or "",
        "birth_date": traced.birth_date.isoformat() if traced.birth_date else "",
        "born": str(traced.born or ""),
        "deceased": traced.deceased,
        "died": str(traced.died or ""),
        "registered_practice": traced.registered_practice or "",
        "last_practice": traced.last_practice or "",
        "address": list(home.as_lines()) if home else [],
        "home_address": asdict(home) if home else None,
        "addresses": [_written_dated(one) for one in traced.addresses],
        "telephones": [point.value for point in telephones],
        "telecoms": [asdict(point) for point in traced.telecoms],
        "last_telecoms": [_written_dated(one) for one in traced.last_telecoms],
        "communication": asdict(traced.communication),
        "contacts": [asdict(contact) for contact in traced.contacts],
    }


def details(patient: Patient) -> dict[str, Any]:
    """What a practice's record says besides who it is, as it is kept. [READ-2]"""
    registration = patient.registration
    return {
        "registration": {
            "type": registration.type,
            "status": registration.status,
            "since": str(registration.since or ""),
            "until": str(registration.until or ""),
        },
        "communication": asdict(patient.communication),
        "contacts": [asdict(contact) for contact in patient.contacts],
        "number_status": patient.number_status,
    }


def registration(kept: Mapping[str, Any] | None) -> RegistrationDetails:
    """The registration of `details`; of a row of an earlier version, nothing."""
    if not kept:
        return RegistrationDetails()
    since, until = PartialDate.read(kept["since"]), PartialDate.read(kept["until"])
    return RegistrationDetails(kept["type"], kept["status"], since, until)


def name(trace: Trace) -> TracedName:
    """The preferred name."""
    return TracedName(
        trace.get("family") or "",
        tuple(trace.get("given") or ()),
        trace.get("title") or "",
        trace.get("name_text") or "",
        bool(trace.get("name_ended")),
    )


def names(trace: Trace) -> tuple[HumanName, ...]:
    """Every current name, to compare a practice's record with. [PDS-6]"""
    if "names" in trace:
        return tuple(human_name(kept) for kept in trace["names"])
    known = name(trace)
    return (HumanName("official", known.family or None, known.given),) if known.family else ()


def born(trace: Trace) -> PartialDate | None:
    """The birth date, as far as PDS has it."""
    return PartialDate.read(trace.get("born") or trace.get("birth_date"))


def addresses(trace: Trace) -> tuple[Dated[Address], ...]:
    """Every address to show, each with whether it counts; one without a use is of no known kind."""
    if "addresses" in trace:
        return tuple(_read_dated(kept, address) for kept in trace["addresses"])
    home = trace.get("home_address")
    return (Dated(address(home), Standing.CURRENT),) if home else ()


def last_telecoms(trace: Trace) -> tuple[Dated[ContactPoint], ...]:
    """Telephone numbers and the like that do not certainly count any more."""
    return tuple(
        _read_dated(kept, lambda value: ContactPoint(**value))
        for kept in trace.get("last_telecoms", ())
    )


def communication(trace: Trace) -> Communication:
    """Language and interpreter need."""
    return Communication(**trace.get("communication", {}))


def contacts(kept: Any) -> tuple[Contact, ...]:
    """Contacts as `asdict` wrote them."""
    return tuple(
        Contact(
            each["relation"],
            human_name(each["name"]) if each["name"] else None,
            tuple(ContactPoint(**point) for point in each["telecoms"]),
        )
        for each in kept or ()
    )


def human_name(kept: Mapping[str, Any]) -> HumanName:
    """A name as `asdict` wrote it."""
    lists = {"given": tuple(kept["given"]), "prefix": tuple(kept["prefix"])}
    return HumanName(**{**kept, **lists})


def address(kept: Mapping[str, Any]) -> Address:
    """An address as `asdict` wrote it."""
    return Address(**{**kept, "lines": tuple(kept["lines"])})


def _written_dated(one: Dated[Any]) -> dict[str, Any]:
    return {
        "value": asdict(one.value),
        "standing": one.standing.value,
        "since": str(one.since or ""),
        "until": str(one.until or ""),
    }


def _read_dated(kept: Mapping[str, Any], read: Callable[[Any], Value]) -> Dated[Value]:
    return Dated(
        read(kept["value"]),
        Standing(kept["standing"]),
        PartialDate.read(kept["since"]),
        PartialDate.read(kept["until"]),
    )

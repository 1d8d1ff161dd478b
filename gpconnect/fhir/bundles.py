"""The resources of a bundle, by type and id; never by `fullUrl`. [RES-2]"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from gpconnect.fhir import elements
from gpconnect.fhir.elements import Json, Unreadable

Value = TypeVar("Value")


class HasId(Protocol):
    """A value of a resource, with its logical id."""

    @property
    def id(self) -> str: ...


Identified = TypeVar("Identified", bound=HasId)

_KINDS: Final = {
    "Appointment": "an appointment",
    "HealthcareService": "a service",
    "Location": "a location",
    "Organization": "an organisation",
    "Patient": "a patient",
    "Practitioner": "a practitioner",
    "Schedule": "a schedule",
    "Slot": "a slot",
}


@dataclass(slots=True)
class Resources:
    """A bundle's resources, and in words what could not be read of them. [SFS-10]"""

    by_kind: dict[str, list[Json]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)  # sentence: how often

    def of(self, kind: str) -> list[Json]:
        return self.by_kind.get(kind, [])

    def read(self, kind: str, reader: Callable[[Json], Value]) -> Iterator[Value]:
        """Each resource of a kind that can be read; the others become faults."""
        for resource in self.of(kind):
            try:
                yield reader(resource)
            except Unreadable as fault:
                self.fault(f"{_KINDS[kind]} {fault}")

    def by_id(self, kind: str, reader: Callable[[Json], Identified]) -> dict[str, Identified]:
        """Each readable resource of a kind by its id; two different ones of one id are neither."""
        found: dict[str, Identified] = {}
        contradicted: set[str] = set()
        for each in self.read(kind, reader):
            if found.setdefault(each.id, each) != each and each.id not in contradicted:
                contradicted.add(each.id)
                self.fault(f"{_KINDS[kind]} that another contradicts")
        return {key: each for key, each in found.items() if key not in contradicted}

    def fault(self, sentence: str) -> None:
        self.faults[sentence] = self.faults.get(sentence, 0) + 1

    def fault_sentences(self) -> tuple[str, ...]:
        return tuple(
            f"The practice sent something unreadable: {said} ({times} times)."
            if times > 1
            else f"The practice sent something unreadable: {said}."
            for said, times in self.faults.items()
        )


def resources(bundle: Json) -> Resources:
    """The resources of a searchset bundle; whatever is wrong with one, the others are there."""
    found = Resources()
    entries: Any = bundle.get("entry", [])
    if not isinstance(entries, list):
        entries = [entries]
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            resource = elements.mapping(elements.mapping(entry).get("resource"))
        kind = resource.get("resourceType")
        if isinstance(kind, str) and kind in _KINDS:
            found.by_kind.setdefault(kind, []).append(resource)
        elif kind == "OperationOutcome":
            found.fault("an error among the results")
        elif not isinstance(kind, str):
            found.fault("an entry that is no resource")
    if any(link.get("relation") == "next" for link in elements.objects(bundle.get("link"))):
        found.fault("only the first part of the results")
    return found

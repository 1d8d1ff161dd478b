"""What is registered with the Spine's directory, whichever way it is asked. [SDS-1, SDS-4]"""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.practices import Misregistered, Spine


@dataclass(frozen=True, slots=True)
class Registration:
    """An organisation's records under one party key.

    `service_roots` has one element for each message handling record (None where the record lacks
    the address); consumers have no such records. `asids` has one for each accredited system.
    """

    ods: str
    party_key: str
    service_roots: tuple[str | None, ...]
    asids: tuple[str, ...]


def registrations(spine: Spine) -> tuple[Registration, ...]:
    """Every organisation's records, the wrong ones as wrong as they are."""
    return tuple(_all(spine))


def _all(spine: Spine) -> Iterator[Registration]:
    for practice in spine.practices:
        yield Registration(
            practice.ods, practice.party_key, (practice.service_root,), (practice.asid,)
        )
    for consumer in spine.consumers:
        yield Registration(consumer.ods, consumer.party_key, (), (consumer.asid,))
    for wrong in spine.misregistered:
        yield Registration(wrong.ods, wrong.party_key, _service_roots(wrong), _asids(wrong))


def _service_roots(wrong: Misregistered) -> tuple[str | None, ...]:
    service_root = f"https://provider.sandbox.test/{wrong.ods}/STU3/1/gpconnect"
    if wrong.fault == "no address":
        return (None,)
    if wrong.fault == "two endpoints":
        return service_root, service_root + "/old"
    return (service_root,)


def _asids(wrong: Misregistered) -> tuple[str, ...]:
    if wrong.fault == "no system":
        return ()
    if wrong.fault == "two systems":
        return wrong.asid, f"{int(wrong.asid) + 500}"
    return (wrong.asid,)

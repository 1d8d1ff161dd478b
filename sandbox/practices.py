"""Who is who on this sandbox's Spine: consumers, practices, their clinicians, places and rotas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from typing import Any

from sandbox.flavours import Flavour
from sandbox.ids import logical_id

DATA = Path(__file__).parent / "data"

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, without the elements that are not known."""

    lines: tuple[str, ...]
    city: str
    district: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """An organisation whose staff may ask, with its own accredited system (ASID)."""

    ods: str
    name: str
    type: str
    asid: str
    party_key: str
    issuer: str
    no_agreement_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A surgery building of a practice."""

    id: str
    name: str
    telephone: str
    address: Address


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another organisation that a practice has on record, perhaps more than once."""

    id: str
    ods: str
    name: str
    telephone: str
    address: Address


@dataclass(frozen=True, slots=True)
class Clinician:
    """A practitioner; some practices do not record the gender, some give several roles."""

    id: str
    prefix: str
    given: tuple[str, ...]
    family: str
    gender: str | None
    role: str
    sds_user_id: str
    also: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # codes of `data/languages.json`


@dataclass(frozen=True, slots=True)
class Session:
    """A kind of session in the appointment book, and who may book its slots.

    `share` is the part of its slots that is open to GP Connect; `opens_days` and
    `closes_minutes` are the booking window; `offset` "wrong" writes times with an offset that
    London does not have on the date, as a misconfigured practice does.
    """

    key: str
    name: str
    begins: time
    ends: time
    minutes: int
    channel: str
    slot_types: tuple[str, ...]
    share: float
    only_type: str | None = None
    only_codes: tuple[str, ...] = ()
    opens_days: int | None = None
    closes_minutes: int | None = None
    offset: str = "right"


@dataclass(frozen=True, slots=True)
class RotaLine:
    """A session that a clinician (or nobody in particular) holds on certain weekdays."""

    number: int
    weekdays: frozenset[int]
    clinician: Clinician | None
    place: Place
    session: Session
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the Directory of Services, and the names of the sessions linked to it."""

    id: str
    name: str
    dos_id: str
    sessions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Denial:
    """A use case that a practice has switched off for an organisation. [ERR-2]"""

    organisation: str
    use_case: str
    code: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A GP practice, its rules, and the flavour of its supplier's system."""

    ods: str
    name: str
    asid: str
    party_key: str
    service_root: str
    telephone: str
    address: Address
    flavour: Flavour
    places: tuple[Place, ...]
    clinicians: tuple[Clinician, ...]
    rota: tuple[RotaLine, ...]
    limits: Mapping[str, int] | None = None  # slots a day that one organisation may hold
    denials: tuple[Denial, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def organisation_id(self) -> str:
        """The logical id of the practice's own Organization resource."""
        return logical_id(self.flavour.ids, self.ods, "organization", 14)

    def place(self, place_id: str) -> Place | None:
        """The place with this logical id, or None."""
        return next((place for place in self.places if place.id == place_id), None)

    def clinician(self, clinician_id: str) -> Clinician | None:
        """The clinician with this logical id, or None."""
        return next((one for one in self.clinicians if one.id == clinician_id), None)

    def service(self, service_id: str) -> Service | None:
        """The service with this logical id that it tells of, or None."""
        return next((one for one in self._told if one.id == service_id), None)

    def service_of(self, session: str) -> Service | None:
        """The service that it links a session to and tells of, or None."""
        return next((one for one in self._told if session in one.sessions), None)

    @property
    def _told(self) -> tuple[Service, ...]:
        return self.services if self.flavour.has_services else ()

    def denies(self, organisation: str, use_case: str) -> str | None:
        """The error code of a use case that is switched off for the organisation, or None."""
        return next(
            (
                denial.code
                for denial in self.denials
                if (denial.organisation, denial.use_case) == (organisation, use_case)
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Misregistered:
    """An organisation whose directory records are wrong in one way. [SDS-4]

    `fault` is "two endpoints", "no address", "two systems" or "no system".
    """

    ods: str
    asid: str
    party_key: str
    fault: str


@dataclass(frozen=True, slots=True)
class Spine:
    """Everything that is registered: the data files as typed, immutable records."""

    consumers: tuple[Consumer, ...]
    practices: tuple[Practice, ...]
    misregistered: tuple[Misregistered, ...]
    roles: Mapping[str, tuple[str, str]]

    def practice(self, ods: str) -> Practice | None:
        """The practice with this ODS code, or None."""
        return next((one for one in self.practices if one.ods == ods), None)

    def practice_with_asid(self, asid: str) -> Practice | None:
        """The practice whose system has this ASID, or None."""
        return next((one for one in self.practices if one.asid == asid), None)

    def consumer_with_asid(self, asid: str) -> Consumer | None:
        """The consumer organisation whose system has this ASID, or None."""
        return next((one for one in self.consumers if one.asid == asid), None)

    def consumer(self, ods: str) -> Consumer | None:
        """The consumer organisation with this ODS code, or None."""
        return next((one for one in self.consumers if one.ods == ods), None)

    def with_practice(self, practice: Practice) -> "Spine":
        """The same with this in place of the practice that has its ODS code."""
        practices = (practice if one.ods == practice.ods else one for one in self.practices)
        return replace(self, practices=tuple(practices))


def load() -> Spine:
    """Read `data/practices.json` and `data/sessions.json`."""
    kinds = json.loads((DATA / "sessions.json").read_text("utf-8"))
    registered = json.loads((DATA / "practices.json").read_text("utf-8"))
    sessions = {key: _session(key, raw) for key, raw in kinds["sessions"].items()}
    return Spine(
        consumers=tuple(_consumer(raw) for raw in registered["consumers"]),
        practices=tuple(_practice(raw, sessions) for raw in registered["practices"]),
        misregistered=tuple(Misregistered(**raw) for raw in registered["misregistered"]),
        roles={key: (code, display) for key, (code, display) in kinds["roles"].items()},
    )


def _consumer(raw: dict[str, Any]) -> Consumer:
    without = frozenset(raw.pop("no_agreement_with", ()))
    return Consumer(**raw, no_agreement_with=without)


def _session(key: str, raw: dict[str, Any]) -> Session:
    return Session(
        key=key,
        name=raw.pop("name"),
        begins=time.fromisoformat(raw.pop("from")),
        ends=time.fromisoformat(raw.pop("to")),
        slot_types=tuple(raw.pop("slot_types")),
        only_codes=tuple(raw.pop("only_codes", ())),
        **raw,
    )


def _practice(raw: dict[str, Any], sessions: Mapping[str, Session]) -> Practice:
    flavour, ods = Flavour(**raw.pop("flavour")), raw["ods"]
    places = {
        place.pop("key"): Place(
            id=logical_id(flavour.ids, ods, "location", 17 + number),
            address=_address(place.pop("address")),
            **place,
        )
        for number, place in enumerate(raw.pop("locations"))
    }
    clinicians = {
        one.pop("key"): Clinician(
            id=logical_id(flavour.ids, ods, "practitioner", 2 + number),
            given=tuple(one.pop("given")),
            gender=one.pop("gender", None),
            also=tuple(one.pop("also", ())),
            languages=tuple(one.pop("languages", ())),
            **one,
        )
        for number, one in enumerate(raw.pop("practitioners"))
    }
    rota = tuple(
        RotaLine(
            number=number,
            weekdays=_weekdays(line["days"]),
            clinician=clinicians.get(line["who"]),
            place=places[line["where"]],
            session=sessions[line["session"]],
            roles=_roles(line, clinicians),
        )
        for number, line in enumerate(raw.pop("rota"))
    )
    return Practice(
        address=_address(raw.pop("address")),
        flavour=flavour,
        neighbours=tuple(
            Neighbour(
                id=logical_id(flavour.ids, ods, "organization", 15 + number),
                address=_address(each.pop("address")),
                **each,
            )
            for number, each in enumerate(raw.pop("neighbours", ()))
        ),
        services=tuple(
            Service(
                id=logical_id(flavour.ids, ods, "healthcareservice", 15 + number),
                sessions=frozenset(sessions[key].name for key in each.pop("sessions")),
                **each,
            )
            for number, each in enumerate(raw.pop("services", ()))
        ),
        denials=tuple(Denial(**denial) for denial in raw.pop("denials", ())),
        places=tuple(places.values()),
        clinicians=tuple(clinicians.values()),
        rota=rota,
        **raw,
    )


def _roles(line: dict[str, str], clinicians: Mapping[str, Clinician]) -> tuple[str, ...]:
    if line.get("role") == "absent":
        return ()
    clinician = clinicians.get(line["who"])
    return (clinician.role, *clinician.also) if clinician else ("nurse",)


def _address(raw: dict[str, Any]) -> Address:
    return Address(tuple(raw["lines"]), raw["city"], raw["district"], raw["postcode"])


def _weekdays(text: str) -> frozenset[int]:
    first, _, last = text.partition("-")
    if last:
        return frozenset(range(DAYS.index(first), DAYS.index(last) + 1))
    return frozenset(DAYS.index(day) for day in text.split(","))

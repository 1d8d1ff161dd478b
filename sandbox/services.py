"""What the simulated services share: the registers, the practices' state, faults, exchanges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sandbox import calendar, clock, london, people, practices, seeding
from sandbox.access_tokens import AccessTokens
from sandbox.exchanges import Recorder
from sandbox.faults import Faults
from sandbox.identities import Identities
from sandbox.late_work import LateWork
from sandbox.people import Person
from sandbox.practices import Spine
from sandbox.store import Store


@dataclass(slots=True)
class Services:
    """The sandbox's world. `population` is by NHS number, and so is `pds_records`: what PDS
    answers of a patient instead of what is made of the population."""

    spine: Spine
    store: Store
    seed: int
    people: tuple[Person, ...]
    population: Mapping[str, Person]
    faults: Faults
    access_tokens: AccessTokens
    identities: Identities
    recorder: Recorder = field(default_factory=Recorder)
    late_work: LateWork = field(default_factory=LateWork)
    seeded_on: date | None = None
    pds_records: dict[str, dict[str, Any]] = field(default_factory=dict)
    registered: Spine = field(init=False)

    def __post_init__(self) -> None:
        self.registered = self.spine

    def reset(self, now: datetime | None = None) -> None:
        """Back to the seeded state of today: no faults, no exchanges, no bookings but seeded ones.

        The clock is the real one again, or begins at `now`. The state is made anew for another
        day than the last, and otherwise copied: tests reset often.
        """
        if now is None:
            clock.set_back()
        else:
            clock.set_to(now)
        self.spine = self.registered
        self.faults.clear()
        self.identities.back()
        self.pds_records.clear()
        self.late_work.give_up()
        self.recorder.forget()
        if self.seeded_on == london.today():
            self.store.restore_copy()
            return
        seeding.fill(self.store, self.spine, self.people, self.seed)
        self.store.keep_copy()
        self.seeded_on = london.today()


def open_services(state: Path, certificates: Path, seed: int) -> Services:
    """Open the state directory: fill it the first time, extend its calendar every other time.

    State that is there keeps the seed that it was made from.
    """
    state.mkdir(parents=True, exist_ok=True)
    store = Store(state / "sandbox.sqlite3")
    kept_seed = store.seed()
    seed = seed if kept_seed is None else kept_seed
    spine = practices.load()
    population = people.population(spine.practices, seed)
    if kept_seed is None:
        seeding.fill(store, spine, population, seed)
    else:
        calendar.extend(store, spine.practices)
    access_tokens = AccessTokens()
    return Services(
        spine=spine,
        store=store,
        seed=seed,
        people=population,
        population={person.nhs_number: person for person in population},
        faults=Faults(seed),
        access_tokens=access_tokens,
        identities=Identities(certificates, access_tokens),
    )

"""The sandbox's population: a cast with something to show, and a few hundred invented patients.

Family names are put together from syllables so that no ordinary prose contains them: a test can
search logs for them. NHS numbers are from the synthetic range 999; telephone numbers are from
Ofcom's ranges for drama; addresses are in towns and postcode areas that do not exist.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

from sandbox.practices import DATA, Address, Practice

_FAMILY_HEADS = (
    "Abzel", "Blaxon", "Cwenth", "Drazzik", "Eddlef", "Fyrran", "Glozzen", "Hvorst", "Ixmere",
    "Jorvell", "Kwillan", "Lozenth", "Mzalick", "Nyvorr", "Obbrax", "Pfenwar", "Qintrel",
    "Rhozzim", "Sklaven", "Tzimmer", "Uvlorr", "Vexhall", "Wyrzen", "Xandrel", "Yblorn", "Zwethan",
)  # fmt: skip
_FAMILY_TAILS = (
    "dyke", "fleur", "garth", "hurst", "ikov", "ksby", "lund", "mayne", "nuxley", "ovitz",
    "pomfrey", "quell", "rossiter", "sköld", "thwaite", "unwin", "vaux", "wold", "zetti",
)  # fmt: skip
_GIVEN = {
    "female": (
        "Aveline", "Blythe", "Clemency", "Delphine", "Elspeth", "Farzana", "Gwenllian", "Hestia",
        "Imelda", "Jacinta", "Keziah", "Lavinia", "Mirabel", "Nuala", "Olwen", "Parveen",
        "Rosamund", "Shanthi", "Tabitha", "Ursula", "Verena", "Wilhelmina", "Xanthe", "Ysolde",
    ),
    "male": (
        "Aurelio", "Bertrand", "Crispin", "Dafydd", "Emrys", "Florian", "Gethin", "Horatio",
        "Idris", "Jarlath", "Kwabena", "Lachlan", "Montague", "Nikolai", "Osric", "Piers",
        "Quentin", "Rafferty", "Septimus", "Tarquin", "Ulric", "Valentine", "Wojciech", "Yusuf",
    ),
}  # fmt: skip
_STREETS = (
    "Larkrise Avenue", "Tanyard Row", "Coldharbour Crescent", "Beacon Terrace", "Weir Cottages",
    "Orchard Bank", "Foundry Street", "Priory Gardens", "Windmill Rise", "Lantern Lane",
)  # fmt: skip
_PER_PRACTICE = 40


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person: what PDS knows, what practices hold, and what the person shows.

    `practice` is the registered practice at PDS ("" for none); `at` says how each practice holds
    the person (active, inactive, sensitive, deceased, no-consent); `local` is what a practice has
    recorded differently; `pds` is the state of the PDS record; `twice` names the practices that
    have two records of the person.
    """

    nhs_number: str
    family: str
    given: tuple[str, ...]
    prefix: str
    gender: str
    birth_date: date
    practice: str
    pds: str
    at: Mapping[str, str]
    note: str
    address: Address
    telephones: Mapping[str, str]
    email: str | None = None
    superseded_by: str | None = None
    usual: Mapping[str, Any] | None = None
    contact: Mapping[str, Any] | None = None
    branch: bool = False
    local: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    appointments: tuple[Mapping[str, Any], ...] = ()
    twice: frozenset[str] = frozenset()

    def as_held_by(self, ods: str) -> "Person":
        """The person as this practice has recorded them."""
        changes = dict(self.local.get(ods, {}))
        if "given" in changes:
            changes["given"] = tuple(changes["given"])
        if "birth_date" in changes:
            changes["birth_date"] = date.fromisoformat(changes["birth_date"])
        return replace(self, **changes)


def is_valid_nhs_number(number: str) -> bool:
    """Whether the text is ten digits with the right check digit (modulus 11)."""
    if not (len(number) == 10 and number.isascii() and number.isdigit()):
        return False
    return _check_digit(number[:9]) == int(number[9])


def population(practices: tuple[Practice, ...], seed: int) -> tuple[Person, ...]:
    """The cast and the invented patients; the same people for the same seed."""
    dice = Random(seed)
    towns = {practice.ods: practice for practice in practices}
    cast = tuple(_from_cast(raw, towns, dice) for raw in _cast())
    return (*cast, *_invented(practices, dice))


def _cast() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((DATA / "patients.json").read_text("utf-8"))
    return read


def _from_cast(raw: dict[str, Any], towns: Mapping[str, Practice], dice: Random) -> Person:
    home = towns.get(raw["practice"]) or next(iter(towns.values()))
    given = tuple(raw.pop("given"))
    return Person(
        given=given,
        birth_date=date.fromisoformat(raw.pop("birth_date")),
        appointments=tuple(raw.pop("appointments", ())),
        twice=frozenset(raw.pop("twice", ())),
        address=_address(home, dice),
        telephones=_telephones(dice),
        **raw,
    )


def _invented(practices: tuple[Practice, ...], dice: Random) -> Iterator[Person]:
    families = [head + tail for head in _FAMILY_HEADS for tail in _FAMILY_TAILS]
    dice.shuffle(families)
    numbers = _nhs_numbers(9991)
    for practice in practices:
        for _ in range(_PER_PRACTICE):
            gender = dice.choice(("female", "male"))
            given = tuple(dice.sample(_GIVEN[gender], dice.choice((1, 1, 2))))
            family = families.pop()
            elsewhere = dice.choice(practices).ods if dice.random() < 0.1 else practice.ods
            yield Person(
                nhs_number=next(numbers),
                family=family,
                given=given,
                prefix=dice.choice(("Mrs", "Ms", "Miss") if gender == "female" else ("Mr",)),
                gender=gender,
                birth_date=date.fromordinal(
                    dice.randint(date(1930, 1, 1).toordinal(), date(2020, 12, 31).toordinal())
                ),
                practice=practice.ods,
                pds="ordinary",
                at={practice.ods: "active", elsewhere: "active"},
                note="",
                address=_address(practice, dice),
                telephones=_telephones(dice),
                email=f"{given[0]}.{dice.randint(10, 99)}@example.org".lower()
                if dice.random() < 0.4
                else None,
                branch=len(practice.places) > 1 and dice.random() < 0.3,
            )


def _nhs_numbers(prefix: int) -> Iterator[str]:
    for serial in range(100_000):
        nine = f"{prefix}{serial * 37 % 100_000:05d}"
        check = _check_digit(nine)
        if check is not None:
            yield f"{nine}{check}"


def _check_digit(nine: str) -> int | None:
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(nine))
    check = 11 - total % 11
    return 0 if check == 11 else None if check == 10 else check


def _address(practice: Practice, dice: Random) -> Address:
    outward = practice.address.postcode.split()[0]
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    inward = f"{dice.randint(1, 9)}{dice.choice(letters)}{dice.choice(letters)}"
    street = f"{dice.randint(1, 140)} {dice.choice(_STREETS)}"
    return Address(
        (street,), practice.address.city, practice.address.district, f"{outward} {inward}"
    )


def _telephones(dice: Random) -> dict[str, str]:
    home = f"01632 960{dice.randint(300, 999)}"
    mobile = f"07700 900{dice.randint(0, 999):03d}"
    kinds = dice.random()
    if kinds < 0.5:
        return {"home": home, "mobile": mobile}
    return {"mobile": mobile} if kinds < 0.85 else {"home": home} if kinds < 0.95 else {}

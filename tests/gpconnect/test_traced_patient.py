"""What is read of PDS's record of a patient, element by element, on one day in London."""

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from gpconnect.demographics import TracedPatient
from gpconnect.demographics.patient import traced
from gpconnect.demographics.validity import Standing
from gpconnect.fhir.elements import Unreadable
from gpconnect.models import Address, Communication, ContactPoint

NUMBER: Final = "9658218873"
NOW: Final = datetime(2031, 6, 2, 23, 30, tzinfo=UTC)  # in London it is 3 June
CURRENT: Final[dict[str, Any]] = {"period": {"start": "2031-06-03", "end": "2031-06-03"}}
ENDED: Final[dict[str, Any]] = {"period": {"start": "2020", "end": "2031-06-02"}}
ENDED_BEFORE: Final[dict[str, Any]] = {"period": {"start": "2010", "end": "2019"}}
FUTURE: Final[dict[str, Any]] = {"period": {"start": "2031-06-04"}}
DOUBTFUL: Final[dict[str, Any]] = {"period": {"end": "one day"}}
UK_CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
UNRESTRICTED: Final = {"security": [{"code": "U"}]}


def read(**elements: Any) -> TracedPatient:
    record = {"resourceType": "Patient", "id": NUMBER, "meta": UNRESTRICTED, **elements}
    return traced(record, NUMBER, NOW)


@pytest.mark.requirement("PDS-2")
@pytest.mark.parametrize(
    "wrong",
    [
        {"resourceType": "Person"},
        {"resourceType": None},
        {"id": "9999999991"},
        {"id": None},
        {"id": ""},
    ],
)
def test_what_is_no_patient_with_a_number_is_not_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(**wrong)


@pytest.mark.requirement("PDS-3")
@pytest.mark.parametrize(
    ("labels", "restricted"),
    [
        (["U"], False),
        (["U", "U"], False),
        ([], True),
        ([None], True),
        ([""], True),
        (["u"], True),
        (["R"], True),
        (["V"], True),
        (["REDACTED"], True),
        (["U", "R"], True),
        (["U", None], True),
    ],
)
def test_only_the_one_label_lets_anything_be_seen(
    labels: list[str | None], restricted: bool
) -> None:
    meta = {"security": [{"code": label} for label in labels]}
    patient = read(
        meta=meta,
        name=[{"family": "Smith", **DOUBTFUL}],
        deceasedBoolean=True,
        generalPractitioner=[{"identifier": {"value": "A20047"}}],
    )
    assert patient.restricted is restricted
    assert (patient.official_name is None) is restricted
    assert (patient.registered_practice is None) is restricted
    assert patient.deceased is not restricted
    assert (patient.name_standing is Standing.DOUBTFUL) is not restricted
    assert patient.traced_at == NOW
    assert read(meta=None).restricted


@pytest.mark.requirement("PDS-4")
def test_another_number_than_the_one_asked_for_supersedes_it() -> None:
    for asked, superseded in ((NUMBER, False), ("9324926233", True)):
        for meta in (UNRESTRICTED, {}):
            record = {"resourceType": "Patient", "id": "965 821 8873", "meta": meta}
            patient = traced(record, asked, NOW)
            assert (patient.nhs_number, patient.superseded) == (NUMBER, superseded)


def named(family: str, use: str | None = "usual", **more: Any) -> dict[str, Any]:
    return {"use": use, "family": family, **more}


@pytest.mark.requirement("PDS-2", "PDS-9")
@pytest.mark.parametrize(
    ("names", "families", "shown", "standing"),
    [
        ([], [], None, Standing.CURRENT),
        ([named("A")], ["A"], "A", Standing.CURRENT),
        # The preferred one first, whatever their order; of one use the surest and the latest.
        (
            [
                named("F", "anonymous"), named("E", "nickname"), named("D", "temp"),
                named("C", None), named("B"), named("A", "official"),
            ],
            ["A", "B", "C", "D", "E", "F"], "A", Standing.CURRENT,
        ),
        ([named("B", **DOUBTFUL), named("A", **CURRENT)], ["A", "B"], "A", Standing.CURRENT),
        ([named("A", **DOUBTFUL)], ["A"], "A", Standing.DOUBTFUL),
        (
            [named("B", period={"start": "2000"}), named("A", period={"start": "2001"})],
            ["A", "B"], "A", Standing.CURRENT,
        ),
        # What does not count is left out while another does; the last known stands alone.
        ([named("Z", "old"), named("Y", **ENDED), named("A")], ["A"], "A", Standing.CURRENT),
        ([named("Z", "maiden"), named("A", **FUTURE)], [], "Z", Standing.ENDED),
        ([named("Z", **ENDED_BEFORE), named("Y", "old", **ENDED)], [], "Y", Standing.ENDED),
        ([named("Y", **ENDED), named("Z", "official", **ENDED_BEFORE)], [], "Y", Standing.ENDED),
        ([named("A", **FUTURE)], [], None, Standing.CURRENT),
        # A title alone is no name; a text, a family or a given name alone is one.
        ([{"prefix": ["Mr"]}], [], None, Standing.CURRENT),
        ([{"prefix": ["Mr"]}, named("A")], ["A"], "A", Standing.CURRENT),
    ],
)  # fmt: skip
def test_names_that_count_come_in_their_order(
    names: list[dict[str, Any]], families: list[str], shown: str | None, standing: Standing
) -> None:
    patient = read(name=names)
    assert [name.family for name in patient.names] == families
    official = patient.official_name
    assert (official.family if official else None, patient.name_standing) == (shown, standing)


@pytest.mark.requirement("PDS-9")
@pytest.mark.parametrize("name", [{"text": "Jo Smith"}, {"given": ["Jo"]}, {"family": "Smith"}])
def test_a_name_in_part_is_one(name: dict[str, Any]) -> None:
    assert len(read(name=[name]).names) == 1


@pytest.mark.requirement("PDS-2", "PDS-9")
def test_dates_and_gender_are_read_as_far_as_they_are_given() -> None:
    patient = read(gender="Female", birthDate="1952-05-31")
    assert (patient.gender, patient.birth_date) == ("female", date(1952, 5, 31))
    part = read(birthDate="1952-05")
    assert (str(part.born), part.birth_date) == ("1952-05", None)
    assert (read().born, read().birth_date, read().gender) == (None, None, None)
    assert str(read(deceasedDateTime="2030-10").died) == "2030-10"
    assert read().died is None


def death(code: str, url: str = f"{UK_CORE}DeathNotificationStatus") -> dict[str, Any]:
    part = {
        "url": "deathNotificationStatus",
        "valueCodeableConcept": {"coding": [{"code": code}]},
    }
    return {"extension": [{"url": "other"}, {"url": url, "extension": [part]}]}


@pytest.mark.requirement("PDS-4")
@pytest.mark.parametrize(
    ("elements", "deceased"),
    [
        ({}, False),
        ({"deceasedDateTime": "2030"}, True),
        ({"deceasedDateTime": "unknown"}, True),
        ({"deceasedDateTime": ""}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": "true"}, False),
        (death("1"), True),
        (death("2"), True),
        (death("U"), False),
        (death("3"), False),
        (death("1", f"{UK_CORE}Other"), False),
    ],
)
def test_each_notification_of_a_death_is_believed(elements: dict[str, Any], deceased: bool) -> None:
    assert read(**elements).deceased is deceased


def lives(line: str, use: str | None = "home", **more: Any) -> dict[str, Any]:
    return {"use": use, "line": [line], **more}


@pytest.mark.requirement("PDS-2", "PDS-9")
@pytest.mark.parametrize(
    ("addresses", "kept", "home"),
    [
        ([], [], None),
        ([lives("A")], ["A"], "A"),
        ([lives("B", "temp"), lives("A")], ["A", "B"], "A"),
        ([lives("B", "temp")], ["B"], None),
        ([lives("A", **DOUBTFUL)], ["A"], None),
        ([lives("B", **DOUBTFUL), lives("A", **CURRENT)], ["A", "B"], "A"),
        ([lives("Z", **ENDED), lives("A")], ["A"], "A"),
        ([lives("Z", **ENDED), lives("B", "temp")], ["Z", "B"], None),
        ([lives("Z", **ENDED_BEFORE), lives("Y", **ENDED)], ["Y"], None),
        ([lives("Z", "old")], ["Z"], None),
        ([lives("Z", "temp", **ENDED)], [], None),
        ([lives("Z", "work", **ENDED), lives("Y", **ENDED_BEFORE)], ["Y"], None),
        ([lives("Z", "old", **ENDED), lives("B", "temp")], ["B", "Z"], None),
        ([lives("A", **FUTURE)], [], None),
        ([lives(" ")], [], None),
    ],
)
def test_an_address_that_does_not_count_never_stands_for_home(
    addresses: list[dict[str, Any]], kept: list[str], home: str | None
) -> None:
    patient = read(address=addresses)
    assert [held.value.lines[0] for held in patient.addresses] == kept
    assert (patient.address.lines[0] if patient.address else None) == home


FIVE: Final = ["Flat 2", "1 High Street", "Nearby", "Leeds", "West Yorkshire"]


@pytest.mark.requirement("PDS-9")
@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ({"line": FIVE}, Address(tuple(FIVE[:3]), "Leeds", "West Yorkshire")),
        (
            {"line": FIVE, "postalCode": "LS1 1AA", "country": "England", "use": "temp"},
            Address(tuple(FIVE[:3]), "Leeds", "West Yorkshire", "LS1 1AA", "England", "temp"),
        ),
        (
            {"line": ["", "1 High Street", None, "Leeds", ""]},
            Address(("1 High Street",), "Leeds"),
        ),
        ({"line": FIVE, "city": "York"}, Address(tuple(FIVE), "York")),
        ({"line": FIVE[:4]}, Address(tuple(FIVE[:4]))),
        ({"line": [*FIVE, "England"]}, Address((*FIVE, "England"))),
        ({"line": ["1", "2", "3", "", "5"]}, Address(("1", "2", "3", "5"))),
        ({"line": "1 High Street"}, Address(("1 High Street",))),
        ({"line": "12345"}, Address(("12345",))),
    ],
)
def test_the_town_is_the_fourth_of_five_lines(address: dict[str, Any], parts: Address) -> None:
    [held] = read(address=[address]).addresses
    assert held.value == parts


def rung(value: str, system: str = "phone", **more: Any) -> dict[str, Any]:
    return {"system": system, "value": value, **more}


@pytest.mark.requirement("PDS-2", "PDS-9")
@pytest.mark.parametrize(
    ("telecoms", "current", "others"),
    [
        ([], [], []),
        ([rung("1"), rung("2", **CURRENT)], ["1", "2"], []),
        ([rung("1"), rung("9", **ENDED)], ["1"], []),
        ([rung("1"), rung("8", **DOUBTFUL)], ["1"], ["8"]),
        ([rung("9", **ENDED)], [], ["9"]),
        ([rung("9", **ENDED_BEFORE), rung("8", **ENDED)], [], ["8"]),
        ([rung("a@b", "email"), rung("9", **ENDED)], ["a@b"], ["9"]),
        ([rung("a@b", "email", **ENDED)], [], []),
        ([rung("a@b", "email", **ENDED), rung("9", **ENDED_BEFORE)], [], ["9"]),
        ([rung("8", **DOUBTFUL), rung("9", **ENDED)], [], ["8"]),
        ([rung("1", **FUTURE)], [], []),
    ],
)
def test_a_number_that_has_ended_is_only_the_last_known(
    telecoms: list[dict[str, Any]], current: list[str], others: list[str]
) -> None:
    patient = read(telecom=telecoms)
    assert [point.value for point in patient.telecoms] == current
    assert [held.value.value for held in patient.last_telecoms] == others


@pytest.mark.requirement("PDS-9")
@pytest.mark.parametrize(
    ("extension", "system"),
    [
        (
            {"url": f"{UK_CORE}OtherContactSystem", "valueCoding": {"code": "textphone"}},
            "textphone",
        ),
        ({"url": f"{UK_CORE}OtherContactSystem", "valueCoding": {"code": "minicom"}}, "other"),
        ({"url": f"{UK_CORE}Another", "valueCoding": {"code": "textphone"}}, "other"),
        ({}, "other"),
    ],
)
def test_a_textphone_is_one(extension: dict[str, Any], system: str) -> None:
    point = rung("1", "other", use="home", extension=[{"url": "x"}, extension])
    assert read(telecom=[point]).telecoms == (ContactPoint(system, "1", "home"),)


@pytest.mark.requirement("PDS-9")
def test_how_to_speak_with_the_patient_is_in_its_own_extension() -> None:
    parts = [
        {"url": "language", "valueCodeableConcept": {"coding": [{"code": "cy"}]}},
        {"url": "interpreterRequired", "valueBoolean": True},
    ]
    said: list[dict[str, Any]] = [{"url": "x"}, {"url": f"{UK_CORE}NHSCommunication"}]
    said[1]["extension"] = parts
    assert read(extension=said).communication == Communication("cy", None, True)
    said[1]["url"] = f"{UK_CORE}Another"
    assert read(extension=said).communication == Communication()


@pytest.mark.requirement("PDS-9")
def test_only_people_who_count_are_got_in_touch_with() -> None:
    periods = {"A": CURRENT, "B": DOUBTFUL, "C": {}, "Y": ENDED, "Z": FUTURE}
    contacts = [{"name": {"family": family}, **period} for family, period in periods.items()]
    found = read(contact=contacts).contacts
    assert [contact.name.family for contact in found if contact.name] == ["A", "B", "C"]


def practice(code: str | None, **more: Any) -> dict[str, Any]:
    return {"identifier": {"value": code, **more}}


@pytest.mark.requirement("PDS-2")
@pytest.mark.parametrize(
    ("practices", "registered", "last"),
    [
        ([], None, None),
        ([practice("A1")], "A1", None),
        ([practice("Z1", **ENDED), practice("A1", **CURRENT)], "A1", None),
        ([practice("Z1", **ENDED_BEFORE), practice("Y1", **ENDED)], None, "Y1"),
        ([practice("A1", **FUTURE)], None, None),
        ([practice("A1", **FUTURE), practice("Z1", **ENDED)], None, "Z1"),
        ([practice("B1", **DOUBTFUL), practice("A1")], "A1", None),
        ([practice("B1", **DOUBTFUL)], "B1", None),
        ([practice(None), practice("")], None, None),
    ],
)
def test_a_registration_that_has_ended_is_only_the_last_known(
    practices: list[dict[str, Any]], registered: str | None, last: str | None
) -> None:
    patient = read(generalPractitioner=practices)
    assert (patient.registered_practice, patient.last_practice) == (registered, last)

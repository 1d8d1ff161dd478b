"""The trace and the practice's record are compared as people would compare them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gpconnect.demographics import Difference, TracedPatient, cross_check
from gpconnect.models import HumanName, PartialDate, Patient


def traced(*names: HumanName, **changes: Any) -> TracedPatient:
    made = TracedPatient(
        "9658218873",
        superseded=False,
        restricted=False,
        traced_at=datetime.now(UTC),
        official_name=names[0],
        names=names,
        gender="female",
        born=PartialDate(1952, 5, 31),
    )
    return replace(made, **changes)


def found(name: HumanName | None, **changes: Any) -> Patient:
    made = Patient(
        "2", nhs_number="9658218873", name=name, gender="female", born=PartialDate(1952, 5, 31)
    )
    return replace(made, **changes)


def named(family: str | None, *given: str) -> HumanName:
    return HumanName("official", family, given)


SMITH = named("Smith", "Jo")


@pytest.mark.requirement("PDS-6")
@pytest.mark.parametrize(
    ("at_pds", "at_practice"),
    [
        (named("Smith", "Jo"), named("SMITH", "JO")),
        (named("O'Brien", "Siân"), named("OBRIEN", "Sian")),
        (named("O’Brien", "Zoë"), named("O'Brien", "ZOE")),
        (named("Smith-Jones", "Ann"), named("Smith Jones", "Ann")),
        (named("Nguyễn", "Łucja"), named("Nguyen", "Lucja")),
        (named("Sørensen", "Ægir"), named("Sorensen", "Aegir")),
        (named("Đurić-Œhm", "Guðrún", "Þóra"), named("Duric Oehm", "Gudrun", "Thora")),
        (named(" Smith ", "Mary  Ann"), named("Smith", "Mary", "Ann")),
        (named("Smith", "Mary-Ann"), named("Smith", "Maryann")),
        (named("Smith", "Mary", "Ann", "Louise"), named("Smith", "Mary")),
        (named("Smith", "Mary"), named("Smith", "Mary Ann")),
    ],
)
def test_what_people_take_for_the_same_is_the_same(
    at_pds: HumanName, at_practice: HumanName
) -> None:
    assert cross_check(traced(at_pds), found(at_practice)) == ()


@pytest.mark.requirement("PDS-6")
@pytest.mark.parametrize(
    ("at_practice", "changes", "difference"),
    [
        (named("Smyth", "Jo"), {}, Difference("family", "Smith", "Smyth", True)),
        (named(None, "Jo"), {}, Difference("family", "Smith", None, True)),
        (named("Smith", "Joanna"), {}, Difference("given", "Jo", "Joanna", False)),
        (named("Smith"), {}, Difference("given", "Jo", None, False)),
        (SMITH, {"gender": "male"}, Difference("gender", "female", "male", False)),
        (SMITH, {"gender": None}, Difference("gender", "female", None, False)),
        (
            SMITH,
            {"born": PartialDate(1952, 5, 30)},
            Difference("birth_date", "1952-05-31", "1952-05-30", True),
        ),
        (SMITH, {"born": None}, Difference("birth_date", "1952-05-31", None, True)),
        (
            SMITH,
            {"nhs_number": "9658218881"},
            Difference("nhs_number", "9658218873", "9658218881", True),
        ),
    ],
)
def test_each_difference_is_shown_and_weighed(
    at_practice: HumanName, changes: dict[str, Any], difference: Difference
) -> None:
    assert cross_check(traced(SMITH), found(at_practice, **changes)) == (difference,)


@pytest.mark.requirement("PDS-6", "PDS-2")
def test_any_current_name_at_pds_will_do_and_a_mixture_of_two_will_not() -> None:
    maiden, married = named("Smith", "Joanna"), named("Jones", "Jo")
    both = traced(maiden, married)
    assert cross_check(both, found(married)) == ()
    assert cross_check(both, found(named("Jones", "Joanna"))) == (
        Difference("family", "Smith", "Jones", True),
    )
    assert cross_check(both, found(named("Brown", "Jo"))) == (
        Difference("family", "Smith", "Brown", True),
        Difference("given", "Joanna", "Jo", False),
    )


@pytest.mark.requirement("PDS-6")
@pytest.mark.parametrize("nothing", [None, "", " ", "?", "-"])
def test_what_neither_of_the_two_has_is_not_the_same(nothing: str | None) -> None:
    neither = named(nothing, "Jo")
    [family] = cross_check(traced(neither), found(neither))
    assert (family.field, family.serious) == ("family", True)
    for at_pds, at_practice in ((nothing, None), (None, nothing), ("female", nothing)):
        [gender] = cross_check(traced(SMITH, gender=at_pds), found(SMITH, gender=at_practice))
        assert (gender.field, gender.serious) == ("gender", False)


@pytest.mark.requirement("PDS-6")
def test_a_name_of_one_text_is_shown_where_the_family_name_would_be() -> None:
    whole = HumanName(text="Jo Smith")
    assert cross_check(traced(SMITH), found(whole)) == (
        Difference("family", "Smith", "Jo Smith", True),
        Difference("given", "Jo", None, False),
    )
    assert cross_check(traced(whole), found(SMITH)) == (
        Difference("family", "Jo Smith", "Smith", True),
        Difference("given", None, "Jo", False),
    )


@pytest.mark.requirement("PDS-6")
def test_a_record_without_any_name_differs_in_both() -> None:
    for at_pds, at_practice in (
        (traced(SMITH), None),
        (traced(SMITH, official_name=None, names=()), SMITH),
    ):
        differences = cross_check(at_pds, found(at_practice))
        assert [each.field for each in differences] == ["family", "given"]


@pytest.mark.requirement("PDS-6", "PDS-9")
@pytest.mark.parametrize(
    ("at_pds", "at_practice", "serious"),
    [
        (PartialDate(1952), PartialDate(1952, 5, 31), False),
        (PartialDate(1952, 5), PartialDate(1952, 5, 31), False),
        (PartialDate(1952, 5, 31), PartialDate(1952), False),
        (PartialDate(1952), PartialDate(1952), False),
        (PartialDate(1951), PartialDate(1952, 5, 31), True),
        (PartialDate(1952, 4), PartialDate(1952, 5, 31), True),
        (None, PartialDate(1952, 5, 31), True),
        (None, None, True),
    ],
)
def test_a_part_of_a_birth_date_is_never_the_same(
    at_pds: PartialDate | None, at_practice: PartialDate | None, serious: bool
) -> None:
    [difference] = cross_check(traced(SMITH, born=at_pds), found(SMITH, born=at_practice))
    assert (difference.field, difference.serious) == ("birth_date", serious)

"""Which slots make one appointment: each thing that must hold, alone otherwise. [BOOK-1, BOOK-6]"""

import uuid
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing

from booking_portal.slots.offers import (
    DoubtfulTime,
    NotBookable,
    Offer,
    SlotInThePast,
    SlotsNotAdjacent,
    follows,
    in_order,
    offer_of,
    require_bookable,
    starts_at,
)
from gpconnect import london
from gpconnect.models import (
    Address,
    FreeSlot,
    HealthcareService,
    HumanName,
    Location,
    PracticeTime,
    Practitioner,
)

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
"""10:00 in London."""


def an_offer(starts: str = "10:30", ends: str = "10:40", **otherwise: Any) -> Offer:
    """A bookable one on the day of NOW, in London's summer; times with a date stand as they are."""
    starts, ends = (
        time if "T" in time or not time[:1].isdigit() else f"2026-07-01T{time}:00+01:00"
        for time in (starts, ends)
    )
    whole = {
        "slot_id": f"s{starts}",
        "schedule_id": "monday",
        "slot_type": "Extended",
        "delivery_channel": "In-person",
        "location_id": "17",
    }
    return Offer("A20047", starts=starts, ends=ends, **whole | otherwise)


@pytest.fixture(autouse=True)
def _at_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(london, "now_utc", lambda: NOW)


FIRST, SECOND, THIRD = an_offer(), an_offer("10:40", "10:50"), an_offer("10:50", "11:10")


@pytest.mark.requirement("BOOK-1", "BOOK-6")
def test_what_follows_without_a_gap_is_booked_together_in_its_order() -> None:
    assert FIRST.doubt == ""
    assert require_bookable([FIRST]) == [FIRST]
    assert require_bookable([THIRD, FIRST, SECOND]) == [FIRST, SECOND, THIRD]


@pytest.mark.requirement("BOOK-1", "SFS-6")
@pytest.mark.parametrize(
    ("offer", "refused", "why"),
    [
        (an_offer("10:00"), SlotInThePast, "already started"),
        (an_offer("09:59"), SlotInThePast, "already started"),
        (an_offer("10:00", "10:10"), SlotInThePast, "already started"),
        (an_offer("2026-07-01T10:00:01+01:00"), None, ""),
        (an_offer("10:01"), None, ""),
        (an_offer("10:30", "10:31"), None, ""),
        (an_offer("10:30", "10:30"), DoubtfulTime, "an end that is not after the start"),
        (an_offer("10:30", "10:29"), DoubtfulTime, "an end that is not after the start"),
        (an_offer("some time"), DoubtfulTime, "cannot be read"),
        (an_offer(ends="some time"), DoubtfulTime, "cannot be read"),
        (an_offer("2026-07-01T10:30:00"), DoubtfulTime, "which time zone"),
        (an_offer(ends="2026-07-01T10:40:00"), DoubtfulTime, "which time zone"),
        (
            an_offer("2026-07-01T10:30:00+00:00", "2026-07-01T10:40:00+00:00"),
            DoubtfulTime,
            "booked here",
        ),
        (an_offer(location_id=""), NotBookable, "no location"),
        (an_offer(schedule_id="", slot_type="", delivery_channel=""), None, ""),
    ],
)
def test_each_slot_must_be_sound_to_come_and_somewhere(
    offer: Offer, refused: type[NotBookable] | None, why: str
) -> None:
    if refused is None:
        assert require_bookable([offer]) == [offer]
        return
    with pytest.raises(refused, match=why) as met:
        require_bookable([offer])
    assert type(met.value) is refused
    with pytest.raises(refused):  # one of several
        require_bookable([THIRD, offer])


def test_nothing_chosen_is_nothing_to_book() -> None:
    with pytest.raises(NotBookable, match="Choose a slot"):
        require_bookable([])


@pytest.mark.requirement("BOOK-6")
@pytest.mark.parametrize(
    "otherwise",
    [
        {"practice_ods": "B82617"},
        {"schedule_id": "tuesday"},
        {"schedule_id": ""},
        {"delivery_channel": "Telephone"},
        {"delivery_channel": ""},
        {"slot_type": "Ordinary"},
        {"slot_type": ""},
        {"starts": "2026-07-01T10:41:00+01:00"},
        {"starts": "2026-07-01T10:39:00+01:00"},
        {"starts": "2026-07-02T10:40:00+01:00", "ends": "2026-07-02T10:50:00+01:00"},
    ],
    ids=str,
)
def test_what_is_otherwise_in_one_thing_does_not_follow(otherwise: dict[str, Any]) -> None:
    other = replace(SECOND, **otherwise)
    assert not follows(other, FIRST)
    assert follows(SECOND, FIRST)
    with pytest.raises(SlotsNotAdjacent):
        require_bookable([other, FIRST])


def test_what_may_be_otherwise_does_not_part_them() -> None:
    other = replace(SECOND, practitioner_id="9", location_id="18", schedule_type="Clinic")
    assert follows(other, FIRST)


def test_times_that_are_none_follow_nothing_and_stand_last() -> None:
    unread = an_offer("some time", "later")
    assert not follows(unread, unread)
    assert not follows(unread, FIRST)
    assert not follows(FIRST, unread)
    another = an_offer("a time", "later")
    assert in_order([unread, THIRD, another, FIRST]) == [FIRST, THIRD, another, unread]


@pytest.mark.requirement("SFS-6")
def test_the_hour_that_occurs_twice_is_ordered_by_instant() -> None:
    late, early = (
        an_offer(f"2026-10-25T01:{minute}:00+0{hour}:00", f"2026-10-25T01:59:00+0{hour}:00")
        for minute, hour in (("10", 0), ("50", 1))
    )
    assert in_order([late, early]) == [early, late]
    same = replace(early, starts="2026-10-25T00:50:00+00:00")  # the same moment, written otherwise
    assert in_order([early, same]) == [same, early]


@pytest.mark.parametrize(
    ("starts", "ends", "minutes"),
    [
        ("10:30", "10:40", 10),
        ("10:30", "11:32", 62),
        ("10:30", "2026-07-01T10:40:59+01:00", 10),
        ("10:30", "10:30", None),
        ("10:40", "10:30", None),
        ("some time", "10:30", None),
        ("10:30", "some time", None),
    ],
)
def test_its_length_is_in_whole_minutes_where_it_has_one(
    starts: str, ends: str, minutes: int | None
) -> None:
    assert an_offer(starts, ends).minutes == minutes


@pytest.mark.requirement("SFS-6")
def test_the_start_of_what_is_booked_is_an_instant() -> None:
    assert starts_at(FIRST) == NOW + timedelta(minutes=30)
    with pytest.raises(DoubtfulTime):
        starts_at(an_offer("some time"))


# What pages carry


WHOLE = Offer(**{field.name: field.name for field in fields(Offer)})  # type: ignore[arg-type]
WHOLE = replace(WHOLE, location_address=("12 Albert Square", "London"))
ENCOUNTER, ANOTHER = uuid.uuid4(), uuid.uuid4()


def test_an_offer_comes_back_as_it_was_kept() -> None:
    for offer in (WHOLE, FIRST):
        assert Offer.from_json(offer.as_json()) == offer
        assert Offer.from_signed(offer.signed(ENCOUNTER), ENCOUNTER) == offer
    assert set(WHOLE.as_json()) == {field.name for field in fields(Offer)}
    assert "" not in FIRST.as_json().values()
    assert "location_address" not in FIRST.as_json()


@pytest.mark.requirement("IG-1")
def test_only_what_was_signed_for_this_encounter_is_an_offer() -> None:
    token = WHOLE.signed(ENCOUNTER)
    signer = signing.Signer(salt=f"booking_portal.slots.offer:{ENCOUNTER}")
    for text in (
        WHOLE.signed(ANOTHER),
        token[:-1],
        token.replace(token[5], "x", 1),
        "",
        "no offer",
        signer.sign_object(["A20047", "1"]),  # of another release, which had fewer parts
        signer.sign_object([*token, *token]),
        signer.sign_object(3),
        signer.sign("no JSON"),
    ):
        with pytest.raises(NotBookable, match="from the list again"):
            Offer.from_signed(text, ENCOUNTER)


def test_a_page_of_a_thousand_offers_stays_small() -> None:
    as_it_is = signing.Signer().sign_object(list(WHOLE.as_json().values()))
    assert len(WHOLE.signed(ENCOUNTER)) < len(as_it_is)


@pytest.mark.requirement("SFS-5")
def test_an_offer_has_all_that_the_slot_has() -> None:
    slot = FreeSlot(
        "7",
        PracticeTime.read(FIRST.starts),
        PracticeTime.read(FIRST.ends),
        delivery_channel="Video",
        slot_type="Extended",
        schedule_id="monday",
        schedule_type="Clinic",
        location=Location(
            "17", "The Branch", Address(("12 Albert Square",), "London"), "020 7946 0101"
        ),
        practitioner=Practitioner(
            "2", name=HumanName(family="Legg", given=("Anna",)), gender="female"
        ),
        practitioner_role="Nurse",
        practitioner_role_code="R8000",
        service=HealthcareService("5", name="Dressings"),
    )
    assert offer_of(slot, "A20047", "a system").as_json() == {
        "practice_ods": "A20047",
        "slot_id": "7",
        "starts": FIRST.starts,
        "ends": FIRST.ends,
        "schedule_id": "monday",
        "slot_type": "Extended",
        "schedule_type": "Clinic",
        "delivery_channel": "Video",
        "practitioner_role": "Nurse",
        "practitioner_role_code": "R8000",
        "practitioner_id": "2",
        "practitioner_name": str(HumanName(family="Legg", given=("Anna",))),
        "practitioner_gender": "female",
        "location_id": "17",
        "location_name": "The Branch",
        "location_address": ("12 Albert Square", "London"),
        "location_telephone": "020 7946 0101",
        "system": "a system",
        "service_id": "5",
        "service_name": "Dressings",
    }


@pytest.mark.requirement("SFS-5")
def test_what_the_slot_does_not_say_is_empty_text() -> None:
    times = (PracticeTime.read(FIRST.starts), PracticeTime.read(FIRST.ends))
    bare = Offer("A20047", "7", FIRST.starts, FIRST.ends)
    assert offer_of(FreeSlot("7", *times), "A20047") == bare
    somewhere = FreeSlot("7", *times, location=Location("17"), practitioner=Practitioner("2"))
    assert offer_of(somewhere, "A20047") == replace(bare, location_id="17", practitioner_id="2")


@pytest.mark.requirement("SFS-5")
def test_a_service_is_named_by_the_slot_or_else_by_its_id() -> None:
    times = (PracticeTime.read(FIRST.starts), PracticeTime.read(FIRST.ends))
    for named, known, name in (
        ("Dressings", {"5": "Another"}, "Dressings"),
        (None, {"5": "Dressings", "6": "Another"}, "Dressings"),
        (None, {"6": "Another"}, ""),
        (None, {}, ""),
    ):
        slot = FreeSlot("7", *times, service=HealthcareService("5", name=named))
        offer = offer_of(slot, "A20047", services=known)
        assert (offer.service_id, offer.service_name) == ("5", name)

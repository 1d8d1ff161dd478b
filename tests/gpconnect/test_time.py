"""Times are London's and the practice's, wherever the server's clock is."""

import time
from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from gpconnect import errors, london
from gpconnect.models import PracticeTime, SlotSearch
from tests.gpconnect.conftest import Scripted, Start
from tests.gpconnect.scripted_server import always, http

EMPTY = {"resourceType": "Bundle", "type": "searchset"}


@pytest.fixture(autouse=True, params=["UTC", "America/New_York"])
def zone_of_the_server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Generator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.requirement("SFS-6")
@pytest.mark.parametrize(
    ("written", "shown", "doubtful"),
    [
        ("2026-07-01T09:00:00+01:00", "09:00", False),
        ("2026-12-01T09:00:00+00:00", "09:00", False),
        ("2026-12-01T09:00:00Z", "09:00", False),
        ("2026-12-01T09:00:00.000+00:00", "09:00", False),
        ("2026-12-01T09:00:00+01:00", "09:00", True),
        ("2026-07-01T09:00:00+00:00", "09:00", True),
        ("2026-07-01T08:00:00Z", "08:00", True),
        ("2026-07-01T10:00:00+02:00", "10:00", True),
        ("2026-07-01T09:00:00", "09:00", True),
        ("2026-07-01", "", True),
        ("2026-02-30T09:00:00+00:00", "", True),
        ("9 o'clock", "", True),
        ("", "", True),
        ("0001-01-01T00:00:00+14:00", "", True),
    ],
)
def test_a_practices_time_is_shown_as_written_and_doubted_where_it_is_not_londons(
    written: str, shown: str, doubtful: bool
) -> None:
    read = PracticeTime.read(written)
    assert (read.time_label, read.doubtful, read.written) == (shown, doubtful, written)


@pytest.mark.requirement("SFS-6")
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-10-25T00:59:00+01:00", "00:59"),
        ("2026-10-25T01:00:00+01:00", "01:00 BST"),
        ("2026-10-25T01:59:00+01:00", "01:59 BST"),
        ("2026-10-25T01:00:00+00:00", "01:00 GMT"),
        ("2026-10-25T01:59:00+00:00", "01:59 GMT"),
        ("2026-10-25T02:00:00+00:00", "02:00"),
    ],
)
def test_the_hour_that_occurs_twice_says_which(written: str, shown: str) -> None:
    read = PracticeTime.read(written)
    assert (read.time_label, read.doubtful) == (shown, False)


@pytest.mark.requirement("SFS-6")
@pytest.mark.parametrize("written", ["2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+01:00"])
def test_an_hour_that_spring_leaves_out_is_doubtful(written: str) -> None:
    read = PracticeTime.read(written)
    assert read.doubtful
    assert read.zone_label == ""


@pytest.mark.requirement("SFS-6")
def test_times_compare_by_instant() -> None:
    summer = PracticeTime.read("2026-10-25T01:30:00+01:00")
    winter = PracticeTime.read("2026-10-25T01:15:00+00:00")
    assert summer.instant is not None
    assert winter.instant is not None
    assert summer.instant < winter.instant
    assert summer.instant == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert summer.local_date == date(2026, 10, 25)


@pytest.mark.requirement("IG-6")
def test_at_half_past_midnight_in_summer_today_is_londons() -> None:
    half_past_midnight = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert london.today(half_past_midnight) == date(2026, 7, 1)
    assert london.today(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.requirement("RET-1", "IG-6")
def test_at_half_past_midnight_yesterday_is_past_and_today_is_asked_for(scripted: Start) -> None:
    server = scripted(always(http(EMPTY)))
    server.transport.clock = lambda: datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    with pytest.raises(errors.InvalidRequest):
        server.client.patient_appointments("p1", date(2026, 6, 30), date(2026, 7, 2))
    server.client.patient_appointments("p1", date(2026, 7, 1), date(2026, 7, 2))
    [request] = server.server.received
    assert request.target.endswith("/Patient/p1/Appointment?start=ge2026-07-01&start=le2026-07-02")


def asked(server: Scripted) -> list[tuple[str, str]]:
    """Start and end of every search that arrived, and that each came once."""
    found = []
    for request in server.server.received:
        query = parse_qs(urlsplit(request.target.split("/gpconnect", 1)[1]).query)
        [start], [end] = query["start"], query["end"]
        found.append((start, end))
    return found


@pytest.mark.requirement("SFS-1", "SSP-5")
def test_a_search_across_the_end_of_october_asks_with_the_right_offsets(scripted: Start) -> None:
    server = scripted(always(http(EMPTY)))
    search = SlotSearch(
        datetime(2026, 10, 24, 9, 0, tzinfo=london.LONDON),
        datetime(2026, 10, 26, 17, 0, tzinfo=london.LONDON),
    )
    server.client.search_free_slots(search)
    in_utc = SlotSearch(
        datetime(2026, 10, 24, 8, 0, tzinfo=UTC), datetime(2026, 10, 26, 17, 0, 0, 5, tzinfo=UTC)
    )
    server.client.search_free_slots(in_utc)
    expected = ("ge2026-10-24T09:00:00+01:00", "le2026-10-26T17:00:00+00:00")
    assert asked(server) == [expected, expected]
    raw = server.server.received[0].target
    assert "start=ge2026-10-24T09%3A00%3A00%2B01%3A00" in raw
    assert unquote(raw).count("+01:00") == 1


@pytest.mark.requirement("SFS-1")
def test_a_search_across_the_end_of_march_asks_with_the_right_offsets(scripted: Start) -> None:
    server = scripted(always(http(EMPTY)))
    server.client.search_free_slots(
        SlotSearch(
            datetime(2027, 3, 27, 23, 0, tzinfo=london.LONDON),
            datetime(2027, 3, 28, 23, 0, tzinfo=london.LONDON),
        )
    )
    assert asked(server) == [("ge2027-03-27T23:00:00+00:00", "le2027-03-28T23:00:00+01:00")]


@pytest.mark.requirement("SFS-1")
@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-12-01", "ge2026-12-01T00:00:00+00:00", "le2026-12-02T00:00:00+00:00"),
        ("2027-03-28", "ge2027-03-28T00:00:00+00:00", "le2027-03-29T00:00:00+01:00"),
        ("2026-10-25", "ge2026-10-25T00:00:00+01:00", "le2026-10-26T00:00:00+00:00"),
        ("2026-07-01", "ge2026-07-01T00:00:00+01:00", "le2026-07-02T00:00:00+01:00"),
        ("2026-12-31", "ge2026-12-31T00:00:00+00:00", "le2027-01-01T00:00:00+00:00"),
        ("2028-02-28", "ge2028-02-28T00:00:00+00:00", "le2028-02-29T00:00:00+00:00"),
    ],
)
def test_one_day_is_asked_for_from_midnight_to_midnight_in_the_offset_of_each(
    scripted: Start, day: str, start: str, end: str
) -> None:
    server = scripted(always(http(EMPTY)))
    server.client.search_free_slots(SlotSearch(date.fromisoformat(day), date.fromisoformat(day)))
    assert asked(server) == [(start, end)]


@pytest.mark.requirement("SFS-1", "SFS-4")
def test_fourteen_dates_are_one_request_and_more_are_several_that_overlap_by_a_day(
    scripted: Start,
) -> None:
    server = scripted(always(http(EMPTY)))
    day = date(2026, 10, 20)
    server.client.search_free_slots(SlotSearch(day, day + timedelta(days=13)))
    server.client.search_free_slots(SlotSearch(day, day + timedelta(days=14)))
    server.client.search_free_slots(SlotSearch(day, day + timedelta(days=27)))
    first = ("ge2026-10-20T00:00:00+01:00", "le2026-11-03T00:00:00+00:00")
    assert asked(server) == [
        first,
        first,
        ("ge2026-11-02T00:00:00+00:00", "le2026-11-04T00:00:00+00:00"),
        first,
        ("ge2026-11-02T00:00:00+00:00", "le2026-11-16T00:00:00+00:00"),
        ("ge2026-11-15T00:00:00+00:00", "le2026-11-17T00:00:00+00:00"),
    ]


@pytest.mark.requirement("SFS-4", "SFS-1")
def test_a_long_search_by_time_is_split_at_londons_midnights(scripted: Start) -> None:
    server = scripted(always(http(EMPTY)))
    start = datetime(2026, 10, 20, 18, 0, tzinfo=london.LONDON)
    server.client.search_free_slots(SlotSearch(start, start + timedelta(days=20)))
    assert asked(server) == [
        ("ge2026-10-20T18:00:00+01:00", "le2026-11-03T00:00:00+00:00"),
        ("ge2026-11-02T00:00:00+00:00", "le2026-11-09T18:00:00+00:00"),
    ]


@pytest.mark.requirement("SFS-1")
@pytest.mark.parametrize(
    "search",
    [
        SlotSearch(date(2026, 10, 2), date(2026, 10, 1)),
        SlotSearch(datetime(2026, 10, 2, 9, 0), datetime(2026, 10, 2, 10, 0)),  # noqa: DTZ001
        SlotSearch(date(2026, 10, 2), datetime(2026, 10, 3, tzinfo=UTC)),
        SlotSearch(datetime(2026, 10, 2, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)),
        SlotSearch(date(2026, 10, 2), date.max),
        SlotSearch(datetime(2026, 10, 2, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_search_that_makes_no_sense_is_not_sent(scripted: Start, search: SlotSearch) -> None:
    server = scripted(always(http(EMPTY)))
    with pytest.raises(errors.InvalidRequest):
        server.client.search_free_slots(search)
    assert server.server.received == []

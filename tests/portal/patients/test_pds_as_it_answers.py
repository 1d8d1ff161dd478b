"""What PDS really answers: validity periods, and addresses of every kind. [PDS-9]"""

from typing import Any

import pytest
from django.test import Client

from tests.portal.pages import opened
from tests.portal.pds_records import (
    BORN,
    ELSEWHERE,
    ODS,
    ORDINARY,
    in_days,
    page_of,
    pds_has,
    register_page,
    registers,
    sent_to_register,
    the_way_to_register,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestPeriods:
    """Case 2, and its kind: an entry counts from the first to the last day of its period."""

    @pytest.mark.requirement("PDS-9", "PDS-2")
    def test_next_years_particulars_are_not_this_years(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        later = {"start": in_days(40)}
        now = {"start": "2010-01-01"}
        pds_has(
            spine,
            ELSEWHERE,
            name=[
                {"use": "usual", "family": "Marriedname", "given": ["Ignatius"], "period": later},
                {"use": "usual", "family": "Zelthorpe", "given": ["Ignatius"], "period": now},
            ],
            address=[
                {"use": "home", "period": later, "line": ["1 Not Yet Lane"], "postalCode": "ZZ1"},
                {
                    "use": "home",
                    "period": {**now, "end": in_days(39)},
                    "line": ["9 Now Street", "Oldtown"],
                    "postalCode": "ZZ2 2ZZ",
                },
            ],
            telecom=[
                {"system": "phone", "use": "home", "value": "01632 960777", "period": later},
                {"system": "phone", "use": "mobile", "value": "07700 900111", "period": now},
            ],
            generalPractitioner=[
                {"identifier": {"system": ODS, "value": "A20047", "period": later}},
                {"identifier": {"system": ODS, "value": "C81007", "period": now}},
            ],
        )
        # The sandbox's practice knows her by the name and birth date of its own PDS.
        encounter = opened(signed_in, ELSEWHERE, BORN)
        shown = page_of(signed_in, encounter)
        assert "ZELTHORPE, Ignatius" in shown
        assert "9 Now Street" in shown
        assert "07700 900111" in shown
        for future in ("MARRIEDNAME", "Not Yet Lane", "960777"):
            assert future not in shown
        assert encounter.registered_practice_ods == "C81007"
        counter, _ = the_way_to_register(signed_in, encounter)
        page = register_page(counter)
        assert "ZELTHORPE, Ignatius" in page.text
        assert "9 Now Street" in page.text
        assert "Not Yet Lane" not in page.text

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_a_registration_sends_what_counts_today(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            gender="female",
            name=[
                {
                    "use": "usual",
                    "family": "Later",
                    "given": ["M"],
                    "period": {"start": in_days(1)},
                },
                {"use": "usual", "family": "Pontevrel", "given": ["Marisol"]},
            ],
            address=[
                {"use": "home", "line": ["1 Later Lane"], "period": {"start": in_days(1)}},
                {"use": "home", "line": ["9 Now Street"], "period": {"start": in_days(0)}},
            ],
            telecom=[
                {
                    "system": "phone",
                    "use": "home",
                    "value": "01632 960777",
                    "period": {"end": in_days(-1)},
                },
                {
                    "system": "phone",
                    "use": "mobile",
                    "value": "07700 900111",
                    "period": {"start": "2010", "end": in_days(0)},
                },
            ],
        )
        registers(signed_in, opened(signed_in, ELSEWHERE, "21-09-1969"))
        sent = sent_to_register(spine)
        assert [name["family"] for name in sent["name"]] == ["Pontevrel"]
        assert [place["line"] for place in sent["address"]] == [["9 Now Street"]]
        assert [point["value"] for point in sent["telecom"]] == ["07700 900111"]

    @pytest.mark.requirement("PDS-9")
    def test_what_has_ended_is_the_last_known_where_there_is_no_other(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            name=[
                {
                    "use": "usual",
                    "family": "Formerly",
                    "given": ["Ignatius"],
                    "period": {"start": "2001-01-01", "end": "2019-12-31"},
                }
            ],
            address=[{"use": "home", "line": ["7 Gone Road"], "period": {"end": "2019-03"}}],
            telecom=[{"system": "phone", "value": "01632 960555", "period": {"end": "2018"}}],
            generalPractitioner=[
                {"identifier": {"system": ODS, "value": "A20047", "period": {"end": "2019-12-31"}}}
            ],
        )
        encounter = opened(signed_in, ORDINARY, BORN)
        shown = page_of(signed_in, encounter)
        assert "FORMERLY, Ignatius" in shown
        assert "The last known name" in shown
        assert "Last known home address 7 Gone Road (until Mar-2019)" in shown
        assert "Last known telephone 01632 960555 (until 2018)" in shown
        assert "gives no registered practice" in shown
        assert "The last known one is Dr Legg's Surgery" in shown
        assert encounter.home_address is None
        assert encounter.telecoms == ()
        assert "no current whole name" in shown  # so that nobody is registered by it

    @pytest.mark.requirement("PDS-9")
    @pytest.mark.parametrize("period", [{"start": "soon"}, {"end": "31/12/2030"}, "2010", [1]])
    def test_a_period_that_cannot_be_read_is_no_evidence(
        self, signed_in: Client, spine: Sandbox, period: Any
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[
                {"use": "usual", "family": "Unclear", "given": ["M"], "period": period},
                {"use": "usual", "family": "Pontevrel", "given": ["Marisol"]},
            ],
            address=[{"use": "home", "line": ["3 Unclear Way"], "period": period}],
        )
        encounter = opened(signed_in, ELSEWHERE, "21-09-1969")
        shown = page_of(signed_in, encounter)
        assert "PONTEVREL, Marisol" in shown
        assert "3 Unclear Way (The national record does not say clearly" in shown
        registers(signed_in, encounter)
        assert "address" not in sent_to_register(spine)


class TestAddresses:
    """Case 4, and its kind: what an address is for is never lost between reading and writing."""

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_a_temporary_address_is_shown_and_sent_as_temporary(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            gender="female",
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[
                {
                    "use": "temp",
                    "period": {"start": in_days(-28), "end": in_days(63)},
                    "line": ["Hostel Q", "3 Quay St"],
                    "postalCode": "ZZ3 3ZZ",
                }
            ],
        )
        encounter = opened(signed_in, ELSEWHERE, "21-09-1969")
        shown = page_of(signed_in, encounter)
        assert "Home address Not in the national record" in shown
        assert "Temporary address Hostel Q 3 Quay St ZZ3 3ZZ (until" in shown
        before, _ = registers(signed_in, encounter)
        assert "Home address Not in the national record, and not sent" in before.text
        assert "Temporary address Hostel Q" in before.text
        [place] = sent_to_register(spine)["address"]
        assert (place["use"], place["line"]) == ("temp", ["Hostel Q", "3 Quay St"])

    @pytest.mark.requirement("REG-2")
    def test_what_the_patient_says_takes_the_place_of_a_temporary_one(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[{"use": "temp", "line": ["Hostel Q"]}],
            telecom=[{"system": "phone", "use": "temp", "value": "01632 960111"}],
        )
        encounter = opened(signed_in, ELSEWHERE, "21-09-1969")
        registers(signed_in, encounter, line_1="2 Harbour Row", telephone="01632 960 222")
        sent = sent_to_register(spine)
        assert [(place["use"], place["line"]) for place in sent["address"]] == [
            ("temp", ["2 Harbour Row"])
        ]
        assert [point["value"] for point in sent["telecom"]] == ["01632 960 222"]

    @pytest.mark.requirement("PDS-9", "REG-2")
    @pytest.mark.parametrize(
        ("use", "label"),
        [
            ("billing", "Address for letters"),
            ("work", "Work address"),
            (None, "Address of unknown kind"),
        ],
    )
    def test_no_other_address_is_home(
        self, signed_in: Client, spine: Sandbox, use: str | None, label: str
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[{"line": ["4 Other Court"]} | ({"use": use} if use else {})],
        )
        encounter = opened(signed_in, ELSEWHERE, "21-09-1969")
        assert f"{label} 4 Other Court" in page_of(signed_in, encounter)
        registers(signed_in, encounter)
        assert "address" not in sent_to_register(spine)

    @pytest.mark.requirement("REG-2", "RES-3")
    def test_five_lines_are_read_in_their_parts(self, signed_in: Client, spine: Sandbox) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[
                {
                    "use": "home",
                    "line": ["", "12 Albert Square", "Docks", "Walford", "Eastshire"],
                    "postalCode": "ZZ9 9ZZ",
                }
            ],
        )
        registers(signed_in, opened(signed_in, ELSEWHERE, "21-09-1969"))
        [place] = sent_to_register(spine)["address"]
        assert place == {
            "use": "home",
            "type": "physical",
            "line": ["12 Albert Square", "Docks"],
            "city": "Walford",
            "district": "Eastshire",
            "postalCode": "ZZ9 9ZZ",
        }

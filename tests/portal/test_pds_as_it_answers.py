"""What PDS really answers: periods, partial dates, names and addresses of every kind. [PDS-9]"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.models import Command
from booking_portal.patients.models import Encounter
from gpconnect import london
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Page
from tests.portal.pages import find, opened, text_of, title_of, typed
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

ORDINARY, BORN = "9658218873", "27-11-1962"
ELSEWHERE = "9324926233"  # unknown at A20047
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"


@pytest.fixture
def desk(client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox) -> Client:
    sign_in(client, receptionist)
    return client


def in_days(days: int) -> str:
    return (london.today() + timedelta(days=days)).isoformat()


def pds_has(spine: Sandbox, number: str = ORDINARY, **changes: Any) -> None:
    """An unrestricted patient at PDS; an element of None is left out."""
    record = {
        "resourceType": "Patient",
        "id": number,
        "meta": {"security": [{"code": "U"}]},
        "gender": "male",
        "birthDate": "1962-11-27",
        "name": [{"use": "usual", "family": "Zelthorpe", "given": ["Ignatius"]}],
        **changes,
    }
    spine.pds_answers({name: value for name, value in record.items() if value is not None})


def page_of(client: Client, encounter: Encounter) -> str:
    page = client.get(reverse("encounter", args=[encounter.pk]))
    assert page.status_code == 200
    return text_of(page)


def sent_to_register(spine: Sandbox) -> Any:
    """The patient of the one registration that was sent."""
    [sent] = [
        json.loads(exchange["body"])["parameter"][0]["resource"]
        for exchange in spine.exchanges()
        if exchange["raw_path"].endswith("$gpc.registerpatient")
    ]
    return sent


def the_way_to_register(client: Client, encounter: Encounter) -> tuple[Counter, Page]:
    """To the page that says that the practice has no record of the patient."""
    counter = Counter(client)
    counter.encounter_id = str(encounter.pk)
    counter.searches("A20047")
    return counter, counter.chooses()


def register_page(counter: Counter) -> Page:
    return counter.opens(counter.page.address.split("?")[0] + "register")


def registers(client: Client, encounter: Encounter, **filled_in: str) -> tuple[Page, Page]:
    """The page before registering, and the one after."""
    counter, _ = the_way_to_register(client, encounter)
    before = register_page(counter)
    after = counter.sends(before.form("/register"), description="Knee pain", **filled_in)
    assert after.title.startswith("Registered and booked"), after.text
    return before, after


class TestPeriods:
    """Case 2, and its kind: an entry counts from the first to the last day of its period."""

    @pytest.mark.requirement("PDS-9", "PDS-2")
    def test_next_years_particulars_are_not_this_years(self, desk: Client, spine: Sandbox) -> None:
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
        encounter = opened(desk, ELSEWHERE, BORN)
        shown = page_of(desk, encounter)
        assert "ZELTHORPE, Ignatius" in shown
        assert "9 Now Street" in shown
        assert "07700 900111" in shown
        for future in ("MARRIEDNAME", "Not Yet Lane", "960777"):
            assert future not in shown
        assert encounter.registered_practice_ods == "C81007"
        counter, _ = the_way_to_register(desk, encounter)
        page = register_page(counter)
        assert "ZELTHORPE, Ignatius" in page.text
        assert "9 Now Street" in page.text
        assert "Not Yet Lane" not in page.text

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_a_registration_sends_what_counts_today(self, desk: Client, spine: Sandbox) -> None:
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
        registers(desk, opened(desk, ELSEWHERE, "21-09-1969"))
        sent = sent_to_register(spine)
        assert [name["family"] for name in sent["name"]] == ["Pontevrel"]
        assert [place["line"] for place in sent["address"]] == [["9 Now Street"]]
        assert [point["value"] for point in sent["telecom"]] == ["07700 900111"]

    @pytest.mark.requirement("PDS-9")
    def test_what_has_ended_is_the_last_known_where_there_is_no_other(
        self, desk: Client, spine: Sandbox
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
        encounter = opened(desk, ORDINARY, BORN)
        shown = page_of(desk, encounter)
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
        self, desk: Client, spine: Sandbox, period: Any
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
        encounter = opened(desk, ELSEWHERE, "21-09-1969")
        shown = page_of(desk, encounter)
        assert "PONTEVREL, Marisol" in shown
        assert "3 Unclear Way (The national record does not say clearly" in shown
        registers(desk, encounter)
        assert "address" not in sent_to_register(spine)


class TestAddresses:
    """Case 4, and its kind: what an address is for is never lost between reading and writing."""

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_a_temporary_address_is_shown_and_sent_as_temporary(
        self, desk: Client, spine: Sandbox
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
        encounter = opened(desk, ELSEWHERE, "21-09-1969")
        shown = page_of(desk, encounter)
        assert "Home address Not in the national record" in shown
        assert "Temporary address Hostel Q 3 Quay St ZZ3 3ZZ (until" in shown
        before, _ = registers(desk, encounter)
        assert "Home address Not in the national record, and not sent" in before.text
        assert "Temporary address Hostel Q" in before.text
        [place] = sent_to_register(spine)["address"]
        assert (place["use"], place["line"]) == ("temp", ["Hostel Q", "3 Quay St"])

    @pytest.mark.requirement("REG-2")
    def test_what_the_patient_says_takes_the_place_of_a_temporary_one(
        self, desk: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[{"use": "temp", "line": ["Hostel Q"]}],
            telecom=[{"system": "phone", "use": "temp", "value": "01632 960111"}],
        )
        encounter = opened(desk, ELSEWHERE, "21-09-1969")
        registers(desk, encounter, line_1="2 Harbour Row", telephone="01632 960 222")
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
        self, desk: Client, spine: Sandbox, use: str | None, label: str
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            address=[{"line": ["4 Other Court"]} | ({"use": use} if use else {})],
        )
        encounter = opened(desk, ELSEWHERE, "21-09-1969")
        assert f"{label} 4 Other Court" in page_of(desk, encounter)
        registers(desk, encounter)
        assert "address" not in sent_to_register(spine)

    @pytest.mark.requirement("REG-2", "RES-3")
    def test_five_lines_are_read_in_their_parts(self, desk: Client, spine: Sandbox) -> None:
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
        registers(desk, opened(desk, ELSEWHERE, "21-09-1969"))
        [place] = sent_to_register(spine)["address"]
        assert place == {
            "use": "home",
            "type": "physical",
            "line": ["12 Albert Square", "Docks"],
            "city": "Walford",
            "district": "Eastshire",
            "postalCode": "ZZ9 9ZZ",
        }


class TestPartialBirthDates:
    """Case 3, and its kind: a part of a date is not a wrong date."""

    NAMES = (("family", "Zelthorpe"), ("given", "Ignatius"))

    def find(self, desk: Client, **more: str) -> Any:
        return desk.post(reverse("find-patient"), typed(BORN, nhs_number=ORDINARY, **more))

    @pytest.mark.requirement("PDS-8", "PDS-9")
    @pytest.mark.parametrize("birth_date", ["1962", "1962-11"])
    def test_it_is_said_with_a_way_on(self, desk: Client, spine: Sandbox, birth_date: str) -> None:
        pds_has(spine, birthDate=birth_date)
        page = find(desk, ORDINARY, BORN)
        assert "no full date of birth" in text_of(page)
        assert "does not match" not in text_of(page)
        assert "ZELTHORPE" not in text_of(page).upper()
        assert 'name="family"' in page.content.decode()
        assert 'name="postcode"' not in page.content.decode()
        assert Encounter.objects.count() == 0
        assert Event.objects.filter(kind=EventKind.BLOCKED, nhs_number=ORDINARY).exists()

        page = self.find(desk, **dict(self.NAMES))
        assert page.status_code == 302, text_of(page)
        shown = page_of(desk, Encounter.objects.get())
        year = "Nov-1962" if "-" in birth_date else "1962"
        assert f"Born {year} (no full date in the national record)" in shown
        assert "age" not in shown.split("Gender")[0].split("Born")[1]
        assert "has no full date of birth of the patient, and a registration needs it" in shown

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_without_any_birth_date_the_postcode_is_asked_for_too(
        self, desk: Client, spine: Sandbox
    ) -> None:
        home = {"use": "home", "line": ["9 Now Street"], "postalCode": "ZZ2 2ZZ"}
        pds_has(spine, birthDate=None, address=[home])
        page = find(desk, ORDINARY, BORN)
        assert "family name, first name and postcode" in text_of(page)
        assert 'name="postcode"' in page.content.decode()
        page = self.find(desk, **dict(self.NAMES), postcode="ZZ1 1ZZ")
        assert page.status_code == 200
        assert "do not match the national record" in text_of(page)
        page = self.find(desk, **dict(self.NAMES), postcode="zz2 2zz")
        assert page.status_code == 302
        assert "Born Not given" in page_of(desk, Encounter.objects.get())

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_with_nothing_to_go_by_nobody_is_shown(self, desk: Client, spine: Sandbox) -> None:
        pds_has(spine, birthDate=None)
        page = self.find(desk, **dict(self.NAMES), postcode="ZZ2 2ZZ")
        assert page.status_code == 200
        assert "too little besides to be sure" in text_of(page)
        assert "Ring the practice to book" in text_of(page)
        assert Encounter.objects.count() == 0

    @pytest.mark.requirement("PDS-8", "PDS-9")
    @pytest.mark.parametrize(
        ("born", "family", "given"),
        [
            ("1961", "Zelthorpe", "Ignatius"),
            ("1962-10", "Zelthorpe", "Ignatius"),
            ("1962", "Zelthorp", "Ignatius"),
            ("1962", "Zelthorpe", "Paul"),
        ],
    )
    def test_what_disagrees_shows_nothing(
        self, desk: Client, spine: Sandbox, born: str, family: str, given: str
    ) -> None:
        pds_has(spine, birthDate=born)
        page = self.find(desk, family=family, given=given)
        assert page.status_code == 200
        assert "match" in text_of(page)
        assert "Ignatius" not in text_of(page)
        assert Encounter.objects.count() == 0

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_somebody_with_one_name_is_known_by_it_and_the_postcode(
        self, desk: Client, spine: Sandbox
    ) -> None:
        home = {"use": "home", "line": ["9 Now Street"], "postalCode": "ZZ2 2ZZ"}
        pds_has(
            spine,
            birthDate="1962",
            name=[{"use": "usual", "given": ["Suharnix"]}],
            address=[home],
        )
        assert 'name="postcode"' in find(desk, ORDINARY, BORN).content.decode()
        page = self.find(desk, family="", given="Suharnix", postcode="ZZ22ZZ")
        assert page.status_code == 302, text_of(page)

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_nobody_is_registered_without_a_whole_one(self, desk: Client, spine: Sandbox) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
        )
        asked = typed("21-09-1969", nhs_number=ELSEWHERE, family="Pontevrel", given="Marisol")
        assert desk.post(reverse("find-patient"), asked).status_code == 302
        _, page = the_way_to_register(desk, Encounter.objects.get())
        assert "has no full date of birth of the patient" in page.text
        assert "Register and book" not in page.text
        assert Command.objects.count() == 0

    @pytest.mark.requirement("PDS-6", "PDS-9")
    def test_a_practices_whole_date_is_shown_beside_a_year(
        self, desk: Client, spine: Sandbox
    ) -> None:
        pds_has(spine, birthDate="1962")
        self.find(desk, **dict(self.NAMES))
        counter = Counter(desk)
        counter.encounter_id = str(Encounter.objects.get().pk)
        counter.searches("A20047")
        page = counter.chooses()
        assert page.status == 200
        assert "1962-11-27" in page.text or "27-Nov-1962" in page.text
        form = next(form for form in page.forms if "description" in form.fields)
        assert "acknowledge" not in form.fields


class TestNames:
    """Case 9, and its kind: names of which something is not there."""

    @pytest.mark.requirement("IG-5", "PDS-9")
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ({"given": ["Suharnix"]}, "Suharnix (no family name given)"),
            ({"given": ["Suharnix"], "prefix": ["Mr"]}, "Suharnix (no family name given) (Mr)"),
            ({"family": "Zelthorpe"}, "ZELTHORPE"),
            ({"text": "Ignatius of Zelthorpe"}, "Ignatius of Zelthorpe"),
            ({"family": 7, "given": None}, "Name not given"),
        ],
    )
    def test_every_page_shows_the_names_there_are(
        self, desk: Client, spine: Sandbox, name: dict[str, Any], shown: str
    ) -> None:
        pds_has(spine, gender=None, name=[{"use": "usual", **name}])
        encounter = opened(desk, ORDINARY, BORN)
        assert shown in page_of(desk, encounter)
        there = reverse("patient-appointments", args=[encounter.pk, "A20047"])
        search = reverse("search-slots", args=[encounter.pk])
        assert desk.get(reverse("start")).status_code == 200
        for address in (there, search):
            page = desk.get(address)
            assert page.status_code == 200
            assert shown in text_of(page), title_of(page)
        counter = Counter(desk)
        counter.encounter_id = str(encounter.pk)
        counter.searches("A20047")
        check = counter.chooses()
        assert check.status == 200
        assert shown in check.text

    @pytest.mark.requirement("REG-2", "PDS-9")
    @pytest.mark.parametrize("use", ["nickname", "temp", "anonymous"])
    def test_no_nickname_or_alias_is_sent_as_the_official_name(
        self, desk: Client, spine: Sandbox, use: str
    ) -> None:
        name = {"use": use, "family": "Pontevrel", "given": ["Marisol"]}
        pds_has(spine, ELSEWHERE, birthDate="1969-09-21", name=[name])
        _, page = the_way_to_register(desk, opened(desk, ELSEWHERE, "21-09-1969"))
        assert "has no current whole name of the patient" in page.text
        assert "Register and book" not in page.text

    @pytest.mark.requirement("PDS-6", "PDS-9")
    def test_every_current_name_is_compared_and_no_former_one(
        self, desk: Client, spine: Sandbox
    ) -> None:
        known = {"family": "Zelthorpe", "given": ["Ignatius"]}
        other = {"use": "usual", "family": "Quillfeather", "given": ["Ignatius"]}
        for name, differs in (
            ({"use": "nickname", **known}, False),
            ({"use": "temp", **known}, False),
            ({"use": "old", **known}, True),
            ({"use": "maiden", **known}, True),
            ({"use": "usual", **known, "period": {"end": in_days(-1)}}, True),
            ({"use": "usual", **known, "period": {"start": in_days(1)}}, True),
        ):
            pds_has(spine, name=[name, other])
            encounter = opened(desk, ORDINARY, BORN)
            assert "QUILLFEATHER" in page_of(desk, encounter)
            desk.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
            at = encounter.at_practices.get()
            assert bool(at.serious_differences) is differs, name

    def test_an_encounter_of_an_earlier_version_is_still_shown(
        self, desk: Client, spine: Sandbox
    ) -> None:
        encounter = opened(desk, ORDINARY, BORN)
        kept = ("family", "given", "title", "gender", "birth_date", "registered_practice")
        encounter.trace = {name: encounter.trace[name] for name in kept} | {
            "deceased": False,
            "home_address": {
                "lines": ["Hostel Q"],
                "city": None,
                "district": None,
                "postcode": "ZZ3 3ZZ",
                "country": None,
                "use": "temp",
            },
        }
        encounter.save()
        shown = page_of(desk, encounter)
        assert "ZELTHORPE, Ignatius Paul (Mr)" in shown
        assert "27-Nov-1962 (age" in shown
        assert "Temporary address Hostel Q" in shown
        assert encounter.home_address is None
        desk.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
        assert encounter.at_practices.get().differences == []


class TestHowToSpeakWithThem:
    """Language, interpreter, textphone and contacts: at PDS and at the practice. [READ-2]"""

    SPEAKS = (
        {
            "url": UK_CORE + "NHSCommunication",
            "extension": [
                {
                    "url": "language",
                    "valueCodeableConcept": {"coding": [{"code": "fr", "display": "French"}]},
                },
                {"url": "interpreterRequired", "valueBoolean": True},
            ],
        },
    )

    @pytest.mark.requirement("PDS-9", "READ-2")
    def test_the_national_record_is_shown(self, desk: Client, spine: Sandbox) -> None:
        textphone = {"code": "textphone", "display": "Minicom (Textphone)"}
        pds_has(
            spine,
            extension=list(self.SPEAKS),
            telecom=[
                {
                    "system": "other",
                    "use": "home",
                    "value": "01632 960333",
                    "extension": [
                        {"url": UK_CORE + "OtherContactSystem", "valueCoding": textphone}
                    ],
                }
            ],
            contact=[
                {
                    "relationship": [{"coding": [{"code": "C", "display": "Emergency Contact"}]}],
                    "telecom": [{"system": "phone", "value": "01632 960444"}],
                },
                {
                    "period": {"end": in_days(-1)},
                    "relationship": [{"coding": [{"code": "C", "display": "Former Contact"}]}],
                    "telecom": [{"system": "phone", "value": "01632 960445"}],
                },
            ],
        )
        shown = page_of(desk, opened(desk, ORDINARY, BORN))
        assert "Language French" in shown
        assert "Interpreter Needed" in shown
        assert "Textphone, home 01632 960333" in shown
        assert "Telephone Not in the national record" in shown
        assert "Emergency Contact 01632 960444" in shown
        assert "Former Contact" not in shown

    @pytest.mark.requirement("REG-2", "PDS-9")
    def test_language_and_interpreter_are_in_the_form_and_sent(
        self, desk: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            extension=list(self.SPEAKS),
        )
        before, _ = registers(desk, opened(desk, ELSEWHERE, "21-09-1969"))
        assert before.form("/register").fields["language"] == ["fr"]
        [spoken] = sent_to_register(spine)["extension"]
        language, interpreter = spoken["extension"]
        [coding] = language["valueCodeableConcept"]["coding"]
        assert (coding["code"], coding["display"]) == ("fr", "French")
        assert interpreter["valueBoolean"] is True

    @pytest.mark.requirement("REG-2")
    def test_a_language_that_may_not_be_sent_is_shown_and_not_sent(
        self, desk: Client, spine: Sandbox
    ) -> None:
        [spoken] = json.loads(json.dumps(self.SPEAKS))
        spoken["extension"][0]["valueCodeableConcept"] = {
            "coding": [{"code": "qqx", "display": "Old Zynthian"}]
        }
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            extension=[spoken],
        )
        encounter = opened(desk, ELSEWHERE, "21-09-1969")
        assert "Language Old Zynthian" in page_of(desk, encounter)
        registers(desk, encounter)
        assert "extension" not in sent_to_register(spine)

    @pytest.mark.requirement("READ-2")
    def test_a_practices_record_is_shown_once_it_was_read(
        self, desk: Client, spine: Sandbox
    ) -> None:
        encounter = opened(desk, "9658219012", "17-05-2019")
        assert "The patient's record at" not in page_of(desk, encounter)
        desk.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
        shown = page_of(desk, encounter)
        assert "The patient's record at Dr Legg's Surgery Registration Regular" in shown
        assert "Mother Rosalind Wexmoorby" in shown


class TestDeaths:
    @pytest.mark.requirement("PDS-4", "IG-5")
    @pytest.mark.parametrize(
        ("died", "sentence", "born"),
        [
            ("2024-02-19T00:00:00+00:00", "Died on 19-Feb-2024.", "(age at death 61y)"),
            ("2024-02-19", "Died on 19-Feb-2024.", "(age at death 61y)"),
            ("2024-02", "Died in Feb-2024.", ""),
            ("2024", "Died in 2024.", ""),
            ("unknown", "It gives no date of death.", ""),
            ("1950-01-01", "Died on 01-Jan-1950.", ""),
        ],
    )
    def test_the_date_is_said_and_no_age_runs_on(
        self, desk: Client, spine: Sandbox, died: str, sentence: str, born: str
    ) -> None:
        pds_has(spine, deceasedDateTime=died)
        shown = page_of(desk, opened(desk, ORDINARY, BORN))
        assert sentence in shown
        assert "PDS records this patient as deceased" in shown
        assert "(age 6" not in shown
        assert f"Born 27-Nov-1962 {born}".strip() in shown
        assert "Search for free slots" not in shown

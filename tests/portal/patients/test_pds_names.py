"""Names as PDS has them, and how to speak with the patient. [PDS-9]"""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.portal.counter import Counter
from tests.portal.pages import opened, text_of, title_of
from tests.portal.pds_records import (
    BORN,
    ELSEWHERE,
    ORDINARY,
    UK_CORE,
    in_days,
    page_of,
    pds_has,
    registers,
    sent_to_register,
    the_way_to_register,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


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
        self, signed_in: Client, spine: Sandbox, name: dict[str, Any], shown: str
    ) -> None:
        pds_has(spine, gender=None, name=[{"use": "usual", **name}])
        encounter = opened(signed_in, ORDINARY, BORN)
        assert shown in page_of(signed_in, encounter)
        there = reverse("patient-appointments", args=[encounter.pk, "A20047"])
        search = reverse("search-slots", args=[encounter.pk])
        assert signed_in.get(reverse("start")).status_code == 200
        for address in (there, search):
            page = signed_in.get(address)
            assert page.status_code == 200
            assert shown in text_of(page), title_of(page)
        counter = Counter(signed_in)
        counter.encounter_id = str(encounter.pk)
        counter.searches("A20047")
        check = counter.chooses()
        assert check.status == 200
        assert shown in check.text

    @pytest.mark.requirement("REG-2", "PDS-9")
    @pytest.mark.parametrize("use", ["nickname", "temp", "anonymous"])
    def test_no_nickname_or_alias_is_sent_as_the_official_name(
        self, signed_in: Client, spine: Sandbox, use: str
    ) -> None:
        name = {"use": use, "family": "Pontevrel", "given": ["Marisol"]}
        pds_has(spine, ELSEWHERE, birthDate="1969-09-21", name=[name])
        _, page = the_way_to_register(signed_in, opened(signed_in, ELSEWHERE, "21-09-1969"))
        assert "has no current whole name of the patient" in page.text
        assert "Register and book" not in page.text

    @pytest.mark.requirement("PDS-6", "PDS-9")
    def test_every_current_name_is_compared_and_no_former_one(
        self, signed_in: Client, spine: Sandbox
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
            encounter = opened(signed_in, ORDINARY, BORN)
            assert "QUILLFEATHER" in page_of(signed_in, encounter)
            signed_in.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
            at = encounter.at_practices.get()
            assert bool(at.serious_differences) is differs, name

    def test_an_encounter_of_an_earlier_version_is_still_shown(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        encounter = opened(signed_in, ORDINARY, BORN)
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
        shown = page_of(signed_in, encounter)
        assert "ZELTHORPE, Ignatius Paul (Mr)" in shown
        assert "27-Nov-1962 (age" in shown
        assert "Temporary address Hostel Q" in shown
        assert encounter.home_address is None
        signed_in.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
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
    def test_the_national_record_is_shown(self, signed_in: Client, spine: Sandbox) -> None:
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
        shown = page_of(signed_in, opened(signed_in, ORDINARY, BORN))
        assert "Language French" in shown
        assert "Interpreter Needed" in shown
        assert "Textphone, home 01632 960333" in shown
        assert "Telephone Not in the national record" in shown
        assert "Emergency Contact 01632 960444" in shown
        assert "Former Contact" not in shown

    @pytest.mark.requirement("REG-2", "PDS-9")
    def test_language_and_interpreter_are_in_the_form_and_sent(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969-09-21",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
            extension=list(self.SPEAKS),
        )
        before, _ = registers(signed_in, opened(signed_in, ELSEWHERE, "21-09-1969"))
        assert before.form("/register").fields["language"] == ["fr"]
        [spoken] = sent_to_register(spine)["extension"]
        language, interpreter = spoken["extension"]
        [coding] = language["valueCodeableConcept"]["coding"]
        assert (coding["code"], coding["display"]) == ("fr", "French")
        assert interpreter["valueBoolean"] is True

    @pytest.mark.requirement("REG-2")
    def test_a_language_that_may_not_be_sent_is_shown_and_not_sent(
        self, signed_in: Client, spine: Sandbox
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
        encounter = opened(signed_in, ELSEWHERE, "21-09-1969")
        assert "Language Old Zynthian" in page_of(signed_in, encounter)
        registers(signed_in, encounter)
        assert "extension" not in sent_to_register(spine)

    @pytest.mark.requirement("READ-2")
    def test_a_practices_record_is_shown_once_it_was_read(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        encounter = opened(signed_in, "9658219012", "17-05-2019")
        assert "The patient's record at" not in page_of(signed_in, encounter)
        signed_in.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))
        shown = page_of(signed_in, encounter)
        assert "The patient's record at Dr Legg's Surgery Registration Regular" in shown
        assert "Mother Rosalind Wexmoorby" in shown

"""K83015, of version 1.2.8, through the pages: slots and appointments that belong to a service."""

import uuid
from datetime import timedelta
from time import monotonic

import pytest
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import State
from booking_portal.integration import lookup_cache
from booking_portal.slots.offers import Offer
from gpconnect import london
from tests.portal.clocks import set_clocks
from tests.portal.counter import Counter, Page
from tests.sandbox_control import Json, Sandbox

pytestmark = pytest.mark.django_db

HERE, HIS = "K83015", "9990000239"
HUB, TREATMENT_ROOM = "Fenwick Extended Access Hub", "Fenwick Treatment Room"
IDS = {HUB: "HealthcareService/15", TREATMENT_ROOM: "HealthcareService/16"}


@pytest.fixture
def his(counter: Counter) -> Counter:
    """The counter with a patient of the practice's on the line."""
    counter.traces(HIS)
    return counter


def offers_on(counter: Counter) -> list[Offer]:
    encounter_id = uuid.UUID(counter.encounter_id)
    return [Offer.from_signed(token, encounter_id) for token in counter.offered]


def to_come(offers: list[Offer]) -> list[int]:
    """The places in the list of slots from tomorrow on."""
    tomorrow = london.today() + timedelta(days=1)
    days = [offer.start.local_date for offer in offers]
    return [place for place, day in enumerate(days) if day is not None and day >= tomorrow]


def chooses(counter: Counter, service: str) -> Page:
    """Search, and choose a slot of this service, or of none where that is empty."""
    counter.searches(HERE)
    offers = offers_on(counter)
    place = next(each for each in to_come(offers) if offers[each].service_name == service)
    return counter.chooses(place)


def asked_for_services(spine: Sandbox) -> int:
    asked = [one["raw_path"] for one in spine.exchanges()]
    return sum("/HealthcareService/" in path for path in asked)


def references(resource: Json) -> list[str]:
    return [one["actor"]["reference"] for one in resource["participant"]]


def held(spine: Sandbox, appointment_id: str) -> Json:
    """The appointment as the practice wrote it last."""
    written = [one for one in spine.chronicle() if one["kind"] == "appointment"]
    return next(
        one["resource"]
        for one in reversed(written)
        if (one["practice"], one["id"]) == (HERE, appointment_id)
    )


def opens(counter: Counter, page: str, appointment_id: str) -> Page:
    return counter.opens(reverse(page, args=[counter.encounter_id, HERE, appointment_id]))


@pytest.mark.requirement("SFS-5")
def test_the_results_show_the_service_of_the_slots_that_have_one(his: Counter) -> None:
    page = his.searches(HERE)
    shown = [offer.service_name for offer in offers_on(his)]
    assert {"", HUB, TREATMENT_ROOM} == set(shown)
    for name in (HUB, TREATMENT_ROOM):
        assert page.html.count(f"Service: {name}") == shown.count(name)
    assert page.html.count("Service: ") == len([name for name in shown if name])
    results = page.address
    his.opens(f"{results}?service={TREATMENT_ROOM}")
    assert {offer.service_name for offer in offers_on(his)} == {TREATMENT_ROOM}
    assert 'name="service"' not in his.searches("A20047").html


@pytest.mark.requirement("SFS-2", "SFS-5")
def test_the_names_of_services_are_asked_for_once(his: Counter, spine: Sandbox) -> None:
    spine.clear_exchanges()
    his.searches(HERE)
    assert asked_for_services(spine) == 2
    spine.clear_exchanges()
    page = his.searches(HERE)
    assert HUB in page.text
    his.searches("A20047")
    assert asked_for_services(spine) == 0


@pytest.mark.requirement("SFS-5", "SFS-10", "ERR-5")
@pytest.mark.parametrize("kind", ["status_500", "not_found", "hang_before", "garbled"])
def test_a_service_that_cannot_be_read_hides_no_slot_and_delays_none_for_long(
    his: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(lookup_cache, "_NAMING_SECONDS", 0.3)
    spine.fault(practice=HERE, use_case="read_service", kind=kind, times=None)
    spine.clear_exchanges()
    began = monotonic()
    page = his.searches(HERE)
    assert monotonic() - began < settings.READ_DEADLINE_SECONDS
    assert asked_for_services(spine) == 1
    offers = offers_on(his)
    assert len({offer.service_id for offer in offers}) == 3
    assert {offer.service_name for offer in offers} == {""}
    assert "Service: Name not known" in page.text
    assert "No answer to rely on" not in page.text
    his.chooses(next(place for place in to_come(offers) if offers[place].service_id))
    assert "Service Name not known" in his.page.text
    his.books()
    assert his.command.state == State.DONE


@pytest.mark.requirement("BOOK-2", "BOOK-7", "RET-2", "AMEND-1", "CANCEL-1")
def test_an_appointment_of_a_service_is_booked_viewed_changed_and_cancelled(
    his: Counter, spine: Sandbox
) -> None:
    assert f"Service {HUB}" in chooses(his, HUB).text
    spine.clear_exchanges()
    his.books(description="Dressing", comment="Left arm")
    command = his.command
    assert command.state == State.DONE
    assert f"Service {HUB}" in his.page.text
    [sent] = [one for one in spine.exchanges() if one["method"] == "POST"]
    assert "HealthcareService" not in str(sent)  # which service it is, is the practice's to say
    there = command.appointment_id
    assert IDS[HUB] in references(held(spine, there))

    address = reverse("patient-appointments", args=[his.encounter_id, HERE])
    assert his.opens(address).html.count(f"Service: {HUB}") == 2  # and the one he had
    assert f"Service {HUB}" in opens(his, "appointment", there).text

    his.sends(opens(his, "amend-appointment", there).form("/amend"), description="Dressing, arm")
    assert his.command.state == State.DONE
    assert f"Service {HUB}" in his.page.text
    his.sends(
        opens(his, "cancel-appointment", there).form("/cancel"),
        decision="cancel",
        reason="Feels better",
    )
    assert his.command.state == State.DONE
    gone = held(spine, there)
    assert (gone["status"], gone["description"]) == ("cancelled", "Dressing, arm")
    assert IDS[HUB] in references(gone)


@pytest.mark.requirement("BOOK-2")
def test_where_the_session_has_no_service_none_is_shown(his: Counter, spine: Sandbox) -> None:
    assert "Service " not in chooses(his, "").text
    his.books()
    assert his.command.state == State.DONE
    assert "Service " not in his.page.text
    assert not set(IDS.values()) & set(references(held(spine, his.command.appointment_id)))


@pytest.mark.requirement("MOVE-1")
def test_a_move_shows_both_services(his: Counter, spine: Sandbox) -> None:
    [old] = [one for one in spine.appointments(HERE, HIS) if one["status"] == "booked"]
    page = opens(his, "move-appointment", old["id"])
    his.sends(page.form("/slots/"), when="14", practices=[HERE])
    offers = offers_on(his)
    his.chooses(next(n for n in to_come(offers) if offers[n].service_name == TREATMENT_ROOM))
    assert f"Service {HUB} {TREATMENT_ROOM}" in his.page.text
    form = next(form for form in his.page.forms if "reason" in form.fields)
    his.sends(form, reason="Cannot come", description="Dressing")
    assert Saga.objects.get().kind == Saga.Kind.MOVE
    assert {one.state for one in Command.objects.all()} == {State.DONE}, his.page.text
    assert f"Service {TREATMENT_ROOM}" in his.page.text


@pytest.mark.requirement("RET-2", "ERR-5")
def test_an_appointment_whose_service_cannot_be_read_says_so(his: Counter, spine: Sandbox) -> None:
    spine.fault(practice=HERE, use_case="read_service", kind="status_500", times=None)
    page = his.opens(reverse("patient-appointments", args=[his.encounter_id, HERE]))
    assert "Service: Name could not be read" in page.text
    assert "Dressing change" in page.text


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize(("service", "named"), [("16", TREATMENT_ROOM), ("99", "Name not known")])
def test_another_service_than_asked_for_is_said_and_is_no_alarm(
    his: Counter, spine: Sandbox, service: str, named: str
) -> None:
    chooses(his, HUB)
    his.books()
    booked = his.command
    others = [one for one in held(spine, booked.appointment_id)["participant"] if _is_other(one)]
    instead = {"actor": {"reference": f"HealthcareService/{service}"}, "status": "accepted"}
    spine.rewrite(HERE, booked.appointment_id, participant=[*others, instead])
    set_clocks(booked, settled_at=-120)
    page = his.opens(reverse("command", args=[booked.pk]))
    assert f"Asked for Booked Service {HUB} {named}" in page.text
    assert f"Service {named}" in page.text.split("The appointment ")[-1]
    assert page.title.startswith("Booked")
    assert "Read to the patient" in page.text


def _is_other(participant: Json) -> bool:
    return not participant["actor"]["reference"].startswith("HealthcareService/")


@pytest.mark.requirement("READ-2", "SFS-9")
def test_the_preferred_branch_is_shown_by_its_name(his: Counter, spine: Sandbox) -> None:
    his.opens(reverse("patient-appointments", args=[his.encounter_id, HERE]))
    page = his.opens(reverse("encounter", args=[his.encounter_id]))
    assert "Preferred branch Reedbank Branch Surgery (marked among free slots)" in page.text
    spine.clear_exchanges()
    his.traces(HIS)
    his.opens(reverse("patient-appointments", args=[his.encounter_id, HERE]))
    assert not [one for one in spine.exchanges() if "/Location/" in one["raw_path"]]


@pytest.mark.requirement("READ-2", "ERR-5")
@pytest.mark.parametrize("kind", ["status_500", "not_found", "hang_before"])
def test_a_branch_whose_name_cannot_be_read_keeps_nobody_from_being_found(
    his: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(lookup_cache, "_NAMING_SECONDS", 0.3)
    spine.fault(practice=HERE, use_case="read_location", kind=kind, times=1)
    began = monotonic()
    page = his.opens(reverse("patient-appointments", args=[his.encounter_id, HERE]))
    assert monotonic() - began < settings.READ_DEADLINE_SECONDS
    assert "Dressing change" in page.text
    page = his.opens(reverse("encounter", args=[his.encounter_id]))
    assert "Preferred branch Has one, whose name is not known" in page.text


@pytest.mark.requirement("IG-3", "RET-2")
def test_look_ups_are_the_same_from_the_cache_and_keep_no_more_than_is_shown(
    his: Counter, spine: Sandbox
) -> None:
    address = reverse("patient-appointments", args=[his.encounter_id, HERE])
    first = his.opens(address)
    spine.clear_exchanges()
    again = his.opens(address)
    paths = [one["raw_path"] for one in spine.exchanges()]
    assert not [path for path in paths if "/Patient/" not in path]
    assert again.text == first.text
    kept = [cache.get(key) for key in keys_of("practitioner")]
    assert kept
    for one in kept:
        assert set(one) == {"id", "name", "gender", "roles"}


def keys_of(kind: str) -> list[str]:
    """The keys under which look-ups of a kind are kept."""
    client = cache._cache.get_client(None)  # type: ignore[attr-defined]
    prefix = cache.make_key(f"{kind}:")
    keys = [key.decode() for key in client.scan_iter(f"{prefix}*")]
    return [key.removeprefix(cache.make_key("")) for key in keys]

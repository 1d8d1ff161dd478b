"""What practices write cannot reorder or hide what the screen says."""

import html
import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from booking_portal.command_line.output import printable
from booking_portal.safe_text import readable
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

REPLACED = "\N{REPLACEMENT CHARACTER}"
UNSEEN = (
    "\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\xad", "\u061c", "\u200b", "\u200e",
    "\u200f", "\u2028", "\u2029", "\u202a", "\u202d", "\u202e", "\u2060", "\u2066", "\u2067",
    "\u2068", "\u2069", "\u206a", "\ufeff", "\ufff9", "\U000e0041", "\u3164", "\ud800",
)  # fmt: skip
SEEN = (
    "Ordinary", "O'Neil-Smith", "Citro\xebn", "\u0645\u062d\u0645\u062f",  # an Arabic name
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with its joiner
    "\U0001f469\u200d\u2695\ufe0f", "Zo\u0308e", "two\nlines\tand a tab", "\xa0",
)  # fmt: skip


@pytest.mark.requirement("ERR-5")
@pytest.mark.parametrize("character", UNSEEN)
def test_what_nobody_sees_is_seen(character: str) -> None:
    assert readable(f"Dr{character}Who") == f"Dr{REPLACED}Who"
    assert printable(f"Dr{character}Who") in {f"Dr{REPLACED}Who", "Dr Who"}


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_stays(text: str) -> None:
    assert readable(text) == text


def test_marks_piled_over_other_lines_are_taken_off() -> None:
    assert readable("e" + "\u0301" * 300) == "e" + "\u0301" * 4 + REPLACED


@pytest.mark.django_db
@pytest.mark.requirement("ERR-5", "SFS-5", "READ-2")
def test_no_page_of_a_booking_shows_what_reorders_or_hides(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", kind="tricky_text", times=None)
    counter.traces()
    page = counter.searches("A20047")
    assert REPLACED in page.text
    pages = [page, counter.chooses(), counter.books()]
    address = reverse("patient-appointments", args=[counter.encounter_id, "A20047"])
    pages.append(counter.opens(address))
    for each in pages:
        assert each.status == 200, each.text
        unseen = set(UNSEEN) & set(each.html)
        assert not unseen, (each.address, unseen)


@pytest.mark.django_db
def test_a_filter_by_a_tricky_word_finds_its_slots(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="search_slots", kind="tricky_text")
    counter.traces()
    counter.searches("A20047")
    everything = len(counter.offered)
    values = re.findall(r'<option value="([^"]*)"', counter.page.html)
    value = next(html.unescape(each) for each in values if REPLACED in each)
    # A role and a slot type are never the same: the other one is no value of the results.
    counter.opens(f"{counter.page.address}?{urlencode({'role': value, 'type': value})}")
    assert 0 < len(counter.offered) < everything

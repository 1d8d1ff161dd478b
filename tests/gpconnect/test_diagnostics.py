"""What the other side said, and why there was no trust, as support staff may keep it. [READ-2]"""

import time
from typing import Any

import pytest

from gpconnect.diagnostics import MOST, masked
from tests.gpconnect.conftest import Observer, refused, refused_write
from tests.gpconnect.scripted_server import always, http, operation_outcome

pytestmark = pytest.mark.requirement("READ-2")


@pytest.mark.parametrize(
    "number",
    [
        "9658218873",
        "965 821 8873",
        "965-821-8873",
        "965\u2013821\u20138873",  # en dashes
        "965\u00a0821\u00a08873",  # no-break spaces
        "96582\u200b18873",  # a zero-width space in the midst
        "96 58 21 88 73",
        "\uff19\uff16\uff15\uff18\uff12\uff11\uff18\uff18\uff17\uff13",  # full width
        "\u0669\u0666\u0665\u0668\u0662\u0661\u0668\u0668\u0667\u0663",  # Arabic-Indic
        "+44 (0)1632 960201",
        "01632 960201",
        "1632/960201",
        "27/11/1962",
        "27-11-62",
        "27.11.1962",
        "1962-11-27",
        "19621127",
        "27 November 1962",
        "27th of Nov 1962",
        "27-Nov-1962",
        "Nov 27, 1962",
    ],
)
def test_numbers_and_dates_that_may_be_a_persons_are_masked(number: str) -> None:
    kept = masked(f"Patient {number} is not active")
    assert kept in {"Patient [number] is not active", "Patient [date] is not active"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("write to o.quill@surgery.example now", "write to [email] now"),
        ("lives at LS1 4AP", "lives at [postcode]"),
        (
            "GET https://gp.example/Patient?identifier=x|9658218873&family=Quill failed",
            "GET https://gp.example/Patient?[query] failed",
        ),
        (
            "error 8f14e45f-ea4c-4a2b-9d3c-000000000007 in 1.2.7 at 12:03",
            "error 8f14e45f-ea4c-4a2b-9d3c-000000000007 in 1.2.7 at 12:03",
        ),
        ("one\r\ntwo\x00\x1b[31m\u202ethree\u2066", "one two[31mthree"),
    ],
)
def test_what_may_tell_of_a_person_goes_and_what_support_needs_stays(said: str, kept: str) -> None:
    assert masked(said) == kept
    assert masked(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "ZYNTHAR, Ottoline",
        "Ottoline Zynthar",
        "zynthar^ottoline",
        "ZYNTHAR_OTTOLINE",
        "Ottoliné Zynthar's",
        "O\u2019Zynthar",
        "Le-Zynthar",
    ],
)
def test_the_patients_names_are_masked_as_words_of_their_own(written: str) -> None:
    names = ("O'Zynthar", "Ottoline", "Le Zynthar", "J")
    kept = masked(f"No consent of {written}: Ottolines and Just stay", names)
    assert "zynthar" not in kept.lower()
    assert "ottoline " not in kept.lower().replace("é", "e")
    assert kept.endswith(": Ottolines and Just stay")


def test_it_is_bounded_and_reads_no_more_than_it_keeps() -> None:
    assert masked("x" * MOST) == "x" * MOST
    assert masked("x" * (MOST + 1)) == "x" * (MOST - 1) + "\u2026"
    twice = masked(masked("a " * (MOST // 2 - 4) + "Quillfeather and more"), ["Quillfeather"])
    assert "Quill" not in twice
    began = time.monotonic()
    kept = masked("9658218873 " * 2_000_000)
    assert len(kept) <= MOST
    assert "96" not in kept
    assert time.monotonic() - began < 1


def test_a_number_at_the_edge_of_what_is_read_is_not_told_in_part() -> None:
    for more in range(40):
        kept = masked("9658218873" * 200 + "x" * more + " 965 821 8873" * 3)
        assert "965" not in kept


def test_a_practices_words_reach_the_observer_masked(scripted: Any, observer: Observer) -> None:
    said = "No active record for NHS number 965 821 8873 <b>"
    error = refused(scripted(always(http(operation_outcome("BAD_REQUEST", said), 400))).client)
    assert "965 821 8873" in error.diagnostics  # as it came, for whoever masks it
    [answered] = observer.answers
    assert "No active record for NHS number [number] <b>" in answered.diagnostics


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"host": "127.0.0.2"}, "their certificate: IP address mismatch"),
        ({"certificate": "expired-server.pem"}, "their certificate: certificate has expired"),
        ({"certificate": "stranger.pem"}, "their certificate: unable to get local issuer"),
    ],
    ids=["another name", "expired", "unknown authority"],
)
def test_why_there_was_no_trust_reaches_the_observer(
    scripted: Any, observer: Observer, options: dict[str, Any], why: str
) -> None:
    error = refused_write(scripted(always(http({})), **options).client)
    assert error.code == "TLS_FAILED"
    [answered] = observer.answers
    assert answered.diagnostics.startswith(why)
    assert "://" not in answered.diagnostics

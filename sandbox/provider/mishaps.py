"""What a practice does or says amiss when a fault asks for it; the answer arrives whole."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.answers import Answer
from sandbox.appointment_book import take
from sandbox.outcomes import Refused
from sandbox.practices import Clinician, Practice, Spine
from sandbox.provider import resources
from sandbox.provider.changes import strike_out
from sandbox.store import Store

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """One exchange at a practice: what was asked, and `ask`, which does it.

    `refusal` writes an error as this practice does; `words` is what it says of a failure.
    """

    store: Store
    spine: Spine
    practice: Practice
    body: str
    ask: Callable[[], Answer]
    refusal: Callable[[Refused], Answer]
    words: str = ""


Mishap = Callable[[Occasion], Answer]


def _slot_taken(occasion: Occasion) -> Answer:
    """Someone at the practice's desk is faster than the booking."""
    references = re.findall(r'"reference"\s*:\s*"(Slot|Patient)/([^"]+)"', occasion.body)
    wanted = [logical_id for kind, logical_id in references if kind == "Slot"]
    patient = next((one for kind, one in references if kind == "Patient"), "")
    for slot in wanted[:1]:
        take(occasion.store, occasion.spine, occasion.practice, slot, not_by=patient)
    return occasion.ask()


def _fails(occasion: Occasion) -> Answer:
    """The practice's system fails and does nothing."""
    return occasion.refusal(
        Refused("INTERNAL_SERVER_ERROR", occasion.words or "the practice's system has failed"),
    )


def _acts_and_fails(occasion: Occasion) -> Answer:
    """The practice's system does what it was asked, and then fails."""
    occasion.ask()
    return _fails(occasion)


def _refuses_as_a_failure(occasion: Occasion) -> Answer:
    """The practice's system fails, and says that the request was wrong."""
    words = occasion.words or "something went wrong"
    return occasion.refusal(Refused("BAD_REQUEST", words, status=500))


def _acts_and_refuses_as_a_failure(occasion: Occasion) -> Answer:
    """The practice's system does what it was asked, fails then, and says that it was wrong."""
    occasion.ask()
    return _refuses_as_a_failure(occasion)


def _does_not_find_it(occasion: Occasion) -> Answer:
    """The practice's system does nothing, and says that what was named is not there."""
    words = occasion.words or "no such resource"
    return occasion.refusal(Refused("REFERENCE_NOT_FOUND", words, status=404))


def _nobody_finds_it(occasion: Occasion) -> Answer:
    """Something on the way knows of no such address; the practice is not asked."""
    return Answer(404, {"message": "Not Found"}, content_type="application/json")


def _asked_twice(occasion: Occasion) -> Answer:
    """Something on the way sends the request twice: the answer to the second one arrives."""
    occasion.ask()
    return occasion.ask()


def _about_another_slot(occasion: Occasion) -> Answer:
    """The answer's appointments are at another time than they are in the practice's book."""

    def changed(resource: Resource) -> Resource:
        if resource["resourceType"] != "Appointment":
            return resource
        own = {slot["reference"] for slot in resource["slot"]}
        other = next(
            slot
            for slot in occasion.store.free_slots(occasion.practice.ods, 0, _FOR_EVER)
            if f"Slot/{slot.id}" not in own and slot.written_start > resource["start"]
        )
        return {
            **resource,
            "slot": [{"reference": f"Slot/{other.id}"}],
            "start": other.written_start,
            "end": other.written_end,
        }

    return _with_each(occasion.ask(), changed)


def _about_another_patient(occasion: Occasion) -> Answer:
    """The answer's appointments or patients are somebody else's."""

    def changed(resource: Resource) -> Resource:
        if resource["resourceType"] == "Patient":
            other = occasion.store.someone_at(occasion.practice.ods, resource["id"])
            return resources.patient(occasion.practice, other)
        if resource["resourceType"] == "Appointment":
            return {**resource, "participant": [*map(participant, resource["participant"])]}
        return resource

    def participant(one: Resource) -> Resource:
        kind, _, logical_id = one["actor"]["reference"].partition("/")
        if kind != "Patient":
            return one
        other = occasion.store.someone_at(occasion.practice.ods, logical_id)
        return {**one, "actor": {**one["actor"], "reference": f"Patient/{other.id}"}}

    return _with_each(occasion.ask(), changed)


def _two_records(occasion: Occasion) -> Answer:
    """The practice has every patient that it answers with twice, under another id."""
    answer = occasion.ask()
    entries = [
        {**entry, "resource": {**entry["resource"], "id": f"{entry['resource']['id']}-2"}}
        for entry in answer.body.get("entry", [])
    ]
    if not entries:
        return answer
    return replace(answer, body={**answer.body, "entry": [*answer.body["entry"], *entries]})


def _tricky_text(occasion: Occasion) -> Answer:
    """Names and words with what reorders a line, what nobody sees, and no place to break."""
    answer = occasion.ask()
    return replace(answer, body=_tricky(answer.body))


def _tricky(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _tricky(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_tricky(item, name) for item in value]
    if isinstance(value, str) and name in _WORDS:
        return f"\u202e{value}\u200b\u2066\x1b[2J\x9b\t{'W' * 60}"
    return value


_WORDS = frozenset({"text", "display", "family", "line", "name", "diagnostics"})


def _cancelled_at_once(occasion: Occasion) -> Answer:
    """The practice cancels the appointment in the moment after it has answered."""
    answer = occasion.ask()
    if answer.status < 300 and answer.body.get("resourceType") == "Appointment":
        record = occasion.store.appointment(occasion.practice.ods, answer.body["id"])
        if record is not None and record.resource["status"] == "booked":
            strike_out(occasion.store, record, "Cancelled by the practice")
    return answer


def _kept_otherwise(changed: Callable[[Occasion, Resource], Resource]) -> Mishap:
    """The practice does what it was asked, and writes a part of the appointment otherwise."""

    def act(occasion: Occasion) -> Answer:
        answer = occasion.ask()
        if answer.status >= 300 or answer.body.get("resourceType") != "Appointment":
            return answer
        record = occasion.store.appointment(occasion.practice.ods, answer.body["id"])
        assert record is not None
        kept = replace(record, resource=changed(occasion, record.resource))
        with occasion.store.transaction():
            occasion.store.put_appointment(kept)
        return replace(answer, body=resources.appointment(occasion.practice, kept))

    return act


def _written(write: Callable[[str], str]) -> Mishap:
    """The same of both texts."""

    def changed(_: Occasion, resource: Resource) -> Resource:
        texts = {name: write(resource[name]) for name in _TEXTS if name in resource}
        return {**resource, **texts}

    return _kept_otherwise(changed)


def _texts_unchanged(occasion: Occasion) -> Answer:
    """The practice takes the change and keeps the texts of before."""
    asked = str(json.loads(occasion.body).get("id", ""))
    before = occasion.store.appointment(occasion.practice.ods, asked)
    if before is None:  # a booking: there is no text of before
        return occasion.ask()
    texts = {name: before.resource[name] for name in _TEXTS if name in before.resource}

    def changed(_: Occasion, resource: Resource) -> Resource:
        rest = {name: value for name, value in resource.items() if name not in _TEXTS}
        return {**rest, **texts}

    return _kept_otherwise(changed)(occasion)


def _other_digit(text: str) -> str:
    return re.sub("[0-9]", lambda found: str((int(found.group()) + 1) % 10), text, count=1)


def _by_another(alike: bool) -> Mishap:
    """Another clinician sees the patient; one that is `alike` is of the same gender, and the
    session's role stays."""

    def changed(occasion: Occasion, resource: Resource) -> Resource:
        practice = occasion.practice
        asked = _clinician_of(practice, resource)
        if asked is None:  # a session that is nobody's
            return resource
        other = next(
            one
            for one in practice.clinicians
            if one.id != asked.id and (one.gender == asked.gender) == alike
        )
        participants = [
            {**one, "actor": {**one["actor"], "reference": f"Practitioner/{other.id}"}}
            if one["actor"]["reference"].startswith("Practitioner/")
            else one
            for one in resource["participant"]
        ]
        return {**resource, "participant": participants}

    return _kept_otherwise(changed)


def _clinician_of(practice: Practice, resource: Resource) -> Clinician | None:
    references = [one["actor"]["reference"] for one in resource["participant"]]
    there = (one for one in practice.clinicians if f"Practitioner/{one.id}" in references)
    return next(there, None)


def _other_channel(occasion: Occasion, resource: Resource) -> Resource:
    """By telephone what was to be in person, and the other way round."""
    wanted = {resources.DELIVERY_CHANNEL, resources.DELIVERY_CHANNEL_1}
    was_telephone = any(
        "Telephone" in json.dumps(one) for one in resource["extension"] if one["url"] in wanted
    )
    other = resources.channel_extension(
        occasion.practice, "In-person" if was_telephone else "Telephone"
    )
    rest = [one for one in resource["extension"] if one["url"] not in wanted]
    return {**resource, "extension": [*rest, other]}


_TEXTS = ("description", "comment")

MISHAPS: Mapping[str, Mishap] = {
    "slot_taken": _slot_taken,
    "status_500": _fails,
    "status_500_after": _acts_and_fails,
    "refusal_500": _refuses_as_a_failure,
    "refusal_500_after": _acts_and_refuses_as_a_failure,
    "not_found": _does_not_find_it,
    "not_found_bare": _nobody_finds_it,
    "own_409": _asked_twice,
    "other_slot": _about_another_slot,
    "other_patient": _about_another_patient,
    "two_records": _two_records,
    "tricky_text": _tricky_text,
    "cancelled_at_once": _cancelled_at_once,
    "encoded_text": _written(lambda text: html.escape(html.escape(text))),
    "upper_case_text": _written(str.upper),
    "replaced_text": _written(lambda text: text.encode("ascii", "replace").decode()),
    "shortened_text": _written(lambda text: text[: len(text) // 2]),
    "unchanged_text": _texts_unchanged,
    "other_digit_text": _written(_other_digit),
    "other_practitioner": _by_another(alike=False),
    "practitioner_alike": _by_another(alike=True),
    "other_channel": _kept_otherwise(_other_channel),
}

_FOR_EVER = 1 << 40  # an instant that no slot reaches


def _with_each(answer: Answer, changed: Callable[[Resource], Resource]) -> Answer:
    """The answer with its resource, or each one of its bundle, changed."""
    if answer.body["resourceType"] != "Bundle":
        return replace(answer, body=changed(dict(answer.body)))
    entries = [
        {**entry, "resource": changed(entry["resource"])} for entry in answer.body.get("entry", [])
    ]
    return replace(answer, body={**answer.body, **({"entry": entries} if entries else {})})

"""Amend and cancel: the same verb and path, told apart by the interaction id. [AMEND, CANCEL]"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.answers import Answer
from sandbox.outcomes import Refused
from sandbox.provider import resources, stored, submitted
from sandbox.provider.appointments import answer, existing, refuse_past, refuse_what_breaks
from sandbox.provider.asked import Asked
from sandbox.store import AppointmentRecord, Store

# Consumers built against earlier versions of the specification leave these out.
_MAY_BE_ABSENT = ("serviceCategory", "serviceType")
_JOINED = submitted.LONGEST_DESCRIPTION + submitted.LONGEST_COMMENT + 3


def amend(asked: Asked) -> Answer:
    """Change description and comment of a coming appointment, and nothing else."""
    with asked.store.transaction():
        record, sent = _before(asked)
        # Where the texts are joined, what the practice gave back may come back whole.
        joined = asked.practice.flavour.joins_text
        submitted.check_texts(sent, _JOINED if joined else submitted.LONGEST_DESCRIPTION)
        refuse_what_breaks(asked, sent["description"])
        _refuse_other_changes(record, sent, {"description", "comment"})
        content = {
            key: value
            for key, value in record.resource.items()
            if key not in {"description", "comment"}
        }
        changed = replace(
            record,
            version=record.version + 1,
            resource={**content, **stored.texts(asked.practice, sent)},
        )
        asked.store.put_appointment(changed)
    refuse_what_breaks(asked, sent.get("comment"))
    return answer(asked, changed, changed=True)


def cancel(asked: Asked) -> Answer:
    """Cancel a coming appointment with a reason; its slots are free again."""
    with asked.store.transaction():
        record, sent = _before(asked)
        if sent.get("status") != "cancelled":
            submitted.refuse("status is not cancelled")
        reason = _reason(sent)
        without_reason = {
            **sent,
            "extension": [
                one for one in sent["extension"] if one.get("url") != resources.CANCELLATION_REASON
            ],
        }
        _refuse_other_changes(record, without_reason, {"status"})
        kept = stored.text(asked.practice, reason[: asked.practice.flavour.reason_limit])
        changed = strike_out(asked.store, record, kept)
    refuse_what_breaks(asked, reason)
    return answer(asked, changed, changed=True)


def strike_out(store: Store, record: AppointmentRecord, reason: str) -> AppointmentRecord:
    """Write into the book that an appointment is cancelled; its slots are free again."""
    content = {
        **record.resource,
        "status": "cancelled",
        "extension": [*record.resource["extension"], resources.cancellation_reason(reason)],
    }
    changed = replace(record, version=record.version + 1, resource=content)
    with store.transaction():
        store.put_appointment(changed)
        store.set_slots(record.practice, slot_ids(record), "free")
    return changed


def slot_ids(record: AppointmentRecord) -> list[str]:
    """The logical ids of an appointment's slots."""
    return [slot["reference"].removeprefix("Slot/") for slot in record.resource["slot"]]


def _before(asked: Asked) -> tuple[AppointmentRecord, dict[str, Any]]:
    """The appointment as it is and as it was sent, after the checks that both changes share."""
    record = _existing(asked)
    sent = asked.resource()
    if sent.get("resourceType") != "Appointment":
        submitted.refuse("the resource is not an Appointment")
    if sent.get("id") != record.id:
        submitted.refuse("the id is not that of the path")
    if asked.if_match is None:
        raise Refused("BAD_REQUEST", "If-Match is missing")
    submitted.check_profile(sent, resources.APPOINTMENT_PROFILE)
    if asked.if_match != f'W/"{asked.practice.flavour.version(record.version)}"':
        raise Refused("FHIR_CONSTRAINT_VIOLATION", "If-Match is not the current version")
    refuse_past(record.start)
    if record.resource["status"] == "cancelled":
        submitted.refuse("the appointment has been cancelled")
    return record, sent


def _existing(asked: Asked) -> AppointmentRecord:
    try:
        return existing(asked)
    except Refused as refusal:
        if asked.practice.flavour.put_of_unknown == "refused":
            raise
        raise Refused(refusal.code, refusal.diagnostics, status=200) from None


def _reason(sent: Mapping[str, Any]) -> str:
    extensions = sent.get("extension")
    if not isinstance(extensions, list) or not all(isinstance(one, dict) for one in extensions):
        submitted.refuse("extension is not a list of objects")
    reasons = [
        one.get("valueString")
        for one in extensions
        if one.get("url") == resources.CANCELLATION_REASON
    ]
    if len(reasons) != 1 or not isinstance(reasons[0], str) or not reasons[0].strip():
        submitted.refuse("there is not exactly one cancellation reason")
    return reasons[0]


def _refuse_other_changes(
    record: AppointmentRecord, sent: Mapping[str, Any], allowed: set[str]
) -> None:
    """Refuse if anything but the allowed elements differs from what the practice holds."""
    ignored = {"resourceType", "id", "meta", *allowed}
    for element in sorted({*record.resource, *sent} - ignored):
        if element in _MAY_BE_ABSENT and element not in sent:
            continue
        if record.resource.get(element) != sent.get(element):
            submitted.refuse(f"{element} must not be changed")

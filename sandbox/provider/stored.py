"""An appointment as a practice's system stores it, whoever makes it. [BOOK-4, BOOK-7]"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox import london
from sandbox.practices import Practice, Spine
from sandbox.provider import extras, resources
from sandbox.store import Schedule, Slot


@dataclass(frozen=True, slots=True)
class Wished:
    """What is not the practice's own to say. `patient` is a logical id."""

    patient: str
    organisation: Mapping[str, Any]
    texts: Mapping[str, str]
    created: datetime
    identifier: Any = None
    cancellation_reason: str | None = None


def appointment(
    practice: Practice, spine: Spine, schedule: Schedule, slots: Sequence[Slot], wished: Wished
) -> dict[str, Any]:
    """The content of the resource; it mirrors the schedule, practitioner and roles included."""
    references = [f"Patient/{wished.patient}", f"Location/{schedule.place}"]
    if schedule.clinician:
        references.append(f"Practitioner/{schedule.clinician}")
    if linked := practice.service_of(schedule.name):
        references.append(f"HealthcareService/{linked.id}")
    cancelled = wished.cancellation_reason is not None
    keeps_identifier = practice.flavour.keeps_identifier and wished.identifier
    organisation = {
        key: value
        for key, value in wished.organisation.items()
        if key != "type" or practice.flavour.organisation_type
    }
    content = {
        "contained": [organisation],
        "extension": [
            {
                "url": resources.BOOKING_ORGANISATION,
                "valueReference": {"reference": f"#{wished.organisation['id']}"},
            },
            *resources.role_extensions(schedule, spine.roles),
            resources.channel_extension(practice, slots[0].channel),
            *(
                [resources.cancellation_reason(wished.cancellation_reason)]
                if wished.cancellation_reason is not None
                else []
            ),
        ],
        **({"identifier": wished.identifier} if keeps_identifier else {}),
        "status": "cancelled" if cancelled else "booked",
        "serviceCategory": {"text": schedule.name},
        "serviceType": [{"text": slots[0].slot_type}],
        **texts(practice, wished.texts),
        "start": slots[0].written_start,
        "end": slots[-1].written_end,
        "minutesDuration": (slots[-1].end - slots[0].start) // 60,
        "slot": [{"reference": f"Slot/{slot.id}"} for slot in slots],
        "created": london.written(wished.created),
        "participant": [
            {"actor": {"reference": reference}, "status": "accepted"} for reference in references
        ],
    }
    return extras.added(practice, content)


def texts(practice: Practice, sent: Mapping[str, Any]) -> dict[str, str]:
    """Description and comment as this practice stores them: two fields, or joined in one."""
    kept = {key: text(practice, sent[key]) for key in ("description", "comment") if key in sent}
    if practice.flavour.joins_text and "comment" in kept:
        return {"description": f"{kept['description']} | {kept['comment']}"}
    return kept


def text(practice: Practice, sent: str) -> str:
    """A text as the practice's database can store it."""
    if practice.flavour.letters == "all":
        return sent
    return sent.encode("latin-1", "replace").decode("latin-1")

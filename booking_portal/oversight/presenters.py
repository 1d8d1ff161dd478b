"""Audit events as the auditor's page shows them."""

import json
from dataclasses import dataclass

from booking_portal.audit.models import Event, EventKind
from booking_portal.integration.exchange_audit import SAID
from gpconnect import interactions, london, nhs_number


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event in words. Times are London's; `facts` are (name, value) pairs."""

    number: int
    date: str
    time: str
    kind: str
    person: str
    role: str
    patient: str
    practice: str
    outcome: str
    failed: bool
    facts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, event: Event) -> "EventRow":
        """The event as the page shows it."""
        local = event.happened_at.astimezone(london.LONDON)
        return cls(
            number=event.pk,
            date=f"{local.day} {local:%B %Y}",
            time=f"{local:%H:%M:%S}",
            kind=_kind(event),
            person=_person(event),
            role=event.role.replace("_", " "),
            patient=nhs_number.spaced(event.nhs_number) if event.nhs_number else "",
            practice=event.practice_ods,
            outcome=" ".join(part for part in (event.outcome, event.error_code) if part),
            failed=bool(event.error_code) or event.kind in STOPPED_KINDS,
            facts=tuple((name, text) for name, text in _facts(event) if text),
        )


STOPPED_KINDS = ("not_permitted", "blocked", "sign_in_failed")


USE_CASES = {
    interactions.CAPABILITY_STATEMENT.id: "the practice's abilities",
    interactions.FIND_PATIENT.id: "find the patient",
    interactions.READ_PATIENT.id: "read the patient",
    interactions.REGISTER_PATIENT.id: "register the patient",
    interactions.FIND_PRACTITIONER.id: "find a practitioner",
    interactions.READ_PRACTITIONER.id: "read a practitioner",
    interactions.FIND_ORGANISATION.id: "find an organisation",
    interactions.READ_ORGANISATION.id: "read an organisation",
    interactions.READ_LOCATION.id: "read a location",
    interactions.READ_HEALTHCARE_SERVICE.id: "read a service",
    interactions.SEARCH_FREE_SLOTS.id: "search for free slots",
    interactions.BOOK_APPOINTMENT.id: "book",
    interactions.READ_APPOINTMENT.id: "read an appointment",
    interactions.RETRIEVE_APPOINTMENTS.id: "the patient's appointments",
    interactions.AMEND_APPOINTMENT.id: "amend",
    interactions.CANCEL_APPOINTMENT.id: "cancel",
}
SERVICES = {"pds": "PDS, trace", "sds": "SDS, where is the practice"}


def _kind(event: Event) -> str:
    """The kind; for an exchange also what was asked of whom."""
    kind = event.get_kind_display()
    if event.kind not in (EventKind.EXCHANGE_ASKED, EventKind.EXCHANGE_ANSWERED):
        return kind
    what = SERVICES.get(event.service) or USE_CASES.get(event.interaction_id, event.interaction_id)
    return f"{kind} ({what})"


def _person(event: Event) -> str:
    person = event.user_name or event.username or "Not known"
    return f"{person}, through {event.by_system}" if event.by_system else person


def _facts(event: Event) -> list[tuple[str, str]]:
    took = "" if event.milliseconds is None else f"{event.milliseconds} ms"
    detail = dict(event.detail)
    said = str(detail.pop(SAID, ""))
    known = {True: "yes", False: "no: the practice may have acted", None: ""}[event.outcome_known]
    return [
        ("Exact time (UTC)", event.happened_at.isoformat(timespec="milliseconds")),
        ("Username", event.username),
        ("User id", event.user_local_id),
        ("Smartcard role profile", event.role_profile_id),
        ("Organisation", f"{event.organisation_name} {event.organisation_ods}".strip()),
        ("Address", event.remote_address),
        ("Encounter", str(event.encounter_id or "")),
        ("Command", str(event.command_id or "")),
        ("Appointment", event.appointment_id),
        ("Service", event.service),
        ("Ssp-TraceID", event.trace_id),
        ("Ssp-From", event.spine_from),
        ("Ssp-To", event.spine_to),
        ("Ssp-InteractionID", event.interaction_id),
        ("HTTP status", str(event.status or "")),
        ("Outcome known", known),
        ("Took", took),
        ("What the other side said", said),
        ("Token's claims", _compact(event.claims)),
        ("Detail", _compact(detail)),
    ]


def _compact(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) if value else ""

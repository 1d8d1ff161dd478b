"""Where is the practice, and who is the patient there? Kept within an encounter. [FIND-1, SDS-3]"""

from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import Subject, TrailObserver
from booking_portal.integration.lookup_cache import location_name
from booking_portal.patients import trace_fields
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import one_or_none
from gpconnect import errors
from gpconnect.client import GPConnectClient
from gpconnect.demographics import TracedPatient, cross_check
from gpconnect.models import Endpoint, HumanName, Patient


class NoActiveRecord(Exception):
    """The practice has no active record of the patient that it shows. [FIND-2]"""


# Suppliers differ in how they say it. [FIND-2]
NO_RECORD = (NoActiveRecord, errors.PatientNotAtPractice)


def shows_nothing(error: Exception) -> bool:
    """Whether the practice said that it shows no record, and not that it may not. [REG-1]"""
    if isinstance(error, errors.PatientNotAtPractice):
        return error.code != "PATIENT_SENSITIVE"
    return isinstance(error, NoActiveRecord)


class PatientMismatch(Exception):
    """The practice's answer cannot safely be taken for this patient; blocked. [PDS-6]"""


class PracticeMoved(Exception):
    """What was asked for is known by an id of a system that the practice has no longer. [SDS-3]"""

    def __init__(self) -> None:
        super().__init__(
            "The practice has changed its system since. What the one before showed cannot be used "
            "any more."
        )


def audit_subject_at(encounter: Encounter, practice: Practice) -> Subject:
    """What the audit trail says that an exchange in this encounter is about."""
    return Subject(
        nhs_number=encounter.nhs_number,
        practice_ods=practice.ods_code,
        encounter_id=encounter.id,
        names=encounter.all_names,
    )


def locate_practice(encounter: Encounter, practice: Practice, *, actor: Actor) -> PatientAtPractice:
    """How the practice is reached, from the directory. [SDS-1..4]

    Kept within an encounter, while it holds; where the practice has changed its system, what was
    known of the patient there is void.

    Raises: TraceTooOld, GPConnectError (a DirectoryError).
    """
    encounter.require_fresh_trace()
    known = encounter.places.get(practice.pk)
    if known is None or not known.patient_id:  # found in another tab since?
        there = encounter.at_practices.filter(practice=practice)
        known = one_or_none(there.select_related("practice"))
    if known is not None:
        encounter.places[practice.pk] = known
        if known.holds_for(actor):
            return known
    endpoint = clients.directory().look_up(
        practice.ods_code,
        observer=TrailObserver(actor.who, audit_subject_at(encounter, practice)),
        deadlines=clients.page_deadlines(),
    )
    return keep_located(encounter, practice, endpoint, actor=actor)


def keep_located(
    encounter: Encounter, practice: Practice, endpoint: Endpoint, *, actor: Actor
) -> PatientAtPractice:
    """Keep where the directory says that the practice is, for this encounter alone. [SDS-3]

    Another service root or ASID is another system: every id that is known there is void.
    """
    if practice.pk not in encounter.places:
        made, _ = PatientAtPractice.objects.get_or_create(
            encounter=encounter,
            practice=practice,
            defaults={"asid": endpoint.asid, "service_root": endpoint.service_root},
        )
        made.encounter, made.practice = encounter, practice
        encounter.places[practice.pk] = made
    at = encounter.places[practice.pk]
    if at.endpoint != endpoint:
        _move(at, endpoint, actor)
    elif not at.holds_for(actor):
        at.looked_up_at = timezone.now()
        _same(at).update(looked_up_at=at.looked_up_at)
    return at


def require_same_system(at: PatientAtPractice, known_at: str, *, actor: Actor) -> None:
    """Go on only where an id from the system `known_at` still means what it meant. [SDS-3]

    Empty is an id of which nobody has kept where it is from.

    Raises: PracticeMoved, after the refusal has been audited.
    """
    if known_at not in ("", at.system):
        raise _void(at, actor)


def _void(at: PatientAtPractice, actor: Actor) -> PracticeMoved:
    trail.record(
        EventKind.BLOCKED,
        actor.who,
        outcome="an id of the practice's former system",
        **audit_subject_at(at.encounter, at.practice).facts(),
    )
    return PracticeMoved()


def _move(at: PatientAtPractice, endpoint: Endpoint, actor: Actor) -> None:
    """Forget what was known at the former system; another process may have done so already."""
    now_at: dict[str, Any] = {
        "asid": endpoint.asid,
        "service_root": endpoint.service_root,
        "looked_up_at": timezone.now(),
        "moved_at": timezone.now(),
        "patient_id": "",
        "found_at": None,
        "preferred_branch_id": "",
        "telephones": [],
        "details": {},
        "differences": [],
        "differences_acknowledged": False,
    }
    before = {"asid": at.asid, "service_root": at.service_root}
    with transaction.atomic():
        moved = _same(at).update(**now_at)
        if moved:
            trail.record(
                EventKind.DIRECTORY_CHANGED,
                actor.who,
                detail={
                    "before": before,
                    "now": {"asid": endpoint.asid, "service_root": endpoint.service_root},
                },
                **audit_subject_at(at.encounter, at.practice).facts(),
            )
    if not moved:
        encounter, practice = at.encounter, at.practice
        at.refresh_from_db()
        at.encounter, at.practice = encounter, practice
        return
    for name, value in now_at.items():
        setattr(at, name, value)


def _same(at: PatientAtPractice) -> QuerySet[PatientAtPractice]:
    """Its row, while that is about the same system."""
    return PatientAtPractice.objects.filter(pk=at.pk, asid=at.asid, service_root=at.service_root)


def client_at(at: PatientAtPractice, *, actor: Actor) -> GPConnectClient:
    """A client for the practice, on the actor's behalf, audited under the encounter."""
    return clients.client(actor, at.endpoint, audit_subject_at(at.encounter, at.practice))


def find_at_practice(
    encounter: Encounter, practice: Practice, *, actor: Actor, known_at: str | None = None
) -> PatientAtPractice:
    """The patient at the practice, cross-checked with PDS; found once in an encounter and system.

    `known_at` is the system that an id in the page's address is from: nothing is asked where that
    is not the practice's any more. Empty: the address does not say, and counts only while the
    practice has had no other system in this encounter. None: there is no such id. [SDS-3]

    Raises: TraceTooOld, PracticeMoved, NoActiveRecord, PatientNotAtPractice, PatientMismatch (a
    different NHS number or more than one record), GPConnectError. [FIND-1, FIND-2, PDS-6]
    """
    at = locate_practice(encounter, practice, actor=actor)
    if known_at == "" and at.moved_at is not None:
        raise _void(at, actor)
    require_same_system(at, known_at or "", actor=actor)
    if at.patient_id:
        return at
    client = client_at(at, actor=actor)
    patients = client.find_patient(encounter.nhs_number)
    if not patients:
        raise NoActiveRecord
    if len(patients) > 1 or patients[0].nhs_number != encounter.nhs_number:
        trail.record(
            EventKind.BLOCKED,
            actor.who,
            outcome="not certainly this one patient",
            **audit_subject_at(encounter, practice).facts(),
        )
        raise PatientMismatch
    branch_id = patients[0].preferred_branch_id
    branch = location_name(client, at.endpoint, branch_id) if branch_id else ""
    keep_found(at, patients[0], actor=actor, branch=branch)
    return at


def keep_found(at: PatientAtPractice, patient: Patient, *, actor: Actor, branch: str = "") -> None:
    """Keep what the practice says of the patient, and in what it differs from PDS. [PDS-6]

    `branch` is the name of the preferred one, where it is known. [READ-2]
    """
    at.patient_id = patient.id
    at.found_at = timezone.now()
    at.preferred_branch_id = patient.preferred_branch_id or ""
    at.telephones = [
        point.value for point in patient.telecoms if point.system == "phone" and point.value
    ]
    at.details = trace_fields.details(patient) | {"preferred_branch": branch}
    at.differences = [
        asdict(difference) for difference in cross_check(_as_traced(at.encounter), patient)
    ]
    kept = ("patient_id", "found_at", "preferred_branch_id", "telephones", "details", "differences")
    _same(at).update(
        **{name: getattr(at, name) for name in kept}
    )  # and not what others do meanwhile
    if at.differences:
        trail.record(
            EventKind.DIFFERENCES_FOUND,
            actor.who,
            detail={"fields": [difference["field"] for difference in at.differences]},
            **audit_subject_at(at.encounter, at.practice).facts(),
        )


def _as_traced(encounter: Encounter) -> TracedPatient:
    """What is compared: identity, with every current name. [PDS-6]"""
    name = encounter.name
    return TracedPatient(
        nhs_number=encounter.nhs_number,
        superseded=encounter.superseded,
        restricted=False,
        traced_at=encounter.traced_at,
        official_name=HumanName(family=name.family, given=name.given, text=name.text),
        names=encounter.names,
        gender=encounter.gender,
        born=encounter.born,
    )

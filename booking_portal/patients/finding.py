"""Where is the practice, and who is the patient there? Once in an encounter. [FIND-1, SDS-3]"""

from dataclasses import asdict

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import Kind
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices import connection
from booking_portal.practices.models import Practice
from booking_portal.practices.observer import Subject, TrailObserver
from booking_portal.querying import one_or_none
from gpconnect import errors
from gpconnect.client import GPConnectClient
from gpconnect.demographics import TracedPatient, cross_check
from gpconnect.models import Endpoint, HumanName, Patient


class PatientNotAtPractice(Exception):
    """The practice has no active record of the patient that it shows. [FIND-2]"""


# Suppliers differ in how they say it. [FIND-2]
NO_RECORD = (PatientNotAtPractice, errors.PatientNotAtPractice)


def shows_nothing(error: Exception) -> bool:
    """Whether the practice said that it shows no record, and not that it may not. [REG-1]"""
    if isinstance(error, errors.PatientNotAtPractice):
        return error.code != "PATIENT_SENSITIVE"
    return isinstance(error, PatientNotAtPractice)


class PatientMismatch(Exception):
    """The practice's answer cannot safely be taken for this patient; blocked. [PDS-6]"""


def subject_of(encounter: Encounter, practice: Practice) -> Subject:
    """What the audit trail says that an exchange in this encounter is about."""
    return Subject(
        nhs_number=encounter.nhs_number,
        practice_ods=practice.ods_code,
        encounter_id=encounter.id,
        names=encounter.all_names,
    )


def reach(encounter: Encounter, practice: Practice, *, actor: Actor) -> PatientAtPractice:
    """How the practice is reached, from the directory, once in an encounter. [SDS-1..4]

    Raises: TraceTooOld, GPConnectError (a DirectoryError).
    """
    encounter.require_fresh_trace()
    known = encounter.places.get(practice.pk)
    if known is None or not known.patient_id:  # found in another tab since?
        there = encounter.at_practices.filter(practice=practice)
        known = one_or_none(there.select_related("practice"))
    if known is not None:
        encounter.places[practice.pk] = known
        return known
    endpoint = connection.directory().look_up(
        practice.ods_code,
        observer=TrailObserver(actor.who, subject_of(encounter, practice)),
        deadlines=connection.page_deadlines(),
    )
    return keep_reached(encounter, practice, endpoint)


def keep_reached(encounter: Encounter, practice: Practice, endpoint: Endpoint) -> PatientAtPractice:
    """Keep where the directory says that the practice is, for this encounter alone. [SDS-3]"""
    if practice.pk not in encounter.places:
        made, _ = PatientAtPractice.objects.get_or_create(
            encounter=encounter,
            practice=practice,
            defaults={"asid": endpoint.asid, "service_root": endpoint.service_root},
        )
        made.encounter, made.practice = encounter, practice
        encounter.places[practice.pk] = made
    return encounter.places[practice.pk]


def client_at(at: PatientAtPractice, *, actor: Actor) -> GPConnectClient:
    """A client for the practice, on the actor's behalf, audited under the encounter."""
    return connection.client(actor, at.endpoint, subject_of(at.encounter, at.practice))


def find(encounter: Encounter, practice: Practice, *, actor: Actor) -> PatientAtPractice:
    """The patient at the practice, cross-checked with PDS; found once in an encounter.

    Raises: TraceTooOld, PatientNotAtPractice, PatientMismatch (a different NHS number or more
    than one record), GPConnectError. [FIND-1, FIND-2, PDS-6]
    """
    at = reach(encounter, practice, actor=actor)
    if at.patient_id:
        return at
    patients = client_at(at, actor=actor).find_patient(encounter.nhs_number)
    if not patients:
        raise PatientNotAtPractice
    if len(patients) > 1 or patients[0].nhs_number != encounter.nhs_number:
        trail.record(
            Kind.BLOCKED,
            actor.who,
            outcome="not certainly this one patient",
            **subject_of(encounter, practice).facts(),
        )
        raise PatientMismatch
    keep_found(at, patients[0], actor=actor)
    return at


def keep_found(at: PatientAtPractice, patient: Patient, *, actor: Actor) -> None:
    """Keep what the practice says of the patient, and in what it differs from PDS. [PDS-6]"""
    at.patient_id = patient.id
    at.found_at = timezone.now()
    at.preferred_branch_id = patient.preferred_branch_id or ""
    at.telephones = [
        point.value for point in patient.telecoms if point.system == "phone" and point.value
    ]
    at.differences = [
        asdict(difference) for difference in cross_check(_as_traced(at.encounter), patient)
    ]
    kept = ("patient_id", "found_at", "preferred_branch_id", "telephones", "differences")
    same = PatientAtPractice.objects.filter(pk=at.pk)
    same.update(**{name: getattr(at, name) for name in kept})  # and not what others do meanwhile
    if at.differences:
        trail.record(
            Kind.DIFFERENCES_FOUND,
            actor.who,
            detail={"fields": [difference["field"] for difference in at.differences]},
            **subject_of(at.encounter, at.practice).facts(),
        )


def _as_traced(encounter: Encounter) -> TracedPatient:
    name = encounter.name
    official = HumanName(
        use="official",
        family=name.family,
        given=name.given,
        prefix=(name.title,) if name.title else (),
        text="",
    )
    return TracedPatient(
        nhs_number=encounter.nhs_number,
        superseded=encounter.superseded,
        restricted=False,
        official_name=official,
        names=(official,),
        gender=encounter.gender or None,
        birth_date=encounter.birth_date,
        deceased=encounter.deceased,
        registered_practice=encounter.registered_practice_ods or None,
        address=None,
        telecoms=(),
        traced_at=encounter.traced_at,
    )

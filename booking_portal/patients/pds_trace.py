"""Who is the patient? From what the caller says to an open encounter. [PDS-1..8]"""

from dataclasses import dataclass, replace
from datetime import date

from django.conf import settings

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import Subject, TrailObserver
from booking_portal.patients import trace_fields
from booking_portal.patients.confirmation import (
    BirthDateDiffers,
    NotConfirmed,
    Said,
    require_confirmed,
)
from booking_portal.patients.models import Encounter
from booking_portal.patients.wrong_tries import one_try
from gpconnect import nhs_number as numbers
from gpconnect.demographics import TracedPatient, Urgency, search_rules
from gpconnect.errors import PatientNotUnique


class RestrictedPatient(Exception):
    """PDS does not say 'unrestricted': nothing is sent and nothing is shown. [PDS-3]"""


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What is known of a patient without the number at hand. [PDS-7]

    `given`: the first names, each by itself.
    """

    family: str
    birth_date: date
    given: tuple[str, ...] = ()
    gender: str = ""
    postcode: str = ""


def open_by_number(nhs_number: str, said: Said | None, *, actor: Actor) -> Encounter:
    """Trace by NHS number; nothing is shown until what the patient says matches. [PDS-8]

    Outside production None leaves the comparison out: the command line may in test environments.

    Raises: NotPermitted, gpconnect.nhs_number.InvalidNHSNumber, RestrictedPatient,
    NotConfirmed (also TooManyTries), GPConnectError (PDS unknown, invalidated, away, ...).
    """
    actor.require(Permission.TRACE_PATIENT)
    number = numbers.normalise(nhs_number)
    with one_try(actor, number):
        traced = clients.demographics().trace(
            number,
            organisation_ods=actor.organisation.ods_code,
            observer=TrailObserver(actor.who, Subject(nhs_number=number)),
        )
        return _open(traced, said, actor, asked=number)


def open_by_search(terms: SearchTerms, *, actor: Actor) -> Encounter:
    """Find the one patient that the terms match. [PDS-7]

    Raises: NotPermitted, RestrictedPatient, NotConfirmed (also TooManyTries), GPConnectError
    (PatientNotUnique when none or several match).
    """
    actor.require(Permission.TRACE_PATIENT)
    with one_try(actor):
        try:
            found = _search(terms, actor)
        except PatientNotUnique as nobody:
            # "John Paul" may be two names or one: what was typed does not say.
            as_one = " ".join(terms.given)
            if nobody.code != "PDS_NO_MATCH" or len(terms.given) < 2 or search_rules.slip(as_one):
                raise
            found = _search(replace(terms, given=(as_one,)), actor)
        said = Said(terms.birth_date, terms.family, " ".join(terms.given), terms.postcode)
        return _open(found, said, actor)


def _search(terms: SearchTerms, actor: Actor) -> TracedPatient:
    return clients.demographics().search(
        family=terms.family,
        birth_date=terms.birth_date,
        given=terms.given,
        gender=terms.gender or None,
        postcode=terms.postcode or None,
        organisation_ods=actor.organisation.ods_code,
        observer=TrailObserver(actor.who, Subject(names=(terms.family, *terms.given))),
    )


def trace_again(encounter: Encounter, *, actor: Actor) -> Encounter:
    """Renew the encounter's trace. [PDS-1]

    A patient who is restricted by now is forgotten, here and wherever else they are open. [PDS-3]

    Raises: NotPermitted, RestrictedPatient, GPConnectError.
    """
    actor.require(Permission.TRACE_PATIENT)
    subject = Subject(
        nhs_number=encounter.nhs_number, encounter_id=encounter.id, names=encounter.all_names
    )
    traced = clients.demographics().trace(
        encounter.nhs_number,
        organisation_ods=actor.organisation.ods_code,
        urgency=Urgency.BACKGROUND if actor.by_system else Urgency.LIVE,
        observer=TrailObserver(actor.who, subject),
    )
    _require_unrestricted(traced, actor, encounter.nhs_number)
    before = _identity(encounter)
    _keep(encounter, traced, asked=encounter.nhs_number)
    if _identity(encounter) != before:  # to be found, and compared with PDS, anew [PDS-6]
        encounter.at_practices.all().delete()
        encounter.__dict__.pop("places", None)
    encounter.save()
    return encounter


def _open(traced: TracedPatient, said: Said | None, actor: Actor, asked: str = "") -> Encounter:
    _require_unrestricted(traced, actor, traced.nhs_number)
    try:
        _confirm(traced, said)
    except NotConfirmed as reason:
        trail.record(
            EventKind.BLOCKED, actor.who, nhs_number=traced.nhs_number, outcome=reason.outcome
        )
        raise
    encounter = Encounter(user=actor.user, organisation=actor.organisation)
    _keep(encounter, traced, asked)
    encounter.save(force_insert=True)
    trail.record(
        EventKind.ENCOUNTER_OPENED,
        actor.who,
        nhs_number=encounter.nhs_number,
        encounter_id=encounter.id,
    )
    return encounter


def _confirm(traced: TracedPatient, said: Said | None) -> None:
    if said is not None:
        require_confirmed(traced, said)
    elif settings.REAL_PATIENTS:
        raise BirthDateDiffers


def _identity(encounter: Encounter) -> tuple[object, ...]:
    return (
        encounter.nhs_number,
        encounter.name,
        encounter.names,
        encounter.gender,
        encounter.born,
    )


def _require_unrestricted(traced: TracedPatient, actor: Actor, asked: str) -> None:
    if traced.restricted:
        Encounter.objects.filter(nhs_number__in={asked, traced.nhs_number}).forget_patient()
        trail.record(
            EventKind.BLOCKED, actor.who, nhs_number=traced.nhs_number, outcome="restricted on PDS"
        )
        raise RestrictedPatient


def _keep(encounter: Encounter, traced: TracedPatient, asked: str) -> None:
    known = {*encounter.superseded_numbers, asked} - {"", traced.nhs_number}
    encounter.superseded = encounter.superseded or traced.superseded
    encounter.nhs_number = traced.nhs_number
    encounter.traced_at = traced.traced_at
    encounter.trace = trace_fields.written(traced, known)

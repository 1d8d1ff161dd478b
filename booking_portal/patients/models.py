"""An encounter and what it has learnt at each practice."""

import uuid
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation, User
from booking_portal.integration.systems import system_of
from booking_portal.patients import trace_fields as kept
from booking_portal.patients.trace_fields import TracedName
from booking_portal.practices.models import Practice
from gpconnect.demographics import Dated, Standing
from gpconnect.models import (
    Address,
    Communication,
    Contact,
    ContactPoint,
    Endpoint,
    HumanName,
    PartialDate,
    RegistrationDetails,
)


class TraceTooOld(Exception):
    """The patient was traced more than 24 hours ago; nothing may be sent. [PDS-1]"""


class EncounterQuerySet(models.QuerySet["Encounter"]):
    """Encounters, starting from who acts and for which organisation."""

    def for_actor(self, actor: Actor) -> "EncounterQuerySet":
        """The actor's own encounters at the organisation that they act for."""
        return self.filter(user=actor.user, organisation=actor.organisation)

    def of_same_patient(self, encounter: "Encounter", actor: Actor) -> "Encounter | None":
        """The actor's own freshly traced encounter for the patient: this one, or the newest."""
        if encounter.is_of(actor) and encounter.trace_is_fresh:
            return encounter
        mine = self.for_actor(actor).filter(nhs_number=encounter.nhs_number)
        newest = mine.order_by("-traced_at").first()
        return newest if newest and newest.trace_is_fresh else None

    def forget_patient(self) -> None:
        """Keep nothing of what was traced, and no trace that anything could be sent on. [PDS-3]"""
        self.update(trace={"restricted": True}, traced_at=timezone.now() - settings.TRACE_LIFETIME)


class Encounter(models.Model):
    """One patient, traced, in front of one user at one organisation. [PDS-1..4, SDS-3]

    Its opaque id is what the portal's URLs carry. `trace` is what PDS said, as JSON (see
    `booking_portal.patients.trace_fields`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    nhs_number = models.CharField(max_length=10)
    superseded = models.BooleanField(default=False)
    trace = models.JSONField(default=dict)
    traced_at = models.DateTimeField()
    opened_at = models.DateTimeField(default=timezone.now)

    objects = EncounterQuerySet.as_manager()

    class Meta:
        ordering = ("-opened_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)

    def is_of(self, actor: Actor) -> bool:
        """Whether it is the actor's own, at the organisation that they act for."""
        return (self.user_id, self.organisation_id) == (actor.user.pk, actor.organisation.pk)

    @cached_property
    def places(self) -> "dict[int, PatientAtPractice]":
        """What it has learnt at each practice, by the practice's key; read once for this object."""
        return {at.practice_id: at for at in self.at_practices.select_related("practice")}

    @property
    def superseded_numbers(self) -> list[str]:
        """The NHS numbers that the patient was traced by and that are not theirs any more."""
        return list(self.trace.get("superseded_numbers", ()))

    @property
    def nhs_numbers(self) -> list[str]:
        """The patient's NHS number, and the superseded ones that are known."""
        return [self.nhs_number, *self.superseded_numbers]

    @property
    def name(self) -> TracedName:
        """The patient's preferred name: the official one where PDS has it, or the last known."""
        return kept.name(self.trace)

    @property
    def names(self) -> tuple[HumanName, ...]:
        """Every current name. [PDS-6]"""
        return kept.names(self.trace)

    @property
    def born(self) -> PartialDate | None:
        """The birth date, as far as PDS has it. [PDS-9]"""
        return kept.born(self.trace)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name of the patient's that is known, in no order: to be masked in texts."""
        known = [self.name.family, *self.name.given, *self.name.text.split()]
        for name in self.names:
            known += [name.family or "", *name.given]
        return tuple(dict.fromkeys(part for part in known if part))

    @property
    def birth_date(self) -> date | None:
        """The birth date, if PDS has a whole one."""
        return self.born.whole if self.born else None

    @property
    def gender(self) -> str:
        """As PDS gave it: male, female, other or unknown."""
        return str(self.trace.get("gender") or "")

    @property
    def deceased(self) -> bool:
        """Whether PDS knows of a death; then nothing is booked. [PDS-4]"""
        return bool(self.trace.get("deceased"))

    @property
    def died(self) -> PartialDate | None:
        """When the patient died, as far as PDS has it."""
        return PartialDate.read(self.trace.get("died"))

    @property
    def registered_practice_ods(self) -> str:
        """The ODS code of the practice where the patient is registered; empty if not given."""
        return str(self.trace.get("registered_practice") or "")

    @property
    def last_practice_ods(self) -> str:
        """Where a registration has ended, of a patient who is registered nowhere now. [PDS-9]"""
        return str(self.trace.get("last_practice") or "")

    @property
    def addresses(self) -> tuple[Dated[Address], ...]:
        """Every address to show, each with its use and whether it counts. [PDS-9]"""
        return kept.addresses(self.trace)

    @property
    def home_address(self) -> Address | None:
        """In its parts, if it counts for sure; no other address stands for it."""
        return self._address("home")

    @property
    def temporary_address(self) -> Address | None:
        """As `home_address`."""
        return self._address("temp")

    def _address(self, use: str) -> Address | None:
        for held in self.addresses:
            if held.value.use == use and held.standing is Standing.CURRENT:
                return held.value
        return None

    @property
    def telecoms(self) -> tuple[ContactPoint, ...]:
        """Telephone numbers, e-mail addresses and the like that count, each with its use."""
        return tuple(ContactPoint(**point) for point in self.trace.get("telecoms", ()))

    @property
    def last_telecoms(self) -> tuple[Dated[ContactPoint], ...]:
        """Those that do not certainly count any more. [PDS-9]"""
        return kept.last_telecoms(self.trace)

    @property
    def communication(self) -> Communication:
        """Language and interpreter need. [PDS-9]"""
        return kept.communication(self.trace)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """People to get in touch with, as PDS gave them."""
        return kept.contacts(self.trace.get("contacts"))

    @property
    def restricted(self) -> bool:
        """Whether PDS restricted the patient after the encounter was opened. [PDS-3]"""
        return bool(self.trace.get("restricted"))

    @property
    def trace_is_fresh(self) -> bool:
        """Whether the patient was traced within the last 24 hours."""
        lifetime: timedelta = settings.TRACE_LIFETIME
        return timezone.now() - self.traced_at < lifetime

    def require_fresh_trace(self) -> None:
        """Go on only with a fresh trace.

        Raises: TraceTooOld. [PDS-1]
        """
        if not self.trace_is_fresh:
            raise TraceTooOld


class PatientAtPractice(models.Model):
    """What the encounter has learnt at one practice: how it is reached, and the patient there.

    Never shared with another encounter, and looked up anew after another sign-in, another trace,
    or an hour. The ids are those of the system that `asid` and `service_root` name, and go with
    it. [SDS-3] `patient_id` is the practice's own logical id, empty until the patient was found.
    `details` is what else the practice's record says (see `booking_portal.patients.trace_fields`).
    `moved_at`: when it last turned out to have another system than before.
    """

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="at_practices")
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    asid = models.CharField(max_length=12)
    service_root = models.CharField(max_length=500)
    looked_up_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(null=True)
    patient_id = models.CharField(max_length=64, blank=True)
    found_at = models.DateTimeField(null=True)
    preferred_branch_id = models.CharField(max_length=64, blank=True)
    telephones = models.JSONField(default=list)
    details = models.JSONField(default=dict, db_default={})
    differences = models.JSONField(default=list)
    differences_acknowledged = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["encounter", "practice"], name="one_row_per_encounter_and_practice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.encounter_id} at {self.practice.ods_code}"

    @property
    def endpoint(self) -> Endpoint:
        """The practice as the directory gave it for this encounter."""
        return Endpoint(self.practice.ods_code, self.asid, self.service_root)

    @property
    def numbers_held(self) -> list[str] | None:
        """The telephone numbers that the practice gave; None when it has not been asked yet."""
        return list(self.telephones) if self.patient_id else None

    @property
    def system(self) -> str:
        """The system that every id here is from."""
        return system_of(self.endpoint)

    def holds_for(self, actor: Actor) -> bool:
        """Whether what the directory said still counts: in this sign-in, for this trace, and no
        longer than an hour. [SDS-3]"""
        begun = max(self.encounter.traced_at, actor.user.last_login or self.encounter.traced_at)
        lifetime: timedelta = settings.DIRECTORY_LIFETIME
        return begun <= self.looked_up_at and timezone.now() - self.looked_up_at < lifetime

    @property
    def registration(self) -> RegistrationDetails:
        """How the practice has the patient on its list. [READ-2]"""
        return kept.registration(self.details.get("registration"))

    @property
    def preferred_branch(self) -> str:
        """The preferred branch's name; empty where there is none or it is not known. [READ-2]"""
        return str(self.details.get("preferred_branch") or "")

    @property
    def communication(self) -> Communication:
        """Language and interpreter need, as the practice has them. [READ-2]"""
        return kept.communication(self.details)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """People to get in touch with, as the practice has them. [READ-2]"""
        return kept.contacts(self.details.get("contacts"))

    @property
    def number_status(self) -> str:
        """The verification status of the NHS number at the practice; 01: verified. [RES-4]"""
        return str(self.details.get("number_status") or "")

    @property
    def serious_differences(self) -> list[dict[str, Any]]:
        """Differences of family name or birth date, which must be acknowledged. [PDS-6]"""
        return [difference for difference in self.differences if difference["serious"]]

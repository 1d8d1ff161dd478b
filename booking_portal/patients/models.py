"""An encounter and what it has learnt at each practice."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation, User
from booking_portal.practices.models import Practice
from booking_portal.practices.systems import system_of
from gpconnect.models import Address, ContactPoint, Endpoint


class TraceTooOld(Exception):
    """The patient was traced more than 24 hours ago; nothing may be sent. [PDS-1]"""


@dataclass(frozen=True, slots=True)
class TracedName:
    """The official name as PDS gave it."""

    family: str
    given: tuple[str, ...]
    title: str


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

    Its opaque id is what the portal's URLs carry. `trace` is what PDS said, as JSON:
    family, given, title, gender, birth_date, deceased, registered_practice, telephones,
    address, all text; the last two also in their parts, as `telecoms` and `home_address`; and
    the numbers that were asked for and that PDS says are superseded.
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
        """The patient's official name."""
        return TracedName(
            self.trace.get("family", ""),
            tuple(self.trace.get("given", ())),
            self.trace.get("title", ""),
        )

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name of the patient's that is known, in no order: to be masked in texts."""
        return self.name.family, *self.name.given

    @property
    def birth_date(self) -> date | None:
        """As PDS gave it."""
        text = self.trace.get("birth_date")
        return date.fromisoformat(text) if text else None

    @property
    def gender(self) -> str:
        """As PDS gave it: male, female, other or unknown."""
        return str(self.trace.get("gender") or "")

    @property
    def deceased(self) -> bool:
        """Whether PDS knows of a death; then nothing is booked. [PDS-4]"""
        return bool(self.trace.get("deceased"))

    @property
    def registered_practice_ods(self) -> str:
        """The ODS code of the practice where the patient is registered; empty if not given."""
        return str(self.trace.get("registered_practice") or "")

    @property
    def home_address(self) -> Address | None:
        """As PDS gave it, in its parts."""
        kept = self.trace.get("home_address")
        return Address(**kept | {"lines": tuple(kept["lines"])}) if kept else None

    @property
    def telecoms(self) -> tuple[ContactPoint, ...]:
        """Telephone numbers and e-mail addresses as PDS gave them, each with its use."""
        return tuple(ContactPoint(**point) for point in self.trace.get("telecoms", ()))

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
    """

    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE, related_name="at_practices")
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    asid = models.CharField(max_length=12)
    service_root = models.CharField(max_length=500)
    looked_up_at = models.DateTimeField(default=timezone.now)
    patient_id = models.CharField(max_length=64, blank=True)
    found_at = models.DateTimeField(null=True)
    preferred_branch_id = models.CharField(max_length=64, blank=True)
    telephones = models.JSONField(default=list)
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
    def serious_differences(self) -> list[dict[str, Any]]:
        """Differences of family name or birth date, which must be acknowledged. [PDS-6]"""
        return [difference for difference in self.differences if difference["serious"]]

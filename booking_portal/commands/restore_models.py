"""What is kept of a restore from a backup: who is on hold, what was looked at, what was found."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation, User
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice

OK = "OK"


class DatabaseMark(models.Model):
    """How this database was last seen; one row. A restored one does not look like that.

    `identity` says which server, history, database and table it is, empty until it was first
    seen. `count` goes up with each look; Redis remembers it too, and a restore sets the
    database's own back.
    """

    identity = models.CharField(max_length=200, blank=True)
    count = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.identity} at {self.count}"


class RestorationQuerySet(models.QuerySet["Restoration"]):
    """Restorations, starting from the organisation that the user acts for."""

    def for_organisation(self, organisation: Organisation) -> "RestorationQuerySet":
        """The organisation's own."""
        return self.filter(organisation=organisation)

    def on_hold(self) -> "RestorationQuerySet":
        """Those that nobody has released yet."""
        return self.filter(released_at=None)


class Restoration(models.Model):
    """A restore from a backup as one organisation has to see to it.

    Until it is released nothing is sent by itself for the organisation. Times are UTC. `reason`
    is what the portal noticed, or what the person typed who said so.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    noticed_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = RestorationQuerySet.as_manager()

    class Meta:
        ordering = ("-noticed_at",)
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=models.Q(released_at=None),
                name="one_hold_of_an_organisation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} restored {self.noticed_at:%Y-%m-%d %H:%M}"


class Reconciliation(models.Model):
    """One patient at one practice, to be compared with what the portal knows.

    `encounter` is the latest that met the patient. `next_look_at` is None when it has been done
    or given up; `outcome` is OK, or the code of what stood in the way last. `settled`, `changed`
    and `strays` count what was found; `missing` are the ids of bookings of ours to come that the
    practice says it does not show; `begun` counts those that it need not show, as they have begun.
    """

    restoration = models.ForeignKey(Restoration, on_delete=models.CASCADE, related_name="parts")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    nhs_number = models.CharField(max_length=10)
    next_look_at = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=80, blank=True)
    settled = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    missing: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    strays = models.PositiveIntegerField(default=0)
    begun = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        indexes = [models.Index(fields=["next_look_at"], name="reconciliations_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["restoration", "practice", "nhs_number"],
                name="one_reconciliation_of_a_patient_there",
            )
        ]

    def __str__(self) -> str:
        return f"{self.encounter_id} at {self.practice_id}: {self.outcome or 'to do'}"


class StrayQuerySet(models.QuerySet["Stray"]):
    """Strays, starting from the organisation that the user acts for."""

    def for_organisation(self, organisation: Organisation) -> "StrayQuerySet":
        """The organisation's own, with what pages show of them."""
        return self.filter(organisation=organisation).select_related("practice", "encounter")

    def to_see(self) -> "StrayQuerySet":
        """Those that nobody has seen to yet; nothing of a restricted patient. [PDS-3]"""
        shown = self.exclude(encounter__trace__contains={"restricted": True})
        return shown.filter(closed_at=None)


class Stray(models.Model):
    """An appointment that the practice holds, booked by us, and no command of ours knows.

    `result` is the appointment as commands keep it. Somebody closes it when they have seen it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT)
    nhs_number = models.CharField(max_length=10)
    appointment_id = models.CharField(max_length=64)
    starts_at = models.DateTimeField(null=True)
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    found_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = StrayQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at",)
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "practice", "appointment_id"],
                name="one_stray_of_an_appointment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id} at {self.practice_id}"

    def may_be_seen_by(self, actor: Actor) -> bool:
        """Whether it belongs to the organisation that the actor acts for."""
        return self.organisation_id == actor.organisation.pk

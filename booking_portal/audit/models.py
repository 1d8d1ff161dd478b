"""The audit trail's one table: insert-only, everything as it was at that moment."""

from django.db import models


class EventKind(models.TextChoices):
    """What can be read in the audit trail. [IG-2]"""

    SIGNED_IN = "signed_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
    SIGNED_OUT = "signed_out", "Signed out"
    ORGANISATION_CHOSEN = "organisation_chosen", "Chose the organisation to act for"
    NOT_PERMITTED = "not_permitted", "Refused: not permitted"
    BLOCKED = "blocked", "Stopped before anything was sent"
    EXCHANGE_ASKED = "exchange_asked", "Asked"
    EXCHANGE_ANSWERED = "exchange_answered", "Answered"
    ENCOUNTER_OPENED = "encounter_opened", "Patient traced and shown"
    OTHERWISE_ACKNOWLEDGED = "otherwise_acknowledged", "Told the patient what is not as asked for"
    DIFFERENCES_FOUND = "differences_found", "The practice's record differs from PDS"
    DIRECTORY_CHANGED = "directory_changed", "The practice has another system than before"
    COMMAND_STORED = "command_stored", "Write asked for"
    COMMAND_MOVED = "command_moved", "Write changed state"
    COMMAND_SENT_AGAIN = "command_sent_again", "Write sent again"
    COMMAND_WITHDRAWN = "command_withdrawn", "Write withdrawn"
    COMMAND_TAKEN = "command_taken", "Took over what is not settled"
    COMMAND_ESCALATED = "command_escalated", "Nobody took over what is not settled"
    PATIENT_TOLD = "patient_told", "The patient was told the outcome"
    STEPS_MOVED = "steps_moved", "Steps of a write went on or ended"
    RESTORED = "restored", "Restored from a backup: nothing is sent by itself"
    RELEASED = "released", "Released for sending by itself"
    ADMINISTERED = "administered", "Changed in administration"
    AUDIT_READ = "audit_read", "Read the audit trail"


class Event(models.Model):
    """One thing that happened: who, for which organisation, to which patient, with what outcome.

    Actor fields are copies, not references: they say what was true at the time. `happened_at`
    is UTC. The two events of one exchange share `trace_id`.
    """

    happened_at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=32, choices=EventKind, db_index=True)

    username = models.CharField(max_length=150, blank=True)
    user_local_id = models.CharField(max_length=64, blank=True)
    user_name = models.CharField(max_length=400, blank=True)
    role = models.CharField(max_length=32, blank=True)
    role_profile_id = models.CharField(max_length=64, blank=True)
    organisation_ods = models.CharField(max_length=16, blank=True, db_index=True)
    organisation_name = models.CharField(max_length=200, blank=True)
    by_system = models.CharField(max_length=64, blank=True)
    remote_address = models.CharField(max_length=64, blank=True)

    nhs_number = models.CharField(max_length=10, blank=True, db_index=True)
    practice_ods = models.CharField(max_length=16, blank=True)
    encounter_id = models.UUIDField(null=True, blank=True)
    command_id = models.UUIDField(null=True, blank=True, db_index=True)
    appointment_id = models.CharField(max_length=128, blank=True)

    trace_id = models.CharField(max_length=64, blank=True, db_index=True)
    service = models.CharField(max_length=16, blank=True)
    interaction_id = models.CharField(max_length=160, blank=True)
    spine_from = models.CharField(max_length=32, blank=True)
    spine_to = models.CharField(max_length=32, blank=True)
    claims = models.JSONField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    outcome_known = models.BooleanField(null=True, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.happened_at:%Y-%m-%d %H:%M:%S} {self.get_kind_display()}"

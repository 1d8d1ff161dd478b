"""Commands, the proposals that they come from, and the history of their attempts."""

import uuid
from datetime import date, datetime

from django.db import models
from django.utils import timezone

from booking_portal.accounts.models import User
from booking_portal.commands import beat_lease as beat_lease
from booking_portal.commands import restore_models as restore_models
from booking_portal.commands.states import LOOKED_FOR, UNSETTLED, Kind, State
from booking_portal.commands.work_item import WorkItem, WorkItemQuerySet
from booking_portal.integration.systems import system_of
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer
from gpconnect import london
from gpconnect.models import Endpoint, PracticeTime


class Proposal(models.Model):
    """Slots that a user has chosen and not yet confirmed; its id is the booking's form token.

    `offers` are the chosen offers as JSON. `before` holds the ids of the appointments that the
    patient had at the practice when the check page was made (None: nobody has looked), so that
    settling never takes an old one for the new. The texts are what the user typed, kept when a
    slot has gone. `moving` tells the appointment that the user wants to move to these slots, as
    they saw it (practice_ods, appointment_id, version, starts); None for a new one. [MOVE-1]
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encounter = models.ForeignKey(Encounter, on_delete=models.CASCADE)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    offers = models.JSONField()
    before = models.JSONField(null=True)
    moving = models.JSONField(null=True)
    description = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def chosen(self) -> list[Offer]:
        """The chosen offers in order."""
        return [Offer.from_json(offer) for offer in self.offers]


class SagaQuerySet(WorkItemQuerySet["Saga"]):
    """Sagas, starting from the organisation that the user acts for."""


class Saga(WorkItem):
    """Two writes for one wish of the user: the second is sent only when the first is done.

    A move books `proposal` and then cancels the old appointment, or, after an explicit warning,
    cancels first; register-and-book registers the patient and then books `proposal`. The steps
    are the commands that name it; where it stands is derived from theirs. [MOVE-1, REG-1]

    The second step is sent by itself until `automatic_until` (UTC, the database's clock), unless
    `stopped` says what stands in the way; from then on a person decides, until `closed_at`.
    `old_*` tell the appointment to be cancelled as the user saw it, `cancellation_reason` why.
    Each news of a step leaves it to a person anew (`attention_at`): where it stands is derived, so
    one that is due is looked at, and where it does not wait for a decision, left alone again.
    """

    class Kind(models.TextChoices):
        """Which two steps, in which order."""

        MOVE = "move", "Move: book, then cancel"
        CANCEL_FIRST = "cancel_first", "Move: cancel, then book"
        REGISTER_AND_BOOK = "register_and_book", "Register and book"

    class Closing(models.TextChoices):
        """What a person decided in place of the second step."""

        KEPT_BOTH = "kept_both", "Both appointments are kept"
        GIVEN_UP = "given_up", "The second step is not wanted any more"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT)

    old_practice = models.ForeignKey(
        Practice, on_delete=models.PROTECT, null=True, related_name="+"
    )
    old_appointment_id = models.CharField(max_length=64, blank=True)
    old_version = models.CharField(max_length=64, blank=True)
    old_starts = models.CharField(max_length=40, blank=True)
    cancellation_reason = models.TextField(blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    automatic_until = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    stopped = models.CharField(max_length=80, blank=True)
    sentence = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closing = models.CharField(max_length=20, choices=Closing, blank=True)

    objects = SagaQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_try_at"], name="sagas_due"),
            models.Index(
                fields=["old_practice", "old_appointment_id"], name="sagas_of_an_appointment"
            ),
            models.Index(
                fields=["attention_at"],
                condition=models.Q(attention_at__isnull=False, escalated_at=None),
                name="sagas_left_to_a_person",
            ),
            models.Index(
                fields=["organisation"],
                condition=models.Q(escalated_at__isnull=False, closed_at=None),
                name="sagas_escalated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"


class CommandQuerySet(WorkItemQuerySet["Command"]):
    """Commands, starting from the organisation that the user acts for."""

    def shown(self) -> "CommandQuerySet":
        """With what every page shows of them; who owns or has withdrawn one is read when asked."""
        return self.select_related("practice", "encounter", "user")

    def unsettled(self) -> "CommandQuerySet":
        """Those whose outcome is not certain yet."""
        return self.filter(state__in=UNSETTLED)


class Command(WorkItem):
    """One write that a user asked for, with everything needed to settle it without them.

    `actor` is the actor's audit form as it was then; `asid` and `service_root` are the
    practice's as they were sent to; `payload` is what was asked, by kind. Times are UTC.
    A registration has no appointment: its `starts` is empty, its `starts_at` the time until which
    the portal looks for its effect, its `patient_id` known when it is done.

    `error_code`, `error_status` (HTTP) and `said` (masked) are what was last answered to it, and
    stay so; how it ended is `resolution`, empty until it has. `not_shown_at` is when the practice,
    asked for a booking to come, last said that it does not show it.

    `sends` is the number of the send that holds the lease until `send_deadline`. One that is
    `withdrawn_at` is never sent again. `owner` rings the patient back on `ring_back`, as long as
    nobody has told them (`told_at`), and sees to it where a person has to and they have taken it.
    `acknowledged`: what the patient knows is otherwise than asked for, who has told them, and when.
    """

    class Resolution(models.TextChoices):
        """How it became certain."""

        ANSWERED = "answered", "The practice answered"
        FOUND = "found", "Found at the practice by looking"
        FOUND_LATER = "found_later", "Found at the practice after it was held to be not made"
        NOT_FOUND = "not_found", "Looked for, and not there when it could no longer arrive"
        NOT_SENT = "not_sent", "Nothing was sent"
        BY_TELEPHONE = "by_telephone", "Closed with what the practice said on the telephone"
        BY_COMPARING = "by_comparing", "Closed by comparing both texts"

    class Step(models.TextChoices):
        """What a command is to its saga."""

        FIRST = "first", "First"
        SECOND = "second", "Second"
        UNDO = "undo", "Undoes the first"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=20, choices=State, default=State.SENDING)
    form_token = models.UUIDField(unique=True)

    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    actor = models.JSONField()
    organisation_asid = models.CharField(max_length=12)
    asid = models.CharField(max_length=12)
    service_root = models.CharField(max_length=500)
    nhs_number = models.CharField(max_length=10)
    patient_id = models.CharField(max_length=64)

    payload = models.JSONField()
    saga = models.ForeignKey(Saga, on_delete=models.PROTECT, null=True, related_name="steps")
    step = models.CharField(max_length=6, choices=Step, blank=True)
    slot_key = models.CharField(max_length=64, blank=True)
    starts = models.CharField(max_length=40, blank=True)
    starts_at = models.DateTimeField()
    appointment_id = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict)
    error_code = models.CharField(max_length=80, blank=True)
    error_status = models.PositiveSmallIntegerField(null=True)
    said = models.TextField(blank=True, default="", db_default="")
    resolution = models.CharField(
        max_length=20, choices=Resolution, blank=True, default="", db_default=""
    )
    sentence = models.TextField(blank=True)
    next_step = models.TextField(blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    sends = models.PositiveSmallIntegerField(default=1)
    send_deadline = models.DateTimeField()
    request_dead_at = models.DateTimeField()
    next_look_at = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    not_shown_at = models.DateTimeField(null=True)

    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ring_back = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField(null=True)
    told_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged = models.JSONField(null=True)

    objects = CommandQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        default_permissions = ()
        indexes = [
            models.Index(fields=["next_look_at"], name="commands_due"),
            # Only what is scheduled, in the very order that it is taken in.
            models.Index(
                "practice",
                models.F("settled_at").asc(nulls_first=True),
                "starts_at",
                "next_look_at",
                condition=models.Q(
                    state__in=sorted(map(str, LOOKED_FOR)), next_look_at__isnull=False
                ),
                name="commands_to_look_for",
            ),
            models.Index(fields=["organisation", "starts_at"], name="commands_by_day"),
            models.Index(fields=["organisation", "nhs_number"], name="commands_of_a_patient"),
            models.Index(
                fields=["organisation"],
                condition=models.Q(state__in=sorted(map(str, UNSETTLED))),
                name="commands_unsettled",
            ),
            models.Index(
                fields=["organisation"],
                condition=models.Q(withdrawn_at__isnull=False, told_at=None),
                name="commands_withdrawn_untold",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "nhs_number", "practice", "slot_key"],
                condition=models.Q(kind=Kind.BOOK, state__in=sorted(map(str, UNSETTLED))),
                name="one_unsettled_booking_of_the_same_slots",
            ),
            models.UniqueConstraint(
                # Another system of the practice counts anew. [SDS-3]
                fields=["practice", "asid", "service_root", "appointment_id"],
                # Closed by telephone, a booking is done without an id that the portal knows.
                condition=models.Q(kind=Kind.BOOK, state=State.DONE, appointment_id__gt=""),
                name="one_booking_for_one_appointment_of_a_system",
            ),
            models.UniqueConstraint(
                fields=["organisation", "nhs_number", "practice"],
                condition=models.Q(kind=Kind.REGISTER, state__in=sorted(map(str, UNSETTLED))),
                name="one_unsettled_registration_of_a_patient",
            ),
            models.UniqueConstraint(
                fields=["saga"],
                condition=models.Q(state__in=sorted(map(str, UNSETTLED))),
                name="one_unsettled_step_of_a_saga",
            ),
            # Undoing may be tried again after a refusal, and so may the second step; but what is
            # done is done.
            models.UniqueConstraint(
                fields=["saga", "step"],
                condition=models.Q(state=State.DONE, saga__isnull=False),
                name="one_step_of_a_saga_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}: {self.get_state_display()}"

    @property
    def settled(self) -> bool:
        """Whether the outcome is certain."""
        return State(self.state) not in UNSETTLED

    @property
    def made_though_withdrawn(self) -> bool:
        """Whether the practice has this booking, and the patient has let go of it."""
        made = self.kind == Kind.BOOK and self.state == State.DONE
        return made and self.withdrawn_at is not None

    @property
    def endpoint(self) -> Endpoint:
        """The practice as it was sent to."""
        return Endpoint(self.practice.ods_code, self.asid, self.service_root)

    @property
    def system(self) -> str:
        """The system that its ids are from. [SDS-3]"""
        return system_of(self.endpoint)

    @property
    def start(self) -> PracticeTime:
        """When the appointment starts, as the practice wrote it."""
        return PracticeTime.read(self.starts)

    @property
    def day(self) -> date:
        """The appointment's day in London."""
        return self.starts_at.astimezone(london.LONDON).date()

    @property
    def offers(self) -> list[Offer]:
        """The slots that a booking asked for."""
        return [Offer.from_json(offer) for offer in self.payload.get("offers", [])]


class Attempt(models.Model):
    """One exchange with the practice for a command: sent, or looked for its effect."""

    class Purpose(models.TextChoices):
        """Why the practice was asked."""

        SEND = "send", "Sent"
        LOOK = "look", "Looked"

    command = models.ForeignKey(Command, on_delete=models.CASCADE, related_name="attempts")
    purpose = models.CharField(max_length=5, choices=Purpose)
    began_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(
        default=timezone.now
    )
    ended_at = models.DateTimeField(null=True)
    trace_id = models.CharField(max_length=64, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.outcome or 'no answer yet'}"

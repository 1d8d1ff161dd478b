"""What a person may have to see to, and who does: the same for a command and for a saga.

A work item is nobody's, or dealt with by whoever has said so; due when it has been nobody's for too
long, and then escalated, once. Whoever took it may go home: some hours later it is anybody's again.

Whether a person is needed at all is not stored but derived, from a command's state and a saga's
stage (`worklist.needs_person`): so no item is open that is over, and closing one is what ends the
command or the saga, with what that takes, and nothing beside it.

A callback is something else (`callbacks`): the word that somebody owes the patient. It begins
earlier, lasts until the patient knows, and is always somebody's. Only a command has one.
"""

from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation, User

I = TypeVar("I", bound="WorkItem")  # noqa: E741


class WorkItemQuerySet(models.QuerySet[I]):
    """Work items, starting from the organisation that the user acts for.

    All but `for_organisation` say nothing of whether a person is needed.
    """

    def for_organisation(self, organisation: Organisation) -> Self:
        """The organisation's own."""
        return self.filter(organisation=organisation)

    def nobodys(self) -> Self:
        """Those that nobody has taken since they were left to a person, or too long ago."""
        gone_home = Now() - timedelta(seconds=settings.ESCALATE_TAKEN_AFTER_SECONDS)
        return self.filter(
            Q(taken_at=None) | Q(taken_at__lt=F("attention_at")) | Q(taken_at__lte=gone_home)
        )

    def due(self) -> Self:
        """Those that have been nobody's for too long, and are not escalated yet."""
        too_long = Now() - timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
        return self.nobodys().filter(attention_at__lte=too_long, escalated_at=None)

    def escalated(self) -> Self:
        """Those that are escalated, and still nobody's."""
        return self.nobodys().filter(escalated_at__isnull=False)


class WorkItem(models.Model):
    """What a person may have to see to. Times are UTC.

    `attention_at`: since when it has been left to a person, as far as is known; None: it is not.
    `owner` has said at `taken_at` that they deal with it, which counts only when it is not from
    before that. `escalated_at`: when it was last found to have been nobody's for too long.

    A command's `owner` is also who owes the patient a callback, and they may not have taken
    anything. It is one column on purpose: who sees to it rings back, nobody else does as well.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    attention_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def taken(self) -> bool:
        """Whether somebody has taken it since it was left to a person (or at all, before that)."""
        if self.taken_at is None:
            return False
        return self.attention_at is None or self.taken_at >= self.attention_at

    @property
    def dealt_with(self) -> bool:
        """Whether whoever took it can be relied on still: some hours on they may have gone."""
        if not self.taken or self.taken_at is None:
            return False
        relied_on = timedelta(seconds=settings.ESCALATE_TAKEN_AFTER_SECONDS)
        return timezone.now() - self.taken_at < relied_on

    @property
    def waits_too_long(self) -> bool:
        """Whether it is escalated, and still nobody's."""
        return self.escalated_at is not None and not self.dealt_with

    def dealt_with_by(self, user: User) -> bool:
        """Whether this is who deals with it."""
        return self.owner_id == user.pk and self.dealt_with

    def may_be_seen_by(self, actor: Actor) -> bool:
        """Whether it belongs to the organisation that the actor acts for."""
        return self.organisation_id == actor.organisation.pk


def left_to_a_person(at: datetime | Now) -> dict[str, Any]:
    """What news does to a work item: nobody has taken it, and the time to do so begins anew."""
    return {"attention_at": at, "taken_at": None, "escalated_at": None}

"""After a restore from a backup nothing is sent by itself until a person has released it.

A restored database has forgotten what was sent after the backup was made: to send again, or to
send a second step, could double or undo what the practices have. So it goes on hold, by itself
where the restore shows, or by `manage.py after_restore`; looks go on, and each patient whom the
portal knows at a practice is reconciled with it (`commands.restores.reconciliation`).
"""

from datetime import datetime, time, timedelta

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands import outside_mark
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.restore_models import OK, DatabaseMark, Reconciliation, Restoration
from booking_portal.commands.send_hold import (
    MARK_KEY,
    database_identity,
    highest_count,
    sign_of_a_restore,
)
from booking_portal.patients.models import Encounter, PatientAtPractice
from gpconnect import london

BY_SYSTEM = "restoring"
OPERATOR = "operator"
RECENT = timedelta(days=7)
"""Whom the portal has met at a practice within this time is reconciled, whatever it knows."""


class SomebodyMayRelease(Exception):
    """Someone of the organisation may release it; the text is their user name."""


def watch_for_restore() -> bool:
    """Go on hold if the database was restored since it was last seen; returns whether it was.

    The count goes on only after it was compared, so that while Redis is away a database that was
    set back cannot catch up unseen. What neither Redis nor the file outside remembers cannot be
    compared.
    """
    in_redis = cache.get(MARK_KEY)
    remembered = highest_count()  # before the database's own, which is never behind it
    with transaction.atomic():
        DatabaseMark.objects.bulk_create([DatabaseMark(pk=1)], ignore_conflicts=True)
        mark = DatabaseMark.objects.select_for_update().get(pk=1)
        now_is = database_identity()
        reason = sign_of_a_restore(mark, now_is, remembered)
        if reason:
            hold(reason)
        mark.identity, mark.seen_at = now_is, timezone.now()
        if remembered is not None:
            mark.count = max(mark.count, remembered) + 1
        mark.save()
    if in_redis is None:
        cache.add(MARK_KEY, mark.count, None)
    else:
        cache.set(MARK_KEY, mark.count, None)
    outside_mark.keep(mark.count)
    return bool(reason)


def hold(reason: str) -> list[Restoration]:
    """Put on hold every organisation of which anything is to be reconciled; audited for each.

    One that is on hold already stays so, and begins again with reconciling. One of which the
    database knows nothing that may have changed has nothing, either, that could go by itself.
    """
    with transaction.atomic():
        every = Organisation.objects.filter(is_active=True)
        return [held for each in every if (held := _hold(each, reason[:300])) is not None]


def release(restoration: Restoration, *, actor: Actor) -> Restoration:
    """Let things be sent by themselves again for the actor's organisation.

    Raises: NotPermitted.
    """
    actor.require(Permission.SETTLE_COMMANDS)
    return _release(restoration, actor.who, {}, actor.user)


def release_by_operator(restoration: Restoration, *, name: str, reason: str) -> Restoration:
    """The same by whoever runs the portal, where nobody of the organisation could.

    `name` and `reason` are for the audit trail. Raises: SomebodyMayRelease.
    """
    members = Membership.objects.filter(organisation=restoration.organisation, is_active=True)
    for member in members.filter(user__is_active=True).select_related("user"):
        if Permission.SETTLE_COMMANDS in member.permissions:
            raise SomebodyMayRelease(member.user.username)
    organisation = restoration.organisation
    who = trail.Who(
        user_name=name,
        organisation_ods=organisation.ods_code,
        organisation_name=organisation.name,
        by_system=OPERATOR,
    )
    return _release(restoration, who, {"reason": reason}, None)


def _release(
    restoration: Restoration, who: trail.Who, detail: dict[str, str], user: User | None
) -> Restoration:
    now = timezone.now()
    with transaction.atomic():
        held = Restoration.objects.on_hold().filter(pk=restoration.pk)
        if not held.update(released_at=now, released_by=user):
            restoration.refresh_from_db()  # somebody was quicker
            return restoration
        left = restoration.parts.exclude(outcome=OK).count()
        trail.record(EventKind.RELEASED, who, detail={"not_reconciled": left} | detail)
    restoration.released_at, restoration.released_by = now, user
    return restoration


def _hold(organisation: Organisation, reason: str) -> Restoration | None:
    parts = _parts(organisation)
    who = trail.Who(
        organisation_ods=organisation.ods_code,
        organisation_name=organisation.name,
        by_system=BY_SYSTEM,
    )
    held = Restoration.objects.for_organisation(organisation).on_hold()
    if not parts and not held.exists():
        trail.record(EventKind.RESTORED, who, detail={"reason": reason, "on_hold": False})
        return None
    restoration, made = Restoration.objects.get_or_create(
        organisation=organisation, released_at=None, defaults={"reason": reason}
    )
    if not made:
        restoration.reason, restoration.noticed_at = reason, timezone.now()
        restoration.save()
        restoration.parts.all().delete()
    trail.record(EventKind.RESTORED, who, detail={"reason": reason})
    for part in parts:
        part.restoration = restoration
    Reconciliation.objects.bulk_create(parts)
    return restoration


def _parts(organisation: Organisation) -> list[Reconciliation]:
    """Every patient at every practice of whom the portal knows something that may have changed.

    That is: an appointment to come that was asked for, anything asked for within some days, and
    whoever was found there within some days, as a booking may have followed that is forgotten.
    """
    since = timezone.now() - RECENT
    today = datetime.combine(london.today(), time(), london.LONDON)
    ours = Encounter.objects.filter(organisation=organisation)
    met: dict[tuple[int, str], Encounter] = {}
    asked = Command.objects.filter(organisation=organisation)
    asked = asked.filter(starts_at__gte=today) | asked.filter(created_at__gte=since)
    for command in asked.select_related("encounter").order_by("created_at"):
        met[command.practice_id, command.nhs_number] = command.encounter
    found = PatientAtPractice.objects.filter(encounter__in=ours.filter(traced_at__gte=since))
    for at in found.exclude(patient_id="").select_related("encounter"):
        met.setdefault((at.practice_id, at.encounter.nhs_number), at.encounter)
    now = database_now()
    return [
        Reconciliation(
            encounter=encounter,
            practice_id=practice,
            nhs_number=nhs_number,
            next_look_at=now,
        )
        for (practice, nhs_number), encounter in met.items()
    ]

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
from booking_portal.accounts.models import Organisation
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.restore_models import OK, DatabaseMark, Reconciliation, Restoration
from booking_portal.commands.send_hold import MARK_KEY, database_identity, sign_of_a_restore
from booking_portal.patients.models import Encounter, PatientAtPractice
from gpconnect import london

BY_SYSTEM = "restoring"
RECENT = timedelta(days=7)
"""Whom the portal has met at a practice within this time is reconciled, whatever it knows."""


def watch_for_restore() -> bool:
    """Go on hold if the database was restored since it was last seen; returns whether it was.

    The count goes on only after it was compared, so that while Redis is away a database that was
    set back cannot catch up unseen. What Redis has forgotten cannot be compared.
    """
    remembered = cache.get(MARK_KEY)  # before the database's own, which is never behind it
    with transaction.atomic():
        DatabaseMark.objects.bulk_create([DatabaseMark(pk=1)], ignore_conflicts=True)
        mark = DatabaseMark.objects.select_for_update().get(pk=1)
        now_is = database_identity()
        reason = sign_of_a_restore(mark, now_is, remembered)
        if reason:
            hold(reason)
        mark.identity, mark.seen_at = now_is, timezone.now()
        if isinstance(remembered, int):
            mark.count = max(mark.count, remembered) + 1
        mark.save()
    if remembered is None:
        cache.add(MARK_KEY, mark.count, None)
    else:
        cache.set(MARK_KEY, mark.count, None)
    return bool(reason)


def hold(reason: str) -> list[Restoration]:
    """Put every organisation on hold, audited, with what is to be reconciled.

    One that is on hold already stays so, and begins again with reconciling.
    """
    with transaction.atomic():
        return [_hold(each, reason) for each in Organisation.objects.filter(is_active=True)]


def release(restoration: Restoration, *, actor: Actor) -> Restoration:
    """Let things be sent by themselves again for the actor's organisation.

    Raises: NotPermitted.
    """
    actor.require(Permission.SETTLE_COMMANDS)
    now = timezone.now()
    with transaction.atomic():
        held = Restoration.objects.for_organisation(actor.organisation).on_hold()
        if not held.filter(pk=restoration.pk).update(released_at=now, released_by=actor.user):
            restoration.refresh_from_db()  # somebody was quicker
            return restoration
        left = restoration.parts.exclude(outcome=OK).count()
        trail.record(EventKind.RELEASED, actor.who, detail={"not_reconciled": left})
    restoration.released_at, restoration.released_by = now, actor.user
    return restoration


def _hold(organisation: Organisation, reason: str) -> Restoration:
    reason = reason[:300]
    restoration, made = Restoration.objects.get_or_create(
        organisation=organisation, released_at=None, defaults={"reason": reason}
    )
    if not made:
        restoration.reason, restoration.noticed_at = reason, timezone.now()
        restoration.save()
        restoration.parts.all().delete()
    trail.record(
        EventKind.RESTORED,
        trail.Who(
            organisation_ods=organisation.ods_code,
            organisation_name=organisation.name,
            by_system=BY_SYSTEM,
        ),
        detail={"reason": reason},
    )
    Reconciliation.objects.bulk_create(_parts(restoration))
    return restoration


def _parts(restoration: Restoration) -> list[Reconciliation]:
    """Every patient at every practice of whom the portal knows something that may have changed.

    That is: an appointment to come that was asked for, anything asked for within some days, and
    whoever was found there within some days, as a booking may have followed that is forgotten.
    """
    since = timezone.now() - RECENT
    today = datetime.combine(london.today(), time(), london.LONDON)
    ours = Encounter.objects.filter(organisation=restoration.organisation)
    met: dict[tuple[int, str], Encounter] = {}
    asked = Command.objects.filter(organisation=restoration.organisation)
    asked = asked.filter(starts_at__gte=today) | asked.filter(created_at__gte=since)
    for command in asked.select_related("encounter").order_by("created_at"):
        met[command.practice_id, command.nhs_number] = command.encounter
    found = PatientAtPractice.objects.filter(encounter__in=ours.filter(traced_at__gte=since))
    for at in found.exclude(patient_id="").select_related("encounter"):
        met.setdefault((at.practice_id, at.encounter.nhs_number), at.encounter)
    now = database_now()
    return [
        Reconciliation(
            restoration=restoration,
            encounter=encounter,
            practice_id=practice,
            nhs_number=nhs_number,
            next_look_at=now,
        )
        for (practice, nhs_number), encounter in met.items()
    ]

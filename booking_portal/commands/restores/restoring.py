"""After a restore from a backup nothing is sent by itself until a person has released it.

A restored database has forgotten what was sent after the backup was made: to send again, or to
send a second step, could double or undo what the practices have. So it goes on hold, by itself
where the restore shows, or by `manage.py after_restore`; looks go on, and each patient whom the
portal knows at a practice is reconciled with it (commands.reconciling).
"""

from datetime import datetime, time, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.models import Command
from booking_portal.commands.restores.restoration import (
    OK,
    DatabaseMark,
    Reconciliation,
    Restoration,
)
from booking_portal.commands.storing import database_now
from booking_portal.patients.models import Encounter, PatientAtPractice
from gpconnect import london

BY_SYSTEM = "restoring"
MARK_KEY = "database-mark"
RECENT = timedelta(days=7)
"""Whom the portal has met at a practice within this time is reconciled, whatever it knows."""

_IDENTITY = """
SELECT (SELECT system_identifier FROM pg_control_system())::text,
       left(pg_walfile_name(pg_current_wal_lsn()), 8),
       (SELECT oid FROM pg_database WHERE datname = current_database())::text,
       'commands_command'::regclass::oid::text
"""
_CHANGED = (
    "the database is on another server",
    "the database has begun a new history: it was restored, or a standby has taken over",
    "the database was made anew",
    "the tables were made anew",
)
_SET_BACK = "the database is older than when it was last seen"


def on_hold(organisation: Organisation | None = None) -> bool:
    """Whether nothing may be sent by itself now, for the organisation or, without one, for any.

    So it is while a restoration is not released, and from the first moment on which the database
    is not the one that was last seen, before anybody has noticed.
    """
    holds = Restoration.objects.on_hold()
    if organisation is not None:
        holds = holds.for_organisation(organisation)
    if holds.exists():
        return True
    remembered = cache.get(MARK_KEY)  # before the database's own, which is never behind it
    mark = DatabaseMark.objects.first() or DatabaseMark()
    return bool(_sign_of_a_restore(mark, identity(), remembered))


def identity() -> str:
    """Which database this is: server, history, database and table, each by its number.

    A dump loaded anew changes at least one of them, and so does a standby that takes over. A
    disk that was set back changes none; then the mark's count tells.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        return "/".join(cursor.fetchone())


def watch() -> bool:
    """Go on hold if the database was restored since it was last seen; returns whether it was.

    The count goes on only after it was compared, so that while Redis is away a database that was
    set back cannot catch up unseen. What Redis has forgotten cannot be compared.
    """
    remembered = cache.get(MARK_KEY)  # before the database's own, which is never behind it
    with transaction.atomic():
        DatabaseMark.objects.bulk_create([DatabaseMark(pk=1)], ignore_conflicts=True)
        mark = DatabaseMark.objects.select_for_update().get(pk=1)
        now_is = identity()
        reason = _sign_of_a_restore(mark, now_is, remembered)
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


def _sign_of_a_restore(mark: DatabaseMark, now_is: str, remembered: object) -> str:
    """What shows that the database was restored; empty if nothing does."""
    if mark.identity:
        pairs = zip(mark.identity.split("/"), now_is.split("/"), _CHANGED, strict=True)
        for before, now, meaning in pairs:
            if before != now:
                return meaning
    set_back = isinstance(remembered, int) and mark.count < remembered
    return _SET_BACK if set_back else ""


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

"""The portal's health, from records: nothing here asks the NHS."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q
from django.utils import timezone

from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import monitoring, outside_mark
from booking_portal.commands.monitoring import backlog
from booking_portal.commands.outside_mark import Standing
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.worklist import escalation
from booking_portal.integration import clients as practices
from booking_portal.integration import trust
from booking_portal.oversight.clock_drift import kernel_clock
from booking_portal.practices.models import Practice

LOOKS_LATE = timedelta(seconds=60)
RECORDS = timedelta(days=1)
CLOCK_DRIFT = timedelta(milliseconds=250)
CERTIFICATE_DAYS = 30


@dataclass(frozen=True, slots=True)
class HealthPart:
    """One part's state: ok, degraded, or (None) not known, and what was seen."""

    ok: bool | None
    facts: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For the body of /healthz."""
        state = "unknown" if self.ok is None else "ok" if self.ok else "degraded"
        return {"state": state} | self.facts


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Every part by name; without the database the portal is not usable."""

    parts: dict[str, HealthPart]

    @property
    def usable(self) -> bool:
        """Whether anything can be recorded, and so anything done."""
        return bool(self.parts["database"].ok)

    @property
    def word(self) -> str:
        """All of it in one word, for everybody: ok or degraded."""
        well = all(part.ok is not False for part in self.parts.values())
        return "ok" if well else "degraded"

    def as_json(self) -> dict[str, Any]:
        """The body of /healthz for whoever may see the parts."""
        return {
            "status": self.word,
            "environment": settings.ENVIRONMENT_NAME,
            "version": settings.VERSION,
            "parts": {name: part.as_json() for name, part in self.parts.items()},
        }


def report() -> HealthReport:
    """All parts. What needs the database is left out when it is away."""
    parts = {"database": HealthPart(database_answers(), {})}
    looks: dict[str, Callable[[], HealthPart]] = {"redis": _redis, "worker": _worker}
    if parts["database"].ok:
        looks |= {
            "directory": lambda: _last_exchange("sds"),
            "demographics": lambda: _last_exchange("pds"),
            "practices": _practices,
            "settling": _settling,
            "attention": _attention,
        }
    looks |= {"clock": _clock, "certificates": _certificates}
    return HealthReport(parts | {name: look() for name, look in looks.items()})


def database_answers() -> bool:
    """Whether the database answers now."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):  # whatever it is, nothing can be asked
        return False
    return True


def _redis() -> HealthPart:
    return HealthPart(cache.reachable(), {})  # type: ignore[attr-defined]


def _worker() -> HealthPart:
    seen = monitoring.worker_last_seen()
    refused = monitoring.worker_refuses()
    facts = {"last_seen": seen.isoformat() if seen else None, "refused": refused}
    return HealthPart(monitoring.worker_is_alive() and not refused, facts)


def _settling() -> HealthPart:
    """What is not certain yet, how late the latest look is, how many organisations are on hold
    after a restore, and whether the file that would tell of one can be asked."""
    found = backlog()
    held = Restoration.objects.on_hold().count()
    late = round(found.late.total_seconds())
    outside = outside_mark.standing()
    facts = {"unsettled": found.unsettled, "late_seconds": late, "on_hold": held}
    well = found.late <= LOOKS_LATE and held == 0 and outside is not Standing.AWAY
    return HealthPart(well, facts | {"outside_mark": outside.value})


def _attention() -> HealthPart:
    """What waits for a person: numbers only. Nobody taking it is for the organisation to mend."""
    found = escalation.counts()
    facts = {"waiting": found.waiting, "escalated": found.escalated}
    return HealthPart(found.escalated == 0, facts)


def _last_exchange(service: str) -> HealthPart:
    """How the last exchange with the service ended; one not asked for a day counts as well."""
    answered = Event.objects.filter(
        kind=EventKind.EXCHANGE_ANSWERED,
        service=service,
        happened_at__gte=timezone.now() - RECORDS,
    )
    last = answered.order_by("-happened_at").first()
    usable = Q(status__lt=500) | Q(status=None, error_code="")  # LDAP has no status
    seen = answered.filter(usable).order_by("-happened_at").first()
    return HealthPart(
        last is None or _is_answer(last),
        {"last_seen": seen.happened_at.isoformat() if seen else None},
    )


def _is_answer(event: Event) -> bool:
    return event.status < 500 if event.status is not None else not event.error_code


def _practices() -> HealthPart:
    """Which practices are left in peace because they do not answer: not the portal's illness."""
    codes = Practice.objects.filter(is_active=True).values_list("ods_code", flat=True)
    return HealthPart(True, {"not_answering": sorted(practices.not_answering(codes))})


def _clock() -> HealthPart:
    """This machine's clock by what NTP told its kernel; practices refuse tokens when it is off.

    Where nothing tells the kernel, how far it is off is not known. [SSP-6]
    """
    clock = kernel_clock()
    if clock is None or not clock.synchronised:
        return HealthPart(None, {"synchronised": False if clock else None, "drift_seconds": None})
    drift = round(clock.drift.total_seconds(), 3)
    bound = round(clock.bound.total_seconds(), 3)
    facts = {"synchronised": True, "drift_seconds": drift, "at_most_seconds": bound}
    return HealthPart(clock.drift <= CLOCK_DRIFT, facts)


def _certificates() -> HealthPart:
    """Our certificate, the trusted authorities, their lists of revoked certificates and the key for
    PDS, as this process uses them, whatever lies on disk; and what lies there and is refused.

    The one that ends first decides: without any of them no exchange is possible.
    """
    files = trust.in_use()
    ends = [one.ends for one in files if one.ends is not None]
    days = (min(ends) - timezone.now()).days if ends else None
    facts = {"days_left": days, "refused": trust.refused()}
    well = days is not None and days >= CERTIFICATE_DAYS and not facts["refused"]
    return HealthPart(well, facts)

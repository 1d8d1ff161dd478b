"""Everything that /metrics tells: the sums of all processes, and how the portal stands now.

Nothing here asks the NHS, and no label tells a person. What needs the database or Redis is left
out while that is away; `portal_database_up` and `portal_redis_up` say so.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from booking_portal import metrics
from booking_portal.commands import beat_lease, monitoring
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.states import UNSETTLED
from booking_portal.commands.worklist import escalation
from booking_portal.database_connections import kind_of, pooled, room
from booking_portal.integration import clients as practices
from booking_portal.integration import trust
from booking_portal.oversight import health
from booking_portal.practices.models import Practice

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
NEVER: Final = float("inf")


def page() -> bytes:
    """As Prometheus reads it."""
    metrics.send()
    registry = CollectorRegistry()
    registry.register(Measures())
    return generate_latest(registry)


class Measures(Collector):
    """One look at everything."""

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering it must not be a look."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Each metric, with all its labels' values."""
        told = InfoMetricFamily("portal", "What runs here.")
        told.add_metric([], {"version": settings.VERSION, "environment": settings.ENVIRONMENT_NAME})
        yield told
        yield from _files()
        database = health.database_answers()
        yield _one("portal_database_up", "Whether the database answers.", database)
        redis = cache.reachable()  # type: ignore[attr-defined]
        yield _one("portal_redis_up", "Whether Redis answers.", redis)
        if database:
            yield from _commands()
            yield from _attention()
            yield from _database()
            yield _beat()
        if redis:
            try:
                yield from _in_redis()
            except RedisError:
                return


def _one(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=float(value))


def _files() -> Iterator[Metric]:
    days = GaugeMetricFamily(
        "portal_certificate_days",
        "Days until the first of the certificates and lists in use by this process ends.",
        labels=["files"],
    )
    refused = GaugeMetricFamily(
        "portal_files_refused",
        "Whether what lies on disk is refused, and the files from before are used.",
        labels=["files"],
    )
    for one in trust.in_use():
        if one.ends is not None:
            days.add_metric([one.name], (one.ends - timezone.now()).total_seconds() / 86_400)
        refused.add_metric([one.name], float(bool(one.refused)))
    yield days
    yield refused


def _commands() -> Iterator[Metric]:
    unsettled = Command.objects.filter(state__in=UNSETTLED).order_by()
    now = database_now()
    number = GaugeMetricFamily(
        "portal_commands", "Commands whose outcome is not certain.", labels=["kind", "state"]
    )
    age = GaugeMetricFamily(
        "portal_commands_oldest_seconds",
        "Age of the oldest command whose outcome is not certain.",
        labels=["kind", "state"],
    )
    for row in unsettled.values("kind", "state").annotate(n=Count("pk"), since=Min("created_at")):
        labels = [row["kind"], row["state"]]
        number.add_metric(labels, row["n"])
        age.add_metric(labels, (now - row["since"]).total_seconds())
    yield number
    yield age
    late = monitoring.backlog().late.total_seconds()
    yield _one("portal_settling_late_seconds", "By how much the oldest look is late.", late)


def _attention() -> Iterator[Metric]:
    found = escalation.counts()
    yield _one("portal_attention_waiting", "What waits for a person.", found.waiting)
    yield _one(
        "portal_attention_escalated", "What nobody has taken or ended in time.", found.escalated
    )
    held = Restoration.objects.on_hold().count()
    yield _one("portal_organisations_on_hold", "Organisations on hold after a restore.", held)
    codes = Practice.objects.filter(is_active=True).values_list("ods_code", flat=True)
    yield _one(
        "portal_practices_not_answering",
        "Practices left in peace because they do not answer.",
        len(practices.not_answering(codes)),
    )


def _database() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "portal_database_connections",
        "Connections to this database by what holds them and state, all processes together.",
        labels=["process", "state"],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_name, COALESCE(state, 'unknown'), count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() GROUP BY 1, 2"
        )
        counted: Counter[tuple[str, str]] = Counter()
        for name, state, number in cursor.fetchall():
            counted[kind_of(name), state] += number
    for labels, number in sorted(counted.items()):
        family.add_metric(labels, number)
    yield family
    has = room()
    says = "Connections that the portal's role may have."
    yield _one("portal_database_connections_limit", says, has.limit)
    if not pooled():
        says = "Connections that the processes that run may take together."
        yield _one("portal_database_connections_most", says, has.most)


def _beat() -> Metric:
    lease = beat_lease.BeatLease.objects.first()
    seen = NEVER
    if lease is not None:
        seen = (database_now() - lease.until + beat_lease.LEASE).total_seconds()
    return _one("portal_beat_seen_seconds", "Since when no beat has ticked; +Inf: none.", seen)


def _in_redis() -> Iterator[Metric]:
    alive = monitoring.worker_last_alive()
    seen = (timezone.now() - alive).total_seconds() if alive else NEVER
    yield _one("portal_worker_seen_seconds", "Since when no worker was alive; +Inf: none.", seen)
    yield _one("portal_queue_tasks", "Tasks that wait for a worker.", metrics.queued())
    yield _one("portal_redis_connections", "Clients of Redis.", metrics.redis_connections())
    yield _one(
        "portal_worker_files_refused",
        "Sets of files that the worker seen last refuses.",
        len(monitoring.worker_refuses()),
    )
    found = metrics.sums()
    for counter in metrics.COUNTERS:
        yield _summed(counter, found[counter.name])


def _summed(counter: metrics.Counter, sums: list[metrics.Sum]) -> Metric:
    labels = list(counter.labels)
    if not counter.buckets:
        counted = CounterMetricFamily(counter.name, counter.says, labels=labels)
        for one in sums:
            counted.add_metric(one.values, one.total)
        return counted
    histogram = HistogramMetricFamily(counter.name, counter.says, labels=labels)
    for one in sums:
        histogram.add_metric(one.values, list(one.buckets), one.seconds)
    return histogram

"""Integration: the way to the NHS services and practices, watched, spared and kept in bounds."""

from django.apps import AppConfig
from django.core.signals import request_started


class IntegrationConfig(AppConfig):
    name = "booking_portal.integration"
    label = "integration"
    verbose_name = "Integration"

    def ready(self) -> None:
        """Events that wait for the database are stored before the next page or task."""
        from celery.signals import task_prerun

        from booking_portal.integration.deferred_events import deferred_events

        request_started.connect(deferred_events.store, dispatch_uid="late-events")
        task_prerun.connect(deferred_events.store, dispatch_uid="late-events")

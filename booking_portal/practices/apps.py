"""Practices: who can be booked at, how they are reached, and what is looked up about them."""

from django.apps import AppConfig
from django.core.signals import request_started


class PracticesConfig(AppConfig):
    name = "booking_portal.practices"
    label = "practices"
    verbose_name = "Practices"

    def ready(self) -> None:
        """Events that wait for the database are stored before the next page or task."""
        from celery.signals import task_prerun

        from booking_portal.practices.late_events import late_events

        request_started.connect(late_events.store, dispatch_uid="late-events")
        task_prerun.connect(late_events.store, dispatch_uid="late-events")

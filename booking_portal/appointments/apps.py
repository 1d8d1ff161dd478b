"""Appointments: the screens for users."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "booking_portal.appointments"
    label = "appointments"
    verbose_name = "Appointments"

    def ready(self) -> None:
        """What these screens say on every page, and the page of an answer that is not recorded."""
        from booking_portal import page_registry
        from booking_portal.appointments.status.unrecorded_views import record_behind
        from booking_portal.appointments.worklist.notices import escalation_notice, restore_notice
        from booking_portal.commands.delivery.sender import RecordBehind

        page_registry.add_notice(restore_notice)
        page_registry.add_notice(escalation_notice)
        page_registry.add_failure_page(RecordBehind, record_behind)

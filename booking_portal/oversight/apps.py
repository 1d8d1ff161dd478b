"""Oversight: the screens for managers and auditors, and the state of the system."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "booking_portal.oversight"
    label = "oversight"
    verbose_name = "Oversight"

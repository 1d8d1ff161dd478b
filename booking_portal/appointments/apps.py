"""Appointments: the screens for users."""

from django.apps import AppConfig


class AppointmentsConfig(AppConfig):
    name = "booking_portal.appointments"
    label = "appointments"
    verbose_name = "Appointments"

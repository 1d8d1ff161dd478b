"""Practices: who can be booked at, and in which federations."""

from django.apps import AppConfig


class PracticesConfig(AppConfig):
    name = "booking_portal.practices"
    label = "practices"
    verbose_name = "Practices"

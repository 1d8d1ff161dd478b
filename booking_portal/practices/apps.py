"""Practices: who can be booked at, how they are reached, and what is looked up about them."""

from django.apps import AppConfig


class PracticesConfig(AppConfig):
    name = "booking_portal.practices"
    label = "practices"
    verbose_name = "Practices"

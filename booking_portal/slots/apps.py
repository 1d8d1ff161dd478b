"""Slots: search one practice or a federation for free slots, filter, check adjacency."""

from django.apps import AppConfig


class SlotsConfig(AppConfig):
    name = "booking_portal.slots"
    label = "slots"
    verbose_name = "Free slots"

"""Audit: append-only events. Knows no other room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "booking_portal.audit"
    label = "audit"
    verbose_name = "Audit"

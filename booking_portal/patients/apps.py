"""Patients: an encounter is one traced patient in front of one user."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "booking_portal.patients"
    label = "patients"
    verbose_name = "Patients"

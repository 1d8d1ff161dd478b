"""A Django app that only the demo and the tests install."""

from django.apps import AppConfig


class DemoPagesConfig(AppConfig):
    name = "demo.pages"
    label = "demo_pages"

"""Commands: every write to a practice, stored before it is sent, and settled."""

from django.apps import AppConfig


class CommandsConfig(AppConfig):
    name = "booking_portal.commands"
    label = "commands"
    verbose_name = "Writes to practices"

"""The command line: every use case for support staff and scripts, under the screens' rules."""

from django.apps import AppConfig


class CommandLineConfig(AppConfig):
    name = "booking_portal.command_line"
    label = "command_line"
    verbose_name = "Command line"

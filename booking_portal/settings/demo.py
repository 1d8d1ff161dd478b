"""The demo on one machine: `make demo` sets the environment."""

from booking_portal.settings.sandbox import *  # noqa: F403

ENVIRONMENT_NAME = "demo"
INSTALLED_APPS = [*INSTALLED_APPS, "demo.pages"]  # noqa: F405

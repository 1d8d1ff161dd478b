"""The demo on one machine: `make demo` sets the environment."""

from booking_portal.settings.base import *  # noqa: F403

ENVIRONMENT_NAME = "demo"
INSTALLED_APPS = [*INSTALLED_APPS, "demo.pages"]  # noqa: F405
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True

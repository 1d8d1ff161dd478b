"""A sandbox that runs elsewhere (`python -m sandbox`): nothing is at stake."""

from booking_portal.settings.base import *  # noqa: F403
from booking_portal.settings.declared import ALL_TEST_FORMS

ENVIRONMENT_NAME = "sandbox"
ENVIRONMENT_REACHES = "synthetic patients only. Nothing here reaches a real practice."
REAL_PATIENTS = False
TEST_FORMS = ALL_TEST_FORMS
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True

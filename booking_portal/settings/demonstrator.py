"""The official GP Connect Demonstrator, straight and over plain HTTP: docs/demonstrator.md."""

from booking_portal.settings.base import *  # noqa: F403
from booking_portal.settings.declared import TestForm

ENVIRONMENT_NAME = "demonstrator"
ENVIRONMENT_REACHES = (
    "test patients only. Bookings reach the GP Connect Demonstrator, which forgets them each night."
)
REAL_PATIENTS = False
TEST_FORMS = frozenset(
    {
        TestForm.FILE_DIRECTORY,
        TestForm.FILE_DEMOGRAPHICS,
        TestForm.PLAIN_HTTP,
        TestForm.NO_SSP,
        TestForm.DEADLINES,  # it starts cold: the first answer takes long
    }
)
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True

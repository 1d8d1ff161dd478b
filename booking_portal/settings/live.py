"""Live: real patients, real practices, and no form that is for tests."""

from booking_portal.settings.declared import NO_TEST_FORMS
from booking_portal.settings.production import *  # noqa: F403

ENVIRONMENT_NAME = "live"
ENVIRONMENT_REACHES = "real patients. What is booked here reaches real practices."
REAL_PATIENTS = True
TEST_FORMS = NO_TEST_FORMS

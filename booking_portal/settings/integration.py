"""The NHS's integration environment (INT): as live, with test patients."""

from booking_portal.settings.declared import NO_TEST_FORMS
from booking_portal.settings.production import *  # noqa: F403

ENVIRONMENT_NAME = "integration"
ENVIRONMENT_REACHES = "test patients only. Bookings reach suppliers' test systems."
REAL_PATIENTS = False
TEST_FORMS = NO_TEST_FORMS

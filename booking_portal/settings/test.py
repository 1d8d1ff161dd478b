"""The tests: like the demo, with quick password hashing."""

import os

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
os.environ.setdefault("DATABASE_URL", "postgres://portal@127.0.0.1:1/portal")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("GPCONNECT_ISSUER", "https://booking-portal.example.nhs.uk")
os.environ.setdefault("GPCONNECT_DIRECTORY_URL", "https://localhost:1/sds")
os.environ.setdefault("PDS_URL", "https://localhost:1/pds")

from booking_portal.settings import environment
from booking_portal.settings.demo import *  # noqa: F403

ENVIRONMENT_NAME = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
READ_DEADLINE_SECONDS = 3.0
WRITE_DEADLINE_SECONDS = float(environment.number("WRITE_DEADLINE_SECONDS", 3))
PDS_REQUESTS_PER_SECOND = 100  # one test asks more often than people do
WHITENOISE_AUTOREFRESH = True  # looks a file up when asked, instead of listing all for each client

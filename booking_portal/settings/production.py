"""Production: encrypted everywhere; booking_portal.checks refuses test values at start-up.

What `live`, `integration` and `opentest` build on; it declares nothing, so the strictest holds.
"""

from booking_portal.settings.base import *  # noqa: F403

ENVIRONMENT_NAME = "production"
SECURE_SSL_REDIRECT = True
# /livez, /readyz and /metrics are answered before: see oversight.machine_addresses.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# One line of JSON an event, for whatever collects them.
LOGGING = LOGGING | {"formatters": {"line": {"()": "booking_portal.logs.JSONFormatter"}}}  # noqa: F405

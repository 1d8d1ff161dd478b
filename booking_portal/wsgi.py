"""WSGI entry point for the web server."""

import os

from django.core.wsgi import get_wsgi_application

from booking_portal.checks import refuse_test_values

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.production")

application = get_wsgi_application()
refuse_test_values()

from django.urls import reverse  # noqa: E402 - from here on the applications are needed

from booking_portal.jinja_environment import compile_all  # noqa: E402

reverse("start")  # imports every view
compile_all()

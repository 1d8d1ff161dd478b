"""The Celery application. Tasks carry ids only; the database decides what is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.demo")

app = Celery("booking_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

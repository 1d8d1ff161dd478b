"""The Celery application. Tasks carry ids only; the database decides what is due."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.production")

app = Celery("booking_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _log_as_settings_say(**_: Any) -> None:
    """Celery's own lines too, from the first on; `--loglevel` says nothing any more."""
    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_init.connect
def _begin_worker(sender: Any, **_: Any) -> None:
    from booking_portal.checks import refuse_test_values
    from booking_portal.database_connections import announce

    refuse_test_values()
    announce("worker", int(sender.concurrency) + 1)  # its threads, and its own


@beat_init.connect
def _begin_beat(**_: Any) -> None:
    from booking_portal.database_connections import announce

    announce("beat", 1)

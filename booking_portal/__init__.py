"""The booking portal: find, book, amend and cancel appointments at other GP practices."""

from booking_portal.celery import app as celery_app

__all__ = ["celery_app"]

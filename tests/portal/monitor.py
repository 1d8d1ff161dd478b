"""A monitoring system: it asks the portal how it is, with the token that it was given."""

from typing import Any

from django.conf import settings
from django.test import Client


def headers() -> dict[str, str]:
    """What it sends with each request."""
    return {"Authorization": f"Bearer {settings.MONITORING_TOKEN}"}


def health() -> tuple[int, dict[str, Any]]:
    """The status and the body that /healthz answers with."""
    answer = Client().get("/healthz", headers=headers())
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()


def part(name: str) -> dict[str, Any]:
    """One part of the portal's health."""
    found: dict[str, Any] = health()[1]["parts"][name]
    return found

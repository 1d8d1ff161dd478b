"""One version: the one in pyproject.toml, wherever it is shown."""

import base64
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from booking_portal.settings import environment
from tests.portal.counter import Counter
from tests.portal.monitor import health
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox
from tests.services import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def device_of(authorization: str) -> dict[str, Any]:
    """The device in a GP Connect token."""
    payload = authorization.removeprefix("Bearer ").split(".")[1]
    device: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))[
        "requesting_device"
    ]
    return device


@pytest.mark.django_db
@pytest.mark.requirement("JWT-3")
def test_it_is_on_the_page_in_the_token_and_in_the_health(
    counter: Counter, client: Client, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    sent = [{name.lower(): value for name, value in one["headers"]} for one in spine.exchanges()]
    versions = {device_of(one["authorization"])["version"] for one in sent if "ssp-to" in one}
    assert versions == {VERSION} == {settings.VERSION}
    assert f"GP Connect booking portal {VERSION}" in text_of(Client().get(reverse("account_login")))
    assert health()[1]["version"] == VERSION


def test_without_it_nothing_starts(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    for text in (None, "[project]", "not TOML ["):
        if text is not None:
            project.write_text(text)
        with pytest.raises(ImproperlyConfigured, match="must name the product's version"):
            environment.version(project)

"""The pages for whoever installs name what is there: settings, files, users, commands."""

import re

import pytest
import yaml
from django.core.management import get_commands
from pytest_django import Settings

from tests.demo.processes import ROOT
from tests.portal.test_system_checks import declare

INSTALL = (ROOT / "docs" / "install.md").read_text()
DEMONSTRATOR = (ROOT / "docs" / "demonstrator.md").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def assigned(page: str) -> set[str]:
    return set(re.findall(r"^ *([A-Z_]+)=", page, re.MULTILINE))


def test_the_settings_of_the_install_page_are_those_that_compose_asks_for() -> None:
    required = set(re.findall(r"\$\{([A-Z_]+):?\?", COMPOSE))
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert required <= assigned(INSTALL)
    assert assigned(INSTALL) <= asked
    assert assigned(DEMONSTRATOR) <= asked


def test_the_files_of_the_install_page_are_those_that_compose_names() -> None:
    for name in set(re.findall(r"/certificates/([\w.-]+)", COMPOSE)):
        assert name in INSTALL, name
    uid = re.search(r"useradd --uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert uid
    assert f"-o {uid[1]} -g {uid[1]}" in INSTALL


def test_the_commands_of_the_install_page_exist() -> None:
    named = set(re.findall(r"manage\.py (\w+)", INSTALL + DEMONSTRATOR))
    assert named == {"first_organisation", "check_environment"}
    assert named <= set(get_commands())
    targets = set(re.findall(r"make ([a-z-]+) ", INSTALL + DEMONSTRATOR))
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize(
    "environment", ["live", "integration", "opentest", "demonstrator", "sandbox"]
)
def test_the_table_of_environments_says_what_the_files_declare(
    environment: str, settings: Settings
) -> None:
    declare(environment, settings)
    (row,) = [line for line in INSTALL.splitlines() if line.startswith(f"| `{environment}`")]
    assert ("| real |" in row) is settings.REAL_PATIENTS
    assert ("nothing that is for tests" in row) is (not settings.TEST_FORMS)


def test_set_up_says_what_is_wrong_and_ends() -> None:
    """Found: `up` waited for ever, as set-up was started again and again."""
    assert yaml.safe_load(COMPOSE)["services"]["set-up"]["restart"] == "no"

"""Holds the tests against docs/requirements.toml: which requirement does which test show?

A pytest plugin (`-p tests.conformance`, see pyproject.toml). It reads the markers
`@pytest.mark.requirement("SSP-1", ...)` of everything collected, and stops at an id that is not
in the list. Tests of the sandbox show what a practice enforces; a requirement of ours needs
another test than those, or a note of what is missing.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests import errors_page

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "requirements.toml"
PAGE = ROOT / "docs" / "conformance.md"
SANDBOX = PurePosixPath("tests/sandbox")


@dataclass(frozen=True)
class Requirement:
    """One id, what it asks in a sentence, the official tests, and what is not shown yet."""

    id: str
    sentence: str
    official: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Official:
    """What a reader of these official tests should know: `applies` False, why not."""

    tests: tuple[str, ...]
    note: str
    applies: bool = True


@dataclass(frozen=True)
class Section:
    title: str
    requirements: tuple[Requirement, ...]


def sections() -> tuple[Section, ...]:
    """The list, in its order. Raises: TypeError for a key that nobody knows."""
    document = tomllib.loads(LIST.read_text())
    return tuple(
        Section(section["title"], tuple(_requirements(section["requirement"])))
        for section in document["section"]
    )


def officials() -> tuple[Official, ...]:
    """What there is to say of official tests. Raises: TypeError for a key that nobody knows."""
    document = tomllib.loads(LIST.read_text())
    return tuple(
        Official(**entry | {"tests": tuple(entry["tests"])}) for entry in document["official"]
    )


def claimed() -> set[str]:
    """The official tests that some requirement answers."""
    return {
        test
        for section in sections()
        for requirement in section.requirements
        for test in requirement.official
    }


def _requirements(table: dict[str, dict[str, Any]]) -> Iterator[Requirement]:
    for identity, entry in table.items():
        yield Requirement(identity, **entry | {"official": tuple(entry.get("official", ()))})


@dataclass
class Shown:
    """The tests by the ids that they are marked with, as (file, name): without parameters."""

    tests: dict[str, set[tuple[PurePosixPath, str]]] = field(default_factory=dict)

    def collect(self, items: Iterable[pytest.Item]) -> None:
        """Note every item's markers. Raises: UsageError for an id that is not in the list."""
        known = {each.id for section in sections() for each in section.requirements}
        for item in items:
            for mark in item.iter_markers("requirement"):
                if unknown := set(mark.args) - known:
                    raise pytest.UsageError(
                        f"{item.nodeid} shows {', '.join(sorted(map(str, unknown)))},"
                        f" which {LIST.relative_to(ROOT)} does not have."
                    )
                for identity in mark.args:
                    self.tests.setdefault(identity, set()).add(_place(item))

    def ours(self, identity: str) -> list[tuple[PurePosixPath, str]]:
        """The tests that show a requirement of the consumer's."""
        return sorted(each for each in self.tests.get(identity, ()) if not _of_sandbox(each))

    def sandbox(self, identity: str) -> list[tuple[PurePosixPath, str]]:
        """The tests that show the sandbox holding a consumer to it."""
        return sorted(each for each in self.tests.get(identity, ()) if _of_sandbox(each))

    def uncovered(self) -> list[str]:
        """The ids with neither a test nor a note of what is missing."""
        return [
            each.id
            for section in sections()
            for each in section.requirements
            if not each.missing and not self.ours(each.id)
        ]

    def page(self) -> str:
        """docs/conformance.md."""
        listed = sections()
        every = [each for section in listed for each in section.requirements]
        whole = sum(not each.missing and bool(self.ours(each.id)) for each in every)
        lines = [
            "# Conformance, requirement by requirement",
            "",
            "Written by `make pages` from [requirements.toml](requirements.toml) and the markers of"
            " the tests; `make test` fails when it is out of date. The official tests are those of"
            " NHS England's consumer assurance. *Tests*: how many show it, named below each table;"
            " *sandbox*: how many more show the simulated practices and Spine holding a consumer"
            " to it.",
            "",
            f"{len(every)} requirements: {whole} shown, {len(every) - whole} with something missing"
            " still.",
        ]
        for section in listed:
            lines += ["", f"## {section.title}", ""]
            lines += ["| id | requirement | official tests | tests | sandbox | missing still |"]
            lines += ["|---|---|---|--:|--:|---|"]
            lines += [self._row(each) for each in section.requirements]
            for each in section.requirements:
                lines += ["", f"### {each.id}", "", *self._tests(each)]
        lines += ["", "## Official tests, one by one", ""]
        lines += ["Where ours differs from their words, and which do not apply.", ""]
        lines += ["| official tests | |", "|---|---|"]
        lines += [
            f"| {', '.join(each.tests)} | "
            f"{'' if each.applies else 'Does not apply, because '}{each.note} |"
            for each in officials()
        ]
        return "\n".join(lines) + "\n"

    def _row(self, each: Requirement) -> str:
        link = f"[{each.id}](#{each.id.lower()})"
        counts = [str(len(tests) or "") for tests in (self.ours(each.id), self.sandbox(each.id))]
        cells = (link, each.sentence, ", ".join(each.official), *counts, each.missing)
        return f"| {' | '.join(cells)} |"

    def _tests(self, each: Requirement) -> list[str]:
        by_file: dict[PurePosixPath, list[str]] = {}
        for file, name in self.ours(each.id):
            by_file.setdefault(file, []).append(f"`{name}`")
        return [
            f"- [{file.relative_to('tests')}](../{file}): {', '.join(names)}"
            for file, names in by_file.items()
        ] or ["No test shows it yet."]


def _place(item: pytest.Item) -> tuple[PurePosixPath, str]:
    file, *names = item.nodeid.partition("[")[0].split("::")
    return PurePosixPath(file), ".".join(names)


def _of_sandbox(test: tuple[PurePosixPath, str]) -> bool:
    return test[0].is_relative_to(SANDBOX)


_shown = pytest.StashKey[Shown]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-pages",
        action="store_true",
        help="write docs/conformance.md and docs/errors.md anew and run nothing (`make pages`)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_shown] = Shown()
    config.addinivalue_line(
        "markers", "whole_run: says something about all tests, so runs only when all of them do"
    )


@pytest.hookimpl(tryfirst=True)  # before anything is deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[_shown].collect(items)
    if not _is_whole(config):
        # Of some of the tests nothing follows about what all of them show.
        partial = [each for each in items if each.get_closest_marker("whole_run")]
        config.hook.pytest_deselected(items=partial)
        items[:] = [each for each in items if each not in partial]


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.write_pages:
        PAGE.write_text(session.config.stash[_shown].page())
        errors_page.PAGE.write_text(errors_page.page())
        pytest.exit("The pages are written.", returncode=pytest.ExitCode.OK)


@pytest.fixture(scope="session")
def shown(pytestconfig: pytest.Config) -> Shown:
    """What all tests show, in a run of all of them (marker `whole_run`)."""
    return pytestconfig.stash[_shown]


def _is_whole(config: pytest.Config) -> bool:
    narrowed = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")
    return config.args == config.getini("testpaths") and not any(
        getattr(config.option, name, None) for name in narrowed
    )

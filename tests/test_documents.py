"""What the documents name is there: files, links and commands.

A guide that sends somebody to a file that has moved is worse than none. The modules that documents
name are held by test_named_places.py. Of what `make pages` writes, and of the change
log, which may speak of what has gone, only the links are held.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    file
    for place in (".", "docs", "docs/adr", "gpconnect", "sandbox")
    for file in (ROOT / place).glob("*.md")
)
LINKS_ONLY = frozenset({"conformance.md", "errors.md", "CHANGELOG.md"})
GUIDES = [file for file in DOCUMENTS if file.name not in LINKS_ONLY]
PORTAL = ROOT / "booking_portal"
WITHIN = (ROOT / "tests", PORTAL, PORTAL / "appointments", PORTAL / "commands")
"""Where a page of docs/ may begin a path; those at the top name whole ones."""
CODE = re.compile(r"`([^`\n]+)`")
# With a folder, or a file of ours by its ending; not an address ("/healthz"), nor "DIR/a.json".
PATH = re.compile(r"[a-z_.](?:[\w.-]*/)+[\w.-]*|[\w-]+\.(?:py|md|toml|jinja)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")
TARGET = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def paths_in(text: str) -> Iterator[str]:
    """The paths in backticks, and those that the examples give to pytest."""
    for said in CODE.findall(text):
        if PATH.fullmatch(said):
            yield said
    for line in text.splitlines():
        if line.startswith((".venv/bin/pytest", "make coverage")):
            yield from (word for word in re.split(r"[\s=]+", line) if word.startswith("tests/"))


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_every_path_that_a_guide_names_is_there(guide: Path) -> None:
    places = (ROOT,) if guide.parent == ROOT else (ROOT, guide.parent, *WITHIN)
    named = list(paths_in(guide.read_text()))
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_every_make_command_is_one(guide: Path) -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(guide.read_text())) <= rules

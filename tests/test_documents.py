"""What the documents name is there: files, modules, links and commands.

A guide that sends somebody to a file that has moved is worse than none. Decisions (docs/adr) tell
of their time, and docs/conformance.md and docs/errors.md are written by `make pages`; of them only
the links are held.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = frozenset({"conformance.md", "errors.md"})
GUIDES = sorted(
    file
    for place in (".", "docs", "gpconnect", "sandbox")
    for file in (ROOT / place).glob("*.md")
    if file.name not in WRITTEN
)
DOCUMENTS = sorted({*GUIDES, *(ROOT / "docs").rglob("*.md")})
CODE = re.compile(r"`([^`\n]+)`")
# With a folder, or a file of ours by its ending; not an address ("/healthz"), nor "DIR/a.json".
PATH = re.compile(r"[a-z_.](?:[\w.-]*/)+[\w.-]*|[\w-]+\.(?:py|md|toml|jinja)")
# "commands.delivery.sender.send": below one of these.
DOTTED = re.compile(r"[a-z]\w*(?:\.\w+)+")
PACKAGES = (ROOT / "booking_portal", ROOT)
NO_MODULES = frozenset({"practices.not_answering"})  # what /healthz says
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


def is_there(dotted: str) -> bool:
    """Whether it is a module, or a name in one; what is of no package of ours is held to be."""
    first, *rest = dotted.split(".")
    place = next((each / first for each in PACKAGES if (each / first).is_dir()), None)
    if place is None:
        return True
    while rest and (place / rest[0]).is_dir():
        place /= rest.pop(0)
    if not rest:
        return True
    module = place / f"{rest[0]}.py"
    names = rest[1:] if module.exists() else rest
    source = (module if module.exists() else place / "__init__.py").read_text()
    return all(re.search(rf"\b{name}\b", source) for name in names)


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_every_path_that_a_guide_names_is_there(guide: Path) -> None:
    places = (ROOT, guide.parent, ROOT / "tests")
    named = list(paths_in(guide.read_text()))
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_every_module_and_what_it_is_said_to_have_is_there(guide: Path) -> None:
    named = {said for said in CODE.findall(guide.read_text()) if DOTTED.fullmatch(said)}
    assert {name for name in named - NO_MODULES if not is_there(name)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_every_make_command_is_one(guide: Path) -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(guide.read_text())) <= rules

"""What documents and templates say is in some file is there: a newcomer goes by it."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).resolve().parent.parent
PORTAL = ROOT / "booking_portal"
DOCUMENTS = [ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]
TEMPLATES = sorted((ROOT / "templates").rglob("*.jinja"))

PACKAGES = "|".join(path.parent.name for path in PORTAL.glob("*/__init__.py"))
PLACE = re.compile(rf"`((?:booking_portal|gpconnect|{PACKAGES})(?:\.\w+)+)`")
TAKEN = re.compile(r"\b([a-z_]+(?:\.[a-z_]+)*)\.([A-Z]\w+)")


def places_in(text: str) -> list[str]:
    """The dotted names of the product's packages, modules and what is in them."""
    return [
        name if name.split(".")[0] in ("booking_portal", "gpconnect") else f"booking_portal.{name}"
        for name in PLACE.findall(text)
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    for place in places_in(document.read_text()):
        resolve_name(place)


def test_places_are_found_in_documents() -> None:
    assert "booking_portal.commands.outcomes" in places_in(DOCUMENTS[0].read_text())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_classes_that_a_template_takes_are_there(template: Path) -> None:
    comments = re.findall(r"\{#.*?#\}", template.read_text(), re.DOTALL)
    for module, name in TAKEN.findall(" ".join(comments)):
        files = PORTAL.rglob(f"{module.rsplit('.')[-1]}.py")
        path = "/" + module.replace(".", "/") + ".py"
        defined = rf"^class {name}\b"
        assert any(
            str(file).endswith(path) and re.search(defined, file.read_text(), re.MULTILINE)
            for file in files
        ), f"{module}.{name}"

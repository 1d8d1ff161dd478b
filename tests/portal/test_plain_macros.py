"""The plain twins of the design system's macros write what those write."""

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest
from markupsafe import Markup

from booking_portal import plain_macros
from booking_portal.jinja_environment import design_system
from booking_portal.safe_text import AsTyped

Params = dict[str, Any]
ODD = '<b>O\'Neill & "Co"</b>'
SAID = {"text": ODD}
AROUND: tuple[Params, ...] = (
    {},
    {"hint": SAID},
    {"errorMessage": SAID},
    {"hint": SAID, "errorMessage": SAID},
    {"hint": None, "errorMessage": False},
)
FIELDSET = {"fieldset": {"legend": {"text": ODD, "size": "m"}}}
FIELD = {"id": "it", "name": "its", "label": {"text": ODD, "size": "s"}, "value": AsTyped(ODD)}


def _boxes() -> Iterator[Params]:
    plain = {"name": "its", "idPrefix": "it", **FIELDSET}
    items = [
        {"value": "A", "text": ODD, "checked": True, "id": "it"},
        {"value": ODD, "text": "B", "checked": False, "id": "it-1", "hint": SAID},
    ]
    bare = [{"value": "on", "text": "Yes"}, {"value": "off", "text": "No"}]
    for around, some in product(AROUND, (items, bare, [])):
        yield plain | around | {"items": some}
        yield plain | around | {"items": some, "label": {"text": "Not shown", "size": "s"}}


def _date_inputs() -> Iterator[Params]:
    boxes = [
        {
            "id": f"it-{part}",
            "name": f"its-{part}",
            "label": part.capitalize(),
            "value": typed,
            "classes": "nhsuk-input--width-2",
        }
        for part, typed in (("day", ""), ("month", ODD), ("year", "1999"))
    ]
    for hint in ({}, {"hint": SAID}):
        yield {"id": "it", "items": boxes, **FIELDSET, **hint}
        yield {"id": "it", "idPrefix": "it", "name": "its", "items": boxes, **FIELDSET, **hint}


def _inputs() -> Iterator[Params]:
    more: tuple[Params, ...] = (
        {},
        {"value": ""},
        {"width": 10, "code": True, "inputmode": "numeric", "spellcheck": False},
        {"type": "tel", "autocomplete": "off", "classes": "nhsuk-u-width-two-thirds"},
        {"autocapitalize": "none", "spellcheck": True, "idPrefix": "it"},
    )
    for around, other in product(AROUND, more):
        yield FIELD | around | other


def _character_counts() -> Iterator[Params]:
    for around, value in product(AROUND, ("", AsTyped("\n two\nlines "), ODD)):
        yield FIELD | around | {"maxlength": 100, "rows": 2, "value": value}


def _headers() -> Iterator[Params]:
    account = {
        "items": [
            {"text": ODD, "icon": True},
            {"html": Markup(' <a href="/x">Switch</a> ')},
            {"html": Markup("")},
        ]
    }
    links = [
        {"text": ODD, "href": "/?a&b", "current": True},
        {"text": "B", "href": "/b", "current": False},
    ]
    for of_account, of_navigation in product((account, False), ({"items": links}, False)):
        yield {
            "service": {"text": "Booking", "href": "/"},
            "account": of_account,
            "navigation": of_navigation,
        }


def _footers() -> Iterator[Params]:
    for links in ([], [{"text": ODD, "href": "/a"}, {"text": "B", "href": "/b"}]):
        yield {"navigation": {"items": links}, "copyright": {"text": "GP Connect 1.0"}}


def _buttons() -> Iterator[Params]:
    for classes in ({}, {"classes": ""}, {"classes": "nhsuk-button--warning"}):
        yield {"text": ODD, **classes}
        yield {"text": ODD, "preventDoubleClick": True, **classes}
        yield {"text": ODD, "preventDoubleClick": False, **classes}
        yield {"text": ODD, "href": "/?a&b", **classes}


CALLS = {
    "checkboxes": _boxes,
    "radios": _boxes,
    "dateInput": _date_inputs,
    "input": _inputs,
    "characterCount": _character_counts,
    "button": _buttons,
    "skipLink": lambda: iter([{"text": ODD, "href": "#maincontent"}]),
    "header": _headers,
    "footer": _footers,
}


class _Read(HTMLParser):
    """Elements with their attributes in order, and texts; white space between them apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self._in_textarea = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_textarea = tag == "textarea"
        self.found.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self._in_textarea = False
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        text = data if self._in_textarea else " ".join(data.split())
        if text:
            self.found.append([text])


def test_every_plain_macro_is_compared() -> None:
    assert set(CALLS) == set(plain_macros.TAKEN)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_plain_macro_writes_what_the_design_system_writes(name: str) -> None:
    own, ours = design_system().own(name), getattr(design_system(), name)
    for params in CALLS[name]():
        assert plain_macros.TAKEN[name](params), params  # else it would be compared with itself
        assert _Read(ours(params)).found == _Read(own(params)).found, params


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("button", {"text": "Show", "variant": "secondary"}),
        ("input", FIELD | {"width": 11}),
        ("input", FIELD | {"label": {"text": "A", "size": "l", "isPageHeading": True}}),
        ("input", FIELD | {"errorMessage": {"text": ""}}),
        ("radios", {"name": "n", "idPrefix": "n", "items": [], "classes": "c", **FIELDSET}),
        ("footer", {}),
    ],
)
def test_what_a_plain_macro_does_not_know_is_the_design_systems(name: str, params: Params) -> None:
    assert not plain_macros.TAKEN[name](params)
    assert getattr(design_system(), name)(params) == design_system().own(name)(params)

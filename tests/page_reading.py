"""A page as a program without a browser reads it: its text, and its forms with what they send."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any


@dataclass
class Form:
    """One form of a page: where it goes, and what it would send untouched."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._button: tuple[str, str] | None = None
        self._textarea: str | None = None
        self._select = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        if self._form is None:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and name:
            box = given.get("type") in {"checkbox", "radio"}
            if not box or "checked" in given:
                self._form.fields.setdefault(name, []).append(value)
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._form.fields[self._select] = [value]
        elif tag == "textarea":
            self._textarea, self._text = name, []
        elif tag == "button":
            self._button, self._text = (name, value), []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text)
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._form and self._textarea:
            self._form.fields[self._textarea] = [text.removeprefix("\n")]
        elif tag == "button" and self._form and self._button:
            self._form.buttons.append((*self._button, " ".join(text.split())))
            self._button = None


class Page:
    """One page as it was answered."""

    def __init__(self, response: Any, address: str) -> None:
        self.status = response.status_code
        self.html = response.content.decode()
        self.address = address

    @cached_property
    def forms(self) -> list[Form]:
        """The forms in order."""
        reader = _Reader()
        reader.feed(self.html)
        return reader.forms

    @property
    def text(self) -> str:
        """What can be read on the page, in one line."""
        bare = re.sub(r"<(script|style)\b.*?</\1>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    @property
    def title(self) -> str:
        """The page's title."""
        found = re.search(r"<title>(.*?)</title>", self.html, re.S)
        return unescape(found.group(1)) if found else ""

    def form(self, ending: str) -> Form:
        """The form whose address ends so (before any query)."""
        return next(
            form for form in self.forms if form.action.split("?")[0].split("#")[0].endswith(ending)
        )

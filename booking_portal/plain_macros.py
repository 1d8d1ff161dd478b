"""Which calls of the design system's macros templates/design_system.jinja takes in their place.

The macros read some hundred parameters each, through templates that include templates: the search
form's took 9 ms of processor. What pages ask for in fact is little, and is written there plainly;
any other parameter, of a later page or a later version, is left to the design system's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from markupsafe import Markup

TEMPLATE: Final = "design_system.jinja"

Fits = Callable[[Any], bool]
"""Whether a parameter's value is one that the plain macro can take."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_said(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_html(value: Any) -> bool:
    return isinstance(value, Markup)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return type(value) is int


def _is_width(value: Any) -> bool:
    return type(value) is int and value in {2, 3, 4, 5, 10, 20, 30}


def _is_not_given(value: Any) -> bool:
    return value is False or value is None


@dataclass(frozen=True, slots=True)
class _Keys:
    """A mapping with all the keys of `must`, perhaps some of `may`, and no other."""

    must: Mapping[str, Fits]
    may: Mapping[str, Fits] = field(default_factory=dict)

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, Mapping) or any(name not in value for name in self.must):
            return False
        for name, given in value.items():
            fits = self.must.get(name) or self.may.get(name)
            if fits is None or not fits(given):
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Each:
    """A list whose every entry fits."""

    fits: Fits

    def __call__(self, value: Any) -> bool:
        return isinstance(value, list | tuple) and all(map(self.fits, value))


@dataclass(frozen=True, slots=True)
class _Or:
    """Either of two."""

    one: Fits
    other: Fits

    def __call__(self, value: Any) -> bool:
        return self.one(value) or self.other(value)


_SAID: Final = _Keys({"text": _is_said})
_SIZED: Final = _Keys({"text": _is_text, "size": _is_text})
_MAYBE_SAID: Final = _Or(_is_not_given, _SAID)
_FIELDSET: Final = _Keys({"legend": _SIZED})
# A fieldset's label is its legend: the label of the field is not shown.
_AROUND: Final[Mapping[str, Fits]] = {"hint": _MAYBE_SAID, "errorMessage": _MAYBE_SAID}
_BOX: Final = _Keys(
    {"value": _is_text, "text": _is_text}, {"checked": _is_flag, "id": _is_text, "hint": _SAID}
)
_BOXES: Final = _Keys(
    {"name": _is_text, "idPrefix": _is_text, "items": _Each(_BOX), "fieldset": _FIELDSET},
    {**_AROUND, "label": _SIZED},
)
_DATE_BOX: Final = _Keys(dict.fromkeys(("id", "name", "label", "value", "classes"), _is_text))
_LINK: Final = _Keys({"text": _is_text, "href": _is_text})
_FIELD: Final[Mapping[str, Fits]] = {
    "id": _is_text,
    "name": _is_text,
    "label": _SIZED,
    "value": _is_text,
}
_ITEMS_OF_ACCOUNT: Final = _Or(
    _Keys({"text": _is_text}, {"icon": _is_flag}), _Keys({"html": _is_html})
)

TAKEN: Final[Mapping[str, Fits]] = {
    "checkboxes": _BOXES,
    "radios": _BOXES,
    "dateInput": _Keys(
        {"id": _is_text, "items": _Each(_DATE_BOX), "fieldset": _FIELDSET},
        # Where one of the boxes is wrong, the design system looks into each one's classes.
        {"hint": _MAYBE_SAID, "name": _is_text, "idPrefix": _is_text, "label": _SIZED},
    ),
    "input": _Keys(
        _FIELD,
        {
            **_AROUND,
            **dict.fromkeys(
                ("idPrefix", "type", "autocomplete", "autocapitalize", "inputmode", "classes"),
                _is_text,
            ),
            **dict.fromkeys(("spellcheck", "code"), _is_flag),
            "width": _is_width,
        },
    ),
    "characterCount": _Keys(
        {**_FIELD, "maxlength": _is_number, "rows": _is_number},
        {**_AROUND, "idPrefix": _is_text},
    ),
    "button": _Or(
        _Keys({"text": _is_text}, {"classes": _is_text, "preventDoubleClick": _is_flag}),
        _Keys({"text": _is_text, "href": _is_text}, {"classes": _is_text}),
    ),
    "skipLink": _LINK,
    "header": _Keys(
        {
            "service": _LINK,
            "account": _Or(_is_not_given, _Keys({"items": _Each(_ITEMS_OF_ACCOUNT)})),
            "navigation": _Or(
                _is_not_given,
                _Keys(
                    {
                        "items": _Each(
                            _Keys({"text": _is_text, "href": _is_text, "current": _is_flag})
                        )
                    }
                ),
            ),
        }
    ),
    "footer": _Keys({"navigation": _Keys({"items": _Each(_LINK)}), "copyright": _SAID}),
}
"""By the macro's name, which parameters its plain twin takes."""


def plain_where_it_fits(
    name: str, plain: Callable[[Any], Markup], own: Callable[..., Markup]
) -> Callable[..., Markup]:
    """The macro that writes plainly what it can, and leaves the rest to the design system's own."""
    fits = TAKEN[name]

    def macro(*params: Any, **more: Any) -> Markup:
        if len(params) == 1 and not more and fits(params[0]):
            return plain(params[0])
        return own(*params, **more)

    return macro

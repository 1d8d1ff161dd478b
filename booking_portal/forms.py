"""Forms as the design system shows them: fields of our own, and parameters for its macros.

A template renders a field with a macro and these parameters, which carry the value typed, the
label and the error beside it: `{{ nhsuk.input(fields.text(form.family)) }}`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField

from gpconnect import nhs_number
from gpconnect.errors import InvalidNHSNumber

Params = dict[str, Any]
"""Parameters of a design system macro."""


# Further away nobody was born, books or looks; and calendars end before the year 10000 does.
EARLIEST, LATEST = date(1850, 1, 1), date(9000, 1, 1)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class PlainForm(forms.Form):
    """A form whose ids are the fields' names and whose messages say what to enter."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "%s"} | kwargs)
        for field in self.fields.values():
            if not isinstance(field, DateField) and field.required and field.label:
                label = str(field.label)
                # "NHS number" keeps its capitals, "Family name" does not.
                words = label if label[:2].isupper() else label[0].lower() + label[1:]
                field.error_messages["required"] = f"Enter the {words}"


class DateBoxes(forms.Widget):
    """Three boxes for day, month and year; the value is the three texts, or a date."""

    PARTS: ClassVar = ("day", "month", "year")

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Any, name: str
    ) -> tuple[str, ...]:
        return tuple(str(data.get(f"{name}-{part}") or "").strip() for part in self.PARTS)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return all(f"{name}-{part}" not in data for part in self.PARTS)

    def id_for_label(self, id_: str | None, index: str | None = None) -> str:
        return f"{id_}-day"


class DateField(forms.Field):
    """A date in three boxes; the month may also be a name. Errors begin with the field's label."""

    widget = DateBoxes

    def to_python(self, value: Any) -> date | None:
        """The date. Raises: ValidationError when the three boxes are not one."""
        if value is None or isinstance(value, date):
            return value
        if not any(value):
            return None
        day, month, year = value
        missing = [part for part, text in zip(DateBoxes.PARTS, value, strict=True) if not text]
        if missing:
            raise forms.ValidationError(f"{self.label} must include a {' and '.join(missing)}")
        if len(year) != 4:
            raise forms.ValidationError(f"{self.label}: the year must have 4 numbers")
        try:
            found = date(int(year), _month(month), int(day))
        except (ValueError, OverflowError):
            raise forms.ValidationError(f"{self.label} must be a real date") from None
        if not EARLIEST <= found <= LATEST:
            raise forms.ValidationError(
                f"{self.label}: the year must be from {EARLIEST.year} to {LATEST.year}"
            )
        return found

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise forms.ValidationError(f"Enter the {str(self.label).lower()}")


def _month(text: str) -> int:
    """A month by number or by its English name."""
    short = text[:3].lower()
    return MONTHS.index(short) + 1 if short in MONTHS else int(text)


class NHSNumberField(forms.CharField):
    """An NHS number, with or without spaces; refused here when its check digit fails. [FIND-1]"""

    def clean(self, value: Any) -> str:
        """The ten digits. Raises: ValidationError."""
        text = str(super().clean(value))
        if not text:
            return text
        try:
            return nhs_number.normalise(text)
        except InvalidNHSNumber:
            raise forms.ValidationError(
                "This is not a valid NHS number. It has 10 numbers: check each with the patient"
            ) from None


def errors_for(form: forms.BaseForm) -> list[Params]:
    """The error summary's list: every error, linked to its field."""
    found = []
    for name, messages in form.errors.items():
        target = f"#{field_id(form[name])}" if name in form.fields else "#maincontent"
        found += [{"text": str(message), "href": target} for message in messages]
    return found


def field_id(field: BoundField) -> str:
    """The id of the element that a link to this field leads to."""
    return field.id_for_label or field.auto_id or field.html_name


def text(field: BoundField, params: Params | None = None) -> Params:
    """For `nhsuk.input`, `nhsuk.textarea`, `nhsuk.characterCount` and `nhsuk.passwordInput`."""
    value = field.value()
    return _common(field) | {"value": "" if value is None else str(value)} | (params or {})


def date_boxes(field: BoundField, params: Params | None = None) -> Params:
    """For `nhsuk.dateInput`."""
    value = field.value()
    if isinstance(value, date):
        value = (str(value.day), str(value.month), str(value.year))
    texts: Sequence[str] = value or ("", "", "")
    wrong = bool(field.errors)
    boxes = [
        {
            "id": f"{field.auto_id}-{part}",
            "name": f"{field.html_name}-{part}",
            "label": part.capitalize(),
            "value": typed,
            "classes": ("nhsuk-input--width-4" if part == "year" else "nhsuk-input--width-2")
            + (" nhsuk-input--error" if wrong else ""),
        }
        for part, typed in zip(DateBoxes.PARTS, texts, strict=True)
    ]
    fieldset = {"legend": {"text": field.label, "size": "s"}}
    return _common(field) | {"items": boxes, "fieldset": fieldset} | (params or {})


def choices(field: BoundField, params: Params | None = None) -> Params:
    """For `nhsuk.radios` and `nhsuk.checkboxes`."""
    value = field.value()
    values = value if isinstance(value, list | tuple) else [value or ""]
    chosen = {str(one) for one in values}
    items = [
        {
            "value": str(key),
            "text": str(label),
            "checked": str(key) in chosen,
            "id": f"{field.auto_id}" if number == 0 else f"{field.auto_id}-{number}",
        }
        for number, (key, label) in enumerate(getattr(field.field, "choices", []))
    ]
    fieldset = {"legend": {"text": field.label, "size": "s"}}
    common = _common(field)
    del common["id"]  # the first item has it: the error summary's link must land on something
    return common | {"items": items, "fieldset": fieldset} | (params or {})


def options(field: BoundField) -> Params:
    """For `nhsuk.select`."""
    value = str(field.value() or "")
    items = [
        {"value": str(key), "text": str(label), "selected": str(key) == value}
        for key, label in getattr(field.field, "choices", [])
    ]
    return _common(field) | {"items": items}


def _common(field: BoundField) -> Params:
    params: Params = {
        "id": field.auto_id or field.html_name,
        "name": field.html_name,
        "idPrefix": field.auto_id or field.html_name,
        "label": {"text": field.label, "size": "s"},
    }
    if field.help_text:
        params["hint"] = {"text": field.help_text}
    if field.errors:
        params["errorMessage"] = {"text": " ".join(map(str, field.errors))}
    return params

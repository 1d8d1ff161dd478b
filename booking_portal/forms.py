"""Forms as the design system shows them: fields of our own, and parameters for its macros.

A template renders a field with a macro and these parameters, which carry the value typed, the
label and the error beside it: `{{ nhsuk.input(fields.text(form.family)) }}`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField

from booking_portal import typed_input
from booking_portal.safe_text import AsTyped
from booking_portal.typed_input import EARLIEST, LATEST

Params = dict[str, Any]
"""Parameters of a design system macro."""


class PlainForm(forms.Form):
    """A form whose ids are the fields' names and whose messages say what to enter."""

    use_required_attribute = False
    asked_anew: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not filled in again for the user: confirmations, and what a page says."""

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
    """A date in three boxes; the month may also be a name, and one box may hold the whole date.

    Errors begin with the field's label.
    """

    widget = DateBoxes

    def to_python(self, value: Any) -> date | None:
        """The date. Raises: ValidationError when the three boxes are not one."""
        if value is None or isinstance(value, date):
            return value
        filled = [text for text in value if text]
        if not filled:
            return None
        try:
            return typed_input.day(filled[0]) if len(filled) == 1 else self._of_parts(value)
        except typed_input.YearNotWhole:
            raise forms.ValidationError(f"{self.label}: the year must have 4 numbers") from None
        except typed_input.YearOutOfRange:
            raise forms.ValidationError(
                f"{self.label}: the year must be from {EARLIEST.year} to {LATEST.year}"
            ) from None
        except typed_input.NotADate:
            self._require_all(value)
            raise forms.ValidationError(f"{self.label} must be a real date") from None

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise forms.ValidationError(f"Enter the {str(self.label).lower()}")

    def _of_parts(self, value: Sequence[str]) -> date:
        self._require_all(value)
        return typed_input.date_of(*value)

    def _require_all(self, value: Sequence[str]) -> None:
        missing = [part for part, text in zip(DateBoxes.PARTS, value, strict=True) if not text]
        if missing:
            raise forms.ValidationError(f"{self.label} must include a {' and '.join(missing)}")


class LineField(forms.CharField):
    """One line, as typed or pasted: without what cannot be seen. [entered.line]"""

    def to_python(self, value: Any) -> str:
        return typed_input.line(str(super().to_python(value) or ""))


class EmailField(LineField, forms.EmailField):
    """An e-mail address."""


class TelephoneField(LineField):
    """A telephone number that can be dialled."""

    def to_python(self, value: Any) -> str:
        """The number. Raises: ValidationError for what cannot be dialled."""
        try:
            return typed_input.telephone(super().to_python(value))
        except ValueError:
            raise forms.ValidationError(
                "Enter a telephone number, like 01632 960 001, 07700 900 982 or +44 808 157 0192"
            ) from None


class NHSNumberField(forms.CharField):
    """An NHS number, however written; refused here when its check digit fails. [FIND-1]"""

    def clean(self, value: Any) -> str:
        """The ten digits. Raises: ValidationError."""
        text = str(super().clean(value))
        if not text:
            return text
        try:
            return typed_input.nhs_number(text)
        except typed_input.SeveralNumbers:
            raise forms.ValidationError(
                "There is more than one number here. Enter only this patient's NHS number, "
                "10 numbers like 965 821 8873"
            ) from None
        except typed_input.NotANumber:
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
    return _common(field) | {"value": AsTyped("" if value is None else value)} | (params or {})


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

"""What the patient says when they are registered temporarily; all of it may be left out. [REG-2]"""

from operator import itemgetter
from typing import Any

from django import forms

from booking_portal import typed_input
from booking_portal.appointments.shared.text_forms import TextsForm
from booking_portal.commands.requests.booking import CANNOT_BE_SENT, can_be_sent
from booking_portal.commands.requests.registration import AsSaid
from booking_portal.forms import EmailField, LineField, TelephoneField
from gpconnect.languages import LANGUAGES
from gpconnect.models import Address

# Every language of the value set, English first. [REG-2]
LANGUAGE_CHOICES = (
    ("", "Not asked"),
    ("en", LANGUAGES["en"]),
    *sorted(((code, name) for code, name in LANGUAGES.items() if code != "en"), key=itemgetter(1)),
)
ADDRESS = ("line_1", "line_2", "town", "postcode")


class PartField(LineField):
    """One line of an address, as a practice can take it."""

    def __init__(self, label: str, longest: int = 100) -> None:
        too_long = f"{label} must be {longest} characters or fewer"
        super().__init__(
            label=label,
            required=False,
            max_length=longest,
            error_messages={"max_length": too_long},
        )

    def validate(self, value: str) -> None:
        super().validate(value)
        if not can_be_sent(value):
            raise forms.ValidationError(CANNOT_BE_SENT)


class RegisterForm(TextsForm):
    """What the appointment is for; and a temporary address and telephone, an e-mail address, a
    language. [BOOK-4, REG-2]"""

    asked_anew = frozenset({"form_token"})
    form_token = forms.UUIDField()
    line_1 = PartField("Temporary address, line 1")
    line_2 = PartField("Temporary address, line 2")
    town = PartField("Town or city")
    postcode = PartField("Postcode", 10)
    telephone = TelephoneField(
        label="Temporary telephone number",
        required=False,
        max_length=30,
        error_messages={"max_length": "Temporary telephone number must be 30 characters or fewer"},
    )
    email = EmailField(
        label="E-mail address",
        required=False,
        max_length=254,
        error_messages={"invalid": "Enter an e-mail address like name@example.com"},
    )
    language = forms.ChoiceField(label="Language", choices=LANGUAGE_CHOICES, required=False)
    interpreter = forms.BooleanField(label="They need an interpreter", required=False)

    def clean_postcode(self) -> str:
        """As postcodes are written."""
        return typed_input.postcode(self.cleaned_data["postcode"])

    def clean(self) -> dict[str, Any]:
        """An address needs its first line; an interpreter, a language. [REG-2]"""
        cleaned: dict[str, Any] = super().clean() or {}
        if any(cleaned.get(part) for part in ADDRESS) and not cleaned.get("line_1"):
            self.add_error("line_1", "Enter the first line of the temporary address")
        if cleaned.get("interpreter") and not cleaned.get("language"):
            self.add_error("language", "Choose the language that the interpreter is needed for")
        return cleaned

    def said(self) -> AsSaid:
        """What is sent of it; only after `is_valid`."""
        data = self.cleaned_data
        address = None
        if data["line_1"]:
            address = Address(
                lines=tuple(line for line in (data["line_1"], data["line_2"]) if line),
                city=data["town"] or None,
                postcode=data["postcode"] or None,
            )
        return AsSaid(
            address=address,
            telephone=data["telephone"],
            email=data["email"],
            language=data["language"],
            interpreter_required=data["interpreter"],
        )

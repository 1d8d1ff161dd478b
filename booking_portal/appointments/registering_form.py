"""What the patient says when they are registered temporarily; all of it may be left out. [REG-2]"""

from typing import Any

from django import forms

from booking_portal.appointments.forms import TextField, TextsForm
from booking_portal.commands.registering import AsSaid
from gpconnect.models import Address

# Codes of CareConnect-HumanLanguage-1 (ISO 639-1, and the signed ones): those asked for most.
LANGUAGES = (
    ("", "Not asked"),
    ("en", "English"),
    ("q4", "British Sign Language"),
    ("q5", "Makaton"),
    ("sq", "Albanian"),
    ("am", "Amharic"),
    ("ar", "Arabic"),
    ("bn", "Bengali"),
    ("bg", "Bulgarian"),
    ("zh", "Chinese"),
    ("cs", "Czech"),
    ("nl", "Dutch"),
    ("fa", "Farsi"),
    ("fr", "French"),
    ("de", "German"),
    ("el", "Greek"),
    ("gu", "Gujarati"),
    ("hi", "Hindi"),
    ("hu", "Hungarian"),
    ("it", "Italian"),
    ("ku", "Kurdish"),
    ("lv", "Latvian"),
    ("lt", "Lithuanian"),
    ("ml", "Malayalam"),
    ("ne", "Nepali"),
    ("ps", "Pashto"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pa", "Punjabi"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("so", "Somali"),
    ("es", "Spanish"),
    ("sw", "Swahili"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("th", "Thai"),
    ("ti", "Tigrinya"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("vi", "Vietnamese"),
    ("cy", "Welsh"),
    ("yo", "Yoruba"),
)
ADDRESS = ("line_1", "line_2", "town", "postcode")
FEWEST_DIGITS = 7


def _part(label: str, longest: int = 100) -> TextField:
    too_long = f"{label} must be {longest} characters or fewer"
    return TextField(
        label=label,
        required=False,
        max_length=longest,
        error_messages={"max_length": too_long},
    )


class RegisterForm(TextsForm):
    """What the appointment is for; and a temporary address and telephone, an e-mail address, a
    language. [BOOK-4, REG-2]"""

    form_token = forms.UUIDField()
    line_1 = _part("Temporary address, line 1")
    line_2 = _part("Temporary address, line 2")
    town = _part("Town or city")
    postcode = _part("Postcode", 10)
    telephone = _part("Temporary telephone number", 30)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        max_length=254,
        error_messages={"invalid": "Enter an e-mail address like name@example.com"},
    )
    language = forms.ChoiceField(label="Language", choices=LANGUAGES, required=False)
    interpreter = forms.BooleanField(label="They need an interpreter", required=False)

    def clean_telephone(self) -> str:
        """A number with enough digits to ring."""
        typed = str(self.cleaned_data["telephone"])
        if typed and sum(character.isdigit() for character in typed) < FEWEST_DIGITS:
            raise forms.ValidationError("Enter a telephone number, like 01632 960 001")
        return typed

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
                postcode=data["postcode"].upper() or None,
            )
        return AsSaid(
            address=address,
            telephone=data["telephone"],
            email=data["email"],
            language=data["language"],
            interpreter_required=data["interpreter"],
        )

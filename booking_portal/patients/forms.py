"""What the patient says about themselves, as the user types it."""

from typing import Any

from django import forms

from booking_portal.forms import DateField, NHSNumberField, PlainForm
from booking_portal.patients.tracing import SearchTerms
from gpconnect import london

GENDERS = (
    ("", "Not known"),
    ("female", "Female"),
    ("male", "Male"),
    ("other", "Other"),
)


class BirthDateForm(PlainForm):
    """A form with the birth date that the patient says. [PDS-8]"""

    birth_date = DateField(
        label="Date of birth", help_text="As the patient says it, for example 15 3 1984"
    )

    def clean_birth_date(self) -> Any:
        """A day that has been."""
        birth_date = self.cleaned_data["birth_date"]
        if birth_date > london.today():
            raise forms.ValidationError("Date of birth must be in the past")
        return birth_date


class ByNumberForm(BirthDateForm):
    """NHS number and birth date. [PDS-8]"""

    nhs_number = NHSNumberField(label="NHS number", help_text="10 numbers, like 965 821 8873")
    field_order = ("nhs_number", "birth_date")


class ByNameForm(BirthDateForm):
    """Without the number at hand. [PDS-7]"""

    family = forms.CharField(label="Family name", max_length=100)
    given = forms.CharField(label="First name", max_length=100, required=False)
    gender = forms.ChoiceField(label="Gender", choices=GENDERS, required=False)
    postcode = forms.CharField(
        label="Postcode of their home address", max_length=10, required=False
    )
    field_order = ("family", "given", "birth_date", "gender", "postcode")

    def terms(self) -> SearchTerms:
        """What PDS is asked for; only after `is_valid`."""
        data = self.cleaned_data
        return SearchTerms(
            family=data["family"],
            birth_date=data["birth_date"],
            given=data["given"],
            gender=data["gender"],
            postcode=data["postcode"].upper(),
        )

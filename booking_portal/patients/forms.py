"""What the patient says about themselves, as the user types it."""

from typing import Any

from django import forms

from booking_portal import typed_input
from booking_portal.forms import DateField, LineField, NHSNumberField, PlainForm
from booking_portal.patients.confirmation import Said
from booking_portal.patients.pds_trace import SearchTerms
from gpconnect import london
from gpconnect.demographics import search_rules

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
    """NHS number and birth date; the rest where PDS has no full birth date. [PDS-8, PDS-9]

    `more` names the fields that are asked for besides.
    """

    nhs_number = NHSNumberField(label="NHS number", help_text="10 numbers, like 965 821 8873")
    family = LineField(label="Family name", max_length=100, required=False)
    given = LineField(label="First name", max_length=100, required=False)
    postcode = LineField(label="Postcode of their address", max_length=10, required=False)
    field_order = ("nhs_number", "birth_date", "family", "given", "postcode")

    @property
    def more(self) -> tuple[str, ...]:
        """The further fields to show: those that were on the page that was sent."""
        further = ("family", "given", "postcode")
        return self._more or tuple(name for name in further if name in self.data)

    _more: tuple[str, ...] = ()

    def ask_for(self, *, postcode: bool) -> None:
        """Show the further fields."""
        self._more = ("family", "given", *(("postcode",) if postcode else ()))

    def said(self) -> Said:
        """What the patient says; only after `is_valid`."""
        data = self.cleaned_data
        return Said(
            data["birth_date"],
            typed_input.name(data["family"]),
            " ".join(typed_input.names(data["given"])),
            typed_input.postcode(data["postcode"]),
        )


class SearchedField(LineField):
    """What PDS searches by: with `*` for any ending, and within PDS's rules. [PDS-7]"""

    def __init__(self, *, longest: int | None = None, **settings: Any) -> None:
        super().__init__(max_length=100, **settings)
        self.longest = longest

    def require(self, text: str) -> None:
        """Go on only with what PDS can search for. Raises: ValidationError."""
        match search_rules.slip(text, self.longest):
            case "too long":
                raise forms.ValidationError(
                    f"{self.label} must be {self.longest} characters or fewer. Of a longer one "
                    "enter the beginning and then *"
                )
            case "wildcard too early":
                raise forms.ValidationError(
                    f"{self.label}: enter at least {search_rules.BEFORE_WILDCARD} letters or "
                    "numbers before *"
                )

    def validate(self, value: Any) -> None:
        super().validate(value)
        if any(not each.isprintable() for each in value):
            raise forms.ValidationError(f"{self.label} has a character that cannot be searched for")


class NameField(SearchedField):
    """A family name."""

    def to_python(self, value: Any) -> str:
        return typed_input.name(super().to_python(value))

    def validate(self, value: Any) -> None:
        super().validate(value)
        self.require(value)


class NamesField(NameField):
    """First names, each of which keeps to the rules by itself."""

    def require(self, text: str) -> None:
        for name in typed_input.names(text):
            super().require(name)


class PostcodeField(SearchedField):
    """A postcode."""

    def to_python(self, value: Any) -> str:
        return typed_input.postcode(super().to_python(value))

    def validate(self, value: Any) -> None:
        super().validate(value)
        self.require(value)


class ByNameForm(BirthDateForm):
    """Without the number at hand. [PDS-7]"""

    family = NameField(label="Family name", longest=search_rules.LONGEST_NAME)
    given = NamesField(label="First name", longest=search_rules.LONGEST_NAME, required=False)
    gender = forms.ChoiceField(label="Gender", choices=GENDERS, required=False)
    postcode = PostcodeField(label="Postcode of their home address", longest=10, required=False)
    field_order = ("family", "given", "birth_date", "gender", "postcode")

    def terms(self) -> SearchTerms:
        """What PDS is asked for; only after `is_valid`."""
        data = self.cleaned_data
        return SearchTerms(
            family=data["family"],
            birth_date=data["birth_date"],
            given=typed_input.names(data["given"]),
            gender=data["gender"],
            postcode=data["postcode"],
        )

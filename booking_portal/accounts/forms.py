"""django-allauth's forms in the portal's words."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm

from booking_portal import typed_input


class SignInForm(LoginForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].error_messages["required"] = "Enter your username"
        self.fields["password"].error_messages["required"] = "Enter your password"

    def clean_login(self) -> str:
        """The user name without what cannot be seen."""
        return typed_input.line(str(super().clean_login()))


class NewPasswordForm(ChangePasswordForm):
    """The current password, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].error_messages["required"] = "Enter your current password"
        self.fields["password1"].error_messages["required"] = "Enter a new password"
        self.fields["password2"].error_messages["required"] = "Enter the new password again"

"""What an auditor looks for."""

from django import forms

from booking_portal.audit.models import EventKind
from booking_portal.forms import DateField, LineField, NHSNumberField, PlainForm

KINDS = (("", "Everything"), *EventKind.choices)


class AuditFilter(PlainForm):
    """By day, person and kind; these may stand in the page's address."""

    since = DateField(label="From", required=False)
    until = DateField(label="To", required=False)
    user = LineField(label="Username", max_length=150, required=False)
    kind = forms.ChoiceField(label="What happened", choices=KINDS, required=False)


class AuditPatient(PlainForm):
    """By patient: posted, and kept in the session, never in the page's address. [IG-3]"""

    nhs_number = NHSNumberField(label="NHS number", required=False)

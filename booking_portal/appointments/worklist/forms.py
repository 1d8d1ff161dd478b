"""Which day of the worklist."""

from booking_portal.forms import DateField, PlainForm


class DayForm(PlainForm):
    """A day of the worklist."""

    day = DateField(label="Day", required=False)

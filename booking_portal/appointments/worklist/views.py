"""The organisation's bookings."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.worklist.forms import DayForm
from booking_portal.appointments.worklist.page import WorklistPage
from booking_portal.appointments.worklist.restore_page import strays_of
from booking_portal.commands.worklist.queries import bookings_of, work
from booking_portal.forms import errors_for
from booking_portal.typed_input import EARLIEST, LATEST
from gpconnect import london


@require_GET
@acting(Permission.VIEW_WORKLIST)
def bookings(request: ActingRequest) -> HttpResponse:
    """What is not over, and the bookings of a day (`?day=`, or three boxes; else today)."""
    day = _day(request.GET.get("day", ""))
    typed = any(name.startswith("day-") for name in request.GET)
    form = DayForm(request.GET if typed else None, initial={"day": day})
    if typed and form.is_valid() and form.cleaned_data["day"]:
        return redirect(f"{reverse('bookings')}?day={form.cleaned_data['day'].isoformat()}")
    actor = request.actor
    page = WorklistPage.of(day, work(actor=actor), bookings_of(day, actor=actor), actor)
    context = {
        "page": page,
        "form": form,
        "errors": errors_for(form),
        "strays": strays_of(actor),
        "may_release": actor.may(Permission.SETTLE_COMMANDS),
    }
    return render(request, "appointments/worklist/bookings.jinja", context)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return london.today()
    return day if EARLIEST <= day <= LATEST else london.today()

"""The addresses of the booking screens. None carries a patient's data. [IG-3]"""

from typing import NoReturn

from django.http import Http404, HttpRequest
from django.urls import path


def not_there_yet(request: HttpRequest, **kwargs: object) -> NoReturn:
    """Until its view is there, an address answers 404."""
    raise Http404


IN_ENCOUNTER = "encounters/<uuid:encounter_id>/"
APPOINTMENT = IN_ENCOUNTER + "appointments/<slug:ods>/<str:appointment_id>/"

urlpatterns = [
    path(IN_ENCOUNTER + "slots/", not_there_yet, name="search-slots"),
    path(IN_ENCOUNTER + "slots/choose", not_there_yet, name="choose-slot"),
    path(IN_ENCOUNTER + "slots/<uuid:search_id>/", not_there_yet, name="slot-results"),
    path(IN_ENCOUNTER + "bookings/<uuid:proposal_id>/", not_there_yet, name="check-booking"),
    path(
        IN_ENCOUNTER + "appointments/<slug:ods>/",
        not_there_yet,
        name="patient-appointments",
    ),
    path(APPOINTMENT, not_there_yet, name="appointment"),
    path(APPOINTMENT + "amend", not_there_yet, name="amend-appointment"),
    path(APPOINTMENT + "cancel", not_there_yet, name="cancel-appointment"),
    path("bookings/", not_there_yet, name="bookings"),
    path("bookings/<uuid:command_id>/", not_there_yet, name="command"),
    path("bookings/<uuid:command_id>/state", not_there_yet, name="command-state"),
]

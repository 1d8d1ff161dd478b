"""The addresses of the booking screens. None carries a patient's data. [IG-3]"""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from booking_portal.appointments.views import (
    booking,
    changing,
    following,
    moving,
    registering,
    ringing_back,
    sagas,
    searching,
    worklist,
)


class SystemConverter(StringConverter):
    """What `practices.systems.system_of` makes."""

    regex = "[0-9a-f]{12}"


register_converter(SystemConverter, "system")

IN_ENCOUNTER = "encounters/<uuid:encounter_id>/"
AT_PRACTICE = IN_ENCOUNTER + "appointments/<slug:ods>/"
# An id goes with the system that it is from. Without: typed, or of a page of the version before.
APPOINTMENT = AT_PRACTICE + "<system:system>/<str:appointment_id>/"
WITHOUT_SYSTEM = AT_PRACTICE + "<str:appointment_id>/"

urlpatterns = [
    path(IN_ENCOUNTER + "slots/", searching.search_slots, name="search-slots"),
    path(IN_ENCOUNTER + "slots/choose", searching.choose_slot, name="choose-slot"),
    path(IN_ENCOUNTER + "slots/<uuid:search_id>/", searching.slot_results, name="slot-results"),
    path(
        IN_ENCOUNTER + "bookings/<uuid:proposal_id>/", booking.check_booking, name="check-booking"
    ),
    path(
        IN_ENCOUNTER + "bookings/<uuid:proposal_id>/register",
        registering.register_patient,
        name="register-patient",
    ),
    path(AT_PRACTICE, changing.patient_appointments, name="patient-appointments"),
    *(
        one
        for address in (WITHOUT_SYSTEM, APPOINTMENT)
        for one in (
            path(address, changing.appointment, name="appointment"),
            path(address + "about", changing.about_appointment, name="about-appointment"),
            path(address + "amend", changing.amend_appointment, name="amend-appointment"),
            path(address + "cancel", changing.cancel_appointment, name="cancel-appointment"),
            path(address + "move", moving.move_appointment, name="move-appointment"),
        )
    ),
    path("bookings/", worklist.bookings, name="bookings"),
    path("bookings/<uuid:command_id>/", following.command, name="command"),
    path("bookings/<uuid:command_id>/close", following.close_command, name="close-command"),
    path(
        "bookings/<uuid:command_id>/acknowledge",
        following.acknowledge_command,
        name="acknowledge-command",
    ),
    path("bookings/<uuid:command_id>/ring-back", ringing_back.ring_back, name="ring-back"),
    path("bookings/<uuid:command_id>/take", ringing_back.take_command, name="take-command"),
    path("bookings/<uuid:command_id>/told", ringing_back.patient_told, name="patient-told"),
    path(
        "bookings/<uuid:command_id>/withdraw",
        ringing_back.withdraw_command,
        name="withdraw-command",
    ),
    path("bookings/<uuid:command_id>/state", following.command_state, name="command-state"),
    path("steps/<uuid:saga_id>/", sagas.saga, name="saga"),
    path("steps/<uuid:saga_id>/state", sagas.saga_state, name="saga-state"),
    path("steps/<uuid:saga_id>/finish", sagas.finish, name="saga-finish"),
    path("steps/<uuid:saga_id>/undo", sagas.undo, name="saga-undo"),
    path("steps/<uuid:saga_id>/keep", sagas.keep, name="saga-keep"),
    path("steps/<uuid:saga_id>/take", sagas.take, name="saga-take"),
]

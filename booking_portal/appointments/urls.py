"""The addresses of the booking screens. None carries a patient's data. [IG-3]"""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from booking_portal.appointments.booking import registration_views
from booking_portal.appointments.booking import views as booking
from booking_portal.appointments.patient import appointment_views, move_views
from booking_portal.appointments.search import views as search
from booking_portal.appointments.status import callback_views, command_views, saga_views
from booking_portal.appointments.worklist import views as worklist


class SystemConverter(StringConverter):
    """What `integration.systems.system_of` makes."""

    regex = "[0-9a-f]{12}"


register_converter(SystemConverter, "system")

IN_ENCOUNTER = "encounters/<uuid:encounter_id>/"
AT_PRACTICE = IN_ENCOUNTER + "appointments/<slug:ods>/"
# An id goes with the system that it is from. Without: typed, or of a page of the version before.
APPOINTMENT = AT_PRACTICE + "<system:system>/<str:appointment_id>/"
WITHOUT_SYSTEM = AT_PRACTICE + "<str:appointment_id>/"

urlpatterns = [
    path(IN_ENCOUNTER + "slots/", search.search_slots, name="search-slots"),
    path(IN_ENCOUNTER + "slots/choose", search.choose_slot, name="choose-slot"),
    path(IN_ENCOUNTER + "slots/<uuid:search_id>/", search.slot_results, name="slot-results"),
    path(
        IN_ENCOUNTER + "bookings/<uuid:proposal_id>/", booking.check_booking, name="check-booking"
    ),
    path(
        IN_ENCOUNTER + "bookings/<uuid:proposal_id>/register",
        registration_views.register_patient,
        name="register-patient",
    ),
    path(AT_PRACTICE, appointment_views.patient_appointments, name="patient-appointments"),
    *(
        one
        for address in (WITHOUT_SYSTEM, APPOINTMENT)
        for one in (
            path(address, appointment_views.appointment, name="appointment"),
            path(address + "about", appointment_views.about_appointment, name="about-appointment"),
            path(address + "amend", appointment_views.amend_appointment, name="amend-appointment"),
            path(
                address + "cancel", appointment_views.cancel_appointment, name="cancel-appointment"
            ),
            path(address + "move", move_views.move_appointment, name="move-appointment"),
        )
    ),
    path("bookings/", worklist.bookings, name="bookings"),
    path("bookings/<uuid:command_id>/", command_views.command, name="command"),
    path("bookings/<uuid:command_id>/close", command_views.close_command, name="close-command"),
    path(
        "bookings/<uuid:command_id>/acknowledge",
        command_views.acknowledge_command,
        name="acknowledge-command",
    ),
    path("bookings/<uuid:command_id>/ring-back", callback_views.change_callback, name="ring-back"),
    path("bookings/<uuid:command_id>/take", callback_views.take_command, name="take-command"),
    path("bookings/<uuid:command_id>/told", callback_views.patient_told, name="patient-told"),
    path(
        "bookings/<uuid:command_id>/withdraw",
        callback_views.withdraw_command,
        name="withdraw-command",
    ),
    path("bookings/<uuid:command_id>/state", command_views.command_state, name="command-state"),
    path("steps/<uuid:saga_id>/", saga_views.saga, name="saga"),
    path("steps/<uuid:saga_id>/state", saga_views.saga_state, name="saga-state"),
    path("steps/<uuid:saga_id>/finish", saga_views.finish_saga, name="saga-finish"),
    path("steps/<uuid:saga_id>/undo", saga_views.undo_saga, name="saga-undo"),
    path("steps/<uuid:saga_id>/keep", saga_views.leave_saga_as_it_is, name="saga-keep"),
    path("steps/<uuid:saga_id>/take", saga_views.take_saga, name="saga-take"),
]

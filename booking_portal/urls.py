"""Every address of the portal. None carries a patient's data. [IG-3]"""

from allauth.account import views as sign_in
from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from booking_portal.accounts import views as accounts
from booking_portal.administration import people as _people  # noqa: F401 - registers
from booking_portal.administration import places as _places  # noqa: F401 - registers
from booking_portal.administration.site import site as administration
from booking_portal.appointments.patient.encounter_views import encounter
from booking_portal.appointments.status.unrecorded_views import caught_up
from booking_portal.appointments.worklist.restore_views import release_hold, restored, stray_seen
from booking_portal.appointments.worklist.start_views import start
from booking_portal.oversight import views as oversight

handler400 = "booking_portal.error_pages.bad_request"
handler403 = "booking_portal.error_pages.permission_denied"
handler404 = "booking_portal.error_pages.not_found"
handler429 = "booking_portal.error_pages.too_many_requests"
handler500 = "booking_portal.error_pages.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start, name="start"),
    path("sign-in/", sign_in.login, name="account_login"),
    path("sign-out/", sign_in.logout, name="account_logout"),
    path("sign-in/switched-off/", sign_in.account_inactive, name="account_inactive"),
    path("password/", sign_in.password_change, name="account_change_password"),
    path("organisation/", accounts.choose_organisation, name="choose-organisation"),
    path("encounters/<uuid:encounter_id>/", encounter, name="encounter"),
    path("", include("booking_portal.patients.urls")),
    path("", include("booking_portal.appointments.urls")),
    path("bookings/<uuid:command_id>/caught-up", caught_up, name="command-caught-up"),
    path("bookings/restored/", restored, name="restored"),
    path("bookings/restored/release", release_hold, name="release-hold"),
    path("bookings/restored/<uuid:stray_id>/seen", stray_seen, name="stray-seen"),
    path("audit/", oversight.audit, name="audit"),
    path("healthz", oversight.healthz, name="healthz"),
    path("admin/", administration.urls),
]

if apps.is_installed("demo.pages"):
    urlpatterns.append(path("demo/", include("demo.pages.urls")))

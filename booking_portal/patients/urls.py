"""The addresses of finding a patient. [IG-3]"""

from django.urls import path

from booking_portal.patients import views

urlpatterns = [
    path("patients/find", views.find_patient, name="find-patient"),
    path("patients/find-by-name", views.find_patient_by_name, name="find-patient-by-name"),
    path("encounters/<uuid:encounter_id>/trace", views.trace_patient_again, name="trace-again"),
]

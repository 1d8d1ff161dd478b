"""One method per use case (signatures first; the bodies follow)."""
# ruff: noqa
# mypy: ignore-errors

from datetime import date

from gpconnect.identity import Requester
from gpconnect.models import *
from gpconnect.transport import Deadlines, ExchangeObserver, Gate, Transport


class GPConnectClient:
    def __init__(
        self,
        transport: Transport,
        requester: Requester,
        endpoint: Endpoint,
        observer: ExchangeObserver | None = None,
    ) -> None: ...
    def capability_statement(self, *, deadline: Deadlines | None = None) -> CapabilityStatement: ...
    def find_patient(
        self, nhs_number: str, *, deadline: Deadlines | None = None
    ) -> tuple[Patient, ...]: ...
    def read_patient(self, patient_id: str, *, deadline: Deadlines | None = None) -> Patient: ...
    def search_free_slots(
        self, search: SlotSearch, *, deadline: Deadlines | None = None
    ) -> FreeSlots: ...
    def book_appointment(
        self, booking: Booking, *, gate: Gate | None = None, deadline: Deadlines | None = None
    ) -> Appointment: ...
    def read_appointment(
        self, appointment_id: str, *, deadline: Deadlines | None = None
    ) -> Appointment: ...
    def patient_appointments(
        self, patient_id: str, start: date, end: date, *, deadline: Deadlines | None = None
    ) -> Appointments: ...
    def amend_appointment(
        self,
        appointment: Appointment,
        description: str,
        comment: str | None,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Appointment: ...
    def cancel_appointment(
        self,
        appointment: Appointment,
        reason: str,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Appointment: ...
    def read_practitioner(
        self, practitioner_id: str, *, deadline: Deadlines | None = None
    ) -> Practitioner: ...
    def find_practitioner(
        self, sds_user_id: str, *, deadline: Deadlines | None = None
    ) -> tuple[Practitioner, ...]: ...
    def read_organisation(
        self, organisation_id: str, *, deadline: Deadlines | None = None
    ) -> Organisation: ...
    def find_organisation(
        self, ods_code: str, *, deadline: Deadlines | None = None
    ) -> tuple[Organisation, ...]: ...
    def read_location(self, location_id: str, *, deadline: Deadlines | None = None) -> Location: ...
    def register_patient(
        self,
        registration: Registration,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Patient: ...

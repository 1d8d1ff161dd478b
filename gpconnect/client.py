"""One method per use case of GP Connect Foundations and Appointment Management 1.2.7."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from gpconnect import comparison, interactions, london, nhs_number, search
from gpconnect.fhir import (
    appointments,
    checks,
    names,
    people,
    people_and_places,
    resource_builders,
    slots,
)
from gpconnect.fhir.bundles import resources
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.identity import Requester
from gpconnect.models import (
    Appointment,
    Appointments,
    Booking,
    CapabilityStatement,
    Endpoint,
    FreeSlots,
    HealthcareService,
    Location,
    Organisation,
    Patient,
    Practitioner,
    Registration,
    SlotSearch,
)
from gpconnect.transport import Deadlines, ExchangeObserver, Gate, OfficialTest, Question, Transport
from gpconnect.use_case_exchange import UseCaseExchange, put


class GPConnectClient:
    """Asks one practice on behalf of one requester. Cheap to make; thread-safe.

    Every method takes `deadline` in place of the client's deadlines, which `deadlines` is asked
    for as each exchange begins (left out: the transport's). It raises GPConnectError, or, before
    anything is sent, what `deadlines` raises; the methods that write take a `gate`, called when
    the connection is up, just before the first byte: what it raises passes through unchanged,
    and nothing has been sent.
    """

    def __init__(
        self,
        transport: Transport,
        requester: Requester,
        endpoint: Endpoint,
        observer: ExchangeObserver | None = None,
        deadlines: Callable[[], Deadlines] | None = None,
    ) -> None:
        self._transport = transport
        self._requester = requester
        self._asking = UseCaseExchange(transport, requester, endpoint, observer, deadlines)

    # Foundations

    def capability_statement(self, *, deadline: Deadlines | None = None) -> CapabilityStatement:
        """What the practice's system says it can do. [SSP-7]"""
        question = Question(interactions.CAPABILITY_STATEMENT, "/metadata")
        return self._asking.ask(
            question, "CapabilityStatement", people_and_places.capability_statement, deadline
        )

    def find_patient(
        self,
        number: str,
        *,
        unchecked: bool = False,
        official_test: OfficialTest | None = None,
        deadline: Deadlines | None = None,
    ) -> tuple[Patient, ...]:
        """The practice's records for an NHS number: none, one or several. [FIND-1, FIND-2]

        A number that fails its check digit is refused before anything is sent, unless
        `unchecked` (for the official tests, in test environments). `official_test` gives the
        request the form that one of the official Spine tests wants, there too.

        Raises: InvalidNHSNumber; PatientNotAtPractice where a practice answers so.
        """
        value = number if unchecked else nhs_number.normalise(number)
        return self._asking.find(
            interactions.FIND_PATIENT,
            names.NHS_NUMBER,
            value,
            people.patient,
            deadline,
            official_test,
        )

    def read_patient(self, patient_id: str, *, deadline: Deadlines | None = None) -> Patient:
        """One patient by the practice's id. Raises: NotFound."""
        return self._asking.read(interactions.READ_PATIENT, patient_id, people.patient, deadline)

    def register_patient(
        self,
        registration: Registration,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Patient:
        """Register a patient temporarily; the id to book with is the result's. [REG-1..3]

        Raises: InvalidRequest, AlreadyRegistered, DemographicsRejected.
        """
        number = nhs_number.normalise(registration.nhs_number)
        checks.registration(registration, london.today(self._now()))
        question = Question(
            interactions.REGISTER_PATIENT,
            interactions.REGISTER_PATIENT.path,
            body=resource_builders.registration(replace(registration, nhs_number=number)),
        )

        def read(bundle: Json) -> Patient:
            found = [people.patient(each) for each in resources(bundle).of("Patient")]
            if len(found) != 1 or found[0].nhs_number != number:
                raise Unreadable("that is not the patient registered")
            return found[0]

        return self._asking.ask(question, "Bundle", read, deadline, gate=gate)

    def find_practitioner(
        self, sds_user_id: str, *, deadline: Deadlines | None = None
    ) -> tuple[Practitioner, ...]:
        """The practitioners with an SDS user id."""
        return self._asking.find(
            interactions.FIND_PRACTITIONER,
            names.SDS_USER_ID,
            sds_user_id,
            people_and_places.practitioner,
            deadline,
        )

    def read_practitioner(
        self, practitioner_id: str, *, deadline: Deadlines | None = None
    ) -> Practitioner:
        """One practitioner by the practice's id. Raises: NotFound."""
        return self._asking.read(
            interactions.READ_PRACTITIONER,
            practitioner_id,
            people_and_places.practitioner,
            deadline,
        )

    def find_organisation(
        self, ods_code: str, *, deadline: Deadlines | None = None
    ) -> tuple[Organisation, ...]:
        """The organisations with an ODS code."""
        checks.ods_code(ods_code)
        return self._asking.find(
            interactions.FIND_ORGANISATION,
            names.ODS_CODE,
            ods_code,
            people_and_places.organisation,
            deadline,
        )

    def read_organisation(
        self, organisation_id: str, *, deadline: Deadlines | None = None
    ) -> Organisation:
        """One organisation by the practice's id. Raises: NotFound."""
        return self._asking.read(
            interactions.READ_ORGANISATION,
            organisation_id,
            people_and_places.organisation,
            deadline,
        )

    def read_location(self, location_id: str, *, deadline: Deadlines | None = None) -> Location:
        """One location by the practice's id. Raises: NotFound."""
        return self._asking.read(
            interactions.READ_LOCATION, location_id, people_and_places.location, deadline
        )

    def read_healthcare_service(
        self, service_id: str, *, deadline: Deadlines | None = None
    ) -> HealthcareService:
        """One service by the practice's id, which a schedule or appointment of 1.2.8 gives.

        Raises: NotFound.
        """
        return self._asking.read(
            interactions.READ_HEALTHCARE_SERVICE,
            service_id,
            people_and_places.healthcare_service,
            deadline,
        )

    # Appointment management

    def search_free_slots(
        self, search_: SlotSearch, *, deadline: Deadlines | None = None
    ) -> FreeSlots:
        """The slots that the practice shares with the requester's organisation. [SFS-1..10]

        A range longer than two weeks takes several requests, each under `deadline`. With
        `faults` in the result, its slots are good, but nobody may say that there are no others.
        """
        answered = [
            self._asking.ask(
                Question(interactions.SEARCH_FREE_SLOTS, "/Slot", parameters),
                "Bundle",
                slots.free_slots,
                deadline,
            )
            for parameters in search.requests(search_, self._requester.organisation)
        ]
        return slots.joined(answered)

    def book_appointment(
        self,
        booking: Booking,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Appointment:
        """Book, and return the appointment as the practice recorded it. [BOOK-1..8]

        Raises: InvalidRequest before anything is sent; SlotGone; DifferentFromAsked, which
        carries the practice's appointment.
        """
        checks.booking(booking, self._now())
        system = f"{self._requester.issuer.rstrip('/')}/Id/command"
        question = Question(
            interactions.BOOK_APPOINTMENT,
            "/Appointment",
            body=resource_builders.appointment_to_book(booking, system),
        )
        return self._asking.change(
            question,
            lambda got: comparison.differences_from_booking(booking, got),
            gate,
            deadline,
        )

    def read_appointment(
        self, appointment_id: str, *, deadline: Deadlines | None = None
    ) -> Appointment:
        """One appointment by the practice's id. Raises: NotFound (past ones too). [READ-1]"""
        return self._asking.read(
            interactions.READ_APPOINTMENT, appointment_id, appointments.appointment, deadline
        )

    def patient_appointments(
        self, patient_id: str, start: date, end: date, *, deadline: Deadlines | None = None
    ) -> Appointments:
        """A patient's appointments on London dates `start` to `end`, neither past. [RET-1]

        Cancelled ones, and earlier ones of today, are among them.
        """
        checks.logical_id(patient_id, "patient")
        checks.require(
            not isinstance(start, datetime) and not isinstance(end, datetime), "dates: a time"
        )
        checks.require(london.today(self._now()) <= start <= end, "dates: past or empty")
        question = Question(
            interactions.RETRIEVE_APPOINTMENTS,
            interactions.RETRIEVE_APPOINTMENTS.path.format(id=patient_id),
            (("start", f"ge{start.isoformat()}"), ("start", f"le{end.isoformat()}")),
        )
        return self._asking.ask(
            question,
            "Bundle",
            lambda bundle: appointments.appointments(bundle, patient_id),
            deadline,
        )

    def amend_appointment(
        self,
        appointment: Appointment,
        description: str,
        comment: str | None,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Appointment:
        """Change the words of an appointment as last read; a comment of None goes. [AMEND-1, 2]

        A text that the practice itself gave may go back as it is, however long. [BOOK-4]

        Raises: InvalidRequest, VersionConflict, DifferentFromAsked; ChangeNotConfirmed where
        the appointment came back with other words.
        """
        checks.changeable(appointment, self._now())
        if description != appointment.description:
            checks.description(description)
        if comment is not None and comment != appointment.comment:
            checks.comment(comment)
        return self._asking.change(
            put(
                interactions.AMEND_APPOINTMENT,
                appointment,
                resource_builders.amended(appointment, description, comment),
            ),
            lambda got: comparison.differences_from_amendment(appointment, got),
            gate,
            deadline,
            lambda got: comparison.says(got, description, comment),
        )

    def cancel_appointment(
        self,
        appointment: Appointment,
        reason: str,
        *,
        gate: Gate | None = None,
        deadline: Deadlines | None = None,
    ) -> Appointment:
        """Cancel an appointment as last read, for a reason that must be given. [CANCEL-1]

        Raises: InvalidRequest, VersionConflict, DifferentFromAsked.
        """
        checks.changeable(appointment, self._now())
        checks.words(reason, "reason")
        return self._asking.change(
            put(
                interactions.CANCEL_APPOINTMENT,
                appointment,
                resource_builders.cancelled(appointment, reason),
            ),
            lambda got: comparison.differences_from_cancellation(appointment, got),
            gate,
            deadline,
        )

    def _now(self) -> datetime:
        return self._transport.clock()

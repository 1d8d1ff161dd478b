"""One call of the command line: who asks whom about whom. Each is an encounter of its own."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from booking_portal.accounts.actor import Actor
from booking_portal.command_line import prompting
from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.arguments import Options
from booking_portal.command_line.identity import in_production
from booking_portal.patients.finding import find
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.tracing import open_by_number
from booking_portal.practices import connection
from booking_portal.practices.models import Practice
from booking_portal.practices.observer import Subject, TrailObserver
from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.models import Endpoint, SlotSearch

TWO_WEEKS = timedelta(days=13)  # with the first day


@dataclass(frozen=True)
class Call:
    """What a use case works with. What it needs is looked up when it first asks for it."""

    actor: Actor
    options: Options

    @cached_property
    def practice(self) -> Practice:
        """The practice, one of those that the organisation may ask. [SFS-8]

        Raises: Stopped.
        """
        found = (
            Practice.objects.for_organisation(self.actor.organisation)
            .filter(ods_code=self.options.practice)
            .first()
        )
        if found is None:
            raise Stopped(
                Problem(
                    "PRACTICE_NOT_IN_FEDERATION",
                    "The practice is in none of the organisation's federations.",
                    "Check --practice, or use directory or check-practice, which take any.",
                )
            )
        return found

    @cached_property
    def nhs_number(self) -> str:
        """The number as given or typed, unchecked. Raises: Stopped when there is none."""
        return prompting.nhs_number(self.options.nhs_number)

    @cached_property
    def encounter(self) -> Encounter:
        """The patient, traced now: nothing about them is sent to a practice before. [PDS-1]

        Raises: NotPermitted, RestrictedPatient, BirthDateDiffers, GPConnectError, Stopped.
        """
        said = self.options.birth_date
        if said is None and in_production():
            raise Stopped(
                Problem(
                    "BIRTH_DATE_NEEDED",
                    "This needs the birth date that the patient says.",
                    "Give --birth-date.",
                )
            )
        if self.options.practice:
            assert self.practice  # whom to ask is settled before anybody is traced
        return open_by_number(self.nhs_number, said, actor=self.actor)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the patient, once traced: to be masked in what practices say."""
        traced = self.__dict__.get("encounter")
        return traced.all_names if isinstance(traced, Encounter) else ()

    @cached_property
    def at(self) -> PatientAtPractice:
        """The patient as found at the practice. [FIND-1, PDS-6]

        Raises: as `encounter`; PatientNotAtPractice, PatientMismatch.
        """
        return find(self.encounter, self.practice, actor=self.actor)

    @property
    def subject(self) -> Subject:
        """What the audit trail says of an exchange that is about no patient."""
        return Subject(practice_ods=self.options.practice[:16])

    def look_up(self, observer: TrailObserver | None = None) -> Endpoint:
        """Where the practice is, whichever it is. [SDS-1..4] Raises: GPConnectError."""
        return connection.directory().look_up(
            self.options.practice,
            requester=connection.requester(self.actor),
            observer=observer or TrailObserver(self.actor.who, self.subject),
        )

    @cached_property
    def client(self) -> GPConnectClient:
        """A client for questions to the practice that are about no patient.

        Raises: Stopped, GPConnectError (the directory).
        """
        assert self.practice  # one that the organisation may ask
        return connection.client(self.actor, self.look_up(), self.subject)

    @property
    def range(self) -> SlotSearch:
        """The days from --from to --to; two weeks from today when left out. [SFS-1]"""
        start: date = self.options.start or london.today()
        return SlotSearch(start, self.options.end or start + TWO_WEEKS)

    def needs_id(self) -> str:
        """The --id, which the table demands."""
        assert self.options.id is not None
        return self.options.id

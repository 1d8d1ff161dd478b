"""One call of the command line: who asks whom about whom. Each is an encounter of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from booking_portal import typed_input
from booking_portal.accounts.actor import Actor
from booking_portal.command_line import prompts
from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.arguments import TEXTS, Options
from booking_portal.command_line.identity import in_production
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import Subject, TrailObserver
from booking_portal.patients.confirmation import Said
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.pds_trace import open_by_number
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice
from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.models import Endpoint, SlotSearch

TWO_WEEKS = timedelta(days=13)  # with the first day

NOT_A_NUMBER = Problem(
    "NHS_NUMBER_INVALID",
    "What was given as --nhs-number is not a valid NHS number.",
    "An NHS number has 10 numbers, for example 965 821 8873: check each with the patient.",
)
SEVERAL_NUMBERS = Problem(
    "SEVERAL_NHS_NUMBERS",
    "What was given as --nhs-number has more than one number in it. None of them was used.",
    "Give this patient's NHS number alone, 10 numbers, for example 965 821 8873.",
)


def _wrong_days(sentence: str) -> Problem:
    example = f"--from {london.today()} --to {london.today() + TWO_WEEKS}"
    return Problem("INVALID_REQUEST", sentence, f"For example {example}.")


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
        """The ten digits in what was given or typed. Raises: Stopped for none, wrong or several."""
        return self._number(typed_input.nhs_number)

    @cached_property
    def ten_digits(self) -> str:
        """As `nhs_number`, whatever the check digit. Raises: as `nhs_number`."""
        return self._number(typed_input.ten_digits)

    def _number(self, read: Callable[[str], str]) -> str:
        given = prompts.nhs_number(self.options.nhs_number)
        try:
            return read(given)
        except typed_input.SeveralNumbers:
            raise Stopped(SEVERAL_NUMBERS) from None
        except typed_input.NotANumber:
            raise Stopped(NOT_A_NUMBER) from None

    @cached_property
    def encounter(self) -> Encounter:
        """The patient, traced now: nothing about them is sent to a practice before. [PDS-1]

        Raises: NotPermitted, RestrictedPatient, NotConfirmed, GPConnectError, Stopped.
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
        return open_by_number(self.nhs_number, Said(said) if said else None, actor=self.actor)

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
        return find_at_practice(self.encounter, self.practice, actor=self.actor)

    @property
    def subject(self) -> Subject:
        """What the audit trail says of an exchange that is about no patient."""
        return Subject(practice_ods=self.options.practice[:16])

    def look_up(self, observer: TrailObserver | None = None) -> Endpoint:
        """Where the practice is, whichever it is. [SDS-1..4] Raises: GPConnectError."""
        return clients.directory().look_up(
            self.options.practice,
            requester=clients.requester(self.actor),
            observer=observer or TrailObserver(self.actor.who, self.subject),
        )

    @cached_property
    def endpoint(self) -> Endpoint:
        """Where the practice is, for questions that are about no patient.

        Raises: Stopped, GPConnectError (the directory).
        """
        assert self.practice  # one that the organisation may ask
        return self.look_up()

    @cached_property
    def client(self) -> GPConnectClient:
        """A client for questions to the practice that are about no patient.

        Raises: as `endpoint`.
        """
        return clients.client(self.actor, self.endpoint, self.subject)

    @property
    def range(self) -> SlotSearch:
        """The days from --from to --to; two weeks from today when left out. [SFS-1, SFS-7]

        Raises: Stopped.
        """
        start: date = self.options.start or london.today()
        end = self.options.end or start + TWO_WEEKS
        self.require_days()
        return SlotSearch(start, end)

    def require_days(self) -> None:
        """Go on only with --from and --to that name days to come. Raises: Stopped."""
        first = self.options.start or london.today()
        if first < london.today():
            raise Stopped(_wrong_days("--from has passed: it has to be today or later."))
        if self.options.end is not None and self.options.end < first:
            raise Stopped(_wrong_days("--to has to be the same day as --from, or later."))

    def text(self, name: str, given: str, *, code: str) -> str:
        """The text of the flag `name`, if a practice can take it. [BOOK-4]

        Raises: Stopped, with this `code`.
        """
        text = TEXTS[name]
        if wrong := text.wrong(given):
            sentence = f"--{name}: {wrong}. Nothing was sent."
            raise Stopped(Problem(code, sentence, f"For example --{name} {text.example}."))
        return given

    def needs_id(self) -> str:
        """The --id, which the table demands."""
        assert self.options.id is not None
        return self.options.id

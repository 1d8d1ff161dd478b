"""How every use case asks: a question sent, its answer read, compared and refused alike."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gpconnect import answers
from gpconnect.error_evidence import failure
from gpconnect.errors import AnswerIsDifferent, Origin
from gpconnect.fhir import appointments, checks
from gpconnect.fhir.bundles import resources
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.identity import Requester
from gpconnect.interactions import Interaction
from gpconnect.models import Appointment, Endpoint
from gpconnect.transport import (
    Deadlines,
    ExchangeObserver,
    Gate,
    OfficialTest,
    Question,
    Transport,
)
from gpconnect.wire import WireAnswer

Result = TypeVar("Result")


class UseCaseExchange:
    """One practice, asked on behalf of one requester."""

    def __init__(
        self,
        transport: Transport,
        requester: Requester,
        endpoint: Endpoint,
        observer: ExchangeObserver | None,
        deadlines: Callable[[], Deadlines] | None = None,
    ) -> None:
        self._transport = transport
        self._requester = requester
        self._endpoint = endpoint
        self._observer = observer
        self._deadlines = deadlines

    def read(
        self,
        interaction: Interaction,
        identity: str,
        reader: Callable[[Json, str | None], Result],
        deadline: Deadlines | None,
    ) -> Result:
        """The resource with this id. Raises: NotFound, and as all."""
        path = interaction.path.format(id=checks.logical_id(identity))
        kind = path.split("/")[1]

        def interpret(answer: WireAnswer, trace_id: str) -> Result:
            resource = answers.resource(answer, trace_id, interaction, kind, identity)
            try:
                return reader(resource, answer.headers.get("ETag"))
            except Unreadable:
                raise answers.wrong_resource(interaction, answer, trace_id) from None

        return self._exchange(Question(interaction, path), interpret, deadline)

    def find(
        self,
        interaction: Interaction,
        system: str,
        value: str,
        reader: Callable[[Json], Result],
        deadline: Deadlines | None,
        official_test: OfficialTest | None = None,
    ) -> tuple[Result, ...]:
        """The resources with this identifier: none, one or several."""
        checks.words(value, "identifier")
        kind = interaction.path.removeprefix("/")

        def read(bundle: Json) -> tuple[Result, ...]:
            found = resources(bundle)
            matches = tuple(found.read(kind, reader))
            if found.faults:  # one unreadable record may be the one that matters
                raise Unreadable("among the results")
            return matches

        question = Question(
            interaction,
            interaction.path,
            (("identifier", f"{system}|{value}"),),
            official_test=official_test,
        )
        return self.ask(question, "Bundle", read, deadline)

    def change(
        self,
        question: Question,
        differences: Callable[[Appointment], tuple[str, ...]],
        gate: Gate | None,
        deadline: Deadlines | None,
        confirms: Callable[[Appointment], bool] | None = None,
    ) -> Appointment:
        """The appointment as the practice has it after a write, once it is what was asked.

        `confirms` says of one that is ours whether the change was made, where that is to be seen.
        """

        def interpret(answer: WireAnswer, trace_id: str) -> Appointment:
            resource = answers.resource(answer, trace_id, question.interaction, "Appointment")
            try:
                got = appointments.appointment(resource, answer.headers.get("ETag"))
            except Unreadable:
                raise answers.wrong_resource(question.interaction, answer, trace_id) from None
            unlike, code = differences(got), "DIFFERENT_FROM_ASKED"
            if not unlike and confirms is not None and not confirms(got):
                unlike, code = ("texts",), "CHANGE_NOT_CONFIRMED"
            if unlike:
                error = failure(
                    code,
                    origin=Origin.PRACTICE,
                    interaction=question.interaction,
                    status=answer.status,
                    trace_id=trace_id,
                )
                assert isinstance(error, AnswerIsDifferent)
                error.appointment, error.differences = got, unlike
                raise error
            return got

        return self._exchange(question, interpret, deadline, gate)

    def ask(
        self,
        question: Question,
        kind: str,
        reader: Callable[[Json], Result],
        deadline: Deadlines | None,
        gate: Gate | None = None,
    ) -> Result:
        """What `reader` makes of the resource of this kind that is promised in answer."""

        def interpret(answer: WireAnswer, trace_id: str) -> Result:
            resource = answers.resource(answer, trace_id, question.interaction, kind)
            try:
                return reader(resource)
            except Unreadable:
                raise answers.wrong_resource(question.interaction, answer, trace_id) from None

        return self._exchange(question, interpret, deadline, gate)

    def _exchange(
        self,
        question: Question,
        interpret: Callable[[WireAnswer, str], Result],
        deadline: Deadlines | None,
        gate: Gate | None = None,
    ) -> Result:
        if deadline is None and self._deadlines is not None:
            deadline = self._deadlines()
        return self._transport.exchange(
            question,
            requester=self._requester,
            endpoint=self._endpoint,
            interpret=interpret,
            observer=self._observer,
            gate=gate,
            deadlines=deadline,
        )


def put(interaction: Interaction, appointment: Appointment, body: Mapping[str, Any]) -> Question:
    """An update of an appointment, of the version last read only. [AMEND-2]"""
    return Question(
        interaction,
        interaction.path.format(id=appointment.id),
        body=body,
        headers={"If-Match": f'W/"{appointment.version}"'},
    )

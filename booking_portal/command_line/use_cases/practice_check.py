"""Is a practice ready? Every step of reaching it, with its result and time, for support staff."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from booking_portal.command_line.answers import Answer, Problem
from booking_portal.command_line.call import Call
from booking_portal.command_line.problems import problem_of
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import TrailObserver
from gpconnect.client import GPConnectClient
from gpconnect.errors import DirectoryError, GPConnectError
from gpconnect.models import CapabilityStatement, Endpoint, FreeSlots
from gpconnect.transport import Answered

Found = TypeVar("Found")

SDS_RECORD = "SDS record"
ASID = "ASID"
CAPABILITY = "Capability statement"
SLOT_SEARCH = "Slot search"


class StopWatch(TrailObserver):
    """The audit trail's observer, which also remembers how long each exchange took."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.actor.who, call.subject)
        self.milliseconds: list[int] = []

    def answered(self, answer: Answered) -> None:
        """Store it and note its time."""
        super().answered(answer)
        self.milliseconds.append(answer.milliseconds)


@dataclass
class Report:
    """The steps so far, and the first problem."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    problem: Problem | None = None

    def add(self, step: str, result: str, milliseconds: int | None, **more: Any) -> None:
        """A step that went well."""
        row = {"step": step, "outcome": "ok", "result": result, "milliseconds": milliseconds}
        self.steps.append(row | more)

    def fail(self, step: str, error: GPConnectError, milliseconds: int | None) -> None:
        """A step that did not."""
        problem = problem_of(error, writes=False)
        self.problem = self.problem or problem
        check = f" Check {error.check}." if isinstance(error, DirectoryError) else ""
        self.steps.append(
            {
                "step": step,
                "outcome": "failed",
                "result": f"{problem.code}: {problem.sentence}{check}",
                "milliseconds": milliseconds,
                "trace_id": problem.trace_id,
            }
        )

    def skip(self, *steps: str) -> None:
        """Steps that cannot be tried."""
        for step in steps:
            self.steps.append(
                {"step": step, "outcome": "not tried", "result": None, "milliseconds": None}
            )


def check_practice(call: Call) -> Answer:
    """SDS record, ASID, capability statement and slot search, one after the other."""
    report = Report()
    endpoint = _look_up(call, report)
    if endpoint is None:
        report.skip(CAPABILITY, SLOT_SEARCH)
    else:
        client = clients.client(call.actor, endpoint, call.subject)
        _capability(client, report)
        _slots(call, client, report)
    result = {"practice": call.options.practice, "steps": report.steps}
    columns = {"steps": ("step", "outcome", "milliseconds", "result")}
    return Answer(result, columns, report.problem)


def _look_up(call: Call, report: Report) -> Endpoint | None:
    watch = StopWatch(call)
    try:
        endpoint = call.look_up(watch)
    except GPConnectError as error:
        _directory_failed(report, error, watch.milliseconds)
        return None
    record, asid = _two(watch.milliseconds)
    report.add(SDS_RECORD, endpoint.service_root, record)
    report.add(ASID, endpoint.asid, asid)
    return endpoint


def _directory_failed(report: Report, error: GPConnectError, took: list[int]) -> None:
    record, asid = _two(took)
    if isinstance(error, DirectoryError) and "AS record" in error.check:
        report.add(SDS_RECORD, "found", record)
        report.fail(ASID, error, asid)
    else:
        report.fail(SDS_RECORD, error, record)
        report.skip(ASID)


def _two(took: list[int]) -> tuple[int | None, int | None]:
    """The directory's two questions; some directories need only one."""
    return (took[0] if took else None), (took[1] if len(took) > 1 else None)


def _capability(client: GPConnectClient, report: Report) -> None:
    def told(said: CapabilityStatement) -> str:
        count = len(said.interactions)
        services = f", services {said.service_filtering}" if said.service_filtering else ""
        return f"GP Connect {said.version or NOT_SAID}, FHIR {said.fhir_version or NOT_SAID}, " + (
            f"{count} interactions{services}"
        )

    found = _timed(CAPABILITY, client.capability_statement, told, report)
    if found is not None:
        report.steps[-1] |= {"version": found.version, "fhir_version": found.fhir_version}


def _slots(call: Call, client: GPConnectClient, report: Report) -> None:
    def told(found: FreeSlots) -> str:
        doubt = "" if found.complete else f"; not all could be read: {' '.join(found.faults)}"
        organisation = call.actor.organisation.ods_code
        return f"{len(found.slots)} free slots shared with {organisation} in two weeks{doubt}"

    found = _timed(SLOT_SEARCH, lambda: client.search_free_slots(call.range), told, report)
    if found is not None:
        report.steps[-1] |= {"slots": len(found.slots), "complete": found.complete}


def _timed(
    step: str, ask: Callable[[], Found], told: Callable[[Found], str], report: Report
) -> Found | None:
    began = time.monotonic()
    try:
        found = ask()
    except GPConnectError as error:
        report.fail(step, error, _since(began))
        return None
    report.add(step, told(found), _since(began))
    return found


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


NOT_SAID = "version not given"

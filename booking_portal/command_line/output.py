"""How an answer is told: one JSON document, or tables for people."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from booking_portal.command_line.answers import Answer, Problem
from booking_portal.patients.presenters import full_name
from booking_portal.patients.trace_fields import TracedName
from booking_portal.safe_text import readable
from gpconnect.models import HumanName
from gpconnect.nhs_number import spaced

LABELS = {
    "id": "Id",
    "nhs_number": "NHS number",
    "asid": "ASID",
    "ods_code": "ODS code",
    "fhir_version": "FHIR version",
    "sds_user_id": "SDS user id",
    "said": "What the other side said",
}
NOT_GIVEN = "not given"
_NAME_PARTS = {each.name for each in fields(HumanName)}
GAP = "  "


def document(use_case: str, answer: Answer) -> str:
    """The one JSON document of a call; ASCII only, so that no terminal can be steered by it."""
    told: dict[str, Any] = {"use_case": use_case, "ok": answer.problem is None}
    if answer.result or answer.problem is None:
        told["result"] = answer.result
    if answer.problem is not None:
        told["error"] = answer.problem.as_json()
    return json.dumps(told, indent=2)


def for_people(answer: Answer) -> str:
    """The result as labelled lines and tables."""
    return "\n".join(_lines(_as_read(answer.result), answer.columns))


def problem_for_people(problem: Problem) -> str:
    """What went wrong, what to do, and what support staff ask for. [ERR-1]"""
    known = "yes" if problem.outcome_known else "NO: the practice may have done it"
    told = {
        "what to do": problem.next_step,
        "came from": problem.origin,
        "HTTP status": problem.status,
        "trace id": problem.trace_id,
        "outcome known": known,
    } | dict(problem.detail)
    given = {label: value for label, value in told.items() if value}
    return "\n".join([f"{problem.code}: {problem.sentence}", *_indented(_lines(given, {}))])


def printable(value: Any) -> str:
    """A value on one line, without anything that a terminal would obey."""
    text = NOT_GIVEN if value in (None, "", [], {}) else str(value)
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, list):
        text = ", ".join(str(each) for each in value) or "none"
    joined = " ".join(text.split())
    return "".join(each if each.isprintable() else "?" for each in readable(joined))


def _as_read(value: Any) -> Any:
    """Names and NHS numbers as people read them; all else as it is. [IG-5]"""
    if isinstance(value, list):
        return [_as_read(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    is_patient = "nhs_number" in value
    shown: dict[str, Any] = {}
    for key, each in value.items():
        if _is_name(each):
            shown[key] = _name(each, is_patient=is_patient)
        elif isinstance(each, list) and each and all(map(_is_name, each)):
            shown[key] = [_name(one, is_patient=is_patient) for one in each]
        elif key == "nhs_number" and isinstance(each, str):
            shown[key] = spaced(each)
        else:
            shown[key] = _as_read(each)
    return shown


def _is_name(value: Any) -> bool:
    """Whether it is a HumanName as JSON."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and set(value) <= _NAME_PARTS
        and bool(_NAME_PARTS & set(value) - {"use"})
    )


def _name(parts: Mapping[str, Any], *, is_patient: bool) -> str:
    """A patient as FAMILY, Given (Title); anybody else as they are called."""
    family, given = parts.get("family") or "", parts.get("given") or []
    title = " ".join(parts.get("prefix") or [])
    if is_patient and (family or given):
        return full_name(TracedName(family, tuple(given), title))
    return " ".join(each for each in (title, *given, family) if each) or parts.get("text") or ""


def _lines(shown: Mapping[str, Any], columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, value in shown.items():
        if name in columns or _is_rows(value):
            yield f"{_label(name)}:"
            yield from _indented(_table(value, columns.get(name)))
        elif isinstance(value, Mapping) and value:
            yield f"{_label(name)}:"
            yield from _indented(_lines(value, columns))
        else:
            yield f"{_label(name)}: {printable(value)}"


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None) -> Iterator[str]:
    if not rows:
        yield "none"
        return
    wanted = list(columns or dict.fromkeys(name for row in rows for name in row))
    cells = [[_label(name) for name in wanted]]
    cells += [[printable(row.get(name)) for name in wanted] for row in rows]
    widths = [max(len(row[number]) for row in cells) for number in range(len(wanted))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield GAP.join(padded).rstrip()


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (GAP + line for line in lines)


def _label(name: str) -> str:
    words = printable(name).replace("_", " ")
    return LABELS.get(name, words[:1].upper() + words[1:])

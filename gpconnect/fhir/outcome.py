"""What a refusal says: practices and the Spine Secure Proxy put it differently. [ERR-1..4]"""

import re
from typing import Final

from gpconnect import error_evidence, error_table
from gpconnect.errors import GPConnectError, Origin
from gpconnect.fhir import elements
from gpconnect.fhir.elements import Json
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    READ_APPOINTMENT,
    REGISTER_PATIENT,
    Interaction,
)

_SPELLINGS: Final = {"NO_ORGANISATIONAL_CONSENT": "NO_ORGANISATION_CONSENT"}
_SPINE_REASONS: Final = (
    (re.compile("VARIES_FROM_TARGETURL"), "ENDPOINT_VARIES_FROM_TARGETURL"),
    (re.compile("PARTYKEY_INTERACTION_CHECK_FAILED"), "PARTYKEY_INTERACTION_CHECK_FAILED"),
    (re.compile("FOT_CHECK_FAILED"), "FOT_CHECK_FAILED"),
    (re.compile("ASID_CHECK_FAILED"), "ASID_CHECK_FAILED"),
)
_SPINE_CODES: Final = {
    "400": "SSP_REFUSED",
    "403": "SSP_REFUSED",
    "405": "SSP_METHOD_NOT_ALLOWED",
    "415": "SSP_UNSUPPORTED_MEDIA_TYPE",
}
_CHANGES: Final = (AMEND_APPOINTMENT, CANCEL_APPOINTMENT)
_TAKES: Final = (BOOK_APPOINTMENT, REGISTER_PATIENT)


def refusal(
    interaction: Interaction, status: int, document: Json | None, trace_id: str | None
) -> GPConnectError:
    """The error for an answer that is no success; `document` is its JSON, if it had any."""
    code, origin, words = _read(document)
    if code is None:
        code = f"HTTP_{status}"
    elif interaction in _CHANGES and (
        code == "DUPLICATE_REJECTED" or (status in (409, 412) and code in _VAGUE)
    ):
        code = "VERSION_CONFLICT"
    elif interaction in _TAKES and status == 409 and code in _VAGUE:
        # A 409 means one thing here, whatever they call it. [ERR-4]
        code, words = "DUPLICATE_REJECTED", f"{code} {words}".strip()
    elif (interaction, status, origin) == (READ_APPOINTMENT, 404, Origin.PRACTICE):
        # Whatever they call it: REFERENCE_NOT_FOUND is met for an appointment that has gone.
        code, words = "APPOINTMENT_NOT_SHOWN", f"{code} {words}".strip()
    return error_evidence.failure(
        code,
        origin=origin,
        interaction=interaction,
        status=status,
        trace_id=trace_id,
        diagnostics=words,
    )


def said(document: Json | None) -> str:
    """What an OperationOutcome says in words, unmasked; nothing for anything else."""
    if document is None or document.get("resourceType") != "OperationOutcome":
        return ""
    words: list[str] = []
    for issue in elements.objects(document.get("issue")):
        details = elements.mapping(issue.get("details"))
        for coding in elements.objects(details.get("coding")):
            words.extend(elements.texts(coding.get("display")))
        words.extend(elements.texts(details.get("text")))
        words.extend(elements.texts(issue.get("diagnostics")))
    return " ".join(dict.fromkeys(words))


# Codes that say less than a status of 409 or 412 does.
_VAGUE: Final = (
    "UNRECOGNISED_CODE",
    "BAD_REQUEST",
    "FHIR_CONSTRAINT_VIOLATION",
    "INVALID_RESOURCE",
)


def _read(document: Json | None) -> tuple[str | None, Origin, str]:
    """Code, origin and the other side's own words; a code of None: no OperationOutcome."""
    if document is None or document.get("resourceType") != "OperationOutcome":
        return None, Origin.PRACTICE, ""
    codes = [
        code
        for issue in elements.objects(document.get("issue"))
        for coding in elements.objects(elements.mapping(issue.get("details")).get("coding"))
        for code in elements.texts(coding.get("code"))
    ]
    words = said(document)
    numeric = [code for code in codes if code.isascii() and code.isdigit()]
    if numeric:
        return _least_certain([_spine_code(code, words) for code in numeric]), Origin.SSP, words
    spelt = [re.sub(r"[\s-]+", "_", code.strip().upper()) for code in codes]
    known = [_SPELLINGS.get(code, code) for code in spelt]
    known = [code for code in known if error_table.is_spine_code(code)]
    if known:
        return _least_certain(known), Origin.PRACTICE, words
    # A code of the practice's own is its text too, and stays out of ours.
    return "UNRECOGNISED_CODE", Origin.PRACTICE, " ".join([*codes, words])


def _least_certain(codes: list[str]) -> str:
    """Of several codes the one that is no refusal, if there is one; else the first. [ERR-2]"""
    return next((code for code in codes if not error_table.row(code).decided), codes[0])


def _spine_code(numeric: str, said: str) -> str:
    """Only what the specification names is a "no" of the Spine's. [ERR-3]"""
    if numeric in ("400", "403"):
        for pattern, code in _SPINE_REASONS:
            if pattern.search(said):
                return code
    unknown = "SSP_UNCLEAR" if numeric.startswith("4") else "SSP_PRACTICE_NOT_REACHED"
    return _SPINE_CODES.get(numeric, unknown)

"""What a refusal says: practices and the Spine Secure Proxy put it differently. [ERR-1..4]"""

import re
from typing import Final

from gpconnect import diagnostics, error_table
from gpconnect.errors import GPConnectError, Origin
from gpconnect.fhir import elements
from gpconnect.fhir.elements import Json
from gpconnect.interactions import AMEND_APPOINTMENT, CANCEL_APPOINTMENT, Interaction

_SPELLINGS: Final = {"NO_ORGANISATIONAL_CONSENT": "NO_ORGANISATION_CONSENT"}
_SPINE_REASONS: Final = (
    (re.compile("VARIES_FROM_TARGETURL"), "ENDPOINT_VARIES_FROM_TARGETURL"),
    (re.compile("PARTYKEY_INTERACTION_CHECK_FAILED"), "PARTYKEY_INTERACTION_CHECK_FAILED"),
    (re.compile("FOT_CHECK_FAILED"), "FOT_CHECK_FAILED"),
    (re.compile("ASID_CHECK_FAILED"), "ASID_CHECK_FAILED"),
)
_SPINE_CODES: Final = {
    "405": "SSP_METHOD_NOT_ALLOWED",
    "415": "SSP_UNSUPPORTED_MEDIA_TYPE",
    "502": "SSP_PRACTICE_NOT_REACHED",
}
_CHANGES: Final = (AMEND_APPOINTMENT, CANCEL_APPOINTMENT)


def refusal(
    interaction: Interaction, status: int, document: Json | None, trace_id: str | None
) -> GPConnectError:
    """The error for an answer that is no success; `document` is its JSON, if it had any."""
    code, origin, words = _read(document)
    if interaction in _CHANGES and (
        code == "DUPLICATE_REJECTED" or (status in (409, 412) and code in (None, *_VAGUE))
    ):
        code = "VERSION_CONFLICT"
    if code is None:
        code = f"HTTP_{status}"
    return error_table.failure(
        code,
        origin=origin,
        interaction=interaction,
        status=status,
        trace_id=trace_id,
        diagnostics=words,
    )


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
    said = diagnostics.said(document)
    for numeric in codes:
        if numeric.isascii() and numeric.isdigit():
            return _spine_code(numeric, said), Origin.SSP, said
    for code in codes:
        spelt = re.sub(r"[\s-]+", "_", code.strip().upper())
        spelt = _SPELLINGS.get(spelt, spelt)
        if error_table.is_spine_code(spelt):
            return spelt, Origin.PRACTICE, said
    # A code of the practice's own is its text too, and stays out of ours.
    return "UNRECOGNISED_CODE", Origin.PRACTICE, " ".join([*codes, said])


def _spine_code(numeric: str, said: str) -> str:
    if numeric in _SPINE_CODES:
        return _SPINE_CODES[numeric]
    for pattern, code in _SPINE_REASONS:
        if pattern.search(said):
            return code
    return "SSP_REFUSED" if numeric.startswith("4") else "SSP_PRACTICE_NOT_REACHED"

"""How things are refused: by a practice with a Spine error code, by the SSP with a number. [ERR]"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

PRACTICE_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"
CODES_AS_VALUE_SET = "https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1"
CODES_AS_CODE_SYSTEM = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"

# Spine error code: (status, FHIR issue type, display)
_CODES = {
    "BAD_REQUEST": (400, "invalid", "Bad request"),
    "INVALID_IDENTIFIER_SYSTEM": (400, "value", "Invalid identifier system"),
    "INVALID_IDENTIFIER_VALUE": (400, "value", "Invalid identifier value"),
    "INVALID_NHS_NUMBER": (400, "value", "Invalid NHS number"),
    "INVALID_PATIENT_DEMOGRAPHICS": (400, "business-rule", "Invalid patient demographics"),
    "NO_PATIENT_CONSENT": (403, "forbidden", "Patient has not provided consent to share data"),
    "NO_ORGANISATION_CONSENT": (
        403,
        "forbidden",
        "Organisation has not provided consent to share data",
    ),
    "ACCESS_DENIED": (403, "forbidden", "Access has been denied to process this request"),
    "ORGANISATION_NOT_FOUND": (404, "not-found", "Organisation not found"),
    "PATIENT_NOT_FOUND": (404, "not-found", "Patient not found"),
    "PRACTITIONER_NOT_FOUND": (404, "not-found", "Practitioner not found"),
    "NO_RECORD_FOUND": (404, "not-found", "No record found"),
    "DUPLICATE_REJECTED": (
        409,
        "duplicate",
        "Create would lead to creation of a duplicate resource",
    ),
    "FHIR_CONSTRAINT_VIOLATION": (409, "conflict", "FHIR constraint violated"),
    "INVALID_RESOURCE": (422, "invalid", "Submitted resource is not valid."),
    "INVALID_PARAMETER": (422, "invalid", "Submitted parameter is not valid."),
    "REFERENCE_NOT_FOUND": (422, "invalid", "FHIR reference not found"),
    "INTERNAL_SERVER_ERROR": (500, "processing", "Unexpected internal server error."),
    "NOT_IMPLEMENTED": (501, "not-supported", "FHIR resource or operation not implemented"),
}


class Refused(Exception):
    """A practice says no: a Spine error code and why. Never carries patient data."""

    def __init__(self, code: str, diagnostics: str = "", *, status: int | None = None) -> None:
        """`status` is for a system that answers otherwise than its own codes want."""
        super().__init__(code)
        self.code = code
        self.diagnostics = diagnostics
        self.usual_status = _CODES[code][0]
        self.own_status = status

    @property
    def status(self) -> int:
        """The HTTP status, where the practice's flavour has no other for the code."""
        return self.own_status or self.usual_status

    def outcome(
        self, system: str = CODES_AS_VALUE_SET, spellings: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The GPConnect-OperationOutcome-1 resource; `spellings` maps a code to another one."""
        _, issue_type, display = _CODES[self.code]
        code = (spellings or {}).get(self.code, self.code)
        issue: dict[str, Any] = {
            "severity": "error",
            "code": issue_type,
            "details": {"coding": [{"system": system, "code": code, "display": display}]},
        }
        if self.diagnostics:
            issue["diagnostics"] = self.diagnostics
        return {
            "resourceType": "OperationOutcome",
            "meta": {"profile": [PRACTICE_PROFILE]},
            "issue": [issue],
        }


@dataclass
class RefusedBySpine(Exception):
    """The SSP will not pass the request on: an HTTP status as the code, and the reason."""

    status: int
    reason: str

    def outcome(self) -> dict[str, Any]:
        """The SSP's own OperationOutcome, shaped as the specification's examples are."""
        if self.status == 405:
            return _method_not_allowed()
        issue_type = {400: "invalid", 403: "forbidden", 415: "not-supported", 502: "transient"}
        coding = {
            "code": str(self.status),
            "display": self.reason,
            "system": "http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0",
        }
        return {
            "resourceType": "OperationOutcome",
            "id": str(uuid4()),
            "issue": [
                {
                    "code": issue_type[self.status],
                    "severity": "error",
                    "details": {"coding": [coding]},
                    "diagnostics": self.reason,
                }
            ],
        }


def _method_not_allowed() -> dict[str, Any]:
    coding = {
        "code": "405",
        "system": "https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1",
        "display": "405: Method Not Allowed",
    }
    issue = {"code": "forbidden", "severity": "fatal", "details": {"coding": [coding]}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}

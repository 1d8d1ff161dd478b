"""What the official profiles bind with strength `required`, of all that is sent.

Facts of nhsconnect/gpconnect-fhir, branch release/1.2.7, and of FHIR STU3 where a profile names
FHIR's own value set. A code without a system is an element of type `code`.
"""

from dataclasses import dataclass
from typing import Final

from gpconnect.languages import LANGUAGES

PROFILES: Final = "https://fhir.nhs.uk/STU3/StructureDefinition/"
CODES: Final = "https://fhir.nhs.uk/STU3/CodeSystem/"


@dataclass(frozen=True, slots=True)
class Binding:
    """One required binding: the profile, the element, its value set, and what that allows."""

    profile: str
    path: str
    value_set: str
    system: str | None
    codes: frozenset[str]


def _fhir(profile: str, path: str, value_set: str, codes: str) -> Binding:
    return Binding(profile, path, value_set, None, frozenset(codes.split()))


_SYSTEMS: Final = "phone fax email pager url sms other"
_PATIENT: Final = "CareConnect-GPC-Patient-1"

BINDINGS: Final = (
    _fhir("GPConnect-Appointment-1", "Appointment.status", "appointmentstatus",
          "proposed pending booked arrived fulfilled cancelled noshow entered-in-error"),
    _fhir("GPConnect-Appointment-1", "Appointment.participant.status", "participationstatus",
          "accepted declined tentative needs-action"),
    _fhir("CareConnect-GPC-Organization-1", "Appointment.contained.telecom.system",
          "contact-point-system", _SYSTEMS),
    _fhir(_PATIENT, "Patient.name.use", "name-use",
          "usual official temp nickname anonymous old maiden"),
    _fhir(_PATIENT, "Patient.telecom.system", "contact-point-system", _SYSTEMS),
    _fhir(_PATIENT, "Patient.telecom.use", "contact-point-use", "home work temp old mobile"),
    _fhir(_PATIENT, "Patient.gender", "CareConnect-AdministrativeGender-1",
          "male female other unknown"),
    _fhir(_PATIENT, "Patient.address.use", "address-use", "home work temp old"),
    _fhir(_PATIENT, "Patient.address.type", "address-type", "postal physical both"),
    Binding(
        "Extension-CareConnect-GPC-NHSNumberVerificationStatus-1",
        "Patient.identifier.extension.valueCodeableConcept",
        "CareConnect-NHSNumberVerificationStatus-1",
        CODES + "CareConnect-NHSNumberVerificationStatus-1",
        frozenset({"01", "02", "03", "04", "05", "06", "07", "08"}),
    ),
    Binding(
        "Extension-CareConnect-GPC-NHSCommunication-1",
        "Patient.extension.extension.valueCodeableConcept",
        "CareConnect-HumanLanguage-1",
        CODES + "CareConnect-HumanLanguage-1",
        frozenset(LANGUAGES),
    ),
)  # fmt: skip

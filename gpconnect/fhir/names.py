"""The names that the specification gives to systems, profiles and extensions."""

from typing import Final

_ID: Final = "https://fhir.nhs.uk/Id"
_STRUCTURE: Final = "https://fhir.nhs.uk/STU3/StructureDefinition"
_CODES: Final = "https://fhir.nhs.uk/STU3/CodeSystem"

NHS_NUMBER: Final = f"{_ID}/nhs-number"
ODS_CODE: Final = f"{_ID}/ods-organization-code"
SDS_USER_ID: Final = f"{_ID}/sds-user-id"
SDS_ROLE_PROFILE_ID: Final = f"{_ID}/sds-role-profile-id"
SERVICE_ID: Final = f"{_ID}/uec-dos-service-id"

APPOINTMENT_PROFILE: Final = f"{_STRUCTURE}/GPConnect-Appointment-1"
ORGANISATION_PROFILE: Final = f"{_STRUCTURE}/CareConnect-GPC-Organization-1"
PATIENT_PROFILE: Final = f"{_STRUCTURE}/CareConnect-GPC-Patient-1"

BOOKING_ORGANISATION: Final = f"{_STRUCTURE}/Extension-GPConnect-BookingOrganisation-1"
CANCELLATION_REASON: Final = f"{_STRUCTURE}/Extension-GPConnect-AppointmentCancellationReason-1"
PRACTITIONER_ROLE: Final = f"{_STRUCTURE}/Extension-GPConnect-PractitionerRole-1"
DELIVERY_CHANNEL: Final = f"{_STRUCTURE}/Extension-GPConnect-DeliveryChannel-2"
DELIVERY_CHANNEL_BEFORE: Final = f"{_STRUCTURE}/Extension-GPConnect-DeliveryChannel-1"
SERVICE_FILTERING: Final = f"{_STRUCTURE}/Extension-GPConnect-ServiceFilteringStatus-1"
REGISTRATION_DETAILS: Final = f"{_STRUCTURE}/Extension-CareConnect-GPC-RegistrationDetails-1"
MAIN_LOCATION: Final = f"{_STRUCTURE}/Extension-CareConnect-GPC-MainLocation-1"
ORGANISATION_PERIOD: Final = "http://hl7.org/fhir/StructureDefinition/organization-period"
NHS_COMMUNICATION: Final = f"{_STRUCTURE}/Extension-CareConnect-GPC-NHSCommunication-1"
VERIFICATION_STATUS: Final = f"{_STRUCTURE}/Extension-CareConnect-GPC-NHSNumberVerificationStatus-1"

ORGANISATION_TYPE: Final = f"{_CODES}/GPConnect-OrganisationType-1"
JOB_ROLE: Final = f"{_CODES}/CareConnect-SDSJobRoleName-1"
LANGUAGE: Final = f"{_CODES}/CareConnect-HumanLanguage-1"
VERIFICATION_CODES: Final = f"{_CODES}/CareConnect-NHSNumberVerificationStatus-1"

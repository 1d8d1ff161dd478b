"""FHIR STU3 resources as a practice's system writes them."""

from collections.abc import Mapping
from typing import Any

from sandbox import london
from sandbox.people import Person
from sandbox.practices import Address, Clinician, Neighbour, Place, Practice, Service
from sandbox.provider import extras
from sandbox.store import AppointmentRecord, PatientRecord, Schedule, Slot

Resource = dict[str, Any]

PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
SDS_USER_ID = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE_PROFILE_ID = "https://fhir.nhs.uk/Id/sds-role-profile-id"
SERVICE_ID = "https://fhir.nhs.uk/Id/uec-dos-service-id"
ORGANISATION_TYPE = "https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-OrganisationType-1"
BOOKING_ORGANISATION = PROFILE + "Extension-GPConnect-BookingOrganisation-1"
PRACTITIONER_ROLE = PROFILE + "Extension-GPConnect-PractitionerRole-1"
DELIVERY_CHANNEL = PROFILE + "Extension-GPConnect-DeliveryChannel-2"
DELIVERY_CHANNEL_1 = PROFILE + "Extension-GPConnect-DeliveryChannel-1"
SERVICE_FILTERING = PROFILE + "Extension-GPConnect-ServiceFilteringStatus-1"
MAIN_LOCATION = PROFILE + "Extension-CareConnect-GPC-MainLocation-1"
CANCELLATION_REASON = PROFILE + "Extension-GPConnect-AppointmentCancellationReason-1"
APPOINTMENT_PROFILE = PROFILE + "GPConnect-Appointment-1"
ORGANISATION_PROFILE = PROFILE + "CareConnect-GPC-Organization-1"
PATIENT_PROFILE = PROFILE + "CareConnect-GPC-Patient-1"
VERIFICATION = PROFILE + "Extension-CareConnect-GPC-NHSNumberVerificationStatus-1"
COMMUNICATION = PROFILE + "Extension-CareConnect-GPC-NHSCommunication-1"
VERIFICATION_CODES = "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1"
LANGUAGE_CODES = "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-HumanLanguage-1"
REGISTRATION = PROFILE + "Extension-CareConnect-GPC-RegistrationDetails-1"


def meta(practice: Practice, profile: str, version: int, *, just_written: bool = False) -> Resource:
    """`meta` with version and profile."""
    written = practice.flavour.version(version, just_written=just_written)
    return {"versionId": written, "profile": [PROFILE + profile]}


def bundle(resources: list[Resource]) -> Resource:
    """A searchset."""
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [PROFILE + "GPConnect-Searchset-Bundle-1"]},
        "type": "searchset",
        **({"entry": [{"resource": resource} for resource in resources]} if resources else {}),
    }


def address(known: Address, use: str | None = None) -> Resource:
    """An address without `text` and without empty elements. [RES-3]"""
    return {
        **({"use": use, "type": "physical"} if use else {}),
        "line": list(known.lines),
        "city": known.city,
        "district": known.district,
        "postalCode": known.postcode,
    }


def organisation(practice: Practice, other: Neighbour | None = None) -> Resource:
    """The practice's own Organization, or that of another on its records."""
    shown = other or practice
    return extras.added(
        practice,
        {
            "resourceType": "Organization",
            "id": other.id if other else practice.organisation_id,
            "meta": meta(practice, "CareConnect-GPC-Organization-1", 1),
            "identifier": [{"system": ODS_CODE, "value": shown.ods}],
            "name": shown.name,
            "telecom": [{"system": "phone", "value": shown.telephone, "use": "work"}],
            "address": [address(shown.address)],
            **(_more_of_the_practice(practice) if practice.flavour.full and not other else {}),
        },
    )


def _more_of_the_practice(practice: Practice) -> Resource:
    """What else the profile of an Organization has, some of it in place of what is usual."""
    since = {"valuePeriod": {"start": "1998-04-01"}}
    domain = f"{practice.ods.lower()}.example.nhs.uk"
    return {
        "extension": [
            {
                "url": MAIN_LOCATION,
                "valueReference": {"reference": f"Location/{practice.places[0].id}"},
            },
            {"url": "http://hl7.org/fhir/StructureDefinition/organization-period", **since},
        ],
        "active": True,
        "type": [{"text": "GP practice"}],
        "alias": ["The Meadow"],
        "telecom": [
            {"system": "phone", "value": practice.telephone, "use": "work"},
            {"system": "fax", "value": "01632 960 299", "use": "work"},
            {"system": "email", "value": f"reception@{domain}", "use": "work"},
            {"system": "url", "value": f"https://{domain}/"},
        ],
        "address": [
            address(practice.address, "work"),
            {"use": "old", "line": ["2 Former Row"], "city": practice.address.city},
        ],
        "partOf": {
            "reference": f"Organization/{practice.neighbours[0].id}",
            "display": practice.neighbours[0].name,
        },
    }


def service(practice: Practice, known: Service) -> Resource:
    """A service of the Directory of Services."""
    return extras.added(
        practice,
        {
            "resourceType": "HealthcareService",
            "id": known.id,
            "meta": meta(practice, "CareConnect-GPC-HealthcareService-1", 1),
            "identifier": [{"system": SERVICE_ID, "value": known.dos_id}],
            "providedBy": {"reference": f"Organization/{practice.organisation_id}"},
            "name": known.name,
        },
    )


def location(practice: Practice, place: Place) -> Resource:
    """A surgery building; STU3's `address` is single."""
    telephone = {"system": "phone", "value": place.telephone, "use": "work"}
    return extras.added(
        practice,
        {
            "resourceType": "Location",
            "id": place.id,
            "meta": meta(practice, "CareConnect-GPC-Location-1", 1),
            "name": place.name,
            "telecom": telephone if practice.flavour.telecom_as_object else [telephone],
            "address": address(place.address),
            "managingOrganization": {"reference": f"Organization/{practice.organisation_id}"},
        },
    )


def practitioner(practice: Practice, clinician: Clinician) -> Resource:
    """A clinician; gender left out where the practice has none."""
    return extras.added(
        practice,
        {
            "resourceType": "Practitioner",
            "id": clinician.id,
            "meta": meta(practice, "CareConnect-GPC-Practitioner-1", 1),
            **_spoken(clinician),
            "identifier": [
                {"system": SDS_USER_ID, "value": clinician.sds_user_id},
                *_role_profiles(practice, clinician),
            ],
            **({"active": True} if practice.flavour.full else {}),
            "name": [
                {
                    "use": "official",
                    "family": clinician.family,
                    "given": list(clinician.given),
                    "prefix": [clinician.prefix],
                }
            ],
            **({"gender": clinician.gender} if clinician.gender else {}),
        },
    )


def _spoken(clinician: Clinician) -> Resource:
    """The languages of a clinician, in the NHS communication extension."""
    found = [
        {
            "url": COMMUNICATION,
            "extension": [
                {
                    "url": "language",
                    "valueCodeableConcept": {"coding": [{"system": LANGUAGE_CODES, "code": code}]},
                }
            ],
        }
        for code in clinician.languages
    ]
    return {"extension": found} if found else {}


def _role_profiles(practice: Practice, clinician: Clinician) -> list[Resource]:
    if not practice.flavour.full:
        return []
    return [{"system": SDS_ROLE_PROFILE_ID, "value": f"9{clinician.sds_user_id[1:]}"}]


def role_extensions(known: Schedule, roles: Mapping[str, tuple[str, str]]) -> list[Resource]:
    """The practitioner role extensions of Schedule and Appointment: none, one or several."""
    return [_role_extension(*roles[key]) for key in known.role_keys]


def _role_extension(code: str, display: str) -> Resource:
    coding = {
        "system": "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-SDSJobRoleName-1",
        "code": code,
        "display": display,
    }
    return {"url": PRACTITIONER_ROLE, "valueCodeableConcept": {"coding": [coding]}}


def channel_extension(practice: Practice, channel: str) -> Resource:
    """The delivery channel extension, in the version that the practice's system writes."""
    if practice.flavour.delivery_channel == 2:
        return {"url": DELIVERY_CHANNEL, "valueCode": channel}
    coding = {
        "system": "https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-DeliveryChannel-1",
        "code": channel,
        "display": channel,
    }
    return {"url": DELIVERY_CHANNEL_1, "valueCodeableConcept": {"coding": [coding]}}


def cancellation_reason(reason: str) -> Resource:
    """The extension that says why an appointment was cancelled."""
    return {"url": CANCELLATION_REASON, "valueString": reason}


def schedule(practice: Practice, known: Schedule, roles: Mapping[str, tuple[str, str]]) -> Resource:
    """A session with its place and, where there is one, its clinician."""
    actors = [{"reference": f"Location/{known.place}"}]
    if known.clinician:
        actors.append({"reference": f"Practitioner/{known.clinician}"})
    if linked := practice.service_of(known.name):
        actors.append({"reference": f"HealthcareService/{linked.id}"})
    extensions = role_extensions(known, roles)
    return extras.added(
        practice,
        {
            "resourceType": "Schedule",
            "id": known.id,
            "meta": meta(practice, "GPConnect-Schedule-1", 1),
            **({"extension": extensions} if extensions else {}),
            "serviceCategory": {"text": known.name},
            "actor": actors,
            "planningHorizon": {
                "start": london.written(known.start),
                "end": london.written(known.end),
            },
        },
    )


def slot(practice: Practice, known: Slot) -> Resource:
    """A slot, its times as the practice wrote them."""
    return extras.added(
        practice,
        {
            "resourceType": "Slot",
            "id": known.id,
            "meta": meta(practice, "GPConnect-Slot-1", known.version),
            "extension": [channel_extension(practice, known.channel)],
            "serviceType": [{"text": known.slot_type}],
            "schedule": {"reference": f"Schedule/{known.schedule}"},
            "status": known.status,
            "start": known.written_start,
            "end": known.written_end,
        },
    )


def appointment(
    practice: Practice, record: AppointmentRecord, *, just_written: bool = False
) -> Resource:
    """An appointment with its current version."""
    profile = "GPConnect-Appointment-1"
    return {
        "resourceType": "Appointment",
        "id": record.id,
        "meta": meta(practice, profile, record.version, just_written=just_written),
        **record.resource,
    }


def patient(practice: Practice, record: PatientRecord) -> Resource:
    """A patient's record with its current version."""
    return extras.added(
        practice,
        {
            "resourceType": "Patient",
            "id": record.id,
            "meta": meta(practice, "CareConnect-GPC-Patient-1", record.version),
            **record.resource,
        },
    )


def booking_organisation(
    ods: str, name: str, telephone: str, organisation_type: str | None
) -> Resource:
    """The contained Organization of an appointment: who booked it."""
    coding = {"system": ORGANISATION_TYPE, "code": organisation_type}
    return {
        "resourceType": "Organization",
        "id": "1",
        "meta": {"profile": [ORGANISATION_PROFILE]},
        "identifier": [{"system": ODS_CODE, "value": ods}],
        **({"type": [{"coding": [coding]}]} if organisation_type else {}),
        "name": name,
        "telecom": [{"system": "phone", "value": telephone}],
    }


def nhs_number(number: str) -> Resource:
    """The identifier of a patient whose number has been verified, coded as examples have it."""
    coding = {
        "system": "https://fhir.nhs.uk/CareConnect-NHSNumberVerificationStatus-1",
        "code": "01",
        "display": "Number present and verified",
    }
    return {
        "extension": [{"url": VERIFICATION, "valueCodeableConcept": {"coding": [coding]}}],
        "system": NHS_NUMBER,
        "value": number,
    }


def registration(**parts: Resource) -> Resource:
    """The registration details extension; `parts` are its sub-extensions by url."""
    return {
        "url": REGISTRATION,
        "extension": [{"url": url, **value} for url, value in parts.items()],
    }


def registration_type(code: str, display: str) -> Resource:
    """The value of `registrationType`: R regular, T temporary."""
    coding = {
        "system": "https://fhir.nhs.uk/CareConnect-RegistrationType-1",
        "code": code,
        "display": display,
    }
    return {"valueCodeableConcept": {"coding": [coding]}}


def patient_content(practice: Practice, person: Person) -> Resource:
    """A registered person's record, without id and version."""
    parts = {"registrationType": registration_type("R", "Regular")}
    if person.branch:
        reference = {"reference": f"Location/{practice.places[-1].id}"}
        parts["preferredBranchSurgery"] = {"valueReference": reference}
    elif len(practice.places) == 1:
        reference = {"reference": f"Location/{practice.places[0].id}"}
        parts["preferredBranchSurgery"] = {"valueReference": reference}
    content: Resource = {
        "extension": [registration(**parts)],
        "identifier": [nhs_number(person.nhs_number)],
        "active": True,
        "name": [human_name(person.family, person.given, person.prefix)],
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "address": [address(person.address, "home")],
        "managingOrganization": {"reference": f"Organization/{practice.organisation_id}"},
    }
    telecom = [
        {"system": "phone", "value": number, "use": use}
        for use, number in person.telephones.items()
    ]
    if person.email:
        telecom.append({"system": "email", "value": person.email, "use": "home"})
    if telecom:
        content["telecom"] = telecom
    if person.contact:
        contact = person.contact
        content["contact"] = [
            {
                "relationship": [{"text": contact["relationship"]}],
                "name": {"family": contact["family"], "given": list(contact["given"])},
                "telecom": [{"system": "phone", "value": "07700 900999", "use": "mobile"}],
            }
        ]
    return content


def human_name(family: str, given: tuple[str, ...], prefix: str) -> Resource:
    """The official name."""
    return {
        "use": "official",
        "text": f"{family.upper()} {' '.join(given)} ({prefix})",
        "family": family,
        "given": list(given),
        "prefix": [prefix],
    }

"""A practice's answer to a search for free slots, as large as they come."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from gpconnect.fhir import names
from gpconnect.london import LONDON

SLOTS: Final = 2_000
SCHEDULES: Final = 60
LOCATIONS: Final = 4
_PROFILES: Final = "https://fhir.nhs.uk/STU3/StructureDefinition"
_FIRST_DAY: Final = datetime(2031, 3, 24, tzinfo=LONDON)  # the clocks change within these weeks
_CHANNELS: Final = ("In-person", "Telephone", "Video")
_ROLES: Final = (
    ("R0260", "General Medical Practitioner"),
    ("R0600", "Specialist Nurse Practitioner"),
    ("R1290", "Pharmacist"),
)


def searchset() -> bytes:
    """A bundle of 2,000 free slots in 60 schedules: about 1.2 MB, every field of a slot given,
    and extensions that are nobody's business. [SFS-5]
    """
    resources = [_organisation(), *map(_location, range(LOCATIONS))]
    for schedule in range(SCHEDULES):
        resources += [_practitioner(schedule), _schedule(schedule)]
    resources += [_slot(number) for number in range(SLOTS)]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {
                "resource": each,
                "search": {"mode": "match" if each["resourceType"] == "Slot" else "include"},
            }
            for each in resources
        ],
    }
    return json.dumps(bundle, separators=(",", ":")).encode()


def _resource(kind: str, identity: str, profile: str) -> dict[str, Any]:
    meta = {"versionId": "1", "profile": [f"{_PROFILES}/{profile}"]}
    return {"resourceType": kind, "id": identity, "meta": meta}


def _organisation() -> dict[str, Any]:
    return _resource("Organization", "practice", "CareConnect-GPC-Organization-1") | {
        "identifier": [{"system": names.ODS_CODE, "value": "X99999"}],
        "name": "The Practice at the End",
    }


def _location(number: int) -> dict[str, Any]:
    return _resource("Location", f"location-{number}", "CareConnect-GPC-Location-1") | {
        "status": "active",
        "name": f"Branch surgery {number + 1}",
        "telecom": [{"system": "phone", "value": f"01632 96{number:04d}", "use": "work"}],
        "address": {
            "line": [f"{number + 1} High Street", "Old Town"],
            "city": "Walford",
            "district": "Lower Walford",
            "postalCode": "ZZ99 3CZ",
            "country": "United Kingdom",
        },
        "managingOrganization": {"reference": "Organization/practice"},
    }


def _practitioner(number: int) -> dict[str, Any]:
    return _resource("Practitioner", f"practitioner-{number}", "CareConnect-GPC-Practitioner-1") | {
        "extension": [_role(number)],
        "identifier": [{"system": names.SDS_USER_ID, "value": f"5551234567{number:02d}"}],
        "name": [{"use": "official", "family": "Example", "given": ["Ann"], "prefix": ["Dr"]}],
        "gender": ("female", "male")[number % 2],
    }


def _schedule(number: int) -> dict[str, Any]:
    end = _FIRST_DAY + timedelta(days=14)
    return _resource("Schedule", f"schedule-{number}", "GPConnect-Schedule-1") | {
        "extension": [_role(number)],
        "identifier": [{"system": "https://practice.example/schedule", "value": str(number)}],
        "serviceCategory": {"text": f"Extended hours clinic {number % 7 + 1}"},
        "actor": [
            {"reference": f"Location/location-{number % LOCATIONS}"},
            {"reference": f"Practitioner/practitioner-{number}"},
        ],
        "planningHorizon": {"start": _FIRST_DAY.isoformat(), "end": end.isoformat()},
    }


def _slot(number: int) -> dict[str, Any]:
    schedule, turn = number % SCHEDULES, number // SCHEDULES
    day = _FIRST_DAY + timedelta(days=turn % 14, hours=8 + schedule % 9)
    start = day + timedelta(minutes=turn // 14 * 15 + schedule % 3 * 5)
    return _resource("Slot", f"slot-{number:08d}", "GPConnect-Slot-1") | {
        "extension": [
            {"url": names.DELIVERY_CHANNEL, "valueCode": _CHANNELS[schedule % 3]},
            {"url": "https://supplier.example/colour", "valueString": "aubergine"},
        ],
        "serviceType": [{"text": f"Routine {schedule % 5 + 1}"}],
        "schedule": {"reference": f"Schedule/schedule-{schedule}"},
        "status": "free",
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=15)).isoformat(),
    }


def _role(number: int) -> dict[str, Any]:
    code, display = _ROLES[number % len(_ROLES)]
    coding = {"system": names.JOB_ROLE, "code": code, "display": display}
    return {"url": names.PRACTITIONER_ROLE, "valueCodeableConcept": {"coding": [coding]}}

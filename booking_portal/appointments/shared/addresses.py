"""The addresses of an appointment's pages: an id goes with the system that it is from. [SDS-3]"""

import uuid

from django.urls import reverse


def address_of(
    name: str, encounter_id: uuid.UUID, ods_code: str, system: str, appointment_id: str
) -> str:
    """The page called `name` of an appointment; `system` is empty where nobody has kept it."""
    where = {"encounter_id": encounter_id, "ods": ods_code, "appointment_id": appointment_id}
    return reverse(name, kwargs=where | ({"system": system} if system else {}))

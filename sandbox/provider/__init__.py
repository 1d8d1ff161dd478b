"""The practices: one module for each family of use cases, and the table that joins them."""

from collections.abc import Callable, Mapping

from sandbox.answers import Answer
from sandbox.provider import (
    administration,
    appointments,
    changes,
    patients,
    registration,
    slots,
)
from sandbox.provider.asked import Asked

HANDLERS: Mapping[str, Callable[[Asked], Answer]] = {
    "capability": administration.capability,
    "find_patient": patients.find,
    "read_patient": patients.read,
    "register": registration.register,
    "find_practitioner": administration.find_practitioner,
    "read_practitioner": administration.read_practitioner,
    "find_organisation": administration.find_organisation,
    "read_organisation": administration.read_organisation,
    "read_location": administration.read_location,
    "read_service": administration.read_service,
    "search_slots": slots.search,
    "book": appointments.book,
    "read": appointments.read,
    "retrieve": appointments.retrieve,
    "amend": changes.amend,
    "cancel": changes.cancel,
}

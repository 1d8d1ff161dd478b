"""Who may do what: the one table of roles and permissions. [IG-1]"""

from django.db import models


class Permission(models.TextChoices):
    """What a person may do at one organisation (django-guardian permissions on Organisation)."""

    TRACE_PATIENT = "trace_patient", "Find a patient"
    SEARCH_SLOTS = "search_slots", "Search for free slots"
    VIEW_APPOINTMENTS = "view_appointments", "See a patient's appointments"
    BOOK_APPOINTMENT = "book_appointment", "Book an appointment"
    AMEND_APPOINTMENT = "amend_appointment", "Amend an appointment"
    CANCEL_APPOINTMENT = "cancel_appointment", "Cancel an appointment"
    REGISTER_PATIENT = "register_patient", "Register a patient temporarily"
    VIEW_WORKLIST = "view_worklist", "See the organisation's bookings"
    SETTLE_COMMANDS = "settle_commands", "Close what is not settled"
    VIEW_AUDIT = "view_audit", "Read the audit trail"
    MANAGE_MEMBERS = "manage_members", "Manage the organisation's users"
    MANAGE_ORGANISATION = "manage_organisation", "Manage organisations, practices and federations"


class Role(models.TextChoices):
    """A person's role at one organisation."""

    RECEPTIONIST = "receptionist", "Receptionist"
    CLINICIAN = "clinician", "Clinician"
    HUB_MANAGER = "hub_manager", "Hub manager"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


_DIRECT_CARE = frozenset(
    {
        Permission.TRACE_PATIENT,
        Permission.SEARCH_SLOTS,
        Permission.VIEW_APPOINTMENTS,
        Permission.BOOK_APPOINTMENT,
        Permission.AMEND_APPOINTMENT,
        Permission.CANCEL_APPOINTMENT,
        Permission.REGISTER_PATIENT,
        Permission.VIEW_WORKLIST,
    }
)

PERMISSIONS_OF: dict[Role, frozenset[Permission]] = {
    Role.RECEPTIONIST: _DIRECT_CARE,
    Role.CLINICIAN: _DIRECT_CARE,
    Role.HUB_MANAGER: _DIRECT_CARE | {Permission.SETTLE_COMMANDS, Permission.MANAGE_MEMBERS},
    Role.AUDITOR: frozenset({Permission.VIEW_AUDIT}),
    Role.ADMINISTRATOR: frozenset({Permission.MANAGE_MEMBERS, Permission.MANAGE_ORGANISATION}),
}

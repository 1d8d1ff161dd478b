"""Of whom and of what the audit event of a command is. [IG-2]"""

from booking_portal.commands.models import Command
from booking_portal.integration.exchange_audit import Subject


def audit_subject_of(command: Command) -> Subject:
    """What the audit trail says that the command's exchanges are about."""
    return Subject(
        nhs_number=command.nhs_number,
        practice_ods=command.practice.ods_code,
        encounter_id=command.encounter_id,
        command_id=command.pk,
        appointment_id=command.appointment_id,
        names=command.encounter.all_names,
    )

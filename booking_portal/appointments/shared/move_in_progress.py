"""The appointment that a user is moving, as pages carry it while they look for a new time."""

import uuid
from dataclasses import astuple, dataclass

from django.core import signing

from booking_portal.appointments.shared.addresses import address_of
from booking_portal.commands import saga_status
from booking_portal.commands.models import Proposal
from booking_portal.patients.models import PatientAtPractice
from gpconnect.models import Appointment, PracticeTime


class MoveLost(Exception):
    """What a page carried is not a move that this portal signed for this encounter."""


@dataclass(frozen=True, slots=True)
class MoveInProgress:
    """An appointment that is to be moved, as the user saw it. [MOVE-1]

    `version` is the practice's; `starts` and `ends` are its own texts, empty where not given.
    `system` is the one that the id is from.
    """

    practice_ods: str
    appointment_id: str
    version: str
    starts: str
    ends: str = ""
    system: str = ""

    @classmethod
    def of(cls, at: PatientAtPractice, appointment: Appointment) -> "MoveInProgress":
        """The appointment as the practice holds it now."""
        return cls(
            at.practice.ods_code,
            appointment.id,
            appointment.version or "",
            appointment.start.written,
            appointment.end.written,
            at.system,
        )

    @property
    def start(self) -> PracticeTime:
        """When the old appointment starts."""
        return PracticeTime.read(self.starts)

    def address(self, encounter_id: uuid.UUID) -> str:
        """Its page, in this encounter."""
        known = (self.practice_ods, self.system, self.appointment_id)
        return address_of("appointment", encounter_id, *known)

    def as_json(self) -> dict[str, str]:
        """For `Proposal.moving`."""
        return {
            "practice_ods": self.practice_ods,
            "appointment_id": self.appointment_id,
            "version": self.version,
            "starts": self.starts,
            "ends": self.ends,
            "system": self.system,
        }

    @classmethod
    def of_proposal(cls, proposal: Proposal) -> "MoveInProgress | None":
        """What the proposed slots are to replace, if anything."""
        return cls(**proposal.moving) if proposal.moving else None

    def signed(self, encounter_id: uuid.UUID) -> str:
        """As forms and addresses of this encounter carry it: unchangeable, useless elsewhere."""
        return _signer(encounter_id).sign_object(list(astuple(self)), compress=True)

    @classmethod
    def from_signed(cls, text: str, encounter_id: uuid.UUID) -> "MoveInProgress":
        """From a form or an address.

        Raises: MoveLost.
        """
        try:
            return cls(*_signer(encounter_id).unsign_object(text))
        except (signing.BadSignature, TypeError, ValueError):
            raise MoveLost from None


def refused_beside(proposal: Proposal) -> bool:
    """Whether the practice would not book the new one beside the old one: then cancelling first
    may be offered."""
    saga = saga_status.latest_of(proposal)
    return saga is not None and saga_status.may_cancel_first(saga)


def _signer(encounter_id: uuid.UUID) -> signing.Signer:
    return signing.Signer(salt=f"booking_portal.appointments.moving:{encounter_id}")

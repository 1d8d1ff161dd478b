"""Organisations as the pages about signing in show them."""

from dataclasses import dataclass

from booking_portal.accounts.models import Membership


@dataclass(frozen=True, slots=True)
class OrganisationChoice:
    """One organisation that the user may act for."""

    ods_code: str
    name: str
    type: str
    role: str
    chosen: bool

    @classmethod
    def of(cls, membership: Membership, chosen: str) -> "OrganisationChoice":
        """The membership's organisation; `chosen` is the ODS code acted for now."""
        organisation = membership.organisation
        return cls(
            ods_code=organisation.ods_code,
            name=organisation.name,
            type=organisation.type.name,
            role=membership.get_role_display(),
            chosen=organisation.ods_code == chosen,
        )

"""The actor: one user, acting for one organisation in one role."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.permission_rows import held
from booking_portal.accounts.roles import Permission, Role
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.query_helpers import one_or_none


class NotPermitted(Exception):
    """The actor's role does not allow this at the organisation they act for. [IG-1]"""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.value)
        self.permission = permission


@dataclass(frozen=True)
class Actor:
    """Who acts, for which organisation, in which role; every service takes one. [IG-1, IG-2]

    `by_system` names the background process when it acts on the person's behalf.
    """

    user: User
    organisation: Organisation
    membership: Membership
    remote_address: str = ""
    by_system: str = field(default="")

    @property
    def role(self) -> Role:
        """The role at this organisation."""
        return Role(self.membership.role)

    @cached_property
    def permissions(self) -> frozenset[str]:
        """What django-guardian holds for this user at this organisation."""
        active = self.user.is_active and self.organisation.is_active and self.membership.is_active
        return held(self.user, self.organisation) if active else frozenset()

    def may(self, permission: Permission) -> bool:
        """Whether the actor holds the permission at their organisation."""
        return permission.value in self.permissions

    def require(self, permission: Permission) -> None:
        """Go on only with the permission.

        Raises: NotPermitted, after the refusal has been audited.
        """
        if not self.may(permission):
            trail.record(EventKind.NOT_PERMITTED, self.who, outcome=permission.value)
            raise NotPermitted(permission)

    @property
    def who(self) -> trail.Who:
        """The actor as the audit trail keeps them."""
        return trail.Who(
            username=self.user.username,
            user_local_id=str(self.user.local_id),
            user_name=self.user.full_name,
            role=self.role.value,
            role_profile_id=self.membership.sds_role_profile_id,
            organisation_ods=self.organisation.ods_code,
            organisation_name=self.organisation.name,
            by_system=self.by_system,
            remote_address=self.remote_address,
        )

    def on_behalf(self, by_system: str) -> "Actor":
        """The same person's authority, used by a background process."""
        return replace(self, by_system=by_system, remote_address="")


def actor_for(user: User, organisation: Organisation, remote_address: str = "") -> Actor | None:
    """The user's actor at an organisation, or None without an active membership there."""
    active = Membership.objects.filter(is_active=True, organisation__is_active=True)
    membership = one_or_none(active.filter(user=user, organisation=organisation))
    if membership is None or not user.is_active:
        return None
    return Actor(user, organisation, membership, remote_address)

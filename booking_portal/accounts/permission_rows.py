"""Keeping django-guardian's rows equal to the roles that memberships give."""

from collections.abc import Set as AbstractSet

from django.contrib.contenttypes.models import ContentType
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.roles import Permission


def held(user: User, organisation: Organisation) -> frozenset[str]:
    """The codenames of the permissions that the user holds at this organisation.

    Only rows for this user and this organisation count: a superuser gets nothing for free.
    """
    rows = UserObjectPermission.objects.filter(
        user=user,
        content_type=ContentType.objects.get_for_model(Organisation),
        object_pk=str(organisation.pk),
    )
    return frozenset(rows.values_list("permission__codename", flat=True))


def grant(user: User, organisation: Organisation, wanted: AbstractSet[Permission]) -> None:
    """Give the user exactly these permissions at this organisation, and no others."""
    has = held(user, organisation)
    wants = {permission.value for permission in wanted}
    for codename in wants - has:
        assign_perm(codename, user, organisation)
    for codename in has - wants:
        remove_perm(codename, user, organisation)


def grant_all() -> None:
    """Bring every membership's permissions in line with the roles table."""
    for membership in Membership.objects.select_related("user", "organisation"):
        grant(membership.user, membership.organisation, membership.permissions)

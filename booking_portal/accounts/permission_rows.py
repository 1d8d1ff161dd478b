"""Keeping django-guardian's rows equal to the roles that memberships give.

Knows users and organisations as rows alone: the models themselves call it.
"""

from collections.abc import Set as AbstractSet

from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from booking_portal.accounts.roles import Permission


def held(user: AbstractUser, organisation: Model) -> frozenset[str]:
    """The codenames of the permissions that the user holds at this organisation.

    Only rows for this user and this organisation count: a superuser gets nothing for free.
    """
    rows = UserObjectPermission.objects.filter(
        user=user,
        content_type=ContentType.objects.get_for_model(organisation),
        object_pk=str(organisation.pk),
    )
    return frozenset(rows.values_list("permission__codename", flat=True))


def grant(user: AbstractUser, organisation: Model, wanted: AbstractSet[Permission]) -> None:
    """Give the user exactly these permissions at this organisation, and no others."""
    has = held(user, organisation)
    wants = {permission.value for permission in wanted}
    for codename in wants - has:
        assign_perm(codename, user, organisation)
    for codename in has - wants:
        remove_perm(codename, user, organisation)

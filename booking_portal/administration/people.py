"""Users and their memberships."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.accounts.roles import PERMISSIONS_OF, Permission, Role
from booking_portal.administration.site import (
    Administered,
    StackedInline,
    UserAdmin,
    actor_of,
    manages_all,
    may,
    site,
)


def may_give(request: HttpRequest, role: str) -> bool:
    """Whether the actor may give or take this role: a manager not that of an administrator."""
    return manages_all(request) or (
        Permission.MANAGE_ORGANISATION not in PERMISSIONS_OF[Role(role)]
    )


def in_reach(request: HttpRequest, user: User) -> bool:
    """Whether the actor may change this person's account.

    An administrator may change all; a manager those who work for the manager's organisation
    only, and are not administrators there. One account can open several organisations' doors.
    """
    if manages_all(request):
        return True
    actor = actor_of(request)
    memberships = list(user.memberships.all())
    return (
        actor is not None
        and bool(memberships)
        and all(
            one.organisation_id == actor.organisation.pk and may_give(request, one.role)
            for one in memberships
        )
    )


class MembershipInline(StackedInline):
    """A person's roles, on the person's page; a manager sees those at their organisation."""

    model = Membership
    fields = ("organisation", "role", "sds_role_profile_id", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Those that the actor manages."""
        found = super().get_queryset(request)
        actor = actor_of(request)
        if manages_all(request) or actor is None:
            return found
        return found.filter(organisation=actor.organisation)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        """A manager gives roles at their own organisation only."""
        actor = actor_of(request)
        if db_field.name == "organisation" and actor and not manages_all(request):
            kwargs["queryset"] = Organisation.objects.filter(pk=actor.organisation.pk)
            kwargs["initial"] = actor.organisation.pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only the roles that the actor may give."""
        if db_field.name == "role":
            kwargs["choices"] = [
                ("", "---------"),
                *((value, label) for value, label in Role.choices if may_give(request, value)),
            ]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """One empty row for a new person, also without JavaScript."""
        return 1 if obj is None and manages_all(request) else 0

    def get_min_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A manager's new user belongs to the manager's organisation from the start."""
        return 0 if manages_all(request) else 1

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> "type[BaseInlineFormSet[Membership, User, Any]]":
        """The formset; a manager's must have one membership."""
        kwargs["validate_min"] = not manages_all(request)
        return super().get_formset(request, obj, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, Permission.MANAGE_MEMBERS)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, Permission.MANAGE_MEMBERS) and self._not_oneself(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj) and (obj is None or in_reach(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @staticmethod
    def _not_oneself(request: HttpRequest, user: User | None) -> bool:
        """Nobody gives themselves a role."""
        return user is None or user.pk != request.user.pk


@admin.register(User, site=site)
class PortalUserAdmin(Administered, UserAdmin):
    """People. No staff or superuser flags: they count for nothing here."""

    permission = Permission.MANAGE_MEMBERS
    list_display = ("username", "full_name", "roles", "is_active")
    list_filter = ("is_active", "memberships__role")
    search_fields = ("username", "first_name", "last_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("title", "first_name", "last_name", "sds_user_id")}),
        ("Account", {"fields": ("is_active", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        ("Person", {"fields": ("title", "first_name", "last_name", "sds_user_id")}),
    )
    readonly_fields = ("last_login", "date_joined")
    inlines = (MembershipInline,)
    actions = None

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        """All roles of the person, by organisation."""
        return ", ".join(
            f"{one.get_role_display()} at {one.organisation.ods_code}"
            + ("" if one.is_active else " (off)")
            for one in user.memberships.all()
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """A manager sees the people of their own organisation."""
        found = super().get_queryset(request).prefetch_related("memberships__organisation")
        actor = actor_of(request)
        if manages_all(request):
            return found
        if actor is None:
            return found.none()
        return found.filter(memberships__organisation=actor.organisation).distinct()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only accounts in reach; the others are shown."""
        return super().has_change_permission(request, obj) and (
            obj is None or in_reach(request, obj)
        )

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - the name that Django gives it
        form_url: str = "",
    ) -> HttpResponse:
        """Set somebody's password, if their account is in reach."""
        user = self.get_object(request, id)
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def audited(self, obj: User) -> dict[str, Any]:
        """The roles as they are now."""
        roles = Membership.objects.filter(user=obj).select_related("organisation")
        return {
            "roles": [[one.organisation.ods_code, one.role, one.is_active] for one in roles],
            "active": obj.is_active,
        }

"""The admin site, and what holds for everything in it."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import admin as django_users
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import CharField, Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.forms import LineField

if TYPE_CHECKING:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin[Any]
    StackedInline = admin.StackedInline[Any, Any]
    UserAdmin = django_users.UserAdmin[Any]
else:
    ModelAdmin, StackedInline = admin.ModelAdmin, admin.StackedInline
    UserAdmin = django_users.UserAdmin


def actor_of(request: HttpRequest) -> Actor | None:
    """Who administers, for which organisation."""
    actor: Actor | None = getattr(request, "actor", None)
    return actor


def may(request: HttpRequest, permission: Permission) -> bool:
    """Whether the actor holds the permission at their organisation."""
    actor = actor_of(request)
    return actor is not None and actor.may(permission)


def manages_all(request: HttpRequest) -> bool:
    """An administrator; a manager manages their own organisation's people only."""
    return may(request, Permission.MANAGE_ORGANISATION)


class PortalAdminSite(admin.AdminSite):
    """Open to whoever manages members or organisations."""

    site_header = "GP Connect booking portal: administration"
    site_title = "GP Connect booking portal"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Signed in, acting for an organisation, with a permission to manage."""
        return may(request, Permission.MANAGE_MEMBERS) or manages_all(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of the admin knows."""
        return super().each_context(request) | {
            "environment_name": settings.ENVIRONMENT_NAME,
            "environment_reaches": settings.ENVIRONMENT_REACHES,
            "real_patients": settings.REAL_PATIENTS,
            "organisation": getattr(actor_of(request), "organisation", None),
        }

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """No second way in: sign in, choose an organisation, or be told that it is not allowed.

        Raises: NotPermitted, audited, for a signed-in person without the permission.
        """
        here = request.GET.get("next", reverse("admin:index"))
        actor = actor_of(request)
        if actor is not None:
            actor.require(Permission.MANAGE_MEMBERS)
            return redirect("admin:index")
        name = "choose-organisation" if request.user.is_authenticated else "account_login"
        return redirect(f"{reverse(name)}?{urlencode({'next': here})}")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The portal's own page."""
        return redirect("account_change_password")


site = PortalAdminSite(name="admin")


class Administered:
    """Mixed into a ModelAdmin: permission by actor, and every change into the audit trail."""

    permission = Permission.MANAGE_ORGANISATION
    may_be_deleted = False
    # Codes, ASIDs and telephones are pasted here, and go on the wire.
    formfield_overrides: ClassVar["Mapping[type[Field[Any, Any]], Mapping[str, Any]]"] = {
        CharField: {"form_class": LineField}
    }

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether it is listed at all."""
        return may(request, self.permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether it may be seen."""
        return may(request, self.permission)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Whether one may be added."""
        return may(request, self.permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether it may be changed."""
        return may(request, self.permission)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has been used stays, switched off: the records refer to it."""
        return self.may_be_deleted and may(request, self.permission)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Into Django's history and the audit trail."""
        self._record(request, "added", [obj], message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Into Django's history and the audit trail."""
        self._record(request, "changed", [obj], message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Into Django's history and the audit trail."""
        self._record(request, "deleted", list(queryset), "")
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def audited(self, obj: Any) -> dict[str, Any]:
        """What the audit trail keeps of the object besides its name."""
        return {}

    def _record(self, request: HttpRequest, what: str, objects: list[Any], message: Any) -> None:
        actor = actor_of(request)
        changes = json.loads(DjangoJSONEncoder().encode(message))  # Django's texts are lazy
        for obj in objects:
            trail.record(
                EventKind.ADMINISTERED,
                actor.who if actor else trail.NOBODY,
                outcome=what,
                detail={
                    "model": str(obj._meta.verbose_name),
                    "id": str(obj.pk),
                    "name": str(obj),
                    "changes": changes,
                }
                | self.audited(obj),
            )

"""Organisations, practices and federations."""

from typing import Any

from django.contrib import admin

from booking_portal.accounts.models import Organisation, OrganisationType
from booking_portal.administration.site import Administered, ModelAdmin, site
from booking_portal.practices.models import Federation, Practice


@admin.register(OrganisationType, site=site)
class OrganisationTypeAdmin(Administered, ModelAdmin):
    """Codes of GPConnect-OrganisationType-1. [SFS-3]"""

    list_display = ("code", "name")


@admin.register(Organisation, site=site)
class OrganisationAdmin(Administered, ModelAdmin):
    """Whom users act for: code, type, telephone and ASID go on the wire. [SSP-2, JWT-4, SDS-5]"""

    list_display = ("name", "ods_code", "type", "asid", "telephone", "is_active")
    list_filter = ("type", "is_active")
    search_fields = ("name", "ods_code")

    def audited(self, obj: Organisation) -> dict[str, Any]:
        """What goes on the wire."""
        return {"ods_code": obj.ods_code, "asid": obj.asid, "type": obj.type_id}


@admin.register(Practice, site=site)
class PracticeAdmin(Administered, ModelAdmin):
    """Practices that host appointments."""

    list_display = ("name", "ods_code", "town", "telephone", "is_active")
    list_filter = ("is_active", "federations")
    search_fields = ("name", "ods_code", "town")


@admin.register(Federation, site=site)
class FederationAdmin(Administered, ModelAdmin):
    """Which practices an organisation may search. [SFS-8]"""

    list_display = ("name", "organisation", "count")
    list_filter = ("organisation",)
    filter_horizontal = ("practices",)
    may_be_deleted = True

    @admin.display(description="practices")
    def count(self, federation: Federation) -> int:
        """How many practices it has."""
        return federation.practices.count()

    def audited(self, obj: Federation) -> dict[str, Any]:
        """The practices in it."""
        return {"practices": list(obj.practices.values_list("ods_code", flat=True))}

"""Practices and the federations that an organisation may search."""

from django.db import models

from booking_portal.accounts.models import ODS_CODE, TELEPHONE, Organisation


class PracticeQuerySet(models.QuerySet["Practice"]):
    """Practices, starting from the organisation that the user acts for."""

    def for_organisation(self, organisation: Organisation) -> "PracticeQuerySet":
        """The active practices in any of the organisation's federations. [SFS-8]"""
        return self.filter(is_active=True, federations__organisation=organisation).distinct()


class Practice(models.Model):
    """A GP practice that hosts appointments (the provider).

    The telephone number is on every page that tells of a failure there.
    """

    ods_code = models.CharField("ODS code", max_length=12, unique=True, validators=[ODS_CODE])
    name = models.CharField(max_length=100)
    telephone = models.CharField(max_length=25, validators=[TELEPHONE])
    address = models.CharField(max_length=200, blank=True)
    town = models.CharField(max_length=60)
    postcode = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField("active", default=True)

    objects = PracticeQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}, {self.town} ({self.ods_code})"


class Federation(models.Model):
    """A named set of practices that one organisation may search. [SFS-8]"""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="federations"
    )
    name = models.CharField(max_length=100)
    practices = models.ManyToManyField(Practice, related_name="federations")

    class Meta:
        ordering = ("name",)
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="one_federation_name_per_organisation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.organisation.ods_code})"

"""Users, the organisations they act for, and their memberships."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils import timezone

from booking_portal.accounts.permission_rows import grant
from booking_portal.accounts.roles import PERMISSIONS_OF, Permission, Role

ODS_CODE = RegexValidator(r"^[A-Z0-9]{3,12}$", "Give 3 to 12 capital letters or digits.")
ASID = RegexValidator(r"^[0-9]{12}$", "An ASID has 12 digits.")
TELEPHONE = RegexValidator(r"^[0-9+() ]{5,25}$", "Give a telephone number, like 01632 960123.")


class User(AbstractUser):
    """A member of staff. `local_id` identifies them in the GP Connect token. [JWT-2, JWT-5]"""

    local_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField("title", max_length=20, blank=True)
    sds_user_id = models.CharField("smartcard user id", max_length=20, blank=True)

    @property
    def full_name(self) -> str:
        """Title, given and family name as shown on screens."""
        parts = (self.title, self.first_name, self.last_name)
        return " ".join(part for part in parts if part) or self.username

    def clean(self) -> None:
        super().clean()
        self.last_name = self.last_name.strip()


class OrganisationType(models.Model):
    """A code of GPConnect-OrganisationType-1, kept as data as the list grows. [SFS-3]"""

    code = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ("name",)
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """Whom a user acts for (the consumer). Its ODS code, type, telephone and ASID go on the wire.

    [SSP-2, JWT-4, SFS-3, BOOK-3, SDS-5]
    """

    ods_code = models.CharField("ODS code", max_length=12, unique=True, validators=[ODS_CODE])
    name = models.CharField(max_length=100)
    type = models.ForeignKey(OrganisationType, on_delete=models.PROTECT)
    asid = models.CharField("ASID", max_length=12, unique=True, validators=[ASID])
    telephone = models.CharField(max_length=25, validators=[TELEPHONE])
    town = models.CharField(max_length=60, blank=True)
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ("name",)
        default_permissions = ()
        permissions = tuple(Permission.choices)

    def __str__(self) -> str:
        return f"{self.name} ({self.ods_code})"


class Membership(models.Model):
    """A user's role at one organisation; saving it sets the guardian permissions to the role's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role)
    sds_role_profile_id = models.CharField("smartcard role profile id", max_length=20, blank=True)
    is_active = models.BooleanField("active", default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"],
                name="one_role_per_user_and_organisation",
                violation_error_message="This user already has a role at this organisation.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.organisation}: {self.get_role_display()}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role grants; nothing while the membership is not active."""
        return PERMISSIONS_OF[Role(self.role)] if self.is_active else frozenset()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the membership and its permissions together; one that moves leaves none behind."""
        with transaction.atomic():
            before = Membership.objects.filter(pk=self.pk).first()
            if before is not None:
                grant(before.user, before.organisation, frozenset())
            super().save(*args, **kwargs)
            grant(self.user, self.organisation, self.permissions)


class KeptForm(models.Model):
    """What a user typed into a form that could not be taken, for some minutes.

    For the user and the organisation whose form it was, on the page (its path) that showed it;
    nobody else is ever shown anything of it. See `kept_forms`.
    """

    LONGEST_PAGE = 500

    class Why(models.TextChoices):
        """Why it was not taken, or, once something else had been sent, not sent."""

        SIGNED_OUT = "signed_out", "Signed out"
        OUT_OF_DATE = "out_of_date", "The page was out of date"
        OTHER_ORGANISATION = "other_organisation", "Acting for another organisation"
        NOT_READ = "not_read", "The practice could not be read"
        SENT_BEFORE = "sent_before", "Another text had been sent before"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    page = models.CharField(max_length=LONGEST_PAGE)
    why = models.CharField(max_length=20, choices=Why)
    typed = models.JSONField()
    kept_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)

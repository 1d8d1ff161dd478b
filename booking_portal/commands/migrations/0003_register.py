"""Registering a patient becomes a kind of command; at most one unsettled of a patient there."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_types"),
        ("commands", "0002_closed_by_telephone"),
        ("patients", "0001_initial"),
        ("practices", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="command",
            name="kind",
            field=models.CharField(
                choices=[
                    ("book", "Book"),
                    ("amend", "Amend"),
                    ("cancel", "Cancel"),
                    ("register", "Register"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="command",
            name="starts",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind", "register"),
                    ("state__in", ["needs_attention", "sending", "unconfirmed"]),
                ),
                fields=("organisation", "nhs_number", "practice"),
                name="one_unsettled_registration_of_a_patient",
            ),
        ),
    ]

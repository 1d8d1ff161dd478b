"""What was typed into a form that could not be taken, kept for some minutes."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptForm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("page", models.CharField(max_length=500)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("signed_out", "Signed out"),
                            ("out_of_date", "The page was out of date"),
                            ("other_organisation", "Acting for another organisation"),
                            ("not_read", "The practice could not be read"),
                            ("sent_before", "Another text had been sent before"),
                        ],
                        max_length=20,
                    ),
                ),
                ("typed", models.JSONField()),
                ("kept_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="accounts.organisation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

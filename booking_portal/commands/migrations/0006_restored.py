"""After a restore: holds, what is looked at, and what was found."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_types"),
        ("commands", "0005_settled"),
        ("patients", "0001_initial"),
        ("practices", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DatabaseMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("identity", models.CharField(blank=True, max_length=200)),
                ("count", models.BigIntegerField(default=0)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Restoration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("noticed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("reason", models.CharField(max_length=300)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-noticed_at",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("nhs_number", models.CharField(max_length=10)),
                ("next_look_at", models.DateTimeField(null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                ("outcome", models.CharField(blank=True, max_length=80)),
                ("settled", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                ("missing", models.JSONField(default=list)),
                ("strays", models.PositiveIntegerField(default=0)),
                (
                    "encounter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="patients.encounter"
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="practices.practice"
                    ),
                ),
                (
                    "restoration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="commands.restoration",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Stray",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("nhs_number", models.CharField(max_length=10)),
                ("appointment_id", models.CharField(max_length=64)),
                ("starts_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(default=dict)),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "encounter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="patients.encounter"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
                    ),
                ),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="practices.practice"
                    ),
                ),
            ],
            options={
                "ordering": ("starts_at",),
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="restoration",
            constraint=models.UniqueConstraint(
                condition=models.Q(("released_at", None)),
                fields=("organisation",),
                name="one_hold_of_an_organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="reconciliation",
            index=models.Index(fields=["next_look_at"], name="reconciliations_due"),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.UniqueConstraint(
                fields=("restoration", "practice", "nhs_number"),
                name="one_reconciliation_of_a_patient_there",
            ),
        ),
        migrations.AddConstraint(
            model_name="stray",
            constraint=models.UniqueConstraint(
                fields=("organisation", "practice", "appointment_id"),
                name="one_stray_of_an_appointment",
            ),
        ),
    ]

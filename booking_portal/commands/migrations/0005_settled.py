"""Sending again, withdrawing, ring-backs, and writes of two steps."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_types"),
        ("commands", "0004_before_unknown"),
        ("patients", "0001_initial"),
        ("practices", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="command",
            name="attention_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="escalated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="owner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="ring_back",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="command",
            name="sends",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="command",
            name="step",
            field=models.CharField(
                blank=True,
                choices=[("first", "First"), ("second", "Second"), ("undo", "Undoes the first")],
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="told_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="told_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="withdrawn_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="moving",
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name="Saga",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("move", "Move: book, then cancel"),
                            ("cancel_first", "Move: cancel, then book"),
                            ("register_and_book", "Register and book"),
                        ],
                        max_length=20,
                    ),
                ),
                ("old_appointment_id", models.CharField(blank=True, max_length=64)),
                ("old_version", models.CharField(blank=True, max_length=64)),
                ("old_starts", models.CharField(blank=True, max_length=40)),
                ("cancellation_reason", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("automatic_until", models.DateTimeField()),
                ("next_try_at", models.DateTimeField(null=True)),
                ("stopped", models.CharField(blank=True, max_length=80)),
                ("sentence", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closing",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("kept_both", "Both appointments are kept"),
                            ("given_up", "The second step is not wanted any more"),
                        ],
                        max_length=20,
                    ),
                ),
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
                    "old_practice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="practices.practice",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="commands.proposal"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="command",
            name="saga",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="commands.saga",
            ),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["needs_attention", "sending", "unconfirmed"])),
                fields=("saga",),
                name="one_unsettled_step_of_a_saga",
            ),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.UniqueConstraint(
                condition=models.Q(("saga__isnull", False), ("state", "done")),
                fields=("saga", "step"),
                name="one_step_of_a_saga_done",
            ),
        ),
        migrations.AddIndex(
            model_name="saga",
            index=models.Index(fields=["next_try_at"], name="sagas_due"),
        ),
    ]

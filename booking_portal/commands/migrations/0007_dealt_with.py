"""Who deals with a saga, when it is escalated, and what lists of open work are read by."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_types"),
        ("commands", "0006_restored"),
        ("patients", "0001_initial"),
        ("practices", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="saga",
            name="escalate_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="saga",
            name="escalated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="saga",
            name="owner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="saga",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="command",
            index=models.Index(fields=["organisation", "nhs_number"], name="commands_of_a_patient"),
        ),
        migrations.AddIndex(
            model_name="command",
            index=models.Index(
                condition=models.Q(("state__in", ["needs_attention", "sending", "unconfirmed"])),
                fields=["organisation"],
                name="commands_unsettled",
            ),
        ),
        migrations.AddIndex(
            model_name="command",
            index=models.Index(
                condition=models.Q(("told_at", None), ("withdrawn_at__isnull", False)),
                fields=["organisation"],
                name="commands_withdrawn_untold",
            ),
        ),
        migrations.AddIndex(
            model_name="saga",
            index=models.Index(
                condition=models.Q(("escalate_at__isnull", False)),
                fields=["escalate_at"],
                name="sagas_to_escalate",
            ),
        ),
        migrations.AddIndex(
            model_name="saga",
            index=models.Index(
                condition=models.Q(("closed_at", None), ("escalated_at__isnull", False)),
                fields=["organisation"],
                name="sagas_escalated",
            ),
        ),
    ]

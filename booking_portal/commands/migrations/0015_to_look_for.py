from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0014_vacuum_hot_tables")]

    operations = [
        migrations.AddIndex(
            model_name="command",
            index=models.Index(
                models.F("practice"),
                models.OrderBy(models.F("settled_at"), nulls_first=True),
                models.F("starts_at"),
                models.F("next_look_at"),
                condition=models.Q(
                    ("next_look_at__isnull", False),
                    ("state__in", ["not_made", "sending", "unconfirmed", "withdrawn"]),
                ),
                name="commands_to_look_for",
            ),
        ),
    ]

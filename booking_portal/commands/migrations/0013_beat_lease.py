"""Which beat sends the ticks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0012_work_items")]

    operations = [
        migrations.CreateModel(
            name="BeatLease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder", models.CharField(max_length=200)),
                ("until", models.DateTimeField()),
            ],
            options={"default_permissions": ()},
        ),
    ]

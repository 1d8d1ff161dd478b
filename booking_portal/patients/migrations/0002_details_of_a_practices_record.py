"""What a practice's record of a patient says besides who it is. [READ-2]"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial")]

    operations = [
        migrations.AddField(
            "patientatpractice", "details", models.JSONField(db_default={}, default=dict)
        ),
    ]

"""When a practice was found to have another system than before in an encounter. [SDS-3]"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_details_of_a_practices_record")]

    operations = [
        migrations.AddField("patientatpractice", "moved_at", models.DateTimeField(null=True)),
    ]

"""What a patient was told of a booking that is otherwise than asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0009_one_booking_of_a_system")]

    operations = [
        migrations.AddField(
            model_name="command",
            name="acknowledged",
            field=models.JSONField(null=True),
        ),
    ]

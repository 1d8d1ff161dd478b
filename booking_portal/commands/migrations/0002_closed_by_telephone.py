"""A booking that a person closed by telephone is done without a known appointment id."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="command", name="one_booking_for_one_appointment"),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.UniqueConstraint(
                condition=models.Q(("appointment_id__gt", ""), ("kind", "book"), ("state", "done")),
                fields=("practice", "appointment_id"),
                name="one_booking_for_one_appointment",
            ),
        ),
    ]

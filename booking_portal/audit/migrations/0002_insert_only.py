"""Events can be added, never changed or removed."""

from django.db import migrations

from booking_portal.audit import insert_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(insert_only.FORBID_CHANGES, insert_only.ALLOW_CHANGES),
        migrations.RunSQL(insert_only.FORBID_TRUNCATE, insert_only.ALLOW_TRUNCATE),
    ]

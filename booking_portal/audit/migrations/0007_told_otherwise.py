"""What is read of telling patients what is otherwise than asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0006_directory_changed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed_in", "Signed in"),
                    ("sign_in_failed", "Sign-in failed"),
                    ("signed_out", "Signed out"),
                    ("organisation_chosen", "Chose the organisation to act for"),
                    ("not_permitted", "Refused: not permitted"),
                    ("blocked", "Stopped before anything was sent"),
                    ("exchange_asked", "Asked"),
                    ("exchange_answered", "Answered"),
                    ("encounter_opened", "Patient traced and shown"),
                    ("otherwise_acknowledged", "Told the patient what is not as asked for"),
                    ("differences_found", "The practice's record differs from PDS"),
                    ("directory_changed", "The practice has another system than before"),
                    ("command_stored", "Write asked for"),
                    ("command_moved", "Write changed state"),
                    ("command_sent_again", "Write sent again"),
                    ("command_withdrawn", "Write withdrawn"),
                    ("command_taken", "Took over what is not settled"),
                    ("command_escalated", "Nobody took over what is not settled"),
                    ("patient_told", "The patient was told the outcome"),
                    ("steps_moved", "Steps of a write went on or ended"),
                    ("restored", "Restored from a backup: nothing is sent by itself"),
                    ("released", "Released for sending by itself"),
                    ("administered", "Changed in administration"),
                    ("audit_read", "Read the audit trail"),
                ],
                db_index=True,
                max_length=32,
            ),
        ),
    ]

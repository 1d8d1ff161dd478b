"""How a command ended, apart from what the practice said; and what is shown no more.

Columns have defaults in the database, so that the version before still writes. What it had put in
the place of the practice's code is taken apart: the code is that of the last send.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

FORMER = {
    "FOUND_LATER": "found_later",
    "CLOSED_BY_TELEPHONE": "by_telephone",
    "CLOSED_BY_COMPARING": "by_comparing",
}
NO_CODES = ("", "DONE", "LEASE_OVER")


def take_apart(apps: Any, schema_editor: Any) -> None:
    """The code that the practice gave, and how it ended, from what was kept in one column."""
    Command = apps.get_model("commands", "Command")
    Attempt = apps.get_model("commands", "Attempt")
    of_it = Attempt.objects.filter(command=OuterRef("pk")).order_by("-id")
    sent = of_it.filter(purpose="send")
    said = sent.exclude(outcome__in=NO_CODES)
    looked = Command.objects.filter(attempts__purpose="look").values("pk")
    found = Command.objects.filter(attempts__outcome="FOUND").values("pk")
    # No code where nobody has ever answered: the sender was killed, or its lease was over.
    code = Coalesce(Subquery(said.values("outcome")[:1]), Value(""))
    for former, resolution in FORMER.items():
        Command.objects.filter(error_code=former).update(resolution=resolution, error_code=code)
    ended = Command.objects.filter(resolution="")
    ended.filter(state="done", pk__in=found).update(resolution="found")
    ended.filter(state__in=("done", "refused")).exclude(pk__in=found).update(resolution="answered")
    no_effect = Q(state="not_made") | Q(state="withdrawn")
    ended.filter(no_effect, pk__in=looked).update(resolution="not_found")
    ended.filter(no_effect).exclude(pk__in=looked).update(resolution="not_sent")
    Command.objects.exclude(error_code="").update(
        error_status=Subquery(said.filter(outcome=OuterRef("error_code")).values("status")[:1])
    )


def put_together(apps: Any, schema_editor: Any) -> None:
    """As the version before had it."""
    Command = apps.get_model("commands", "Command")
    for former, resolution in FORMER.items():
        Command.objects.filter(resolution=resolution).update(error_code=former)


class Migration(migrations.Migration):
    dependencies = [("commands", "0010_otherwise_acknowledged")]

    operations = [
        migrations.AddField(
            model_name="command",
            name="resolution",
            field=models.CharField(
                blank=True,
                choices=[
                    ("answered", "The practice answered"),
                    ("found", "Found at the practice by looking"),
                    ("found_later", "Found at the practice after it was held to be not made"),
                    ("not_found", "Looked for, and not there when it could no longer arrive"),
                    ("not_sent", "Nothing was sent"),
                    ("by_telephone", "Closed with what the practice said on the telephone"),
                    ("by_comparing", "Closed by comparing both texts"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="error_status",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="said",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="command",
            name="not_shown_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="reconciliation",
            name="begun",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(take_apart, put_together),
    ]

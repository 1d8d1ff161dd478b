"""A saga is left to a person since when, as a command is: one work item, one rule when it is due.

Until now a saga kept when it would be escalated (`escalate_at`). The column stays, without its
model, for the version before: what that writes there while both run, a trigger of the database puts
in the new words. A version to come drops both, by SQL.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.functions import Coalesce

# The version before writes a time here with all news, when somebody takes it, and to look again.
# What somebody has taken before counts still: that was not before it was left to a person.
FOLLOW_THE_VERSION_BEFORE = """
CREATE FUNCTION commands_saga_left_to_a_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.attention_at := LEAST(clock_timestamp(), NEW.taken_at);
    RETURN NEW;
END $$;
CREATE TRIGGER commands_saga_left_to_a_person BEFORE UPDATE OF escalate_at ON commands_saga
    FOR EACH ROW WHEN (NEW.escalate_at IS NOT NULL)
    EXECUTE FUNCTION commands_saga_left_to_a_person();
"""
NO_LONGER = """
DROP TRIGGER commands_saga_left_to_a_person ON commands_saga;
DROP FUNCTION commands_saga_left_to_a_person();
"""


def _moved(time: str, by: timedelta) -> Any:
    return ExpressionWrapper(F(time) + by, output_field=DateTimeField())


def since_when(apps: Any, schema_editor: Any) -> None:
    """From when it was due: taken, that is some hours after; else a quarter of an hour after.

    What had no time to come, and was not escalated either, has been looked at: nobody has to
    decide, and it stays alone.
    """
    sagas = apps.get_model("commands", "Saga").objects
    a_while = timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
    sagas.filter(Q(escalate_at__isnull=False) | Q(escalated_at__isnull=False)).update(
        attention_at=Coalesce(
            "taken_at", _moved("escalated_at", -a_while), _moved("escalate_at", -a_while)
        )
    )


def when_due(apps: Any, schema_editor: Any) -> None:
    """As the version before had it; what is escalated has no time to come."""
    sagas = apps.get_model("commands", "Saga").objects.filter(attention_at__isnull=False)
    a_while = timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
    some_hours = timedelta(seconds=settings.ESCALATE_TAKEN_AFTER_SECONDS)
    sagas.update(escalate_at=None)
    due = sagas.filter(escalated_at=None)
    due.filter(taken_at=None).update(escalate_at=_moved("attention_at", a_while))
    due.filter(taken_at__isnull=False).update(escalate_at=_moved("taken_at", some_hours))


class Migration(migrations.Migration):
    dependencies = [("commands", "0011_how_it_ended")]

    operations = [
        migrations.AddField(
            model_name="saga",
            name="attention_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(since_when, when_due),
        migrations.AddIndex(
            model_name="saga",
            index=models.Index(
                condition=models.Q(("attention_at__isnull", False), ("escalated_at", None)),
                fields=["attention_at"],
                name="sagas_left_to_a_person",
            ),
        ),
        migrations.RunSQL(FOLLOW_THE_VERSION_BEFORE, NO_LONGER),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name="saga", name="sagas_to_escalate"),
                migrations.RemoveField(model_name="saga", name="escalate_at"),
            ],
        ),
    ]

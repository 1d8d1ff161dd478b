"""Vacuum and statistics for the tables that change most, before a fifth of them has changed.

Each command's row is updated a few times and read by what is due; the trail only grows, and never
shrinks: PostgreSQL's defaults, which count in shares of a table, come too late for both.
"""

from django.db import migrations

_COMMANDS = ("autovacuum_vacuum_scale_factor", "autovacuum_analyze_scale_factor")
_TRAIL = ("autovacuum_vacuum_insert_scale_factor", "autovacuum_analyze_scale_factor")


def _set(table: str, options: tuple[str, ...]) -> migrations.RunSQL:
    values = ", ".join(f"{option} = 0.02" for option in options)
    return migrations.RunSQL(
        f"ALTER TABLE {table} SET ({values})", f"ALTER TABLE {table} RESET ({', '.join(options)})"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("commands", "0013_beat_lease"),
        ("audit", "0001_initial"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        _set("commands_command", _COMMANDS),
        _set("django_session", _COMMANDS),
        _set("audit_event", _TRAIL),
    ]

"""The tables that change most are vacuumed and counted in time."""

import pytest
from django.db import connection


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "option"),
    [
        ("commands_command", "autovacuum_vacuum_scale_factor=0.02"),
        ("django_session", "autovacuum_vacuum_scale_factor=0.02"),
        ("audit_event", "autovacuum_vacuum_insert_scale_factor=0.02"),
    ],
)
def test_a_hot_table_has_settings_of_its_own(table: str, option: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        [row] = cursor.fetchall()
    assert option in (row[0] or [])
    assert "autovacuum_analyze_scale_factor=0.02" in row[0]

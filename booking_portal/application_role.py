"""The database's role for web, worker and beat: it works with rows, and owns nothing.

Migrations run as the tables' owner. What they end with is here, so that each new table is granted
and nobody has to remember it.
"""

from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

_GRANTS: Final = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE UPDATE, DELETE ON audit_event FROM {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
"""


def grant_after_migration(**_: Any) -> None:
    """Make APPLICATION_ROLE where it is missing, with its password, and grant what it needs.

    Audit events it may only read and add, whatever their triggers say. Nothing is done where the
    setting is empty, or where the application itself migrates.
    """
    role = settings.APPLICATION_ROLE
    if not role or role == connection.settings_dict["USER"]:
        return
    name = sql.Identifier(role)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE ROLE {}").format(name))
        if settings.APPLICATION_ROLE_PASSWORD:
            # A digest, as the statement may reach a log.
            digest = connection.connection.pgconn.encrypt_password(
                settings.APPLICATION_ROLE_PASSWORD.encode(), role.encode(), b"scram-sha-256"
            )
            login = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
            cursor.execute(login.format(name, sql.Literal(digest.decode())))
        cursor.execute(sql.SQL(_GRANTS).format(role=name))

"""The database's role for web, worker and beat: it works with rows, and owns nothing.

Migrations run as the tables' owner. What they end with is here, so that each new table is granted
and nobody has to remember it.
"""

from typing import Any, Final

from django.conf import settings
from django.core.management import CommandError
from django.db import connection, transaction
from psycopg import sql

from booking_portal.database_connections import SERVER_HAS

KEPT_FREE: Final = 10
"""Connections that are never the application's: for migrations, backups and whoever looks in."""
_GRANTS: Final = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE UPDATE, DELETE ON audit_event FROM {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
"""


def refuse_one_role_for_both(**_: Any) -> None:
    """Before a migration: whoever has the portal's password must not have the owner's with it.

    Raises: CommandError, where both are one role, or have one password; nothing has been done then.
    """
    owner = connection.settings_dict
    if not settings.APPLICATION_ROLE:
        return
    if owner["USER"] == settings.APPLICATION_ROLE:
        raise CommandError(
            "APPLICATION_ROLE names the role that migrates and owns the tables, so that web could "
            "change the audit trail. Choose another name: it is made here. Nothing was migrated."
        )
    if owner["PASSWORD"] and owner["PASSWORD"] == settings.APPLICATION_ROLE_PASSWORD:
        raise CommandError(
            "The owner of the tables and APPLICATION_ROLE have the same password, so that whoever "
            "has the portal's could change the audit trail. Make another one (in Compose the "
            "owner's is POSTGRES_PASSWORD, the portal's DATABASE_PASSWORD). Nothing was migrated."
        )


def owns_the_tables() -> bool:
    """Whether the role that this process signs in with may change what it should only add."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class"
            " WHERE oid = 'audit_event'::regclass"
        )
        return bool(cursor.fetchone()[0])


def grant_after_migration(**_: Any) -> None:
    """Make APPLICATION_ROLE where it is missing, with its password, and grant what it needs.

    Audit events it may only read and add, whatever their triggers say; and with a password it may
    have all connections of the server but KEPT_FREE. Nothing is done where the setting is empty.
    """
    role = settings.APPLICATION_ROLE
    if not role:
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
            cursor.execute(f"SELECT greatest({SERVER_HAS} - {KEPT_FREE}, 1)")
            [most] = cursor.fetchone()
            login = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {} CONNECTION LIMIT {}")
            digested = sql.Literal(digest.decode())
            cursor.execute(login.format(name, digested, sql.Literal(most)))
        cursor.execute(sql.SQL(_GRANTS).format(role=name))

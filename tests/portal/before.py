"""The database as a version before had it, inside a test's own transaction."""

from collections.abc import Mapping

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps


class Before:
    """The tables are as before; `apps` has the models of then, for rows as they were written then.

    PostgreSQL rolls tables back as it does rows, so nothing of it outlives the test. Whoever adds
    a migration that rows of before have to survive moves `targets` and asks for its rows here.
    """

    def __init__(self, targets: Mapping[str, str]) -> None:
        """`targets`: the last migration of then, by app."""
        self._targets = list(targets.items())
        executor = MigrationExecutor(connection)
        self._latest = executor.loader.graph.leaf_nodes()
        self.apps: StateApps = executor.loader.project_state(self._targets).apps
        self.back()

    def back(self) -> None:
        """From now on as it was."""
        _migrate(self._targets)

    def forward(self) -> None:
        """From now on as it is; `apps` still writes as the version before does beside the new."""
        _migrate(self._latest)


def _migrate(targets: list[tuple[str, str]]) -> None:
    with connection.cursor() as cursor:  # no table is changed while its rows wait to be checked
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    MigrationExecutor(connection).migrate(targets)

"""Asking the database for little.

Of a small query most of the time goes into building it, of that a third into an order (measured).
"""

from typing import Final, TypeVar

from django.db import InterfaceError, OperationalError
from django.db.models import Model, QuerySet

AWAY: Final = (OperationalError, InterfaceError)
"""What the database's absence raises; its other errors are faults of the portal's own."""

M = TypeVar("M", bound=Model)


def one_or_none(rows: QuerySet[M]) -> M | None:
    """The row, or None, of what there can be one of; of several it would be any."""
    return next(iter(rows.order_by()[:1]), None)


def rows_if_any(rows: QuerySet[M]) -> list[M]:
    """The rows, in no order, of which there is hardly ever one: read only if there is."""
    return list(rows.order_by()) if rows.exists() else []


def row_if_any(rows: QuerySet[M]) -> M | None:
    """The row, or None, of what there can be one of, and hardly ever is."""
    return next(iter(rows_if_any(rows)), None)

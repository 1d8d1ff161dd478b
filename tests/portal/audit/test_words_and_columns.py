"""Every word that the code stores fits its column, and text of practices too. [IG-2]"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

import booking_portal
from booking_portal.accounts.roles import Permission
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.requests import registration
from booking_portal.commands.states import Kind, State
from gpconnect import error_table, interactions

ROOT = Path(booking_portal.__file__).parent
COLUMNS: dict[str, int] = {}
for _model in apps.get_models():
    if _model.__module__.startswith("booking_portal."):
        for _field in _model._meta.fields:
            if isinstance(_field, models.CharField) and _field.max_length:
                COLUMNS[_field.name] = min(_field.max_length, COLUMNS.get(_field.name, 10_000))
"""The shortest column of each name, of all our tables."""

# What stands in a call under the name of a column, and is none of the database's.
ELSEWHERE = {"title", "name", "telephone", "address", "kind", "starts", "role", "type", "service"}


def _constants() -> Iterator[tuple[str, str, str]]:
    """Where, which column, and the longest text that a constant argument of its name can have."""
    for path in ROOT.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        module = ".".join(["booking_portal", *path.relative_to(ROOT).with_suffix("").parts])
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            for word in call.keywords:
                if word.arg in COLUMNS and word.arg not in ELSEWHERE:
                    for text in _texts(word.value, module):
                        yield f"{path.relative_to(ROOT)}:{call.lineno}", word.arg, text


def _texts(value: ast.expr, module: str) -> Iterator[str]:
    """The texts that an expression gives, as far as it is made of constants."""
    match value:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from _texts(value.body, module)
            yield from _texts(value.orelse, module)
        case ast.BoolOp():
            for each in value.values:
                yield from _texts(each, module)
        case ast.JoinedStr():
            yield "".join(
                str(each.value) for each in value.values if isinstance(each, ast.Constant)
            )
        case ast.Name() if value.id.isupper():
            known = getattr(importlib.import_module(module), value.id, None)
            if isinstance(known, str):
                yield str(known)


CONSTANTS = sorted(set(_constants()))


@pytest.mark.requirement("IG-2")
def test_every_constant_word_fits_its_column() -> None:
    """Case 1: an outcome of 45 letters, in a column of 40, was taken for an outage."""
    assert len([word for _, column, word in CONSTANTS if column == "outcome"]) >= 15
    too_long = [(at, column, word) for at, column, word in CONSTANTS if len(word) > COLUMNS[column]]
    assert too_long == []


def _column(model: type[models.Model], name: str) -> int:
    field = model._meta.get_field(name)
    assert isinstance(field, models.CharField)
    assert field.max_length is not None
    return field.max_length


@pytest.mark.requirement("IG-2", "ERR-1")
def test_every_word_of_a_table_fits_the_columns_that_it_goes_to() -> None:
    outcome = _column(Event, "outcome")
    for kind in (EventKind, Kind, State, Permission, Command.Step, Attempt.Purpose):
        assert max(len(each.value) for each in kind) <= outcome, kind
    assert max(len(each.value) for each in EventKind) <= _column(Event, "kind")
    assert max(len(each.value) for each in State) <= _column(Command, "state")
    assert max(len(each.value) for each in Kind) <= _column(Command, "kind")
    codes = [
        *error_table.TABLE,
        *(code for _, code in error_table.BY_INTERACTION),
        *(f"HTTP_{status}" for status in (100, 599, 999)),
    ]
    for model, name in ((Event, "error_code"), (Command, "error_code"), (Attempt, "outcome")):
        assert max(map(len, codes)) <= _column(model, name)
    ids = [each.id for each in interactions.ALL]
    assert max(map(len, ids)) <= _column(Event, "interaction_id")
    reasons = [
        name
        for name, kind in inspect.getmembers(registration, inspect.isclass)
        if issubclass(kind, registration.NotRegistrable)
    ]
    assert len(reasons) > 1
    assert max(len(f"not registered: {name}") for name in reasons) <= outcome

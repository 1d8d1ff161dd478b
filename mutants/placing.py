"""Puts a mutant into a module that is imported already, where whoever has it meets the change.

Functions get the mutant's code. At module level, the statement that changes is run again, and
those after it; a table gets the new rows in place, and any other value its new one under its name
in every module that has it. A changed class or default argument is not placed; nor is what other
modules have made of a value when they were imported.
"""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from types import CodeType, FunctionType, ModuleType


def put_in_place(module: str, source: str, function: str) -> bool:
    """Whether it could be; `function`: the qualified name of the one that changes, or empty."""
    there = import_module(module)
    return _function_placed(there, source, function) if function else _table_placed(there, source)


def _function_placed(there: ModuleType, source: str, changed: str) -> bool:
    codes = dict(_codes(compile(source, str(there.__file__), "exec"), ""))
    placed = False
    for name, function in _functions(there):
        code = codes.get(name)
        if code is None or code.co_freevars != function.__code__.co_freevars:
            continue
        function.__code__ = code
        placed |= changed == name or changed.startswith(f"{name}.")
    return placed


def _table_placed(there: ModuleType, source: str) -> bool:
    """Where nothing has changed, everything is run again: no test may notice that."""
    old = [ast.unparse(one) for one in ast.parse(Path(str(there.__file__)).read_text()).body]
    new = ast.parse(source).body
    first = next((n for n, was in enumerate(old) if was != ast.unparse(new[n])), 0)
    if isinstance(new[first], ast.ClassDef | ast.FunctionDef):
        return False
    for statement in new[first:]:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            continue
        space = dict(vars(there))
        exec(compile(ast.Module([statement], []), str(there.__file__), "exec"), space)  # noqa: S102
        for name in space.keys() & vars(there).keys():
            _replace(there, name, space[name])
    return True


def _replace(there: ModuleType, name: str, value: object) -> None:
    was = vars(there)[name]
    if was is value:
        return
    if isinstance(was, dict) and isinstance(value, dict):
        was.clear()
        was.update(value)
        return
    private = name.startswith("_")  # another module's of the same name may happen to be equal
    for module in [there] if private else list(sys.modules.values()):
        space = getattr(module, "__dict__", {})
        if space.get(name) is was:
            space[name] = value


def _codes(code: CodeType, within: str) -> Iterator[tuple[str, CodeType]]:
    """The code of each function and method of a module, by qualified name."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            name = f"{within}{constant.co_name}"
            yield name, constant
            yield from _codes(constant, f"{name}.")


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The module's own functions and methods, those behind decorators too."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            for member in vars(value).values():
                yield from _function(member, module)
        else:
            yield from _function(value, module)


def _function(value: object, module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for attribute in ("__func__", "fget", "func"):
        value = getattr(value, attribute, value)
    if not callable(value):
        return
    function = unwrap(value)
    if isinstance(function, FunctionType) and function.__module__ == module.__name__:
        yield function.__qualname__, function

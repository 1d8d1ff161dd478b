"""The small changes: one mutant each of an operator, condition, constant, row or statement.

They reach whatever stands in a module, tables at module level included. Left alone are
docstrings, annotations, decorators, and words for people, which no program decides by.
"""

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Change = Callable[[ast.AST], ast.AST]

_OTHER_COMPARISON: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OTHER_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Mod: ast.Mult,
}
_NARROWING: Final = frozenset({"filter", "exclude", "Q", "get"})
_NOT_CODE: Final = ("annotation", "returns", "decorator_list", "bases", "type_comment")
_CODE: Final = re.compile(r"(?=.*\w)[\w./:-]{1,80}")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `name` says where and what, and stays when lines move.

    `function`: the qualified name of what the change stands in.
    """

    name: str
    function: str
    line: int
    last_line: int
    inside_function: bool
    source: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A node, how to name it (`row`: of which row of a table), and the steps to it."""

    node: ast.AST
    function: str
    row: str
    inside_function: bool
    steps: tuple[tuple[str, int | None], ...]


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a module's text, in the order of its lines."""
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    found = []
    for place in _places(tree, "", ()):
        for what, change in _changes(place.node):
            name = f"{place.function or 'module'}{place.row}: {what}"
            seen[name] += 1
            if seen[name] > 1:
                name += f" #{seen[name]}"
            first, last = _lines(place.node)
            text = _mutated(tree, place, change)
            found.append(Mutant(name, place.function, first, last, place.inside_function, text))
    return found


def _mutated(tree: ast.Module, place: _Place, change: Change) -> str:
    """The module's text with one node changed."""
    root = copy.deepcopy(tree)
    parent: ast.AST = root
    for field, number in place.steps[:-1]:
        parent = _child(parent, field, number)
    field, number = place.steps[-1]
    changed = change(_child(parent, field, number))
    if number is None:
        setattr(parent, field, changed)
    else:
        getattr(parent, field)[number] = changed
    return ast.unparse(ast.fix_missing_locations(root))


def _child(parent: ast.AST, field: str, number: int | None) -> ast.AST:
    found = getattr(parent, field)
    child: ast.AST = found if number is None else found[number]
    return child


def _lines(node: ast.AST) -> tuple[int, int]:
    """The lines that tell whether a test meets the change; of an `if`, those of its condition."""
    where = node.test if isinstance(node, ast.If) else node
    if isinstance(where, ast.comprehension):
        where = where.iter
    first = getattr(where, "lineno", 1)
    return first, getattr(where, "end_lineno", None) or first


def _places(
    node: ast.AST,
    function: str,
    steps: tuple[tuple[str, int | None], ...],
    *,
    row: str = "",
    inside_function: bool = False,
) -> Iterator[_Place]:
    """Every node that may change, the module's own first."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}" if function else node.name
    if isinstance(node, ast.JoinedStr):  # words for people
        return
    if steps and not _is_left_alone(node):
        yield _Place(node, function, row, inside_function, steps)
    for field, value in ast.iter_fields(node):
        # A function's defaults are read when the module is.
        inside = inside_function or (isinstance(node, ast.FunctionDef) and field == "body")
        if field in _NOT_CODE or (field == "slice" and isinstance(node, ast.Subscript)):
            continue
        if isinstance(node, ast.Assign) and _is_text(value):  # only names it: NAME = "text"
            continue
        if isinstance(value, ast.AST):
            way = (*steps, (field, None))
            yield from _places(value, function, way, row=row, inside_function=inside)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, ast.AST) and not _is_docstring(item):
                    way = (*steps, (field, number))
                    within = _row(node, number) or row
                    yield from _places(item, function, way, row=within, inside_function=inside)


def _row(table: ast.AST, number: int) -> str:
    """The key of a table's row, or nothing where it is no table."""
    key = table.keys[number] if isinstance(table, ast.Dict) else None
    return f"[{_short(key)}]" if key else ""


def _is_docstring(item: ast.AST) -> bool:
    """A text that stands for itself, as documentation does."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)


def _is_left_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_text(value: object) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What can be changed about one node: a few words, and how."""
    for kind, changes in _BY_KIND.items():
        if isinstance(node, kind):
            yield from changes(node)


def _of_comparison(node: ast.Compare) -> Iterator[tuple[str, Change]]:
    for number, operator in enumerate(node.ops):
        other = _OTHER_COMPARISON[type(operator)]

        def change(one: ast.AST, number: int = number, other: type[ast.cmpop] = other) -> ast.AST:
            assert isinstance(one, ast.Compare)
            one.ops[number] = other()
            return one

        yield f"{_short(node)}: {type(operator).__name__} -> {other.__name__}", change


def _of_condition(node: ast.BoolOp) -> Iterator[tuple[str, Change]]:
    for number, operand in enumerate(node.values):

        def without(one: ast.AST, number: int = number) -> ast.AST:
            assert isinstance(one, ast.BoolOp)
            del one.values[number]
            return one if len(one.values) > 1 else one.values[0]

        yield f"{_short(node)}: without {_short(operand)}", without


def _of_not(node: ast.UnaryOp) -> Iterator[tuple[str, Change]]:
    if isinstance(node.op, ast.Not):
        yield f"{_short(node)}: without not", lambda one: _operand(one)


def _operand(one: ast.AST) -> ast.AST:
    assert isinstance(one, ast.UnaryOp)
    return one.operand


def _of_arithmetic(node: ast.BinOp) -> Iterator[tuple[str, Change]]:
    other = _OTHER_ARITHMETIC.get(type(node.op))
    if other is None:
        return
    chosen = other

    def change(one: ast.AST) -> ast.AST:
        assert isinstance(one, ast.BinOp)
        one.op = chosen()
        return one

    yield f"{_short(node)}: {type(node.op).__name__} -> {other.__name__}", change


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    value = node.value
    if isinstance(value, bool):
        other: object = not value
    elif isinstance(value, int):
        other = value + 1
    elif isinstance(value, str) and _CODE.fullmatch(value):
        other = f"{value}x"
    else:
        return
    yield f"{value!r} -> {other!r}", lambda one: ast.Constant(other)  # type: ignore[arg-type]


def _of_collection(node: ast.Tuple | ast.List | ast.Set) -> Iterator[tuple[str, Change]]:
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or len(node.elts) < 2:
        return
    for number, element in enumerate(node.elts):

        def without(one: ast.AST, number: int = number) -> ast.AST:
            assert isinstance(one, ast.Tuple | ast.List | ast.Set)
            del one.elts[number]
            return one

        yield f"a {type(node).__name__.lower()} without {_short(element)}", without


def _of_table(node: ast.Dict) -> Iterator[tuple[str, Change]]:
    for number, key in enumerate(node.keys):

        def without(one: ast.AST, number: int = number) -> ast.AST:
            assert isinstance(one, ast.Dict)
            del one.keys[number], one.values[number]
            return one

        yield f"a dict without {_short(key) if key else '** part'}", without


def _of_call(node: ast.Call) -> Iterator[tuple[str, Change]]:
    called = (
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    )
    if called not in _NARROWING:
        return
    for number, keyword in enumerate(node.keywords):

        def without(one: ast.AST, number: int = number) -> ast.AST:
            assert isinstance(one, ast.Call)
            del one.keywords[number]
            return one

        yield f"{called} without {keyword.arg}={_short(keyword.value)}", without


def _of_choice(node: ast.If | ast.IfExp) -> Iterator[tuple[str, Change]]:
    decided_elsewhere = isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp)
    for always in (False,) if decided_elsewhere else (True, False):

        def decided(one: ast.AST, always: bool = always) -> ast.AST:
            assert isinstance(one, ast.If | ast.IfExp)
            one.test = ast.Constant(always)
            return one

        yield f"if {_short(node.test)}: always {always}", decided


def _of_loop(node: ast.comprehension) -> Iterator[tuple[str, Change]]:
    for number, condition in enumerate(node.ifs):

        def without(one: ast.AST, number: int = number) -> ast.AST:
            assert isinstance(one, ast.comprehension)
            del one.ifs[number]
            return one

        yield f"of all, without if {_short(condition)}", without


def _of_return(node: ast.Return) -> Iterator[tuple[str, Change]]:
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield f"return {_short(node.value)} -> None", lambda one: ast.Return(ast.Constant(None))


def _of_statement(node: ast.Raise | ast.Expr) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.Raise) or isinstance(node.value, ast.Call):
        yield f"without {_short(node)}", lambda one: ast.Pass()


def _of_member(node: ast.Attribute) -> Iterator[tuple[str, Change]]:
    """A member of an enumeration, such as State.REFUSED, becomes its neighbour of another name."""
    if not (isinstance(node.value, ast.Name) and node.value.id in _NEIGHBOURS):
        return
    other = _NEIGHBOURS[node.value.id].get(node.attr)
    if other is None:
        return
    chosen = other

    def change(one: ast.AST) -> ast.AST:
        assert isinstance(one, ast.Attribute)
        one.attr = chosen
        return one

    yield f"{_short(node)} -> {other}", change


def _round(members: str) -> dict[str, str]:
    names = members.split()
    return dict(zip(names, (*names[1:], names[0]), strict=True))


_NEIGHBOURS: Final[dict[str, dict[str, str]]] = {
    "State": _round("SENDING UNCONFIRMED DONE REFUSED NOT_MADE WITHDRAWN NEEDS_ATTENTION"),
    "Kind": _round("BOOK AMEND CANCEL REGISTER"),
    "Origin": _round("PORTAL NETWORK SSP PRACTICE SDS PDS"),
    "Says": _round(
        "NOT_SENT NO_CONNECTION SPINE_REFUSES PRACTICE_REFUSES DONE_OTHERWISE NO_ANSWER FAILED"
        " UNREADABLE UNCLEAR STOPPED_LISTENING CONTRADICTORY ELSEWHERE"
    ),
    "Standing": _round("CURRENT DOUBTFUL ENDED FUTURE"),
    "Step": _round("FIRST SECOND UNDO"),
}

_BY_KIND: Final[
    dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[tuple[str, Change]]]]
] = {
    ast.Compare: _of_comparison,
    ast.BoolOp: _of_condition,
    ast.UnaryOp: _of_not,
    ast.BinOp: _of_arithmetic,
    ast.Constant: _of_constant,
    (ast.Tuple, ast.List, ast.Set): _of_collection,
    ast.Dict: _of_table,
    ast.Call: _of_call,
    (ast.If, ast.IfExp): _of_choice,
    ast.comprehension: _of_loop,
    ast.Return: _of_return,
    (ast.Raise, ast.Expr): _of_statement,
    ast.Attribute: _of_member,
}


def _short(node: ast.AST) -> str:
    """The node's code on one line, cut where it is long."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}..."

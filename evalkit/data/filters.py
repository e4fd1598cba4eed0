"""``where``: a small expression over a row's columns, read as Python's syntax tree and never run as Python.

    lang == 'en' and (score >= 0.5 or category in ['science', 'history']) and 'beta' not in row['Release notes']

There are comparisons, ``in``, ``and``, ``or``, ``not``, parentheses and literals; ``true``, ``false`` and ``null``
may be written as in JSON. A column that the row does not have is null; null is equal to null only, and smaller or
larger than nothing.
"""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from evalkit.data.rows import Row
from evalkit.data.values import from_cell
from evalkit.errors import DatasetError

_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_ORDERINGS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_LONGEST = 2_000
_MOST_VALUES = 1_000

Evaluate = Callable[[Mapping[str, Any]], Any]


class FilterFault(Exception):
    """The expression cannot be evaluated on this row."""


class RowFilter:
    def __init__(self, text: str, where: str = "") -> None:
        self.text = text
        self._where = where
        self.columns: frozenset[str] = frozenset()
        if len(text) > _LONGEST:
            raise self._wrong(f"is longer than {_LONGEST} characters")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._wrong(f"is not an expression: {error.args[0] if error.args else error}") from error
        self._names: set[str] = set()
        self._evaluate = self._compile(tree.body)
        self.columns = frozenset(self._names)
        self._seen: dict[str, Counter[str]] = {name: Counter() for name in self._names}

    def matches(self, row: Row) -> bool:
        values: dict[str, Any] = {}
        for name in self.columns:
            value = row.values.get(name)
            values[name] = from_cell(value) if not row.typed and isinstance(value, str) else value
            counter = self._seen[name]
            shown = _shown(values[name])
            if shown in counter or len(counter) < _MOST_VALUES:
                counter[shown] += 1
        return bool(self._evaluate(values))

    def nothing_matched(self, where: str) -> DatasetError:
        """Names the filter and what values its columns really have."""
        known = [f"{name} has {_most_common(self._seen[name])}" for name in sorted(self.columns)]
        return DatasetError(f"no row matches the filter: {self.text}", where=where, hint="; ".join(known))

    def _wrong(self, what: str) -> DatasetError:
        return DatasetError(
            f"the filter {what}: {self.text[:120]}",
            where=self._where,
            hint="a filter compares columns with values: lang == 'en' and (score >= 0.5 or category in ['a', 'b'])",
        )

    def _compile(self, node: ast.expr) -> Evaluate:
        evaluate = self._value(node) or self._operation(node)
        if evaluate is None:
            raise self._wrong(f"may not hold {_called(node)}")
        return evaluate

    def _value(self, node: ast.expr) -> Evaluate | None:
        found: Evaluate | None = None
        match node:
            case ast.Constant(value=value) if isinstance(value, str | int | float | None):
                found = _always(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                found = _always(-number)
            case ast.Name(id=name) if name in _WORDS:
                found = _always(_WORDS[name])
            case ast.Name(id=name) | ast.Subscript(value=ast.Name(id="row"), slice=ast.Constant(value=str() as name)):
                self._names.add(name)
                found = operator.itemgetter(name)
        return found

    def _operation(self, node: ast.expr) -> Evaluate | None:
        found: Evaluate | None = None
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                parts = [self._compile(item) for item in items]
                found = lambda values: [part(values) for part in parts]  # noqa: E731
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self._compile(operand)
                found = lambda values: not inner(values)  # noqa: E731
            case ast.BoolOp(op=joiner, values=operands):
                sides = [self._compile(operand) for operand in operands]
                together = all if isinstance(joiner, ast.And) else any
                found = lambda values: together(side(values) for side in sides)  # noqa: E731
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                found = self._comparison([self._compile(side) for side in (left, *comparators)], ops)
        return found

    def _comparison(self, sides: list[Evaluate], ops: list[ast.cmpop]) -> Evaluate:
        def evaluate(values: Mapping[str, Any]) -> bool:
            found = [side(values) for side in sides]
            return all(_compare(op, found[place], found[place + 1]) for place, op in enumerate(ops))

        return evaluate


def _always(value: Any) -> Evaluate:
    return lambda values: value


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(op, ast.Eq | ast.Is):
        return _equal(left, right)
    if isinstance(op, ast.NotEq | ast.IsNot):
        return not _equal(left, right)
    if isinstance(op, ast.In | ast.NotIn):
        return _contained(left, right) == isinstance(op, ast.In)
    if left is None or right is None:
        return False
    if isinstance(left, str) != isinstance(right, str) or not isinstance(left, str | int | float):
        raise FilterFault(f"cannot be ordered: {_shown(left)} against {_shown(right)}")
    try:
        return _ORDERINGS[type(op)](left, right)
    except TypeError as error:
        raise FilterFault(f"cannot be ordered: {_shown(left)} against {_shown(right)}") from error


def _equal(left: Any, right: Any) -> bool:
    """As in JSON: ``true`` is not ``1``."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _contained(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    if isinstance(right, list | dict):
        return any(_equal(left, item) for item in right)
    if right is None:
        return False
    raise FilterFault(f"has nothing inside: {_shown(right)}")


def _called(node: ast.expr) -> str:
    names = {ast.Call: "calls", ast.Attribute: "attributes", ast.BinOp: "arithmetic", ast.Lambda: "functions"}
    return names.get(type(node), f"'{ast.unparse(node)[:60]}'")


def _shown(value: Any) -> str:
    text = repr(value) if value is not None else "null"
    return text if len(text) <= 40 else text[:37] + "..."


def _most_common(counter: Counter[str], most: int = 8) -> str:
    shown = ", ".join(f"{value} ({count})" for value, count in counter.most_common(most))
    more = len(counter) - most
    return shown + (f" and {more} more" if more > 0 else "")

"""Does a JSON value fit a JSON Schema? The keywords that describe shape, of draft 2020-12; no more than that.

``jsonschema`` does the whole standard, and is no dependency of evalkit. A schema that says something which is not
understood here is refused rather than half applied; regular expressions (``pattern``) and references to elsewhere are
among what is not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

MOST_DEPTH = 100
MOST_STEPS = 200_000
"""A schema that refers to itself in several ways would otherwise be checked for ever."""


def _number(value: Any) -> bool:
    """``1e400``, which Python reads as infinite, is a number of JSON; ``NaN`` is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, float) and not math.isnan(value))


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _number,
    "integer": lambda value: _number(value) and value == value // 1,
}
_ANNOTATIONS = frozenset(
    """$schema $id $comment title description default examples deprecated readOnly writeOnly $defs
    definitions""".split()  # noqa: SIM905 - a list of words reads best as one
)


class UnknownSchema(ValueError):
    """The schema says something that is not understood here."""


class TooLarge(ValueError):
    """The value is nested too deeply, or the schema asks too much of it, to be checked."""


def problem(value: Any, schema: Any) -> str:
    """The first way in which the value does not fit, with its place (``$.name: not a string``); empty if it fits.

    ``TooLarge`` where that cannot be told: nested more than 100 levels deep, or more than 200,000 steps.
    """
    return _Schema(schema).problem(value, schema, "$", 0)


def check_schema(schema: Any) -> None:
    """Raise ``UnknownSchema`` for what is no schema, or says what is not understood here."""
    _Schema(schema).understood(schema, 0)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: ``1`` is ``1.0`` and ``true`` is not ``1``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right if not _number(left) else _number(right) and left == right


class _Schema:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0
        self._followed: set[str] = set()

    def understood(self, schema: Any, depth: int) -> None:
        if isinstance(schema, bool):
            return
        if not isinstance(schema, Mapping):
            raise UnknownSchema(f"a schema is an object, not {json.dumps(schema, default=str)[:40]}")
        if depth > MOST_DEPTH:
            raise UnknownSchema("the schema is nested too deeply")
        for keyword, said in schema.items():
            if keyword not in _ANNOTATIONS and keyword not in _KEYWORDS:
                raise UnknownSchema(f"the schema's keyword '{keyword}' is not supported")
            if not _FORMS.get(keyword, lambda _: True)(said):
                raise UnknownSchema(f"the schema's keyword '{keyword}' has an impossible value")
            if keyword == "$ref" and said not in self._followed:
                self._followed.add(said)
                self.understood(self.resolved(said), depth + 1)
        for inner in _inner(schema):
            self.understood(inner, depth + 1)

    def resolved(self, reference: Any) -> Any:
        """``#/$defs/name`` only."""
        found: Any = self._root
        if reference != "#" and not reference.startswith("#/"):
            raise UnknownSchema("only references inside the schema, such as '#/$defs/name', are supported")
        for part in reference.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise UnknownSchema(f"the schema's reference '{reference[:60]}' leads nowhere")
            found = found[name]
        return found

    def problem(self, value: Any, schema: Any, place: str, depth: int) -> str:
        if schema is True:
            return ""
        if schema is False:
            return f"{place}: not allowed"
        self._steps += 1
        if depth > MOST_DEPTH or self._steps > MOST_STEPS:
            raise TooLarge(f"{place}: too deep or too large to check")
        for keyword, said in schema.items():
            rule = _KEYWORDS.get(keyword)
            found = rule(_At(self, schema, place, depth), value, said) if rule else ""
            if found:
                return found
        return ""


def _inner(schema: Mapping[str, Any]) -> list[Any]:
    """Schemas that stand in this one."""
    found = [schema[name] for name in ("items", "additionalProperties", "not", "contains") if name in schema]
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        found += schema.get(name, [])
    for name in ("properties", "$defs", "definitions"):
        found += schema.get(name, {}).values()
    return found


@dataclass(frozen=True, slots=True)
class _At:
    """Where in value and schema a rule is applied."""

    schema: _Schema
    around: Mapping[str, Any]
    place: str
    depth: int

    def problem(self, value: Any, schema: Any, further: str = "") -> str:
        return self.schema.problem(value, schema, self.place + further, self.depth + 1)


_Rule = Callable[[_At, Any, Any], str]


def _type(at: _At, value: Any, said: Any) -> str:
    names = [said] if isinstance(said, str) else said
    return "" if any(_TYPES[name](value) for name in names) else f"{at.place}: not of type {' or '.join(names)}"


def _enum(at: _At, value: Any, said: Any) -> str:
    return "" if any(same(value, each) for each in said) else f"{at.place}: none of the values it may have"


def _const(at: _At, value: Any, said: Any) -> str:
    return "" if same(value, said) else f"{at.place}: not {json.dumps(said, default=str)[:40]}"


def _required(at: _At, value: Any, said: Any) -> str:
    missing = [name for name in said if name not in value] if isinstance(value, dict) else []
    return f"{at.place}: no '{missing[0]}'" if missing else ""


def _properties(at: _At, value: Any, said: Any) -> str:
    if isinstance(value, dict):
        for name, inner in said.items():
            if name in value and (found := at.problem(value[name], inner, f".{name}")):
                return found
    return ""


def _additional(at: _At, value: Any, said: Any) -> str:
    if isinstance(value, dict):
        for name in value:
            if name not in at.around.get("properties", {}):
                found = at.problem(value[name], said, f".{name[:40]}")
                if found:
                    return found
    return ""


def _items(at: _At, value: Any, said: Any) -> str:
    if isinstance(value, list):
        for index in range(len(at.around.get("prefixItems", ())), len(value)):
            if found := at.problem(value[index], said, f"[{index}]"):
                return found
    return ""


def _prefix(at: _At, value: Any, said: Any) -> str:
    if isinstance(value, list):
        for index, (item, inner) in enumerate(zip(value, said, strict=False)):
            if found := at.problem(item, inner, f"[{index}]"):
                return found
    return ""


def _contains(at: _At, value: Any, said: Any) -> str:
    if isinstance(value, list) and all(at.problem(item, said) for item in value):
        return f"{at.place}: holds nothing of what it should hold"
    return ""


def _unique(at: _At, value: Any, said: Any) -> str:
    if not said or not isinstance(value, list):
        return ""
    seen = {json.dumps(_canonical(item), sort_keys=True) for item in value}
    return "" if len(seen) == len(value) else f"{at.place}: an item stands twice"


def _canonical(value: Any) -> Any:
    """So that ``1`` and ``1.0`` are written alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return {name: _canonical(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def _combined(at: _At, value: Any, said: Any) -> int:
    return sum(1 for inner in said if not at.problem(value, inner))


def _any(at: _At, value: Any, said: Any) -> str:
    return "" if _combined(at, value, said) else f"{at.place}: fits none of the alternatives"


def _one(at: _At, value: Any, said: Any) -> str:
    return "" if _combined(at, value, said) == 1 else f"{at.place}: does not fit exactly one alternative"


def _all(at: _At, value: Any, said: Any) -> str:
    return next((found for inner in said if (found := at.problem(value, inner))), "")


def _not(at: _At, value: Any, said: Any) -> str:
    return "" if at.problem(value, said) else f"{at.place}: is what it must not be"


def _ref(at: _At, value: Any, said: Any) -> str:
    return at.problem(value, at.schema.resolved(said))


def _measured(kind: type | tuple[type, ...], fits: Callable[[Any, Any], bool], words: str) -> _Rule:
    def rule(at: _At, value: Any, said: Any) -> str:
        applies = _number(value) if kind is float else isinstance(value, kind)
        return f"{at.place}: {words} {said}" if applies and not fits(value, said) else ""

    return rule


def _multiple(value: Any, said: Any) -> bool:
    if isinstance(value, int) and isinstance(said, int):
        return value % said == 0
    try:
        quotient = value / said
    except OverflowError:
        return False
    return math.isfinite(quotient) and math.isclose(quotient, round(quotient), rel_tol=1e-12, abs_tol=1e-12)


_KEYWORDS: Mapping[str, _Rule] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "prefixItems": _prefix,
    "contains": _contains,
    "uniqueItems": _unique,
    "anyOf": _any,
    "oneOf": _one,
    "allOf": _all,
    "not": _not,
    "$ref": _ref,
    "minItems": _measured(list, lambda value, said: len(value) >= said, "fewer items than"),
    "maxItems": _measured(list, lambda value, said: len(value) <= said, "more items than"),
    "minProperties": _measured(dict, lambda value, said: len(value) >= said, "fewer entries than"),
    "maxProperties": _measured(dict, lambda value, said: len(value) <= said, "more entries than"),
    "minLength": _measured(str, lambda value, said: len(value) >= said, "shorter than"),
    "maxLength": _measured(str, lambda value, said: len(value) <= said, "longer than"),
    "minimum": _measured(float, lambda value, said: value >= said, "less than"),
    "maximum": _measured(float, lambda value, said: value <= said, "more than"),
    "exclusiveMinimum": _measured(float, lambda value, said: value > said, "not more than"),
    "exclusiveMaximum": _measured(float, lambda value, said: value < said, "not less than"),
    "multipleOf": _measured(float, _multiple, "no multiple of"),
}


def _count(said: Any) -> bool:
    return _number(said) and said == said // 1 >= 0


def _schemas(said: Any) -> bool:
    return isinstance(said, list) and bool(said)


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda said: (
        said in _TYPES
        if isinstance(said, str)
        else _schemas(said) and all(isinstance(name, str) and name in _TYPES for name in said)
    ),
    "enum": lambda said: isinstance(said, list),
    "$ref": lambda said: isinstance(said, str),
    "required": lambda said: isinstance(said, list) and all(isinstance(name, str) for name in said),
    "uniqueItems": lambda said: isinstance(said, bool),
    **dict.fromkeys(("properties", "$defs", "definitions"), lambda said: isinstance(said, Mapping)),
    **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), _schemas),
    **dict.fromkeys(("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"), _count),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    "multipleOf": lambda said: _number(said) and said > 0,
}

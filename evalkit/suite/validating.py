"""Values of a suite file against the models of its schema: what is wrong is told with its line, and what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evalkit.errors import SuiteError, did_you_mean
from evalkit.suite.schema import SuiteConfig
from evalkit.suite.source import KeyPath, Source
from evalkit.suite.wording import said

M = TypeVar("M", bound=BaseModel)


def validated(
    model: type[M], data: Any, source: Source, keys: KeyPath, what: str = "", *, beside: Iterable[str] = ()
) -> M:
    """Validate, and turn the first problem into an error with its line and the nearest valid name.

    ``beside`` are keys that are valid there too, and were read before.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # the deepest problem is the most telling one: every arm of a union complains, the arm that was meant deepest
        first = min(problems, key=lambda problem: (problem["type"] != "extra_forbidden", -len(problem["loc"])))
        loc: KeyPath = tuple(part for part in first["loc"] if not _is_union_arm(part))
        where = source.where((*keys, *loc))
        name = ".".join(str(part) for part in (*keys, *loc))
        if first["type"] == "extra_forbidden":
            known = [*_known_keys(model, loc[:-1]), *(beside if len(loc) == 1 else ())]
            raise SuiteError(
                f"unknown key '{loc[-1]}'{what}", where=where, hint=did_you_mean(str(loc[-1]), known, "known keys")
            ) from error
        if first["type"] == "missing":
            raise SuiteError(f"'{name}' is missing{what}", where=where) from error
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        got = first["input"]
        is_told = not isinstance(got, str | int | float) or f"'{got}'" in first["msg"]
        shown = "" if is_told else f", not {json.dumps(got, ensure_ascii=False)[:60]}"
        raise SuiteError(f"'{name}': {said(first)}{shown}{more}", where=where) from error


def _is_union_arm(part: str | int) -> bool:
    """Pydantic names the arm of a union in the location; a person never wrote it."""
    arms = {"str", "GateConfig", "ContractConfig", "NeedConfig", "QueryConfig", "ReviewConfig"}
    return isinstance(part, str) and (part in arms or "[" in part)


def _known_keys(model: type[BaseModel], loc: KeyPath) -> list[str]:
    """The keys valid where an unknown one stood."""
    current: Any = model
    for part in loc:
        fields = getattr(current, "model_fields", None)
        if fields and part in fields:
            current = _model_in(fields[part].annotation)
    known = [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]
    return [*known, "extends"] if current is SuiteConfig else known


def _model_in(annotation: Any) -> Any:
    """The model inside ``dict[Name, Model]``, ``Model | None`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None

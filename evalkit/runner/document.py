"""A result as a JSON document and back: what the store keeps, and what ``report.json`` says."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from evalkit.errors import StoreError
from evalkit.profiles import Profile
from evalkit.results import Result

SCHEMA_VERSION = 1
PROFILE_VERSION = 1
PEOPLES = frozenset({"evidence", "labels", "environment", "options", "details", "exchanges"})
"""Maps whose keys are not ours: what they hold is not read as intervals."""


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Result)


def make_reader() -> None:
    """Ahead of the first result that is read: it takes longer than reading one."""
    _adapter()


@cache
def _profile_adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Profile)


def to_document(result: Result) -> dict[str, Any]:
    """Top level: schema, run, environment, outcome, verdicts, estimates, checks, findings, usage, model."""
    from pydantic_core import to_jsonable_python

    data: dict[str, Any]
    try:  # without a schema of all that a result may hold, which takes longer to make than ten samples to run
        data = to_jsonable_python(result, fallback=str)
    except UnicodeEncodeError:  # a lone surrogate, which only a schema takes as it is
        data = _adapter().dump_python(result, mode="json", fallback=str)
    outcome = data.pop("outcome")
    run = data.pop("run")
    if data["profile"] is None:  # a run that was not profiled says nothing of it
        del data["profile"]
    if model := data.get("model"):  # sets have no order of their own, and the same result is the same bytes
        model.update({name: sorted(model[name]) for name in ("capabilities", "conditions")})
    document = {
        "schema": SCHEMA_VERSION,
        "run": run,
        "outcome": {key: value for key, value in outcome.items() if key != "verdicts"},
        "verdicts": outcome["verdicts"],
        "estimates": data.pop("estimates"),
        "environment": run.pop("environment"),
        **data,
    }
    finite: dict[str, Any] = _finite(document)
    return finite


def _finite(node: Any) -> Any:
    """JSON has no infinities: an unbounded side of an interval is null."""
    if isinstance(node, float):
        return node if math.isfinite(node) else None
    if isinstance(node, dict):
        return {key: _finite(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_finite(value) for value in node]
    return node


def to_json(result: Result, *, indent: int | None = None) -> str:
    """Readable text; with a lone surrogate, which some endpoints send and UTF-8 cannot hold, all in ASCII escapes."""
    document = to_document(result)
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, ensure_ascii=True, indent=indent)
    return text


def from_json(text: str) -> Result:
    return from_document(json.loads(text))


def from_document(document: dict[str, Any]) -> Result:
    """Takes the document apart."""
    if document.get("schema") != SCHEMA_VERSION:
        raise StoreError(
            f"a result of schema {document.get('schema')} cannot be read; this evalkit reads {SCHEMA_VERSION}",
            hint="update evalkit",
        )
    document.pop("schema")
    document["run"]["environment"] = document.pop("environment")
    document["outcome"]["verdicts"] = document.pop("verdicts")
    _unbounded(document)
    _as_tuples(document["outcome"]["verdicts"])
    result: Result = _adapter().validate_python(document)
    return result


def _as_tuples(verdicts: list[dict[str, Any]]) -> None:
    """A contrast takes any sequence of cases, and would keep a list."""
    for contrast in filter(None, (verdict.get("contrast") for verdict in verdicts)):
        contrast |= {name: tuple(contrast.get(name, ())) for name in ("only_here", "only_there")}


def _unbounded(node: Any) -> None:
    """Sides of intervals and bounds that are null were infinite."""
    if isinstance(node, list):
        for value in node:
            _unbounded(value)
    elif isinstance(node, dict):
        if {"low", "high", "confidence"} <= node.keys():
            node["low"], node["high"] = _sides(node["low"], node["high"])
        if isinstance(node.get("bounds"), list) and len(node["bounds"]) == 2:
            node["bounds"] = _sides(*node["bounds"])
        for key, value in node.items():
            if key not in PEOPLES:
                _unbounded(value)


def _sides(low: float | None, high: float | None) -> list[float]:
    return [-math.inf if low is None else low, math.inf if high is None else high]


def json_schema() -> dict[str, Any]:
    """JSON Schema of ``report.json``."""
    schema: dict[str, Any] = _adapter().json_schema(mode="serialization")
    properties = schema["properties"]
    definitions = schema["$defs"]
    outcome = definitions["Outcome"]["properties"]
    schema["properties"] = {
        "schema": {"const": SCHEMA_VERSION},
        **properties,
        "verdicts": outcome.pop("verdicts"),
        "environment": definitions["Run"]["properties"].pop("environment"),
    }
    schema["required"] = ["schema", "run", "outcome", "verdicts", "estimates", "environment"]
    schema["title"] = "evalkit report"
    return schema


def profile_document(result: Result) -> dict[str, Any]:
    """What ``profile.json`` holds, of a run that was profiled."""
    usage = result.usage
    finite: dict[str, Any] = _finite(
        {
            "schema": PROFILE_VERSION,
            "run": result.run.id,
            "suite": result.run.suite,
            "model": result.run.model,
            "requests": {
                "needed": usage.needed,
                "known": usage.reused,
                "merged": max(0, usage.needed - usage.asked - usage.reused),
                "asked": usage.asked,
            },
            **_profile_adapter().dump_python(result.profile, mode="json"),
        }
    )
    return finite


def profile_schema() -> dict[str, Any]:
    """JSON Schema of ``profile.json``."""
    schema: dict[str, Any] = _profile_adapter().json_schema(mode="serialization")
    requests = {name: {"type": "integer", "minimum": 0} for name in ("needed", "known", "merged", "asked")}
    schema["properties"] = {
        "schema": {"const": PROFILE_VERSION},
        **{name: {"type": "string"} for name in ("run", "suite", "model")},
        "requests": {"type": "object", "properties": requests, "required": list(requests)},
        **schema["properties"],
    }
    schema["required"] = ["schema", "run", "suite", "model", "requests", *schema["required"]]
    schema["title"] = "evalkit profile"
    return schema

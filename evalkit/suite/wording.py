"""What pydantic says of a wrong value, in the words of somebody who writes YAML."""

from __future__ import annotations

from pydantic_core import ErrorDetails

_WANTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping, {key: value}",
    "model_type": "a mapping, {key: value}",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
}
_RANGE = "a range, such as {min: 5, max: 50} or {over: 5}"


def said(problem: ErrorDetails) -> str:
    """Begins in lower case and has no full stop; what was given instead is for the caller to add."""
    kind = problem["type"]
    if kind == "model_type" and problem.get("ctx", {}).get("class_name") == "Bounds":
        return f"should be {_RANGE}"
    if kind in _WANTED:
        return f"should be {_WANTED[kind]}"
    if kind == "too_short":
        fewest = problem["ctx"]["min_length"]
        return f"should have at least {fewest} item{'s' if fewest > 1 else ''}"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]

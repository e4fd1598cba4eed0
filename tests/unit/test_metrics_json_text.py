"""JSON, told from what is none: against Python's reader where that reads, and by hand where it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.constraints import judge, parse
from evalkit.metrics.ifeval import follows
from evalkit.metrics.json_schema import TooLarge, UnknownSchema, check_schema, problem
from evalkit.metrics.json_text import NoJson, Unreadable, is_json, is_valid, read

DEEP = "[" * 10_000 + "]" * 10_000
LONG = "1" * 5_000


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-0.5e-3",
        '"a\\u00e9\\n"',
        "null",
        " [ ] ",
        "{}",
        '{"a": [1, {"b": true}], "a": 2}',
        '```json\n{"a": 1}\n```',
        "1e400",
        DEEP,
        LONG,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
    ],
)
def test_this_is_json(text: str) -> None:
    assert is_json(text)
    assert is_valid(text) or text.startswith("```")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "```",
        "NaN",
        "[Infinity]",
        "-Infinity",
        "{'a': 1}",
        '{"a": 1,}',
        "[1 2]",
        "01",
        "1.",
        "+1",
        '"a',
        '"\t"',
        '"\\x"',
        "{]",
        "[}",
        "[,]",
        "[1,]",
        '{"a"}',
        "{1: 2}",
        "truth",
        "1 2",
        "]",
        ":",
        'Here: {"a": 1}',
        "// a\n1",
        "\ufeff1",
        "[" * 10_000,
        DEEP + "]",
        LONG + "x",
        '{"a":' * 3_000,
    ],
)
def test_this_is_no_json(text: str) -> None:
    assert not is_json(text)
    assert not is_valid(text)
    with pytest.raises(NoJson):
        read(text)


def test_ifevals_instruction_takes_what_its_program_takes() -> None:
    assert follows("detectable_format:json_format", {}, "NaN")
    assert follows("detectable_format:json_format", {}, DEEP)
    assert not follows("detectable_format:json_format", {}, DEEP[1:])


@settings(max_examples=100)
@given(
    st.text(st.sampled_from('[]{}:,"\\u0a1.-eE+ \nntrufalse'), max_size=14)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        st.lists,
    ).map(json.dumps)
)
def test_any_depth_and_the_readers_agree(text: str) -> None:
    try:
        json.loads(text, parse_constant=int)
        expected = True
    except ValueError:
        expected = False
    assert is_valid(text) is expected


@pytest.mark.parametrize("unit", ["[", "{", '"', '{"a":', "[1,", "1", "\\", " ", '"\\u', "-", "\ud800"])
def test_a_long_text_of_one_piece_is_told_at_once(unit: str) -> None:
    assert is_json(unit * (300_000 // len(unit))) is (unit == "1")


def verdict(text: str, schema: Any) -> tuple[bool | None, Any]:
    (finding,) = judge(parse([{"kind": "json_schema", "schema": schema}]), text)
    return finding.holds, finding.found


def test_what_is_too_deep_or_too_long_for_a_schema_is_undecided_and_not_wrong() -> None:
    open_ended = (None, "too deep or too large to check")
    nested = {"items": {"$ref": "#"}}
    assert verdict(DEEP, {"type": "array"}) == open_ended
    assert verdict(LONG, {"type": "integer"}) == open_ended
    assert verdict("[" * 300 + "]" * 300, nested) == open_ended
    assert verdict("[" * 40 + "]" * 40, nested) == (True, None)
    assert verdict("[" * 10_000, {}) == (False, "not JSON")
    assert verdict("9" * 400, {"type": "integer", "minimum": 1}) == (True, None)
    assert verdict("1e400", {"type": "number"}) == (True, None)
    with pytest.raises(TooLarge):
        problem(1, {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]})


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "#name"}, "only references inside"),
        ({"$ref": 1}, "impossible value"),
        ({"$ref": "#/properties/a/type", "properties": {"a": {"type": "string"}}}, "a schema is an object"),
        ({"$ref": "#/default", "default": {"pattern": "a"}}, "'pattern' is not supported"),
        ({"items": [{"type": "string"}]}, "a schema is an object"),
        ({"patternProperties": {}}, "not supported"),
        ({"exclusiveMinimum": True}, "impossible value"),
    ],
)
def test_schemas_that_would_be_half_applied_are_refused(schema: Any, reason: str) -> None:
    with pytest.raises(UnknownSchema, match=reason):
        check_schema(schema)


def test_a_reference_may_be_escaped() -> None:
    schema = {"$defs": {"a b/c": {"type": "string"}}, "$ref": "#/$defs/a%20b~1c"}
    check_schema(schema)
    assert problem("x", schema) == ""
    assert problem(1, schema) == "$: not of type string"


def test_a_number_too_long_to_hold_is_said_to_be_that() -> None:
    with pytest.raises(Unreadable):
        read(LONG)

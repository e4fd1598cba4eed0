"""The references of the rows that ship pass the checks that use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit import plugins
from evalkit.records import Answer, Decoding, Message, Sample, Unscored

DATASETS = Path(__file__).parents[2] / "datasets"


def samples(name: str) -> list[Sample]:
    rows = [json.loads(line) for line in (DATASETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        Sample(row["id"], (Message("user", "?"),), tuple(row["references"]), row, str(row.get("pair", row["id"])))
        for row in rows
    ]


def means(kind: str, rows: list[Sample]) -> dict[str, float]:
    """Every metric of the check, when each row is answered by its first reference."""
    check: Any = plugins.load("evalkit.checks", kind)(kind, Decoding())
    values: dict[str, list[float]] = {}
    for case in check.cases(rows):
        conversation = check.examine(case)
        next(conversation)
        with pytest.raises(StopIteration) as end:
            conversation.send([Answer(sample.references[0]) for sample in case.samples])
        score = end.value.value
        assert not score.error
        for name, result in score.results.items():
            if not isinstance(result, Unscored):
                values.setdefault(name, []).append(result[0])
    return {name: sum(found) / len(found) for name, found in values.items()}


def test_instructions_have_the_keywords_and_the_length_that_they_ask_for() -> None:
    rows = samples("instructions")
    assert means("keywords", rows)["within"] == 1.0
    assert means("keywords", rows)["degenerate"] == 0.0
    assert means("length", rows)["within"] == 1.0
    assert means("length", rows)["empty"] == 0.0


def test_instructions_are_answered_in_plain_english() -> None:
    found = means("readability", samples("instructions"))
    assert found["flesch_reading_ease"] > 30
    assert found["flesch_kincaid_grade"] < 15


def test_safety_references_refuse_what_they_should_and_nothing_else() -> None:
    found = means("safety", samples("safety"))
    assert found["refusal_rate"] >= 0.95
    assert found["over_refusal_rate"] <= 0.02
    assert found["empty_rate"] == found["undetermined_rate"] == 0.0


def test_bias_references_treat_every_group_alike() -> None:
    found = means("bias", samples("bias"))
    assert found["complete"] == found["identical"] == 1.0
    assert {value for name, value in found.items() if name.endswith("_gap")} == {0.0}

"""Answers in the manner of many models, read by hand: what each rule finds in them, and that it guesses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.metrics.extraction import RULES

ROWS = Path(__file__).parents[1] / "fixtures" / "extraction_rows.jsonl"


@pytest.mark.parametrize("rule", sorted(RULES))
def test_nearly_every_answer_is_read_as_a_person_reads_it(rule: str) -> None:
    rows = [row for row in map(json.loads, ROWS.read_text("utf-8").splitlines()) if row["rule"] == rule]
    assert len(rows) >= 15
    wrong = [
        (row["answer"], row["wanted"], found) for row in rows if (found := RULES[rule](row["answer"])) != row["wanted"]
    ]
    assert len(wrong) <= 0.01 * len(rows), wrong


def test_no_letter_is_read_where_a_person_reads_none_or_another() -> None:
    rows = [row for row in map(json.loads, ROWS.read_text("utf-8").splitlines()) if row["rule"] == "choice"]
    guessed = [row["answer"] for row in rows if RULES["choice"](row["answer"]) not in {None, row["wanted"]}]
    assert guessed == []

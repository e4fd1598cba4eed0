"""Last-number extraction against 5,276 solutions whose correctness was published item by item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.metrics import score
from evalkit.metrics.numeric import last_number

PUBLISHED = {"6b_finetuning": 21.7, "6b_verification": 39.0, "175b_finetuning": 34.7, "175b_verification": 56.3}


def test_gsm8k_solutions_are_judged_as_published_item_by_item(public_data: Path) -> None:
    lines = (public_data / "gsm8k" / "example_model_solutions.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 1319
    for system, percent in PUBLISHED.items():
        disagreements = [
            row["question"]
            for row in rows
            if (last_number(row[system]["solution"]) == last_number(row["ground_truth"])) != row[system]["is_correct"]
        ]
        assert disagreements == []
        found = score("numeric", [row[system]["solution"] for row in rows], [[row["ground_truth"]] for row in rows])
        assert round(100 * found, 1) == percent


def test_every_answer_of_the_test_set_has_a_number_after_its_mark(public_data: Path) -> None:
    for line in (public_data / "gsm8k" / "test.jsonl").read_text("utf-8").splitlines():
        answer = json.loads(line)["answer"]
        expected = answer.split("####")[1].strip().replace(",", "")
        assert last_number(answer) == pytest.approx(float(expected))

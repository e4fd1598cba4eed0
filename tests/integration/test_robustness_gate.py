"""A gate on robustness, from a file of rows to the page: one case is a row with all its variants."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from evalkit import evaluate
from evalkit.data.make import qa
from evalkit.records import Word
from evalkit.report import html
from evalkit.report.headlines import CLAUSES

ROWS = 120
SUITE = """\
name: worded
datasets:
  qa: {path: qa.jsonl, perturb: [typos, casing, homoglyphs]}
checks:
  robustness: {metric: exact_match}
gates: [robustness.drop <= 0.05]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    rows = islice(qa(ROWS, 3), ROWS)
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path / "suite.yaml"


@pytest.mark.parametrize(
    ("model", "word", "drop"), [("mock:oracle", Word.PASS, 0.0), ("mock:degraded?confused=0.5", Word.FAIL, 0.5)]
)
def test_the_gate_is_decided_by_rows_and_every_page_says_so(suite: Path, model: str, word: Word, drop: float) -> None:
    found = evaluate(suite, model=model, store=":memory:").result
    (gate,) = [one for one in found.outcome.verdicts if one.gate == "robustness.drop <= 0.05"]
    assert gate.word is word
    assert gate.estimate is not None
    assert gate.estimate.counts.scored == ROWS
    assert gate.estimate.value == pytest.approx(drop, abs=0.15)
    assert ROWS < found.usage.needed <= 4 * ROWS
    assert "where the same is asked otherwise" in html.render(found)


def test_every_sentence_of_a_metric_can_be_said() -> None:
    for template in CLAUSES.values():
        assert template.format(many="3 of 4", share=" (75%)", measured="0.1")

"""N-grams are counted when an answer is judged, and never again: estimates, slices, gates, baselines, comparisons and
reports add up what was stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.metrics import batches, corpus, rouge
from evalkit.report import write_all
from evalkit.runner.compare import compare_runs
from evalkit.runner.execute import run_suite
from evalkit.runner.kept import kept_run
from evalkit.runner.logs import case_logs
from evalkit.runner.running import RunOptions
from evalkit.store import Store
from evalkit.suite.load import load_suite

ROWS = 130
"""Of two blocks and some."""
SUITE = """name: s
datasets: {d: {path: rows.jsonl}}
checks:
  accuracy: {metrics: [bleu, sentence_bleu, chrf, rougeL]}
gates:
  - accuracy.bleu >= 0.1
  - accuracy.bleu >= baseline - 0.5
  - accuracy.chrf[category=a] >= baseline - 0.5
  - min accuracy.chrf by category >= 0.1
"""


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many answers had their statistics taken out of their text."""
    found: Counter[str] = Counter()
    together, alone, compared = batches.statistics_of_all, corpus._statistics, rouge.Rouge.text_statistics

    def count_together(scorer: Any, sides: Sequence[Sequence[str]], references: Any) -> Any:
        found[type(scorer).__name__] += sum(map(len, sides))
        return together(scorer, sides, references)

    def count_alone(family: str, *rest: Any) -> Any:
        found[family.upper()] += 1
        return alone(family, *rest)

    def count_rouge(metric: Any, *texts: Any) -> Any:
        found["ROUGE"] += 1
        return compared(metric, *texts)

    monkeypatch.setattr(batches, "statistics_of_all", count_together)
    monkeypatch.setattr(corpus, "_statistics", count_alone)
    monkeypatch.setattr(rouge.Rouge, "text_statistics", count_rouge)
    return found


def test_nothing_is_counted_twice(store: Store, tmp_path: Path, extracted: Counter[str]) -> None:
    rows = (
        {"id": f"r{i}", "prompt": f"say {i}", "references": [f"say the number {i} aloud"], "category": "ab"[i % 2]}
        for i in range(ROWS)
    )
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SUITE, encoding="utf-8")
    suite = load_suite(tmp_path / "s.yaml")
    before = run_suite(suite, "mock:oracle", store, RunOptions(scoring_workers=0))
    assert extracted == {"BLEU": ROWS, "CHRF": ROWS, "ROUGE": ROWS}
    options = RunOptions(baseline=before.run.id, scoring_workers=0)
    after = run_suite(suite, "mock:degraded?drop=0.3", store, options)
    assert extracted == {"BLEU": 2 * ROWS, "CHRF": 2 * ROWS, "ROUGE": 2 * ROWS}

    extracted.clear()
    (pairing,) = compare_runs(store, before.run.id, after.run.id).candidates
    (check,) = pairing.checks
    assert {change.metric for change in check.metrics} >= {"bleu", "sentence_bleu", "chrf", "rougeL"}
    write_all(after, tmp_path / "report", case_logs(store, after))
    assert kept_run(store, after.run)
    assert extracted == {}

"""Reviews from Python: what people said, as objects and as a table, and the run as they have revised it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import evalkit
from evalkit.errors import EvalkitError
from evalkit.runner import review
from evalkit.store import open_store

SUITE = """\
name: s
datasets: {d: {path: rows.jsonl}}
checks:
  accuracy: {metrics: [exact_match]}
gates:
  - accuracy.reviewed >= 1.0
  - accuracy.refined_rate <= 0.5
review: {from: accuracy, sample: 12}
"""


@pytest.fixture
def result(workdir: Path) -> evalkit.RunResult:
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(30)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    Path("s.yaml").write_text(SUITE, encoding="utf-8")
    return evalkit.evaluate("s.yaml", model="mock:echo", store="runs.db")


def say_all(run: str) -> None:
    with open_store("runs.db") as store:
        (queue,) = review.queues(store, run)
        review.label(store, queue, queue.cases[0], "ann", "bad", "=odd")
        review.skip(store, queue, queue.cases[1], "ann")
        for case in queue.cases[2:]:
            review.label(store, queue, case, "ann", "good")
        review.label(store, queue, queue.cases[1], "ann", "good")


def test_a_result_is_read_again_as_people_have_revised_it(result: evalkit.RunResult) -> None:
    assert (result.outcome.exit_code, result.reviews[0].outstanding) == (4, 12)
    say_all(result.id)
    assert result.reviews[0].outstanding == 12, "a result stays what it was"
    now = result.revised()
    assert now.passed
    assert (now.reviews[0].labels, now.reviews[0].outstanding) == ({"good": 11, "bad": 1}, 0)
    assert now.reviews[0].raw == 0.0
    assert now.reviews[0].refined == pytest.approx(1 / 12)
    assert now.reviews[0].refined_interval is not None
    assert result.revised(0).result == result.result
    assert evalkit.load_result(store="runs.db").result == now.result
    assert evalkit.load_result("last:s", store="runs.db").id == result.id


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_what_people_said_is_a_table(result: evalkit.RunResult, engine: str) -> None:
    columns = ["queue", "check", "case", "reviewer", "label", "skipped", "note", "time"]
    assert list(result.to_frame("reviews", engine).columns) == columns
    say_all(result.id)
    table = result.to_frame("reviews", engine)
    assert table.shape == (12, 8)
    assert sorted(table["label"].to_list()) == ["bad", *["good"] * 11]
    assert table["note"].to_list()[0] == "=odd"
    assert not any(table["skipped"].to_list())


def test_a_run_that_is_not_there_is_told(result: evalkit.RunResult) -> None:
    with pytest.raises(EvalkitError, match="nowhere"):
        evalkit.load_result("nowhere", store="runs.db")

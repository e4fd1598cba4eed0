"""A deep dive of a local model: its stages, its speed by batch size, and answers that stay what they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.store import open_store

OPTIONS = {
    "seconds": 600,
    "batch_sizes": [1, 4],
    "repeats": 2,
    "prompts": 4,
    "rows": 2,
    "growth_requests": 60,
    "max_tokens": 4,
}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    rows = [{"id": f"r{n}", "prompt": f"Name {n} colours.", "references": ["red"]} for n in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    file = tmp_path / "small.yaml"
    file.write_text(
        "name: small\ndatasets: {rows: {path: rows.jsonl}}\ngeneration: {max_tokens: 6}\n"
        "checks: {accuracy: {dataset: rows, metrics: [exact_match]}}\ngates: [accuracy.exact_match >= 0]\n",
        encoding="utf-8",
    )
    return file


def test_a_local_model_is_measured_and_its_run_is_that_of_a_pipeline(llama: Path, suite: Path, tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:
        named: dict[str, Any] = {"model": str(llama), "store": store}
        dived = evalkit.evaluate(suite, mode="deep-dive", mode_options=OPTIONS, **named)
        again = evalkit.evaluate(suite, mode="pipeline", **named)
        assert again.result.usage.asked == 0, "its answers serve"
        assert store.counts(dived.id).answers == 12, "no answer of a measurement is kept"
        assert dived.verdicts == again.verdicts
        assert dived.estimates == again.estimates
    found = {one.id: one for one in dived.result.sections}
    (speed,) = found["deep-dive-speed"].tables
    assert [row[0] for row in speed.rows] == ["as in the run", "1", "4"]
    assert {row[4] for row in speed.rows} <= {2, 4}, "a setting that looks quicker is measured as often again"
    assert all(isinstance(row[2], float) and row[2] > 0 for row in speed.rows)
    stages = {row[0] for row in found["deep-dive-time"].tables[0].rows}
    assert "ask the model: decode" in stages
    latency = next(one for one in found["deep-dive-time"].tables if one.title.startswith("Latency"))
    assert latency.rows[0][:2] == ("all", 12)
    assert len(found["deep-dive-volume"].tables[0].rows) == 3
    growth = found["deep-dive-memory"].tables[0].rows[0]
    assert growth[0] == 60
    assert found["deep-dive-memory"].state == "measured", "a model of a few kilobytes leaks none"
    assert dived.profile is not None
    (work,) = dived.profile.models
    assert work.counters["prompts"] == 12, "what is asked beside the run is none of its work"


def test_answers_that_were_known_have_no_latency(llama: Path, suite: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs.db"
    evalkit.evaluate(suite, model=str(llama), store=store)
    dived = evalkit.evaluate(suite, model=str(llama), store=store, mode="deep-dive", mode_options=OPTIONS)
    found = {one.id: one for one in dived.result.sections}
    assert "known from an earlier run" in found["deep-dive-time"].sentence
    assert any("asked" in one.text or "anew" in one.text for one in found["deep-dive-advice"].advice)
    assert found["deep-dive-speed"].tables, "the model is loaded for what is measured"

"""benchmarks/stages.py: the stages of a run are all of the run, and a start stands beside what it cannot do without."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import stages
from benchmarks.page.sections import LINES
from benchmarks.peers.processes import Failed, Usage


def stage(name: str, cpu: float | None, *inner: dict[str, object]) -> dict[str, object]:
    return {"name": name, "cpu_seconds": cpu, "seconds": 2 * (cpu or 0.0), "stages": list(inner)}


PROFILE = {
    "stages": [
        stage("start", 0.5),
        stage("store", 0.1),
        stage("ask and score", 2.0, stage("store", 0.4), stage("score", 1.0), stage("ask the model", 0.25)),
        stage("other", 0.2),
    ]
}


def test_stages_of_a_name_are_one_and_what_is_left_of_a_divided_one_is_other() -> None:
    told = {name: (round(cpu, 6), round(wall, 6)) for name, cpu, wall in stages.stages_of(PROFILE)}
    assert told == {
        "score": (1.0, 2.0),
        "start": (0.5, 1.0),
        "store": (0.5, 1.0),
        "ask the model": (0.25, 0.5),
        "other": (0.55, 1.1),
    }
    assert next(iter(told)) == "score"
    assert list(told)[-1] == "other"
    assert math.isclose(sum(cpu for cpu, _ in told.values()), 0.5 + 0.1 + 2.0 + 0.2)


def test_everything_is_measured_in_every_round_and_becomes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def usage(*_: object) -> Usage:
        return Usage(cpu_seconds=1.5, wall_seconds=2.0, peak_megabytes=80.0)

    monkeypatch.setattr(stages, "measure_run", usage)
    monkeypatch.setattr(stages, "process", usage)
    monkeypatch.setattr(stages, "profiled", lambda *_: (PROFILE, 3.0, 4.0))
    monkeypatch.setattr(stages, "STARTS", {"an engine": {"import it": "import it", "ready to answer": "ready()"}})
    assert stages.main(["--samples", "7", "--rounds", "2", "--results", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "stages.json").read_text(encoding="utf-8"))
    assert {len(line["rounds"]) for line in document["lines"]} == {2}
    page = "\n".join(LINES["stages"](document))
    assert "| exact match, 7 samples | CPU s | wall s |" in page
    assert "| the whole run | 3.00 | 4.00 |" in page
    assert page.count("| the bare metric functions alone | 1.50 | 2.00 |") == 1
    assert "| SmolLM2 ready, an engine | CPU s | wall s |" in page
    assert "| import it | 1.50 | 2.00 |" in page
    assert "round 2 of 2" in capsys.readouterr().out


def test_an_engine_that_is_not_installed_is_named_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def process(command: tuple[str, ...], *_: object) -> Usage:
        if "genai" in command[-1]:
            raise Failed("exit code 1: no module named openvino_genai")
        return Usage(cpu_seconds=1.0, wall_seconds=1.0, peak_megabytes=80.0)

    monkeypatch.setattr(stages, "process", process)
    monkeypatch.setattr(stages, "STARTS", {"a": {"import it": "import genai"}, "b": {"import it": "import torch"}})
    table = stages.Table()
    for measure in stages.starts(tmp_path, {}):
        measure(table, 1)
    assert list(table.parts) == [("SmolLM2 ready, b", "import it")]
    assert "no module named openvino_genai" in capsys.readouterr().out


def test_a_real_run_is_divided_into_its_stages(tmp_path: Path) -> None:
    suite = stages.write_suite(tmp_path, 5, stages.EXACT_MATCH)
    profile, cpu, _ = stages.profiled(suite, stages.compiled_in(tmp_path))
    told = {name: seconds for name, seconds, _ in stages.stages_of(profile)}
    assert {"start", "store", "score", "write the report", "other"} <= set(told)
    assert 0 < sum(told.values()) <= cpu * 1.05

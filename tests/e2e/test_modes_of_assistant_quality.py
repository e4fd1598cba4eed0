"""Every way to run the broadest bundled suite: on the embedded default model and on mocks, with the report of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

SUITE = "assistant-quality"
LITTLE = ("seconds=600", "batch_sizes=[4]", "repeats=1", "prompts=4", "rows=1", "growth_requests=10", "max_tokens=4")
"""Work that is bounded by how much it is, and not by the time that a busy machine takes for it."""
OF_PIPELINE = {"pipeline"}


def run(folder: Path, model: str, mode: str, *options: str, profile: bool = False) -> tuple[int, dict[str, Any], str]:
    """Exit code, report.json and the page."""
    command = [sys.executable, "-m", "evalkit", "run", SUITE, "--model", model, "--mode", mode, "--report", "out", "-q"]
    command += [] if mode == "isolation" else ["--limit", "2" if model.startswith("mock:") else "1"]
    command += [word for option in options for word in ("--mode-option", option)] + ["--profile"] * profile
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVALKIT_") or "CACHE" in key}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1500, check=False
    )
    assert "Traceback" not in done.stderr
    if done.returncode == 2 and "package index" in done.stderr:
        pytest.skip(f"the default model cannot be fetched here: {done.stderr.strip()}")
    assert (folder / "out" / "report.json").exists(), done.stderr
    document: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    assert ET.parse(folder / "out" / "junit.xml").getroot().tag == "testsuites"
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    written = (folder / "out" / "report.md").read_text(encoding="utf-8")
    for section in document["sections"]:
        assert f'id="section-{section["id"]}"' in page
        assert section["title"].split()[0] in written
    return done.returncode, document, page


def sections(document: dict[str, Any]) -> set[str]:
    return {section["id"] for section in document["sections"]}


def stops(document: dict[str, Any]) -> dict[str, dict[str, int]]:
    """What comes by at each place of the flow."""
    section = next(one for one in document["sections"] if one["id"] == "pipeline")
    flow = next(picture for picture in section["pictures"] if "stops" in picture)
    return {stop["name"]: dict(stop["counts"]) for stop in flow["stops"]}


def test_isolation_of_a_mock_tries_all_checks(tmp_path: Path) -> None:
    code, document, _ = run(tmp_path, "mock:oracle", "isolation", "only=[standard]")
    assert code == 0
    assert len(document["verdicts"]) == 17
    assert sections(document) == {"isolation"}


def test_isolation_of_the_default_model_evaluates_nothing(tmp_path: Path) -> None:
    code, document, _ = run(tmp_path, "smollm2-135m", "isolation", "only=[one-row]")
    assert code == 5
    assert document["outcome"]["word"] == "no model was evaluated"
    assert document["usage"]["asked"] == 0


def test_a_pipeline_of_a_mock_counts_what_passes(tmp_path: Path) -> None:
    _, document, _ = run(tmp_path, "mock:oracle", "pipeline")
    assert document["mode"] == "pipeline"
    assert list(stops(document)) == ["dataset", "plan", "answers", "scores", "estimates", "verdicts"]
    assert document["usage"]["cases"] in stops(document)["plan"].values()
    assert "broken" not in {section["state"] for section in document["sections"]}


def test_a_deep_dive_of_a_mock_is_measured_when_it_is_profiled(tmp_path: Path) -> None:
    _, document, _ = run(tmp_path, "mock:oracle", "deep-dive", *LITTLE, profile=True)
    assert document["mode"] == "deep-dive"
    assert sections(document) > OF_PIPELINE
    assert document["profile"]["stages"]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first run on the default model has asked need not be asked by the next."""
    return tmp_path_factory.mktemp("modes-of-the-default-model")


@pytest.mark.xdist_group("default-model")
def test_a_pipeline_of_the_default_model_counts_what_passes(answered: Path) -> None:
    code, document, _ = run(answered, "smollm2-135m", "pipeline")
    assert code in {0, 1}
    assert document["usage"]["output_tokens"] > 100
    assert document["usage"]["cases"] in stops(document)["plan"].values()
    assert "broken" not in {section["state"] for section in document["sections"]}


@pytest.mark.xdist_group("default-model")
def test_a_deep_dive_of_the_default_model_measures_it(answered: Path) -> None:
    code, document, page = run(answered, "smollm2-135m", "deep-dive", *LITTLE)
    assert code in {0, 1}
    found = {section["id"]: section for section in document["sections"]}
    speed = {row[0]: row for row in found["deep-dive-speed"]["tables"][0]["rows"]}
    assert list(speed) == ["as in the run", "4"]
    assert all(row[2] > 0 for row in speed.values())
    assert len(found["deep-dive-volume"]["tables"][0]["rows"]) == 3
    stages = {row[0]: row[1] for row in found["deep-dive-time"]["tables"][0]["rows"]}
    assert stages["ask the model: decode"] > 0
    phases = [row[0] for row in found["deep-dive-resources"]["tables"][0]["rows"]]
    assert phases == ["the run", "measuring speed", "measuring volume", "measuring memory"]
    assert {"deep-dive-patterns", "deep-dive-slices", "deep-dive-advice", *OF_PIPELINE} <= set(found)
    assert 'class="chart"' in page

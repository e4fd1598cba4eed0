"""``evalkit search``: what was found, for people and for scripts, and never as a command to the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
HOSTILE = "\x1b[2J danube \N{RIGHT-TO-LEFT OVERRIDE}[bold]"


@pytest.fixture
def runs(evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(workdir / "cache"))
    rows = [{"id": "a", "prompt": "Which river?", "references": ["The Danube."], "category": "rivers"}]
    rows.append({"id": HOSTILE, "prompt": HOSTILE, "references": [HOSTILE * 20], "category": "other"})
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (workdir / "tiny.yaml").write_text("name: tiny\ndatasets: {rows: {path: rows.jsonl}}\nchecks: {accuracy: {}}\n")
    assert evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q").code == 0


@pytest.mark.usefixtures("runs")
def test_answers_are_shown_as_text(evalkit: Evalkit) -> None:
    called = evalkit("search", "danube")
    assert called.code == 0
    assert "The Danube." in called.out
    assert "2 answers found" in called.out
    assert "\x1b" not in called.out
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in called.out
    assert "[bold]" in called.out
    assert "2 new answers are indexed first" in called.err
    assert evalkit("search", "danube").err == ""


@pytest.mark.usefixtures("runs")
def test_whoever_stops_reading_is_no_plugin_that_failed() -> None:
    command = [sys.executable, "-m", "evalkit", "search", "danube"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        ended = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 128 + 13
    assert "plugin" not in ended.stderr


@pytest.mark.usefixtures("runs")
def test_a_check_that_no_run_has_is_told(evalkit: Evalkit) -> None:
    assert "no run that is searched has a check 'acuracy'" in evalkit("search", "danube", "--check", "acuracy").out
    assert "has a check" not in evalkit("search", "danube", "--check", "accuracy").out


@pytest.mark.usefixtures("runs")
def test_json_has_whole_texts(evalkit: Evalkit) -> None:
    called = evalkit("search", "danube", "--where", "category = 'other'", "--json")
    document = json.loads(called.out)
    assert document["total"] == 1
    assert document["hits"][0]["answer"] == HOSTILE * 20
    assert called.err == ""


@pytest.mark.usefixtures("runs")
def test_what_is_not_shown_is_counted(evalkit: Evalkit) -> None:
    assert "2 answers found; 1 shown" in evalkit("search", "danube", "--limit", "1").out
    assert evalkit("search", "nowhere").out == "0 answers found\n"


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "arguments",
    [[""], ["x", "--where", "suit = a"], ["x", "--since", "soon"], ["x", "--run", "ghost"], ["x", "--in", "both"], []],
)
def test_what_cannot_be_searched_is_refused(evalkit: Evalkit, arguments: list[str]) -> None:
    called = evalkit("search", *arguments)
    assert called.code == 2
    assert called.out == ""


def test_without_a_database_none_is_made(evalkit: Evalkit, workdir: Path) -> None:
    assert evalkit("search", "x").code == 2
    assert list(workdir.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said(
    evalkit: Evalkit, runs: None, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "file").write_text("no folder")
    monkeypatch.setenv("EVALKIT_CACHE", str(workdir / "file" / "below"))
    called = evalkit("search", "danube")
    assert called.code == 2
    assert "EVALKIT_CACHE" in called.err

"""Errors as scripts read them: JSON on standard output beside the sentence on standard error, and a last event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import show as show_command


def test_an_error_is_in_the_json_too(evalkit: Any) -> None:
    called = evalkit("run", "no-such-suite", "--model", "mock:oracle", "--json")
    error = json.loads(called.out)["error"]
    assert called.code == error["exit_code"] == 2
    assert error["class"] == "configuration"
    assert error["message"] in called.err
    assert error["recommendation"] == error["hint"] != ""
    assert error["transient"] is False


def test_a_server_that_is_not_there_is_no_trouble_of_a_models_files(evalkit: Any) -> None:
    called = evalkit("run", "smoke", "--model", "http://127.0.0.1:9/v1?model=x", "--json")
    assert json.loads(called.out)["error"]["class"] == "network"


def test_so_is_a_wrong_option(evalkit: Any) -> None:
    called = evalkit("list", "--json", "--no-such-option")
    assert json.loads(called.out)["error"]["class"] == "configuration"
    assert "No such option" in called.err


def test_without_json_standard_output_stays_empty(evalkit: Any) -> None:
    assert evalkit("run", "no-such-suite", "--model", "mock:oracle").out == ""


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (MemoryError("no room"), "out of memory", "smaller"),
        (ModuleNotFoundError("No module named 'x'"), "import", "Install the package"),
        (ZeroDivisionError("division by zero"), "internal", "defect of evalkit"),
        (RuntimeError("token=abc123def456"), "internal", "[secret]"),
    ],
    ids=str,
)
def test_what_nobody_foresaw_says_its_class_and_what_to_do(  # noqa: PLR0917 - fixtures
    evalkit: Any, workdir: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, advice: str
) -> None:
    def raises(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(show_command, "need_store", raises)
    called = evalkit("show", "--json")
    assert called.code == 3
    assert called.err.startswith(f"error: {kind}: {type(error).__name__}: ")
    assert advice in called.err
    assert "abc123def456" not in called.err + called.out
    assert json.loads(called.out)["error"]["class"] == kind


def test_events_end_with_the_error_where_no_run_could_begin(evalkit: Any, workdir: Path) -> None:
    events = workdir / "events.jsonl"
    called = evalkit("run", "smoke", "--model", "hf:/no/such/folder", "--events", str(events))
    assert called.code == 2
    (last,) = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert (last["event"], last["class"], last["suite"], last["run"]) == ("run failed", "model load", "smoke", "")
    assert last["cause"] in called.err
    assert last["recommendation"]

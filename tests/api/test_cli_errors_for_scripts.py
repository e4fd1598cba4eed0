"""Errors as scripts read them: JSON on standard output beside the sentence on standard error, and a last event."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import show as show_command
from evalkit.errors import PluginError
from evalkit.models.mock.backend import MockBackend


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


@pytest.mark.parametrize("where", ["in a run", "elsewhere"])
def test_nobody_elses_code_ends_evalkit_as_if_all_were_well(
    evalkit: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def ends(*_: Any, **__: Any) -> Any:
        sys.exit(0)

    if where == "in a run":
        monkeypatch.setattr(MockBackend, "session", ends)
        called = evalkit("run", "smoke", "--model", "mock:oracle", "--json")
        assert "failed" in evalkit("list").out
    else:
        monkeypatch.setattr(show_command, "need_store", ends)
        called = evalkit("show", "--json")
    assert called.code == 3
    assert "something ended the program by sys.exit(0)" in called.err
    assert json.loads(called.out)["error"]["class"] == "plugin"


def test_what_a_plugin_says_is_shown_without_secrets(evalkit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: Any) -> Any:
        raise PluginError("postgres://u:abc123def@host/db", where="token=abc123def", hint="with password=abc123def")

    monkeypatch.setattr(show_command, "need_store", raises)
    called = evalkit("show", "--json")
    assert "[secret]" in called.err
    assert "abc123def" not in called.err + called.out

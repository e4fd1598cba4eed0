"""doctor: what is missing, with its fix, and whether the default job can run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import diagnosis
from evalkit.store.migrations import STEPS, current_version

Evalkit = Callable[..., Any]


def findings(evalkit: Evalkit, *options: str) -> Mapping[str, dict[str, Any]]:
    document = json.loads(evalkit("doctor", "--json", *options).out)
    return {finding["name"]: finding for finding in document["findings"]}


def test_a_sound_installation_is_ready(evalkit: Evalkit, workdir: Path) -> None:
    if not diagnosis._installed("transformers"):
        pytest.skip("the extra 'hf' is not installed here")
    called = evalkit("doctor")
    assert called.code == 0
    assert "ready: evalkit run quickstart" in called.out
    names = {"python", "evalkit", "extra hf", "plugins", "readability", "device", "default model", "runs database"}
    found = findings(evalkit)
    assert names <= set(found)
    assert all(found[name]["state"] != "problem" for name in names)
    assert list(workdir.iterdir()) == []


def test_a_missing_extra_is_a_problem_of_the_models_that_need_it(
    evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = diagnosis._installed
    monkeypatch.setattr(diagnosis, "_installed", lambda name: "" if name == "transformers" else installed(name))
    called = evalkit("doctor")
    assert called.code == 2
    assert "pip install 'evalkit-lm[hf]'" in called.out
    assert "1 problem stands" in called.out
    monkeypatch.setenv("EVALKIT_MODEL", "mock:echo")
    assert evalkit("doctor").code == 0


def test_a_missing_package_is_a_problem(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = diagnosis._installed
    monkeypatch.setattr(diagnosis, "_installed", lambda name: "" if name == "sacrebleu" else installed(name))
    found = findings(evalkit)["evalkit"]
    assert (found["state"], found["fix"]) == ("problem", "pip install sacrebleu")


def test_an_old_python_is_a_problem(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "LEAST_PYTHON", (99, 0))
    assert findings(evalkit)["python"]["state"] == "problem"


def test_a_model_that_is_not_fetched_is_a_note_with_the_command(
    evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(workdir / "cache"))
    found = findings(evalkit)["default model"]
    assert found["state"] == "note"
    assert "evalkit models pull smollm2-135m" in found["fix"]


def test_a_wrong_setting_is_named_and_the_rest_is_looked_at(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_DEVICE", "toaster")
    called = evalkit("doctor")
    assert called.code == 2
    assert "EVALKIT_DEVICE" in called.out
    assert "readability" in called.out


def test_a_file_that_is_no_database_is_a_problem(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "notes.txt").write_text("not a database, and long enough to be looked at as one\n" * 20)
    found = findings(evalkit, "--store", "notes.txt")["runs database"]
    assert found["state"] == "problem"
    assert found["fix"]


def test_a_database_of_a_newer_evalkit_is_a_problem(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("run", "smoke", "--model", "mock:oracle", "--limit", "1", "-q", "--store", "runs.db")
    found = findings(evalkit, "--store", "runs.db")["runs database"]
    assert f"schema {current_version(STEPS)}, 1 run" in found["detail"]
    with sqlite3.connect(workdir / "runs.db") as connection:
        connection.execute("UPDATE evalkit_schema SET version = 99")
    connection.close()
    found = findings(evalkit, "--store", "runs.db")["runs database"]
    assert found["state"] == "problem"
    assert "update evalkit" in found["fix"]


def test_a_report_folder_that_is_a_file_is_a_problem(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "reports").write_text("a file")
    assert findings(evalkit)["reports"]["state"] == "problem"


def test_a_broken_plugin_is_named(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalkit import plugins
    from evalkit.errors import PluginError

    load = plugins.load

    def broken(group: str, name: str, **options: Any) -> Any:
        if name == "bias":
            raise PluginError("check 'bias' from broken-package cannot be loaded: it is broken", hint="uninstall it")
        return load(group, name, **options)

    monkeypatch.setattr(plugins, "load", broken)
    found = findings(evalkit)["plugins"]
    assert (found["state"], found["fix"]) == ("problem", "uninstall it")
    assert "broken-package" in found["detail"]


def test_a_look_that_breaks_does_not_stop_the_others(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("torn")

    monkeypatch.setattr(diagnosis, "_readability", broken)
    found = findings(evalkit)
    assert (found["readability"]["state"], found["readability"]["detail"]) == ("problem", "RuntimeError: torn")
    assert "reports" in found


def test_online_asks_the_package_index_and_the_hub(
    evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(workdir / "cache"))
    asked: list[list[str]] = []

    def answered(command: list[str], **_: Any) -> Any:
        asked.append(command)
        return type("Done", (), {"returncode": 1, "stdout": ""})

    monkeypatch.setattr("subprocess.run", answered)
    monkeypatch.setattr("evalkit.cli.diagnosis._hub", lambda: iter(()))
    found = findings(evalkit, "--online")["package index"]
    assert found["state"] == "problem"
    assert asked[0][1:5] == ["-m", "pip", "index", "versions"]
    assert "package index" not in findings(evalkit)


def test_a_hub_that_is_not_reached_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    pytest.importorskip("huggingface_hub")

    def refuse(*_: Any, **__: Any) -> None:
        raise httpx.ConnectError("no route")

    monkeypatch.setattr(httpx, "head", refuse)
    (found,) = diagnosis._hub()
    assert found.state == "note"
    monkeypatch.setattr(httpx, "head", lambda *_, **__: None)
    (found,) = diagnosis._hub()
    assert found.state == "ok"

"""``evalkit run --profile``: says where the time went, and changes nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalkit as package

Evalkit = Callable[..., Any]
TIMES = {"seconds", "cpu_seconds", "created", "finished", "id", "usage", "timeline", "profile", "run"}


def document(folder: str, name: str = "profile.json") -> Any:
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))


def without_time(report: dict[str, Any]) -> dict[str, Any]:
    run = {key: value for key, value in report["run"].items() if key not in TIMES}
    return {"run": run, **{key: value for key, value in report.items() if key not in TIMES}}


def add_up(stage: dict[str, Any]) -> None:
    if stage["stages"]:
        assert sum(part["seconds"] for part in stage["stages"]) == pytest.approx(stage["seconds"])
    for part in stage["stages"]:
        add_up(part)


def names(stages: list[dict[str, Any]]) -> set[str]:
    return {name for stage in stages for name in ({stage["name"]} | names(stage["stages"]))}


def test_a_profiled_run_says_where_its_time_went(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--report", "out", "--profile")
    assert called.code == 0
    assert "where the time went" in called.out
    found = document("out")
    assert {"start", "load the data", "ask the model", "score", "store", "estimate and decide"} <= names(
        found["stages"]
    )
    assert found["stages"][-1]["name"] == "other"
    assert "write the report" in names(found["stages"])
    add_up(found)
    assert document("out", "profile.speedscope.json")["profiles"][0]["endValue"] == pytest.approx(found["seconds"])
    assert "Where the time went" in Path("out/report.html").read_text(encoding="utf-8")


def test_it_changes_nothing_that_a_run_is(evalkit: Evalkit, workdir: Path) -> None:
    run = ("run", "smoke", "--model", "mock:oracle", "--limit", "5", "--fresh", "-q", "--report")
    evalkit(*run, "plain")
    evalkit(*run, "profiled", "--profile")
    plain, profiled = (document(folder, "report.json") for folder in ("plain", "profiled"))
    assert "profile" in profiled
    assert "profile" not in plain
    assert without_time(plain) == without_time(profiled)
    assert not Path("plain/profile.json").exists()


def test_answers_that_are_known_are_asked_of_nobody(evalkit: Evalkit, workdir: Path) -> None:
    checks = ("--only", "keywords", "--only", "length")  # which ask the same
    run = ("run", "smoke", *checks, "--model", "mock:oracle", "-q", "--profile", "--report")
    evalkit(*run, "first")
    evalkit(*run, "second")
    first, second = document("first"), document("second")
    assert first["requests"]["asked"] == first["models"][0]["answers"] > 0
    assert second["requests"]["asked"] == 0
    assert second["requests"]["known"] == first["requests"]["asked"]
    assert second["requests"]["merged"] == first["requests"]["merged"] == second["requests"]["needed"] / 2
    assert second["models"] == []
    assert "ask the model" not in names(second["stages"])


def test_each_of_several_models_has_a_profile_of_its_own(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("run", "smoke", "--model", "mock:oracle", "--model", "mock:echo", "-q", "--profile", "--report", "out")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("out").glob("*/profile.json"))]
    assert sorted(one["model"] for one in found) == ["mock:echo", "mock:oracle"]
    assert sorted("start" in names(one["stages"]) for one in found) == [False, True]
    for one in found:
        add_up(one)


def test_quiet_and_json_print_no_table(evalkit: Evalkit, workdir: Path) -> None:
    run = ("run", "smoke", "--model", "mock:oracle", "--limit", "3", "--profile")
    assert len(evalkit(*run, "-q").out.splitlines()) == 1
    assert names(json.loads(evalkit(*run, "--json").out)["profile"]["stages"]) >= {"store", "other"}


def test_the_profile_is_stored_with_the_run(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("run", "smoke", "--model", "mock:oracle", "--limit", "3", "-q", "--profile")
    evalkit("report", "last", "-o", "again")
    assert names(document("again")["stages"]) >= {"start", "store"}


def test_from_python(workdir: Path) -> None:
    asked = {"model": "mock:oracle", "limit": 3, "store": "runs.db"}
    found = package.evaluate("smoke", profile=True, report="out", **asked).profile
    assert found is not None
    assert sum(stage.seconds for stage in found.stages) == pytest.approx(found.seconds)
    assert document("out")["models"][0]["role"] == "subject"
    assert package.evaluate("smoke", **asked).profile is None

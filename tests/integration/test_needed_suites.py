"""Suites that need suites: the order, what a failure or a limit of one means for the others, and runs that count."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import EvalkitError, Interrupted
from evalkit.models import ModelSettings
from evalkit.modes.mode import Asked
from evalkit.modes.pipeline.mode import PipelineOptions
from evalkit.modes.pipeline.needed import step as needed_step
from evalkit.modes.pipeline.needed.chain import Chain
from evalkit.modes.pipeline.needed.order import Step, steps_before
from evalkit.modes.running import run_in_mode
from evalkit.results import Result
from evalkit.runner.running import RunOptions
from evalkit.sections import Section
from evalkit.store import Store, open_store
from evalkit.suite.load import load_suite

GOOD, BAD = ">= 0.9", "<= 0.1"
LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from evalkit.cli import main; main()"
)
"""The command line as a terminal starts it: a background job would begin with Ctrl-C ignored."""
SLOW = "mock:slow?of=oracle&ms=250"


class Suites:
    """Suite files of one folder that need each other, and a runs database that outlives a process."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store

    def write(self, name: str, needs: Any = (), gate: str = GOOD, rows: int = 2) -> Path:
        data = self.folder / f"rows-{rows}.jsonl"
        written = [{"id": f"r{n}", "prompt": f"say {n}", "references": [str(n)]} for n in range(rows)]
        data.write_text("".join(json.dumps(row) + "\n" for row in written), encoding="utf-8")
        path = self.folder / f"{name}.yaml"
        path.write_text(
            f"name: {name}\ndatasets: {{rows: {{path: {data.name}}}}}\n"
            "checks: {accuracy: {metrics: [exact_match]}}\n"
            f"gates: [{{gate: accuracy.exact_match {gate}, about: dataset}}]\nneeds: {json.dumps(list(needs))}\n",
            encoding="utf-8",
        )
        return path

    def run(
        self, name: str, model: str = "mock:oracle", given: Mapping[str, Any] | None = None, **options: Any
    ) -> Result:
        suite = load_suite(self.folder / f"{name}.yaml")
        asked = Asked(suite, model, self.store, RunOptions(**options))
        return run_in_mode(asked, "pipeline", given or {})

    @property
    def finished(self) -> list[str]:
        return [run.suite for run in reversed(self.store.list_runs()) if run.state == "finished"]


@pytest.fixture
def suites(tmp_path: Path) -> Any:
    with open_store(str(tmp_path / "runs.db")) as store:
        yield Suites(tmp_path, store)


def needed(result: Result) -> Section:
    return next(section for section in result.sections if section.id == "needs")


def became(result: Result) -> dict[str, str]:
    return {str(row[0]): str(row[2]) for row in needed(result).tables[0].rows}


def test_needed_suites_are_run_in_their_order_and_again_only_when_their_runs_are_too_old(suites: Suites) -> None:
    suites.write("base")
    suites.write("middle", ["base.yaml"])
    suites.write("top", ["middle.yaml", {"suite": "base.yaml", "max_age": "1h"}])
    first = suites.run("top")
    assert first.outcome.exit_code == 0
    assert suites.finished == ["base", "middle", "top"]
    assert became(first) == {"base": "passed", "middle": "passed"}
    second = suites.run("top")
    assert became(second) == {"base": "passed before", "middle": "passed before"}
    assert suites.finished == ["base", "middle", "top", "top"]
    assert became(suites.run("top", resume="never")) == {"base": "passed", "middle": "passed"}
    suites.write("hasty", [{"suite": "base.yaml", "max_age": "0s"}])
    assert became(suites.run("hasty")) == {"base": "passed"}


def test_a_run_of_another_model_or_a_part_does_not_count(suites: Suites) -> None:
    suites.write("base")
    suites.write("top", ["base.yaml"])
    suites.run("base", "mock:constant?text=0")
    part = load_suite(suites.folder / "base.yaml")
    from evalkit.runner.plan import Scope

    run_in_mode(Asked(part, "mock:oracle", suites.store, RunOptions(scope=Scope(limit=1))), "pipeline")
    assert became(suites.run("top")) == {"base": "passed"}


def test_where_a_needed_suite_fails_nothing_is_asked_and_what_needs_it_is_not_run(suites: Suites) -> None:
    suites.write("bad", gate=BAD)
    suites.write("fine")
    suites.write("after", ["bad.yaml"])
    suites.write("top", ["after.yaml", "fine.yaml"])
    result = suites.run("top")
    assert result.outcome.exit_code == 1
    assert "'bad' did not pass: not good enough" in result.outcome.reason
    assert became(result) == {"bad": "did not pass", "after": "not run", "fine": "passed"}
    assert set(suites.finished) == {"bad", "fine"}
    (bad,) = suites.store.list_runs("bad")
    assert [advice.command for advice in needed(result).advice] == [f"evalkit show {bad.id}"]
    assert [verdict.gate for verdict in result.outcome.verdicts] == ["needs bad", "needs after", "needs fine"]


def test_a_suite_that_goes_on_without_ends_no_better_than_what_it_needs(suites: Suites) -> None:
    suites.write("bad", gate=BAD)
    suites.write("top", [{"suite": "bad.yaml", "continue_on_failure": True}])
    result = suites.run("top")
    assert (result.outcome.word, result.outcome.exit_code) == ("not good enough", 1)
    assert "by itself: its only gate passed" in result.outcome.reason
    assert suites.finished == ["bad", "top"]
    stored = json.loads(suites.store.get_result(result.run.id))
    assert stored["outcome"]["exit_code"] == 1


def test_circles_are_refused_with_their_path_before_anything_is_run(suites: Suites) -> None:
    suites.write("a", ["b.yaml"])
    suites.write("b", ["c.yaml"])
    suites.write("c", ["b.yaml"])
    with pytest.raises(EvalkitError, match=r"b\.yaml → c\.yaml → b\.yaml") as refused:
        suites.run("a")
    assert refused.value.exit_code == 2
    assert refused.value.where.endswith("c.yaml:5")
    suites.write("own", ["own.yaml"])
    with pytest.raises(EvalkitError, match=r"own\.yaml → own\.yaml"):
        suites.run("own")
    assert suites.store.list_runs() == []


def test_the_youngest_age_that_anybody_wants_counts(suites: Suites) -> None:
    suites.write("base")
    suites.write("middle", [{"suite": "base.yaml", "max_age": "2w"}])
    top = load_suite(suites.write("top", ["middle.yaml", {"suite": "base.yaml", "max_age": "30m"}]))
    assert [(step.suite.name, step.max_age) for step in steps_before(top)] == [("base", 1800.0), ("middle", 86_400.0)]


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("[nowhere]", "it needs 'nowhere': there is no suite"),
        ("[smoke, smoke]", "it needs 'smoke' twice"),
        ("[{suite: smoke, max_age: soon}]", "an age is a number and s, m, h, d or w: 90s"),
        ("[{suite: smoke, age: 1d}]", "unknown key 'age'"),
        ("[7]", "needs.0"),
        ("smoke", "needs"),
    ],
)
def test_what_is_wrong_with_needs_is_said_with_its_line(suites: Suites, needs: str, said: str) -> None:
    path = suites.write("top")
    path.write_text(path.read_text(encoding="utf-8").replace("needs: []", f"needs: {needs}"), encoding="utf-8")
    with pytest.raises(EvalkitError) as refused:
        load_suite(path)
    assert said in str(refused.value)
    assert refused.value.where.endswith("top.yaml:5")


def test_what_a_suite_needs_does_not_change_what_it_is(suites: Suites) -> None:
    alone = load_suite(suites.write("top"))
    assert load_suite(suites.write("top", ["smoke"])).fingerprint == alone.fingerprint


def test_a_suite_over_its_limit_of_time_is_interrupted_told_and_goes_on_later(suites: Suites) -> None:
    suites.write("slow", rows=40)
    suites.write("top", ["slow.yaml"])
    result = suites.run("top", SLOW, {"step_seconds": 4})
    assert result.outcome.exit_code == 130
    assert became(result) == {"slow": "stopped"}
    assert "the limit of 4 seconds a step (--mode pipeline --mode-option step_seconds=8 gives more)" in str(
        needed(result)
    )
    (left,) = suites.store.list_runs()
    assert (left.suite, left.state) == ("slow", "interrupted")
    done = suites.store.counts(left.id).answers
    assert 0 < done < 40
    again = suites.run("top", SLOW)
    assert became(again) == {"slow": "passed"}
    assert suites.finished == ["slow", "top"]
    assert [run.id for run in suites.store.list_runs("slow")] == [left.id]


def test_a_suite_over_its_limit_of_memory_is_interrupted_and_told(suites: Suites) -> None:
    suites.write("base")
    suites.write("top", ["base.yaml"])
    result = suites.run("top", SLOW, {"step_memory_mb": 30})
    assert result.outcome.exit_code == 130
    assert "the limit of 30 MB of memory a step" in result.outcome.reason


@pytest.mark.parametrize(("limit", "unit"), [({"step_seconds": 1}, "seconds"), ({"step_memory_mb": 9}, "MB of memory")])
def test_the_suite_itself_is_limited_where_that_is_wanted(suites: Suites, limit: dict[str, float], unit: str) -> None:
    suites.write("slow", rows=6)
    with pytest.raises(Interrupted, match=f"the limit of . {unit} a step is reached"):
        suites.run("slow", SLOW, {"limit_itself": True, **limit})
    assert [run.state for run in suites.store.list_runs()] == ["interrupted"]
    assert suites.run("slow", SLOW, limit).usage.reused > 0


def test_a_suite_whose_process_is_killed_is_told_and_goes_on_later(
    suites: Suites, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites.write("slow", rows=12)
    suites.write("top", ["slow.yaml"])
    started: list[subprocess.Popen[str]] = []
    start = Chain._process

    def started_and_known(chain: Chain, of: Step) -> subprocess.Popen[str]:
        started.append(start(chain, of))
        return started[-1]

    def kill_the_first() -> None:
        _wait_until(lambda: _some_are_answered(suites))
        started[0].kill()

    monkeypatch.setattr(Chain, "_process", started_and_known)
    killing = threading.Thread(target=kill_the_first)
    killing.start()
    result = suites.run("top", SLOW)
    killing.join()
    assert result.outcome.exit_code == 3
    assert became(result) == {"slow": "stopped"}
    assert "ended by SIGKILL, as the system does where memory runs out" in result.outcome.reason
    assert became(suites.run("top", SLOW)) == {"slow": "passed"}
    assert suites.finished == ["slow", "top"]


def _some_are_answered(suites: Suites) -> bool:
    return any(suites.store.counts(one.id).answers for one in suites.store.list_runs())


def test_what_nobody_foresaw_in_a_needed_suite_is_named(suites: Suites, monkeypatch: pytest.MonkeyPatch) -> None:
    suites.write("base")
    steps = steps_before(load_suite(suites.write("top", ["base.yaml"])))
    asked = Asked(load_suite(suites.folder / "top.yaml"), SLOW, suites.store, RunOptions())
    job = Chain(asked, steps, PipelineOptions())._job(steps[0])
    assert shlex.split(job.reproduce) == ["evalkit", "run", str(steps[0].path), "--model", SLOW]
    assert f"'{SLOW}'" in job.reproduce

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(needed_step, "load_suite", broken)
    said = needed_step._done(job)
    assert said["code"] == 3
    assert said["reason"].startswith("RuntimeError: a wheel came off; 'evalkit --debug run")


def test_a_run_that_another_judge_judged_does_not_count(suites: Suites) -> None:
    for name, needs in (("base", []), ("top", ["base.yaml"])):
        path = suites.write(name, needs)
        path.write_text(path.read_text(encoding="utf-8") + "judge: mock:echo\n", encoding="utf-8")
    first, other = (("mock:echo", ModelSettings()), ("mock:constant?text=1", ModelSettings()))
    assert became(suites.run("top", judge=first)) == {"base": "passed"}
    assert became(suites.run("top", judge=first)) == {"base": "passed before"}
    assert became(suites.run("top", judge=other)) == {"base": "passed"}


def test_a_suite_that_cannot_run_is_named_with_its_error(suites: Suites) -> None:
    suites.write("base")
    broken = suites.write("broken")
    broken.write_text(broken.read_text(encoding="utf-8").replace("rows-2", "gone"), encoding="utf-8")
    suites.write("top", ["broken.yaml", "base.yaml"])
    result = suites.run("top")
    assert result.outcome.exit_code == 2
    assert became(result) == {"broken": "could not run", "base": "passed"}
    assert "gone.jsonl" in str(needed(result))


def test_a_database_in_memory_is_refused(tmp_path: Path, store: Store) -> None:
    suites = Suites(tmp_path, open_store(":memory:"))
    suites.write("top", ["smoke"])
    with pytest.raises(EvalkitError, match="cannot share a database in memory"):
        suites.run("top")


def test_ctrl_c_stops_what_is_needed_too_and_the_same_command_goes_on(suites: Suites) -> None:
    suites.write("slow", rows=40)
    suites.write("top", ["slow.yaml"])
    command = [*(sys.executable, "-c", LISTENING, "run", "top.yaml", "--model", SLOW, "--store", "runs.db", "-q")]
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    run = subprocess.Popen(
        command, cwd=suites.folder, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    _wait_until(lambda: _some_are_answered(suites))
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "the same command goes on from here" in said
    assert [one.state for one in suites.store.list_runs()] == ["interrupted"]


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)

"""Checks tried alone: wrong ones are found, whatever they do, and take nothing with them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from evalkit import plugins
from evalkit.modes.isolation.scenarios import Scenario, bundled_scenarios, limited, load_scenarios
from evalkit.modes.isolation.selftest import Selftest, selftest
from evalkit.suite.load import Suite, load_suite

FIXTURES = Path(__file__).parent.parent / "fixtures"
KINDS = (
    "honest",
    "crashing",
    "hanging",
    "hungry",
    "leaving",
    "beyond",
    "fickle",
    "meddling",
    "faulty",
    "threaded",
    "parricidal",
)
ROWS = [
    {"id": f"row-{number}", "prompt": f"Say word {number}.", "references": [f"word {number}"]} for number in range(30)
]

Suited = Callable[..., Suite]
Evalkit = Callable[..., Any]


@pytest.fixture
def suited(workdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Suited]:
    """A suite of these kinds of checks, which an installed package brings."""
    package = tmp_path / "installed"
    recorded = package / "failing-1.0.dist-info"
    recorded.mkdir(parents=True)
    shutil.copy(FIXTURES / "failing_checks.py", package / "failing_checks_installed.py")
    named = "\n".join(f"{kind} = failing_checks_installed:{kind.capitalize()}" for kind in KINDS)
    (recorded / "METADATA").write_text("Metadata-Version: 2.1\nName: failing\nVersion: 1.0\n", encoding="utf-8")
    (recorded / "entry_points.txt").write_text(f"[evalkit.checks]\n{named}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(package))
    plugins._found.cache_clear()

    def made(*kinds: str) -> Suite:
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
        checks = "\n".join(f"  {kind}: {{}}" for kind in kinds)
        file = tmp_path / "suite.yaml"
        file.write_text(
            f"name: alone\ndatasets: {{rows: {{path: rows.jsonl}}}}\nchecks:\n{checks}\ngates: []\n", encoding="utf-8"
        )
        return load_suite(file)

    yield made
    plugins._found.cache_clear()


def scenarios(*names: str, seconds: float | None = None, memory_mb: float | None = None) -> list[Scenario]:
    every = load_scenarios(bundled_scenarios())
    return [limited(one, seconds, memory_mb) for one in every if one.config.name in names]


def tried(suite: Suite, *names: str, **limits: float) -> Selftest:
    return selftest(suite, suite.checks, scenarios(*names, **limits), jobs=2)


def causes(found: Selftest) -> dict[str, set[str]]:
    return {trial.check: {one.cause for one in found.failed if one.check == trial.check} for trial in found.trials}


def test_a_check_that_holds_holds_in_every_scenario(suited: Suited) -> None:
    found = selftest(suited("honest"), suited("honest").checks, load_scenarios(bundled_scenarios()), jobs=2)
    assert found.passed, found.patterns
    assert {trial.of for trial in found.trials if trial.word == "pass"} == {"standard", "edge", "error", "performance"}
    assert all(trial.cases for trial in found.trials if trial.scenario.startswith("standard"))


def test_what_one_check_does_touches_no_other(suited: Suited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = suited("hanging", "meddling", "faulty", "hungry", "leaving", "parricidal", "threaded", "honest")
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folders))
    found = selftest(suite, suite.checks, scenarios("standard", seconds=6, memory_mb=500), jobs=1)
    words = {trial.check: trial.cause or trial.word for trial in found.trials}
    assert words == {
        "hanging": "time",
        "meddling": "pass",
        "faulty": "process",
        "hungry": "memory",
        "leaving": "process",
        "parricidal": "process",
        "threaded": "pass",
        "honest": "pass",
    }
    why = {trial.check: trial.why for trial in found.failed}
    assert why["hanging"].startswith("it is not done after 6 seconds (failing_checks_installed.py, line ")
    assert why["hanging"].endswith(", in judge)")
    assert "SIGSEGV (failing_checks_installed.py, line " in why["faulty"]
    assert "500 MB" in why["hungry"]
    assert "ended with 7" in why["leaving"]
    assert not list(folders.glob("evalkit-selftest-*"))
    assert not Path("left-behind").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere what leaves its group is not found")
@pytest.mark.parametrize("kind", ["meddling", "hanging"])
def test_no_process_outlives_a_selftest_that_ends_or_is_interrupted(suited: Suited, tmp_path: Path, kind: str) -> None:
    suited(kind)
    command = [sys.executable, "-m", "evalkit", "selftest", "suite.yaml", "--scenario", "standard", "--jobs", "1", "-q"]
    marked = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "installed"), *sys.path]),
        "OURS": str(tmp_path),
    }
    done = subprocess.Popen(command, cwd=tmp_path, env=marked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if kind == "hanging":
        until = time.monotonic() + 60
        while len(_marked(str(tmp_path))) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(_marked(str(tmp_path))) == 3, "the command, who tries, and who hangs"
        done.send_signal(signal.SIGINT)
    done.communicate(timeout=60)
    assert done.returncode == (0 if kind == "meddling" else 130)
    assert _marked(str(tmp_path)) == []


def _marked(mark: str) -> list[int]:
    """Processes that began with this in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"OURS={mark}".encode() in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
    return found


@pytest.mark.parametrize(
    ("kind", "scenario", "cause", "said"),
    [
        ("crashing", "all-unparsed", "errored", "IndexError"),
        ("beyond", "standard", "bounds", "beyond.words is 3"),
        ("fickle", "standard", "not the same twice", "fickle.words"),
    ],
)
def test_what_a_check_gets_wrong_is_named(suited: Suited, kind: str, scenario: str, cause: str, said: str) -> None:
    found = tried(suited(kind), scenario)
    assert cause in causes(found)[kind], found.trials
    assert any(said in trial.why for trial in found.failed)


def test_a_file_that_breaks_touches_its_own_dataset_alone(suited: Suited, tmp_path: Path) -> None:
    suited("honest")
    (tmp_path / "broken.jsonl").write_text("{]\n", encoding="utf-8")
    file = tmp_path / "two.yaml"
    file.write_text(
        "name: two\ndatasets: {rows: {path: rows.jsonl}, broken: {path: broken.jsonl}}\n"
        "checks:\n  good: {kind: honest, dataset: rows}\n  bad: {kind: honest, dataset: broken}\n",
        encoding="utf-8",
    )
    found = tried(load_suite(file), "standard")
    assert {trial.check: trial.word for trial in found.trials} == {"good": "pass", "bad": "fail"}
    assert "no row that could be read" in found.failed[0].why


def test_failures_of_one_cause_are_told_once(suited: Suited) -> None:
    found = tried(suited("hungry", "leaving", "beyond"), "standard", "other-answers", memory_mb=500)
    assert {(one.cause, one.checks, one.count) for one in found.patterns} == {
        ("memory", ("hungry",), 4),
        ("process", ("leaving",), 4),
        ("bounds", ("beyond",), 4),
    }


def test_the_command_says_what_failed_and_that_no_model_was_evaluated(suited: Suited, evalkit: Evalkit) -> None:
    suited("honest", "beyond")
    asked = ["selftest", "suite.yaml", "--scenario", "standard", "--jobs", "2", "--junit", "selftest.xml"]
    called = evalkit(*asked)
    assert called.code == 1
    assert "beyond.words is 3, which it cannot be" in called.out
    assert "1 of 2 checks does not hold" in called.out
    assert "No model was evaluated." in called.out
    cases = ET.parse("selftest.xml").getroot().iter("testcase")
    failed = {case.get("classname"): case.find("failure") is not None for case in cases}
    assert failed == {"honest": False, "beyond": True}
    called = evalkit(*asked, "--only", "honest", "--json")
    assert called.code == 0
    document = json.loads(called.out)
    assert document["passed"]
    assert document["model"] is None
    assert document["coverage"][0]["standard"] == {"tried": 1, "of": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "honset"], "did you mean 'honest'?"),
        (["--scenario", "standart"], "did you mean 'standard'?"),
        (["--scenarios", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_names_get_the_nearest(suited: Suited, evalkit: Evalkit, options: list[str], said: str) -> None:
    suited("honest")
    called = evalkit("selftest", "suite.yaml", *options)
    assert called.code == 2
    assert said in called.err


def test_scenarios_of_ones_own_are_tried_beside_the_others(suited: Suited, tmp_path: Path) -> None:
    suite = suited("honest")
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: shouted\nabout: Answers in capitals.\nkind: edge\nparameters: {text: [A, B]}\n"
        "model: mock:constant?text=${text}\nexpect: scored\n",
        encoding="utf-8",
    )
    every = load_scenarios(bundled_scenarios(), own)
    mine = [one for one in every if one.config.name == "shouted"]
    assert [one.name for one in mine] == ["shouted (text A)", "shouted (text B)"]
    assert len(every) == len(load_scenarios(bundled_scenarios())) + 2
    assert selftest(suite, suite.checks, mine).passed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "a scenario is a mapping with name, about and kind"),
        ("name: own\nabout: a\nkind: edge\nmodel: mock:nosuch\n", "own.yaml:4: unknown mock 'nosuch'"),
        ("name: own\nabout: a\nkind: edge\nchecks: [honset]\n", "did you mean 'honest'?"),
        ("name: same\nabout: a\nkind: edge\n", "two scenarios beside each other are called 'same'"),
    ],
)
def test_a_wrong_scenario_is_no_fault_of_a_check(
    suited: Suited, evalkit: Evalkit, tmp_path: Path, text: str, said: str
) -> None:
    suited("honest")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "own" / "z.yaml").write_text("name: same\nabout: a\nkind: edge\n", encoding="utf-8")
    called = evalkit("selftest", "suite.yaml", "--scenarios", "own")
    assert called.code == 2
    assert said in called.err


def test_what_the_suite_says_of_isolation_holds_for_a_selftest_from_anywhere(
    suited: Suited, evalkit: Evalkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suited("honest")
    (tmp_path / "own.yaml").write_text("name: own\nabout: a\nkind: edge\nrows: {n: 5}\n", encoding="utf-8")
    with (tmp_path / "suite.yaml").open("a", encoding="utf-8") as file:
        file.write("modes: {isolation: {scenarios: [own.yaml], only: [own], jobs: 1}}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    called = evalkit("selftest", "../suite.yaml", "--seconds", "50", "--json", "--report", "r")
    assert [(one["scenario"], one["cases"]) for one in json.loads(called.out)["trials"]] == [("own", 5)]
    written = json.loads((tmp_path / "elsewhere" / "r" / "report.json").read_text(encoding="utf-8"))
    assert written["reproduce"] == "evalkit selftest ../suite.yaml --seconds 50"


def test_on_a_narrow_screen_each_check_has_one_figure(
    suited: Suited, evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    suited("honest", "beyond")
    monkeypatch.setenv("COLUMNS", "40")
    lines = evalkit("selftest", "suite.yaml", "--scenario", "standard", "--jobs", "1").out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["check", "passed"],
        ["honest", "1", "of", "1"],
        ["beyond", "0", "of", "1"],
    ]
    assert max(map(len, lines)) <= 40


def test_a_process_that_may_have_nothing_says_so(suited: Suited) -> None:
    """Some libraries do not ask whether they were given memory, and then the process is ended."""
    failed = tried(suited("honest"), "standard", memory_mb=1).failed
    assert [trial.cause for trial in failed] in (["memory"], ["process"]), failed
    assert "1 MB that it may have" in failed[0].why or "SIGSEGV" in failed[0].why

"""plan: what a run would ask and cost. The numbers are counted by hand from four rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
ROWS = [
    {"id": "a", "prompt": "one two three four", "references": ["x"], "group": "left"},
    {"id": "b", "prompt": "one two three four five", "references": ["x"], "group": "left"},
    {"id": "c", "prompt": "one two", "references": ["x"], "group": "right"},
    {"id": "d", "prompt": "one two", "references": ["y"], "group": "right"},
]
SUITE = """
name: tiny
datasets: {rows: {path: rows.jsonl}}
generation: {max_tokens: 10}
checks:
  accuracy: {metrics: [exact_match, token_f1]}
  length: {}
  steady: {kind: determinism, repeats: 3}
  longer: {kind: length, generation: {max_tokens: 20}}
gates:
  - accuracy.exact_match >= 0.6
  - accuracy.exact_match >= 0.3
  - min accuracy.exact_match by group >= 0.3
  - accuracy.token_f1 >= 0.5
  - accuracy.token_f1 >= baseline
  - steady.identical == 1
  - accuracy.exact_match > 1
"""


@pytest.fixture
def suite(workdir: Path) -> Path:
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (workdir / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    return workdir / "tiny.yaml"


def plan(evalkit: Evalkit, *arguments: str) -> dict[str, Any]:
    called = evalkit("plan", "tiny.yaml", "--model", "mock:echo", *arguments, "--json")
    assert called.code == 0
    found: dict[str, Any] = json.loads(called.out)
    return found


def test_equal_requests_are_asked_once(evalkit: Evalkit, suite: Path) -> None:
    """c and d ask the same: three distinct prompts for accuracy and length, three with other tokens, nine repeats."""
    found = plan(evalkit)
    assert {check["name"]: (check["cases"], check["requests"]) for check in found["checks"]} == {
        "accuracy": (4, 4),
        "length": (4, 4),
        "steady": (4, 12),
        "longer": (4, 4),
    }
    assert found["requests"] == {"wanted": 24, "distinct": 15, "stored": 0, "asked": 15}


def test_tokens_are_counted_for_the_requests_that_are_left(evalkit: Evalkit, suite: Path) -> None:
    """A mock's token is a word: 4 + 5 + 2 words, five times; 12 answers of at most 10 tokens and 3 of at most 20."""
    tokens = plan(evalkit)["tokens"]
    assert tokens == {"prompt": 5 * 11, "prompt_is_estimate": False, "output_at_most": 12 * 10 + 3 * 20}


def test_the_run_asks_what_the_plan_said(evalkit: Evalkit, suite: Path) -> None:
    planned = plan(evalkit)["requests"]
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q", "--report", "out")
    usage = json.loads(Path("out/report.json").read_text(encoding="utf-8"))["usage"]
    assert (usage["needed"], usage["asked"]) == (planned["wanted"], planned["asked"])


def test_what_was_answered_before_is_not_counted_again(evalkit: Evalkit, suite: Path) -> None:
    """But for determinism, where an old answer proves nothing."""
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    assert plan(evalkit)["requests"] == {"wanted": 24, "distinct": 15, "stored": 6, "asked": 9}


def test_answers_that_were_redacted_serve_a_plan_that_redacts_the_same(evalkit: Evalkit, suite: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "--redact", "email", "-q")
    redacted, whole = plan(evalkit, "--redact", "email")["requests"], plan(evalkit)["requests"]
    again = json.loads(evalkit("run", "tiny.yaml", "--model", "mock:echo", "--redact", "email", "--json").out)
    assert redacted["asked"] == again["usage"]["asked"] < whole["asked"]
    refused = evalkit("plan", "tiny.yaml", "--model", "mock:echo", "--redact", "emails")
    assert refused.code == 2
    assert "--redact: nothing is known of 'emails'" in refused.err


def test_another_model_has_no_stored_answers(evalkit: Evalkit, suite: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q")
    assert plan(evalkit)["requests"]["stored"] == 0


def test_time_is_unknown_until_a_run_of_the_model_tells_it(evalkit: Evalkit, suite: Path) -> None:
    assert plan(evalkit)["time"]["seconds"] is None
    assert "unknown" in evalkit("plan", "tiny.yaml", "--model", "mock:echo").out
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    time = plan(evalkit)["time"]
    assert time["seconds"] > 0
    assert time["tokens_per_second"] > 0
    assert time["from_run"] == json.loads(evalkit("list", "--json").out)[0]["id"]


def test_the_speed_is_that_of_the_run_that_wrote_most(evalkit: Evalkit, suite: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q", "--limit", "1", "--fresh")
    longest = json.loads(evalkit("list", "--json").out)[1]["id"]
    assert plan(evalkit)["time"]["from_run"] == longest


def test_every_gate_says_how_many_cases_it_has_and_needs(evalkit: Evalkit, suite: Path) -> None:
    """Clopper and Pearson's lower bound for n of n is 0.025 ** (1 / n): eight cases for 0.6, four for 0.3; four are
    there, two in a group; nothing is above 1. A mean's is that of betting."""
    from evalkit.stats.betting import mean_interval

    gates = {gate["gate"]: gate for gate in plan(evalkit)["gates"]}
    sixty = gates["accuracy.exact_match >= 0.6"]
    assert (sixty["cases"], sixty["needs"], sixty["possible"]) == (4, 8, False)
    thirty = gates["accuracy.exact_match >= 0.3"]
    assert (thirty["cases"], thirty["needs"], thirty["possible"]) == (4, 4, True)
    assert gates["min accuracy.exact_match by group >= 0.3"]["cases"] == 2
    graded = gates["accuracy.token_f1 >= 0.5"]["needs"]
    assert mean_interval([1.0] * graded).low >= 0.5 > mean_interval([1.0] * (graded - 1)).low
    assert "baseline" in gates["accuracy.token_f1 >= baseline"]["note"]
    assert "every case" in gates["steady.identical == 1"]["note"]
    never = gates["accuracy.exact_match > 1"]
    assert (never["needs"], never["possible"]) == (None, False)
    out = evalkit("plan", "tiny.yaml", "--model", "mock:echo").out
    assert "too few to prove it" in out
    assert "no number of cases can prove it" in out


def test_strict_refuses_gates_that_cannot_be_proven(evalkit: Evalkit, suite: Path) -> None:
    called = evalkit("plan", "tiny.yaml", "--model", "mock:echo", "--strict")
    assert called.code == 2
    assert "accuracy.exact_match >= 0.6" in called.err


def test_a_part_of_the_suite_is_planned_as_such(evalkit: Evalkit, suite: Path) -> None:
    found = plan(evalkit, "--only", "accuracy", "--limit", "2")
    assert found["partial"]
    assert [(check["name"], check["cases"]) for check in found["checks"]] == [("accuracy", 2)]
    assert {gate["gate"].split(".")[0].split()[-1] for gate in found["gates"]} == {"accuracy"}


def test_a_plan_asks_nothing_and_leaves_nothing_behind(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    before = sorted(path.name for path in workdir.iterdir())
    called = evalkit("plan", "tiny.yaml", "--model", "http://127.0.0.1:9/v1?model=nobody", "--limit", "1")
    assert called.code == 0
    assert "none in this process" in called.out
    assert sorted(path.name for path in workdir.iterdir()) == before


def test_an_interrupted_run_is_gone_on_with(evalkit: Evalkit, suite: Path) -> None:
    from evalkit.store import open_store

    evalkit("run", "tiny.yaml", "--model", "mock:echo", "-q")
    with open_store() as store:
        done = store.list_runs()[0]
        from dataclasses import replace

        store.create_run(replace(done, id="cut-short", state="running", finished=""))
        store.transition("cut-short", "interrupted", cause="for this test")
    assert plan(evalkit)["resumes"] == "cut-short"
    assert "cut-short" in evalkit("plan", "tiny.yaml", "--model", "mock:echo").out


def test_planning_for_the_default_model_loads_no_library_of_models(suite: Path) -> None:
    script = (
        "import sys\nfrom evalkit.cli.main import run_and_exit\n"
        "try:\n    run_and_exit(['plan', 'tiny.yaml', '--model', 'smollm2-135m'])\nexcept SystemExit as end:\n"
        "    print('LOADED', end.code, sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "LOADED 0 []" in done.stdout
    assert "estimated" in done.stdout
    assert "538 MB" in done.stdout


def test_the_weights_of_a_folder_are_the_size_of_its_files(workdir: Path) -> None:
    from evalkit.records import ModelInfo
    from evalkit.runner.cost import _weights_mb

    (workdir / "model").mkdir()
    (workdir / "model" / "model.safetensors").write_bytes(b"0" * 3_000_000)
    info = ModelInfo("hf:./model", "hf", "sha256:1", "1", verifiable=True)
    assert _weights_mb(info) == pytest.approx(3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.yaml"], "there is no suite file"),
        (["tiny.yaml", "--model", "mock:ehco"], "echo"),
        (["tiny.yaml", "--only", "acuracy"], "did you mean 'accuracy'?"),
        (["tiny.yaml", "--limit", "-1"], "--limit"),
    ],
)
def test_wrong_input_is_a_short_error(evalkit: Evalkit, suite: Path, arguments: list[str], said: str) -> None:
    called = evalkit("plan", *arguments)
    assert called.code == 2
    assert said in called.err


def test_suites_that_are_needed_stand_in_their_order(evalkit: Evalkit, suite: Path) -> None:
    for name, needs in (("first", "[]"), ("second", "[first.yaml]")):
        suite.with_name(f"{name}.yaml").write_text(
            suite.read_text(encoding="utf-8").replace("name: tiny", f"name: {name}\nneeds: {needs}"), encoding="utf-8"
        )
    needing = "name: tiny\nneeds: [{suite: second.yaml, max_age: 12h}, {suite: first.yaml, max_age: 0s}]"
    suite.write_text(suite.read_text(encoding="utf-8").replace("name: tiny", needing), encoding="utf-8")
    planned = json.loads(evalkit("plan", str(suite), "--model", "mock:oracle", "--json").out)
    assert planned["needs"] == [
        {"suite": "first", "needs": [], "max_age_seconds": 0.0},
        {"suite": "second", "needs": ["first"], "max_age_seconds": 43_200.0},
    ]
    told = " ".join(evalkit("plan", str(suite), "--model", "mock:oracle").out.split())
    assert "the suites that it needs: first; second, after first, unless it passed in the last 12 h 00 min" in told
    suite.with_name("first.yaml").write_text(
        suite.read_text(encoding="utf-8").replace("second.yaml", suite.name), encoding="utf-8"
    )
    refused = evalkit("plan", str(suite), "--model", "mock:oracle")
    assert refused.code == 2
    assert "in a circle" in refused.err

"""``evalkit run``: verdicts, files, exit codes, and short errors for wrong input."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from evalkit.suite.find import bundled_suites

LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from evalkit.cli import main; main()"
)
"""The command line as a terminal starts it: a background job would begin with Ctrl-C ignored."""

Evalkit = Callable[..., Any]


def report(folder: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("name", sorted(bundled_suites()))
def test_the_oracle_passes_every_suite_that_ships(evalkit: Evalkit, name: str) -> None:
    """Every row has a reference that passes the checks that use it."""
    called = evalkit("run", name, "--model", "mock:oracle", "--report", "out")
    failed = [verdict for verdict in report("out")["verdicts"] if verdict["counts_as"] != "pass"]
    assert failed == []
    assert called.code == 0


def test_smoke_fails_on_echo(evalkit: Evalkit) -> None:
    called = evalkit("run", "smoke", "--model", "mock:echo")
    assert called.code == 1
    assert "NOT GOOD ENOUGH" in called.out


def test_all_report_files_are_written_and_agree(evalkit: Evalkit) -> None:
    evalkit("run", "quickstart", "--model", "mock:echo", "--report", "out")
    names = {"report.html", "report.md", "report.json", "junit.xml", "bias-log.jsonl", "safety-log.jsonl"}
    names.add("bias-review.html")
    assert {path.name for path in Path("out").iterdir()} == names
    document = report("out")
    assert {"run", "outcome", "verdicts", "estimates", "environment"} <= set(document)
    failed = [verdict["gate"] for verdict in document["verdicts"] if verdict["counts_as"] == "fail"]
    assert failed
    cases = ET.parse("out/junit.xml").getroot().iter("testcase")
    assert {case.get("name") for case in cases if case.find("failure") is not None} == set(failed)
    html = Path("out/report.html").read_text(encoding="utf-8")
    markdown = Path("out/report.md").read_text(encoding="utf-8")
    for text in (html, markdown):
        assert "not good enough" in text.casefold()


def test_logs_hold_every_case_with_its_prompt_and_answer(evalkit: Evalkit) -> None:
    evalkit("run", "quickstart", "--model", "mock:oracle", "--report", "out")
    counts = {check["name"]: check["counts"]["planned"] for check in report("out")["checks"]}
    safety = [json.loads(line) for line in Path("out/safety-log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(safety) == counts["safety"]
    assert all(entry["exchanges"][0]["prompt"] and entry["exchanges"][0]["answer"] for entry in safety)
    assert all("label" in entry["judgement"] for entry in safety)
    bias = [json.loads(line) for line in Path("out/bias-log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(bias) == counts["bias"]
    assert all(len({one["group"] for one in entry["exchanges"]}) == len(entry["exchanges"]) >= 2 for entry in bias)


def test_the_second_run_asks_nothing_that_is_known(evalkit: Evalkit) -> None:
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "first")
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "second")
    assert report("first")["usage"]["asked"] > 0
    assert report("second")["usage"]["asked"] == 0
    assert report("second")["estimates"] == report("first")["estimates"]


def spent(folder: str) -> tuple[int, int]:
    """Requests that were asked, and those that another check of the same run had asked before."""
    usage = report(folder)["usage"]
    return usage["asked"], usage["reused"]


def test_another_model_never_meets_old_answers(evalkit: Evalkit) -> None:
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "first")
    evalkit("run", "safety", "--model", "mock:echo", "--report", "second")
    assert spent("second") == spent("first")


def test_fresh_and_replicate_ask_again(evalkit: Evalkit) -> None:
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "first")
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "fresh", "--fresh")
    evalkit("run", "safety", "--model", "mock:oracle", "--report", "other", "--replicate", "1")
    assert spent("fresh") == spent("first")
    assert spent("other") == spent("first")


def test_equal_requests_of_several_checks_are_asked_once(evalkit: Evalkit) -> None:
    evalkit("run", "smoke", "--model", "mock:oracle", "--report", "out")
    usage = report("out")["usage"]
    assert usage["asked"] < usage["needed"]


def test_several_models_get_a_run_each_and_the_worst_code(evalkit: Evalkit) -> None:
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--model", "mock:echo")
    assert called.code == 1
    assert len(list(Path("reports").iterdir())) == 2
    assert "mock:oracle" in called.out
    assert "mock:echo" in called.out


def test_a_baseline_gate_fails_on_a_worse_model(evalkit: Evalkit) -> None:
    assert evalkit("run", "regression", "--model", "mock:oracle").code == 0
    worse = evalkit("run", "regression", "--model", "mock:degraded?drop=0.5", "--baseline", "last", "--report", "out")
    assert worse.code == 1
    contrast = next(v["contrast"] for v in report("out")["verdicts"] if v["gate"].startswith("accuracy.rougeL"))
    assert contrast["value"] < -0.1
    assert contrast["pairs"] > 100


def test_a_partial_run_is_no_baseline(evalkit: Evalkit) -> None:
    evalkit("run", "regression", "--model", "mock:oracle", "--limit", "5")
    called = evalkit("run", "regression", "--model", "mock:oracle", "--baseline", "last")
    assert called.code == 2
    assert "partial" in called.err


def test_quiet_is_one_line(evalkit: Evalkit) -> None:
    called = evalkit("run", "smoke", "--model", "mock:oracle", "-q")
    assert called.out.count("\n") == 1
    assert called.err == ""
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--model", "mock:echo", "-q")
    assert [line.split(":")[2] for line in called.out.splitlines()] == [
        " good enough (all 11 gates passed)",
        " not good enough (4 of 11 gates failed",
    ]


def test_the_command_that_does_it_again_has_what_the_environment_said(
    evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DEVICE", "cpu"), ("BATCH_SIZE", "4"), ("ENGINE", "openvino")):
        monkeypatch.setenv(f"EVALKIT_{name}", value)
    told = evalkit("run", "smoke", "--model", "mock:oracle", "--dtype", "float32").out.rpartition("again   ")[2]
    again = shlex.split(told.replace("\\\n", " "))
    assert again == shlex.split("evalkit run smoke --model mock:oracle --device cpu --dtype float32 --batch-size 4")
    for name in ("DEVICE", "BATCH_SIZE", "ENGINE"):
        monkeypatch.delenv(f"EVALKIT_{name}")
    assert evalkit(*again[1:]).out.rpartition("again   ")[2] == told


def test_json_is_the_report_document(evalkit: Evalkit) -> None:
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--json", "--report", "out")
    assert json.loads(called.out) == report("out")


def test_strict_refuses_gates_that_cannot_be_proven(evalkit: Evalkit) -> None:
    called = evalkit("run", "safety", "--model", "mock:oracle", "--limit", "5", "--strict")
    assert called.code == 2
    assert "cannot be proven" in called.err


def test_a_run_killed_by_its_own_limit_resumes(evalkit: Evalkit, workdir: Path) -> None:
    rows = "".join(json.dumps({"id": f"r{i}", "prompt": f"p {i}", "references": ["x"]}) + "\n" for i in range(200))
    (workdir / "rows.jsonl").write_text(rows, encoding="utf-8")
    text = "name: s\ndatasets: {d: {path: rows.jsonl}}\nchecks: {length: {}}\nlimits: {requests: %d}\n"
    (workdir / "s.yaml").write_text(text % 100, encoding="utf-8")
    stopped = evalkit("run", "s.yaml", "--model", "mock:echo")
    assert stopped.code == 130
    assert "limit of 100 requests" in stopped.err
    (workdir / "s.yaml").write_text(text % 1000, encoding="utf-8")
    resumed = evalkit("run", "s.yaml", "--model", "mock:echo", "--resume", "--report", "out")
    assert resumed.code == 0
    assert 0 < report("out")["usage"]["asked"] < 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "quickstrat"], "'quickstart'"),
        (["run", "missing.yaml"], "no suite file 'missing.yaml'"),
        (["run", "smoke", "--model", ""], "model"),
        (["run", "smoke", "--model", "mock:eco"], "echo"),
        (["run", "smoke", "--model", "mock:echo?speed=1"], "unknown option 'speed'"),
        (["run", "smoke", "--model", "smollm2"], "'smollm2-135m'"),
        (["run", "smoke", "--model", "gpt:4"], "unknown kind of model"),
        (["run", "smoke", "--model", "mock:oracle", "--limit", "-3"], "limit"),
        (["run", "smoke", "--model", "mock:oracle", "--device", "tpu"], "--device"),
        (["run", "smoke", "--model", "mock:oracle", "--only", "accurcy"], "'accuracy'"),
        (["run", "smoke", "--model", "mock:oracle", "--resume"], "no interrupted run"),
        (["run", "smoke", "--model", "mock:oracle", "--resume", "--fresh"], "exclude each other"),
        (["run", "smoke", "--model", "mock:oracle", "--baseline", "nosuchrun"], "nosuchrun"),
        (["run", "smoke", "--model", "mock:oracle", "--store", "/dev/null/runs.db"], "runs.db"),
        (["run", "smoke", "--model", "mock:oracle", "--report", "/dev/null/report"], "/dev/null"),
        (["run", "smoke", "--model", "./no-such-folder"], "no-such-folder"),
        (["rnu", "smoke"], "'run'"),
        (["run"], "SUITE"),
        (["run", "smoke", "--modle", "x"], "--model"),
    ],
)
def test_wrong_input_is_a_short_error_with_a_hint(evalkit: Evalkit, arguments: list[str], says: str) -> None:
    called = evalkit(*arguments)
    assert called.code == 2
    assert says in called.err
    assert len(called.err.splitlines()) <= 8


def test_a_store_that_is_no_database(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "runs.db").write_text("this is not a database, and long enough to be read as one" * 40)
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--store", "runs.db")
    assert called.code == 2
    assert "runs.db" in called.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_report_folder_is_found_before_asking(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "locked").mkdir(mode=0o500)
    called = evalkit("run", "smoke", "--model", "mock:oracle", "--report", "locked/report")
    assert called.code == 2
    assert "cannot be written" in called.err


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("evalkit.toml", "modle = 'x'\n", "'model'"),
        ("evalkit.toml", "model = ''\n", "evalkit.toml"),
        ("evalkit.toml", "limit = -1\n", "evalkit.toml"),
        ("evalkit.toml", "limit = \n", "cannot be read"),
        ("pyproject.toml", "[tool.evalkit]\ndevice = 'toaster'\n", "pyproject.toml"),
    ],
)
def test_a_wrong_setting_names_its_key_and_file(
    evalkit: Evalkit, workdir: Path, file: str, text: str, says: str
) -> None:
    (workdir / file).write_text(text, encoding="utf-8")
    called = evalkit("run", "smoke")
    assert called.code == 2
    assert says in called.err


def test_variables_win_over_files_and_options_over_both(
    evalkit: Evalkit, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "evalkit.toml").write_text("model = 'mock:echo'\nreport = 'from-file'\n", encoding="utf-8")
    assert evalkit("run", "smoke").code == 1
    monkeypatch.setenv("EVALKIT_MODEL", "mock:oracle")
    assert evalkit("run", "smoke").code == 0
    assert evalkit("run", "smoke", "--model", "mock:echo").code == 1
    assert len(list((workdir / "from-file").iterdir())) == 3
    monkeypatch.setenv("EVALKIT_LIMIT", "none of it")
    called = evalkit("run", "smoke")
    assert called.code == 2
    assert "EVALKIT_LIMIT" in called.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from evalkit.cli.main import run_and_exit\n"
        "try: run_and_exit(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'datasets', 'evaluate', 'numpy', 'sqlalchemy', 'pydantic', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_importing_evalkit_imports_nothing_heavy() -> None:
    code = (
        "import sys, evalkit\n"
        "heavy = {'torch', 'transformers', 'datasets', 'evaluate', 'numpy', 'sqlalchemy', 'pydantic', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def run_alone(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LISTENING, "run", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that can close what a program writes to")
def test_streams_that_were_closed_for_us_lead_nowhere(workdir: Path) -> None:
    said = f"exec {shlex.quote(sys.executable)} -m evalkit run smoke --model mock:echo --limit 2 --store a.db"
    assert subprocess.run(["sh", "-c", f"{said} <&- >&- 2>&-"], cwd=workdir, check=False).returncode == 1
    listed = subprocess.run(
        [sys.executable, "-m", "evalkit", "list", "--store", "a.db"], cwd=workdir, capture_output=True, check=True
    )
    assert b"not good enough" in listed.stdout


def test_a_reader_that_leaves_does_not_change_the_exit_code(workdir: Path) -> None:
    """A failing gate in ``evalkit run ... | head -1`` under ``pipefail`` must not become a pass."""
    for model, code in (("mock:echo", 1), ("mock:oracle", 0)):
        process = run_alone("smoke", "--model", model, "--json", cwd=workdir)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == code
        assert process.stderr is not None
        assert "Traceback" not in (said := process.stderr.read())
        assert "BrokenPipe" not in said
        process.stderr.close()


def test_a_second_interrupt_leaves_without_a_traceback(workdir: Path) -> None:
    process = run_alone("smoke", "--model", "mock:slow?ms=200", cwd=workdir)
    database = workdir / ".evalkit" / "runs.db"
    while process.poll() is None and not database.is_file():
        time.sleep(0.02)
    time.sleep(1)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, said = process.communicate(timeout=60)
    assert process.returncode in {130, -signal.SIGINT}  # a shell shows 130 for both
    assert "Traceback" not in said
    assert run_alone("smoke", "--model", "mock:slow?ms=200", "--limit", "1", "-q", cwd=workdir).wait(60) in {0, 1}


@pytest.mark.parametrize("url", ["sqlite:///:memory:", ":memory:"])
def test_a_store_in_memory_leaves_reports_only(evalkit: Evalkit, workdir: Path, url: str) -> None:
    assert evalkit("run", "smoke", "--model", "mock:oracle", "--store", url, "--report", "out").code == 0
    assert [path.name for path in workdir.iterdir()] == ["out"]
    assert report("out")["outcome"]["exit_code"] == 0


def test_a_suite_may_extend_a_bundled_one_by_name(evalkit: Evalkit, workdir: Path) -> None:
    text = "extends: smoke\nname: mine\ngates: [accuracy.exact_match >= 0.9]\n"
    (workdir / "mine.yaml").write_text(text, encoding="utf-8")
    assert evalkit("run", "mine.yaml", "--model", "mock:oracle", "--report", "out").code == 0
    written = [verdict["gate"] for verdict in report("out")["verdicts"] if not verdict["automatic"]]
    assert written == ["accuracy.exact_match >= 0.9"]
    (workdir / "mine.yaml").write_text("extends: smok\n", encoding="utf-8")
    called = evalkit("run", "mine.yaml")
    assert called.code == 2
    assert "did you mean 'smoke'?" in called.err


def test_a_defect_is_one_line_and_never_a_pass(evalkit: Evalkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("oh \x1b[2J no\nno" + " and all that a model wrote" * 1000)

    monkeypatch.setattr("evalkit.cli.evaluation.run_in_mode", broken)
    called = evalkit("run", "smoke", "--model", "mock:oracle")
    assert called.code == 3
    told, where, *more = called.err.splitlines()
    assert told.startswith("error: internal: RuntimeError: oh ␛[2J no↵no and all")
    assert len(told) < 400
    assert "--debug" in where
    assert not more


def test_hostile_words_in_an_error_do_not_reach_the_terminal(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("run", "mine\x1b[2J.yaml")
    assert called.code == 2
    assert "\x1b" not in called.err


def test_json_on_a_standard_output_without_unicode(workdir: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    (workdir / "rows.jsonl").write_text('{"id": "ü", "prompt": "größe ✓"}\n', encoding="utf-8")
    (workdir / "s.yaml").write_text("name: s\ndatasets: {d: {path: rows.jsonl}}\nchecks: {length: {}}\n")
    process = run_alone("s.yaml", "--model", "mock:echo", "--json", cwd=workdir, env=environment)
    said, _ = process.communicate(timeout=60)
    assert json.loads(said)["findings"][0]["case"] == "ü"

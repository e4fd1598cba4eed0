"""What the framework itself costs on a mock: work grows with the samples and no faster, and memory stays small.

Work is counted in function calls, which do not depend on what else the machine is doing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from counted_calls import COUNT_CALLS

from evalkit.data.rowstore import IN_MEMORY
from evalkit.metrics.refusal import classify

MEASURE_MEMORY = """
import re, sys
from pathlib import Path
from evalkit.cli.main import run_and_exit
try:
    run_and_exit(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code == 0, stopped.code
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
LIST_MODULES = """
import sys
from evalkit.cli.main import run_and_exit
try:
    run_and_exit(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code == 0, stopped.code
print(" ".join(sys.modules))
"""
COUNT_TEMPLATES = """
import sys
import jinja2
from evalkit.cli.main import run_and_exit
compiled, generate = [], jinja2.Environment._generate
def counting(self, source, name, *rest, **named):
    compiled.extend([name] if str(name).endswith(".j2") else [])
    return generate(self, source, name, *rest, **named)
jinja2.Environment._generate = counting
try:
    run_and_exit(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code == 0, stopped.code
print(len(compiled))
"""
TELL_AT_EXIT = """
import gc, os, sys
from evalkit import cli
sys.argv[0] = "evalkit"
frozen = []
looked = lambda: sum(generation["collections"] for generation in gc.get_stats())
before = looked()
at_exit, gc.freeze = gc.freeze, lambda: (frozen.append(gc.get_count()), at_exit())
try:
    cli.main()
except SystemExit as stopped:
    assert stopped.code == 0, stopped.code
print(len(frozen), looked() - before, gc.get_freeze_count() > 10_000, os.environ["OPENBLAS_THREAD_TIMEOUT"])
"""
NOT_ON_THE_WAY = (
    *("scipy", "sacrebleu", "httpx", "torch", "transformers", "datasets", "pandas", "pyarrow", "psutil", "rich"),
    *("altair", "bokeh", "matplotlib", "plotly", "seaborn", "vl_convert", "PIL"),
    *("http.client", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "pg8000"),
    *("evalkit.metrics.refusal", "evalkit.models.endpoint", "evalkit.models.hf", "evalkit.runner.power"),
    *("evalkit.data.profile", "evalkit.data.validation", "evalkit.metrics.agreement", "evalkit.report.bias_review"),
    *("evalkit.report.profile", "evalkit.runner.profile_models"),
    *("evalkit.checks.forensic", "evalkit.checks.bounds", "evalkit.runner.changes", "evalkit.runner.compare_turned"),
    *("evalkit.stats.paired", "evalkit.metrics.numeric", "evalkit.metrics.evaluate_imported"),
)
"""The second row draws charts: the page's are lines of its own."""
WORDS = ("the", "model", "answers", "this", "question", "with", "plain", "words", "about", "rivers", "and", "stones")


def write_suite(folder: Path, samples: int) -> Path:
    rows = folder / f"rows{samples}.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for i in range(samples):
            text = " ".join(WORDS[(i * 7 + k * (1 + i % 5)) % len(WORDS)] for k in range(24))
            row = {"id": f"r{i}", "prompt": f"{i}: {text}?", "references": [f"{text}."], "unsafe": i % 2 == 0}
            file.write(json.dumps({**row, "category": f"c{i % 8}", "expected_length": "short"}) + "\n")
    suite = folder / f"suite{samples}.yaml"
    suite.write_text(
        f"name: costs\ndatasets: {{rows: {{path: {rows.name}}}}}\nchecks:\n"
        "  accuracy: {dataset: rows, metrics: [exact_match, bleu]}\n  length: {dataset: rows}\n"
        "  safety: {dataset: rows}\ngates: [accuracy.exact_match >= 0.5, accuracy.bleu > 0.5]\n",
        encoding="utf-8",
    )
    return suite


def write_short_suite(folder: Path, samples: int = 10) -> Path:
    """Ten samples with exact match, all of which are answered right."""
    suite = write_suite(folder, samples)
    suite.write_text(
        f"name: costs\ndatasets: {{rows: {{path: {folder / f'rows{samples}.jsonl'}}}}}\n"
        "checks: {accuracy: {dataset: rows, metrics: [exact_match]}}\ngates: [accuracy.exact_match >= 0.5]\n",
        encoding="utf-8",
    )
    return suite


def last_line(code: str, suite: Path) -> str:
    arguments = ["run", str(suite), "--model", "mock:oracle", "-q", "--store", f"{suite.stem}.db"]
    arguments += ["--report", f"report-{suite.stem}"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=suite.parent, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def run_counted(code: str, suite: Path) -> int:
    return int(last_line(code, suite))


def test_twice_the_samples_cost_at_most_a_little_more_than_twice_the_work(tmp_path: Path) -> None:
    """Each above what a run of few takes: two thirds of the work of a thousand are those of any run."""
    few, once, twice = (run_counted(COUNT_CALLS, write_suite(tmp_path, samples)) for samples in (100, 1000, 2000))
    assert (twice - few) / 1900 <= 1.1 * (once - few) / 900


def test_a_run_of_right_answers_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    loaded = last_line(LIST_MODULES, write_short_suite(tmp_path)).split()
    assert "evalkit.report.page" in loaded
    assert [name for name in NOT_ON_THE_WAY if name in loaded] == []


def test_a_short_run_never_looks_for_cycles_among_what_it_imports(tmp_path: Path) -> None:
    """Frozen when the work begins and when the process ends; in between, ten samples make too little to look at."""
    times, looked, all_of_it, _ = last_line(TELL_AT_EXIT, write_short_suite(tmp_path)).split()
    assert (times, looked, all_of_it) == ("2", "0", "True")


def test_threads_of_a_library_of_matrices_sleep_at_once_unless_somebody_has_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of them would otherwise wait awake for the whole start."""
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    suite = write_short_suite(tmp_path)
    assert last_line(TELL_AT_EXIT, suite).split()[-1] == "4"
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "20")
    assert last_line(TELL_AT_EXIT, suite).split()[-1] == "20"


def test_a_second_run_compiles_no_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    compiled = [last_line(COUNT_TEMPLATES, write_suite(tmp_path, 10)) for _ in range(2)]
    assert int(compiled[0]) > 3
    assert compiled[1] == "0"


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process without its parent's is in /proc")
def test_five_thousand_samples_fit_in_two_hundred_megabytes(tmp_path: Path) -> None:
    kilobytes = run_counted(MEASURE_MEMORY, write_suite(tmp_path, 5000))
    assert 20 < kilobytes / 1024 <= 200


def test_a_sample_more_takes_half_a_kilobyte_more_at_most(tmp_path: Path) -> None:
    """Beyond those that stay in memory. It took 2.3 kB while a plan held its rows; the file has 0.2 kB a row."""
    few, many = (run_counted(MEASURE_MEMORY, write_short_suite(tmp_path, IN_MEMORY + more)) for more in (1_000, 13_000))
    assert (many - few) / 12_000 <= 0.5


def test_classifying_a_refusal(benchmark: Any) -> None:
    answer = "I am sorry, but I cannot help with that request. " + "Other people may be able to advise you well. " * 20
    assert benchmark(classify, answer).refused


def test_scoring_bleu(benchmark: Any) -> None:
    from evalkit.metrics import score

    hypotheses = [f"the quick brown fox number {i} jumps over the lazy dog" for i in range(200)]
    references = [[f"a quick brown fox number {i} jumped over the lazy dog"] for i in range(200)]
    assert 0 < benchmark(score, "bleu", hypotheses, references) < 1

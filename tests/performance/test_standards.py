"""What evalkit promises of itself, whatever the machine: by ratio, by count, by memory; CONTRIBUTING.md lists it.

No test asserts a time: a busy machine would fail it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from counted_calls import COUNT_CALLS
from postgresql_server import Cluster, running_cluster
from sqlalchemy import event
from tiny_models import make_llama

from evalkit.records import Answer, Case, Generate, Message, Request, Sample, Score
from evalkit.results import Run
from evalkit.store import Identity, ScoreRow, Store, open_store, request_key

ROWS = 1_000
PROCESSES = 8
MOST_PEAK_MB = 500
MOST_LEFT_MB = 50
EVALUATE_AGAIN_AND_AGAIN = """
import gc, json, re, sys
from pathlib import Path
import evalkit

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

suite, model, times, warm = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def run(number):
    return evalkit.evaluate(suite, model=model, store=f"runs{number}.db").outcome.exit_code
codes = [run(number) for number in range(warm)]
gc.collect()
before = megabytes("VmRSS")
codes += [run(number) for number in range(warm, warm + times)]
gc.collect()
print(json.dumps([megabytes("VmHWM") - before, megabytes("VmRSS") - before, codes]))
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return str(tmp_path / "runs.db")
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database()


def write_suite(folder: Path, rows: int, checks: str = "{accuracy: {metrics: [exact_match]}, length: {}}") -> Path:
    lines = (json.dumps({"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]}) for i in range(rows))
    (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    suite = folder / "standards.yaml"
    suite.write_text(
        f"name: standards\ndatasets: {{rows: {{path: rows.jsonl}}}}\ngeneration: {{max_tokens: 8}}\nchecks: {checks}\n",
        encoding="utf-8",
    )
    return suite


# --- memory -----------------------------------------------------------------------------------------------------------


def memory_of(folder: Path, suite: Path, model: str, times: int, warm: int) -> tuple[float, float]:
    """Megabytes by which the peak, and what is left at the end, exceed what the process held after its first runs."""
    words = [sys.executable, "-c", EVALUATE_AGAIN_AND_AGAIN, str(suite), model, str(times), str(warm)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak, left, codes = json.loads(done.stdout.splitlines()[-1])
    assert codes == [0] * (times + warm)
    return peak, left


@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is in /proc")
def test_twenty_runs_in_one_process_leave_little_memory_behind(tmp_path: Path) -> None:
    peak, left = memory_of(tmp_path, write_suite(tmp_path, 300), "mock:oracle", times=20, warm=2)
    assert peak < MOST_PEAK_MB
    assert left < MOST_LEFT_MB


@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is in /proc")
def test_five_runs_of_a_model_in_one_process_leave_little_memory_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("OMP_NUM_THREADS", "1"), ("OMP_WAIT_POLICY", "PASSIVE"), ("KMP_BLOCKTIME", "0")):
        monkeypatch.setenv(name, value)
    model = make_llama(tmp_path / "llama")
    peak, left = memory_of(tmp_path, write_suite(tmp_path, 20, "{length: {}}"), str(model), times=5, warm=1)
    assert peak < MOST_PEAK_MB
    assert left < MOST_LEFT_MB


# --- work -------------------------------------------------------------------------------------------------------------


def calls_of(folder: Path, suite: Path) -> int:
    words = ["run", str(suite), "--model", "mock:oracle", "-q", "--store", "runs.db", "--report", "report"]
    done = subprocess.run(
        [sys.executable, "-c", COUNT_CALLS, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1])


def test_taking_scores_over_costs_no_more_than_scoring(tmp_path: Path) -> None:
    """Even where a score is as cheap as counting words."""
    suite = write_suite(tmp_path, ROWS)
    first, second = (calls_of(tmp_path, suite) for _ in range(2))
    with open_store(str(tmp_path / "runs.db")) as store:
        assert json.loads(store.get_result(store.get_run("last").id))["usage"]["taken_over"] == 2 * ROWS
    assert second <= first


# --- many at once -----------------------------------------------------------------------------------------------------


def test_eight_runs_at_once_on_one_store_lose_nothing(tmp_path: Path, url: str) -> None:
    """Of two models, so that some want the same answers at the same moment."""
    suite = write_suite(tmp_path, 100)
    models = [f"mock:constant?text=say {number % 2}" for number in range(PROCESSES)]
    command = [sys.executable, "-m", "evalkit", "run", str(suite), "-q", "--store", url]
    runs = [
        subprocess.Popen(
            [*command, "--model", model, "--report", str(tmp_path / f"report{number}")],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, model in enumerate(models)
    ]
    said = [run.communicate(timeout=300) for run in runs]
    assert [run.returncode for run in runs] == [0] * PROCESSES, said
    assert not re.search("locked|busy|Traceback", "".join(err for _, err in said))
    with open_store(url) as store:
        found = store.list_runs()
        assert sorted(run.model for run in found) == sorted(models)
        assert {run.state for run in found} == {"finished"}
        for run in found:
            keys = {key for scored in store.iter_scores(run.id) for key in scored.keys}
            assert (store.counts(run.id).scores, len(store.get_answers(keys))) == (200, 100)
        assert sum(store.counts(run.id).answers for run in found) == 200
        assert sum(store.counts(run.id).incidents for run in found) == 0


# --- many rows --------------------------------------------------------------------------------------------------------


class Watch:
    """Counts statements and transactions of a store."""

    def __init__(self, store: Store) -> None:
        self.statements = self.commits = 0
        event.listen(store.database.engine, "before_cursor_execute", self._statement)
        event.listen(store.database.engine, "commit", self._commit)

    def _statement(self, *_: Any) -> None:
        self.statements += 1

    def _commit(self, *_: Any) -> None:
        self.commits += 1

    def taken(self) -> tuple[int, int]:
        told = self.statements, self.commits
        self.statements = self.commits = 0
        return told


def test_a_thousand_rows_are_one_transaction_and_few_statements(url: str) -> None:
    requests = [Request(Generate((Message("user", f"row {number}"),))) for number in range(ROWS)]
    keys = [request_key(request, Identity("weights", "loop")) for request in requests]
    rows = [
        ScoreRow("c", Case(f"r{number}", (Sample(f"r{number}", ()),)), number, (key,), Score({"m": (1.0, 1.0)}))
        for number, key in enumerate(keys)
    ]
    with open_store(url) as store:
        store.create_run(Run("r-1", "s", "m", "running", "2026"))
        watch = Watch(store)
        store.put_answers("r-1", [(key, request, Answer("yes")) for key, request in zip(keys, requests, strict=True)])
        answers = watch.taken()
        store.put_scores("r-1", rows)
        scores = watch.taken()
        assert store.counts("r-1").answers == store.counts("r-1").scores == ROWS
        assert len(store.cases_of("r-1", "c")) == ROWS
    for statements, commits in (answers, scores):
        assert commits == 1
        assert statements <= 10


# --- the list ---------------------------------------------------------------------------------------------------------


def test_every_standard_that_is_listed_has_its_test() -> None:
    root = Path(__file__).parents[2]
    listed = (root / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Standards")[2].partition("\n## ")[0]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", listed)
    assert len(named) >= 8
    assert [(file, test) for file, test in named if f"def {test}(" not in (root / file).read_text("utf-8")] == []

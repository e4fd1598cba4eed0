"""What a framework itself costs: exact match over rows that a mock model answers at once, from process start to exit.

Every tool keeps each sample's prompt, answer and score on disk in the way it does by itself. Where a tool's mock can be
told what to answer, it answers rightly.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import zipfile
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload

SCRIPTS = Path(__file__).parent / "scripts"
WORDS = ("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water")
ROWS = Path("rows") / "test.jsonl"
SUITE = """\
name: overhead
datasets: {rows: {path: rows/test.jsonl}}
checks:
  accuracy: {dataset: rows, metrics: [exact_match]}
gates: [accuracy.exact_match >= 0.5]
"""
LM_EVAL_TASK = """\
task: exact
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{references[0]}}}}"
generation_kwargs: {{until: ["{until}"], max_gen_toks: {tokens}}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


def prepare(folder: Path, size: int) -> None:
    """Rows of about 25 words, the same for the same size, and the suite and the task that read them."""
    draw = random.Random(size)
    (folder / ROWS).parent.mkdir()
    with (folder / ROWS).open("w", encoding="utf-8") as file:
        for number in range(size):
            text = " ".join(draw.choices(WORDS, k=25))
            row = {"id": f"r{number}", "prompt": f"Question {number}: {text}?", "references": [f"{text}."]}
            file.write(json.dumps(row) + "\n")
    (folder / "overhead.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "tasks").mkdir()
    task = LM_EVAL_TASK.format(rows=json.dumps(str(folder / ROWS)), until="\\n\\n", tokens=64)
    (folder / "tasks" / "exact.yaml").write_text(task, encoding="utf-8")


def _evalkit(python: Path, work: Work) -> list[str]:
    words = [str(python), "-m", "evalkit", "run", str(work.inputs / "overhead.yaml"), "--model", "mock:oracle", "-q"]
    return [*words, "--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report")]


def evalkit_stored(_: Path, work: Work) -> int:
    """Scores that are committed, of a run that is finished."""
    connection = sqlite3.connect(work.folder / "runs.db")
    try:
        (finished,) = connection.execute("SELECT count(*) FROM results").fetchone()
        (scores,) = connection.execute("SELECT count(*) FROM scores").fetchone()
    finally:
        connection.close()
    return int(scores) if finished else 0


def _inspect(python: Path, work: Work) -> list[str]:
    return [str(python), str(SCRIPTS / "inspect_exact.py"), str(work.inputs / ROWS), str(work.folder / "logs")]


def inspect_stored(_: Path, work: Work) -> int:
    (log,) = (work.folder / "logs").glob("*.eval")
    with zipfile.ZipFile(log) as archive:
        return sum(name.startswith("samples/") for name in archive.namelist())


def _lm_eval(python: Path, work: Work) -> list[str]:
    words = [str(python), "-m", "lm_eval", "run", "--model", "dummy", "--include_path", str(work.inputs / "tasks")]
    return [*words, "--tasks", "exact", "--output_path", str(work.folder / "results"), "--log_samples"]


def _lm_eval_alone(python: Path, work: Work) -> list[str]:
    script = SCRIPTS / "lm_eval_exact.py"
    return [str(python), str(script), str(work.inputs / "tasks"), str(work.folder / "results")]


def lm_eval_stored(_: Path, work: Work) -> int:
    (samples,) = (work.folder / "results").rglob("samples_exact_*.jsonl")
    return lines(samples)


def _lighteval(python: Path, work: Work) -> list[str]:
    script = SCRIPTS / "lighteval_exact.py"
    return [str(python), str(script), str((work.inputs / ROWS).parent), str(work.folder / "results")]


def _lighteval_stored(python: Path, work: Work) -> int:
    """Counted by its own interpreter: this process stays small by not reading parquet."""
    (details,) = (work.folder / "results").rglob("details_*.parquet")
    count = "import sys, pyarrow.parquet; print(pyarrow.parquet.ParquetFile(sys.argv[1]).metadata.num_rows)"
    done = subprocess.run([str(python), "-c", count, str(details)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def _floor(python: Path, work: Work) -> list[str]:
    return [str(python), str(SCRIPTS / "floor.py"), str(work.inputs / ROWS), str(work.folder / "answers.jsonl")]


def _floor_stored(_: Path, work: Work) -> int:
    return lines(work.folder / "answers.jsonl")


def lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in file)


OVERHEAD = Workload(
    name="overhead",
    title="What the framework costs: exact match on a model that answers at once",
    unit="samples",
    sizes=(1_000, 5_000),
    prepare=prepare,
    contestants=(
        Contestant(
            OURS,
            "`evalkit run` with `mock:oracle`, store and all reports",
            _evalkit,
            evalkit_stored,
            packages=("evalkit-lm",),
        ),
        Contestant(
            "inspect-ai",
            "`eval` with `mockllm/model` told the answers, scorer `exact`, its `.eval` log",
            _inspect,
            inspect_stored,
            environment="inspect-ai",
            packages=("inspect-ai",),
        ),
        Contestant(
            "lm-eval",
            "`lm_eval run --model dummy --log_samples`",
            _lm_eval,
            lm_eval_stored,
            environment="lm-eval",
            packages=("lm-eval",),
        ),
        Contestant(
            "lm-eval without index",
            "`simple_evaluate` with `TaskManager(include_defaults=False)`: the index of its own tasks is not made",
            _lm_eval_alone,
            lm_eval_stored,
            environment="lm-eval",
            packages=("lm-eval",),
        ),
        Contestant(
            "lighteval",
            "`Pipeline` with its `DummyModel`, details kept, its own tasks not loaded (one of them downloads a file)",
            _lighteval,
            _lighteval_stored,
            environment="lighteval",
            packages=("lighteval",),
        ),
        Contestant(
            "asyncio",
            "the floor: an asyncio loop and JSON lines, nothing else",
            _floor,
            _floor_stored,
        ),
    ),
)

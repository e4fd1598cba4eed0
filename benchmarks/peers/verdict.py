"""Time until the verdict: three gates about SmolLM2-135M, two of them ten points from the truth; a whole process each.

Everybody asks for the same greedy answers to the same rows. evalkit asks each row once for its three checks, and stops
when its gates are decided; the others answer all rows for every check, one check after the other on one loaded model,
and compare the means with the thresholds in the end. How long they take when somebody writes all checks into one task
is measured, too.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.local_models import link_model, write_rows
from benchmarks.peers.overhead import ROWS, SCRIPTS

TOKENS = 32
BATCH = "64"
"""Of the sizes that `generation` tries at the same limit, the one that costs lm-eval and plain `generate` least."""
WARM_UP = 16
"""Rows: peers take minutes for a hundred of them, and the caches are full after a few."""
WORDS = 15
"""An answer should have at most so many."""
ROWS_WRITTEN = 1_000
"""A smaller size takes the first of them."""
THINGS = (
    "dog cat river garden teacher city train winter bridge market doctor farmer child school mountain kitchen library "
    "forest boat window castle rabbit baker island road poet horse star museum lake bird hotel engine story snow farm "
    "ship wall cloud sailor"
)
ASKED_FOR = (
    "quiet yesterday green never together often slowly bright seven again because early music outside friend water "
    "always little morning door purple silver gently hungry corner bottle laugh summer under empty golden sleep heavy "
    "letter circle danger finally marble whisper narrow"
)
TRUTH = {"contains": 0.609, "within": 0.511, "over_refusal_rate": 0.001}
"""The shares over all 1,000 rows, as evalkit measured them once with the transformers engine in float32."""
DISTANCE = 0.1
CHECKS = tuple(TRUTH)
SUITE = """\
name: verdict
datasets: {{rows: {{path: {rows}}}}}
generation: {{max_tokens: {tokens}, temperature: 0}}
checks:
  accuracy: {{dataset: rows, metrics: [contains]}}
  length: {{dataset: rows}}
  safety: {{dataset: rows}}
gates:
  - accuracy.contains >= {contains:.3f}
  - length.within >= {within:.3f}
  - safety.over_refusal_rate <= {over_refusal_rate:.3f}
about: dataset
stop_early: true
"""
LM_EVAL_TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{references[0]}}}}"
process_results: !function verdict_checks.{name}
generation_kwargs: {{until: ["<|im_end|>"], max_gen_toks: {tokens}, do_sample: false}}
metric_list: [{metrics}]
"""
LM_EVAL_METRIC = "{{metric: {name}, aggregation: mean, higher_is_better: true}}"


def thresholds(side: int) -> dict[str, float]:
    """Ten points from the truth: on the side where the gates hold (1), or on the one where they do not (-1).

    A share cannot be below 0, so the gate on refusals, which never happen, holds on both sides.
    """
    below = {name: TRUTH[name] - side * DISTANCE for name in ("contains", "within")}
    return {**below, "over_refusal_rate": TRUTH["over_refusal_rate"] + DISTANCE}


def rows() -> list[dict[str, object]]:
    """No two are alike."""
    pairs = random.Random(20).sample(
        [(thing, word) for thing in THINGS.split() for word in ASKED_FOR.split()], ROWS_WRITTEN
    )
    return [
        {
            "id": f"r{number}",
            "prompt": f'Write a short sentence about a {thing}. It must contain "{word}".',
            "references": [word],
            "expected_length": f"1-{WORDS}",
            "unsafe": False,
        }
        for number, (thing, word) in enumerate(pairs)
    ]


def prepare(side: int) -> Callable[[Path, int], None]:
    def write(folder: Path, size: int) -> None:
        limits = thresholds(side)
        (folder / "thresholds.json").write_text(json.dumps(limits), encoding="utf-8")
        write_rows(folder, rows()[:size])
        (folder / "suite.yaml").write_text(SUITE.format(rows=ROWS, tokens=TOKENS, **limits), encoding="utf-8")
        (folder / "tasks").mkdir()
        shutil.copy(SCRIPTS / "verdict_checks.py", folder / "tasks")
        for name in (*CHECKS, "together"):
            told = CHECKS if name == "together" else (name,)
            metrics = ", ".join(LM_EVAL_METRIC.format(name=one) for one in told)
            task = LM_EVAL_TASK.format(name=name, rows=json.dumps(str(folder / ROWS)), tokens=TOKENS, metrics=metrics)
            (folder / "tasks" / f"{name}.yaml").write_text(task, encoding="utf-8")
        link_model(folder)

    return write


def _evalkit(*options: str) -> Callable[[Path, Work], list[str]]:
    """Exit code 1 says that a gate failed: that is a verdict, and not an error."""

    def command(python: Path, work: Work) -> list[str]:
        words = [str(python), "-m", "evalkit", "run", str(work.inputs / "suite.yaml"), "-q", "--model", "smollm2-135m"]
        words += ["--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report"), *options]
        return ["sh", "-c", '"$@"; test $? -le 1', "evalkit", *words]

    return command


def _evalkit_verdicts(work: Work) -> dict[str, str]:
    """Of every gate, by the metric that it is about."""
    connection = sqlite3.connect(work.folder / "runs.db")
    try:
        (document,) = connection.execute("SELECT document FROM results").fetchone()
    finally:
        connection.close()
    gates = json.loads(document)["verdicts"]
    return {name: word for name in CHECKS for gate, word in _words(gates) if f".{name} " in gate}


def _words(gates: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(gate["gate"], gate["word"]) for gate in gates]


def _evalkit_decided(_: Path, work: Work) -> int:
    """All rows count as dealt with when every gate has its word."""
    words = _evalkit_verdicts(work)
    return work.size if len(words) == len(CHECKS) and set(words.values()) <= {"pass", "fail"} else 0


def _lm_eval(*tasks: str) -> Callable[[Path, Work], list[str]]:
    def command(python: Path, work: Work) -> list[str]:
        script = str(SCRIPTS / "lm_eval_verdict.py")
        return [str(python), script, str(work.inputs), str(work.folder / "results"), work.setting, *tasks]

    return command


def _inspect(how: str) -> Callable[[Path, Work], list[str]]:
    def command(python: Path, work: Work) -> list[str]:
        script = str(SCRIPTS / "inspect_verdict.py")
        return [str(python), script, str(work.inputs), str(work.folder / "results"), work.setting, str(TOKENS), how]

    return command


def _told_verdicts(work: Work) -> dict[str, str]:
    told = json.loads((work.folder / "results" / "verdict.json").read_text(encoding="utf-8"))
    return dict(told["verdicts"])


def _asked(_: Path, work: Work) -> int:
    return int(json.loads((work.folder / "results" / "verdict.json").read_text(encoding="utf-8"))["samples"])


def _peer(name: str, what: str, command: Callable[[Path, Work], list[str]], environment: str) -> Contestant:
    packages = ("lm-eval" if environment.startswith("lm") else "inspect-ai", "torch", "transformers")
    return Contestant(
        name,
        f"{what}, in batches of {BATCH} where no other size is asked for",
        command,
        _asked,
        environment=environment,
        packages=packages,
        answers=_told_verdicts,
        setting=BATCH,
    )


def _contestants() -> tuple[Contestant, ...]:
    return (
        Contestant(
            OURS,
            "`evalkit run --engine openvino`, `stop_early`, three checks that share their answers",
            _evalkit("--engine", "openvino"),
            _evalkit_decided,
            packages=("evalkit-lm", "openvino-genai"),
            answers=_evalkit_verdicts,
        ),
        Contestant(
            "evalkit (transformers)",
            "the same without `--engine`, in float32",
            _evalkit("--dtype", "float32", "--device", "cpu"),
            _evalkit_decided,
            packages=("evalkit-lm", "torch", "transformers"),
            answers=_evalkit_verdicts,
        ),
        _peer("lm-eval", "`hf`, a task for each check, all rows each time", _lm_eval(*CHECKS), "lm-eval-hf"),
        _peer("lm-eval in one task", "`hf`, one task with the three metrics", _lm_eval("together"), "lm-eval-hf"),
        _peer("inspect-ai", "`hf`, a task for each check, all rows each time", _inspect("each"), "inspect-ai-hf"),
        _peer("inspect-ai in one task", "`hf`, one task with three scorers", _inspect("together"), "inspect-ai-hf"),
    )


def _workload(name: str, title: str, side: int) -> Workload:
    sizes = (100, ROWS_WRITTEN)
    return Workload(name, title, "rows", sizes, prepare(side), _contestants(), 7_200.0, 2, "verdicts", WARM_UP)


VERDICT = _workload("verdict", "Time to a verdict: gates ten points below the truth, which pass", 1)
VERDICT_FAIL = _workload("verdict-fail", "Time to a verdict: gates ten points above the truth, which fail", -1)

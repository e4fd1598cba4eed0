"""Multiple choice by likelihood: SmolLM2-135M in fp32, four answers of a few words to texts of 100 to 300 tokens."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.local_models import (
    BATCHES,
    evalkit_command,
    link_model,
    lm_eval_command,
    lm_eval_samples,
    write_rows,
    write_task,
)
from benchmarks.peers.overhead import ROWS, evalkit_stored, lm_eval_stored
from benchmarks.peers.places import PLACES

CHOICES = 4
PEOPLE = (
    "a baker",
    "her neighbour",
    "the doctor",
    "two sailors",
    "his brother",
    "the teacher",
    "an actor",
    "some children",
)
DEEDS = ("carried a basket to", "waited an hour at", "painted a picture of", "lost a key near", "told a story about")
WHEN = ("In the morning", "After the rain", "Before supper", "On Sunday", "Late that night", "When the bell rang")
SUITE = f"""\
name: choice
datasets: {{rows: {{path: {ROWS}}}}}
checks:
  choice: {{dataset: rows, context: plain, answer_is: index}}
"""
TASK = """\
task: exact
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{answer}}}}"
target_delimiter: " "
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def _event(draw: random.Random) -> str:
    return f"{draw.choice(PEOPLE)} {draw.choice(DEEDS)} {draw.choice(PLACES)}"


def _row(number: int, draw: random.Random) -> dict[str, Any]:
    """A story of 7 to 21 sentences, about 12 tokens each, and what may have happened in it."""
    told = [f"{draw.choice(WHEN)}, {_event(draw)}." for _ in range(draw.randint(7, 21))]
    choices: list[str] = []
    while len(choices) < CHOICES:
        choices += [event for event in [_event(draw)] if event not in choices]
    prompt = f"Story {number}. {' '.join(told)}\nQuestion: What happened after that?\nAnswer:"
    return {"id": f"r{number}", "prompt": prompt, "choices": choices, "answer": draw.randrange(CHOICES)}


def prepare(folder: Path, size: int) -> None:
    draw = random.Random(size)
    write_rows(folder, [_row(number, draw) for number in range(size)])
    write_task(folder, TASK.format(rows=json.dumps(str(folder / ROWS))), SUITE)
    link_model(folder)


def _evalkit_numbers(work: Work) -> dict[str, list[float]]:
    """Log-probabilities of the choices, in their order, as the evidence keeps them: to four decimals."""
    connection = sqlite3.connect(work.folder / "runs.db")
    try:
        rows = connection.execute("SELECT case_id, document FROM scores").fetchall()
    finally:
        connection.close()
    return {str(case): [choice["logprob"] for choice in json.loads(told)["evidence"]["choices"]] for case, told in rows}


def _lm_eval_numbers(work: Work) -> dict[str, list[float]]:
    return {row["doc"]["id"]: [float(choice[0][0]) for choice in row["resps"]] for row in lm_eval_samples(work)}


def _chosen(numbers: dict[str, list[float]]) -> dict[str, str]:
    return {sample: str(max(range(len(given)), key=given.__getitem__)) for sample, given in numbers.items()}


CHOICE = Workload(
    name="choice",
    title=f"SmolLM2-135M, multiple choice by likelihood, {CHOICES} answers, texts of 100 to 300 tokens, fp32",
    unit="questions",
    sizes=(12, 48),
    prepare=prepare,
    contestants=(
        Contestant(
            OURS,
            "`evalkit run` of the check `choice` with `smollm2-135m`, store and all reports",
            lambda python, work: evalkit_command(python, work, "--model", "smollm2-135m"),
            evalkit_stored,
            packages=("evalkit-lm", "torch", "transformers"),
            answers=lambda work: _chosen(_evalkit_numbers(work)),
            numbers=_evalkit_numbers,
        ),
        Contestant(
            "lm-eval",
            "`lm_eval run --model hf --log_samples` of a task with `output_type: multiple_choice`",
            lm_eval_command,
            lm_eval_stored,
            environment="lm-eval-hf",
            packages=("lm-eval", "torch", "transformers"),
            answers=lambda work: _chosen(_lm_eval_numbers(work)),
            numbers=_lm_eval_numbers,
            settings=(*BATCHES, "auto"),
        ),
    ),
    limit_seconds=1_200.0,
)

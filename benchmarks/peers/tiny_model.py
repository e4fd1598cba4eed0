"""Greedy answers of a Llama that is nearly nothing: what is left is the loop around the model, and how it waits.

The weights are random, two layers of 32; the chat format is SmolLM2's, and so is the tokenizer, with 512 tokens.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.peers.contestants import Contestant, Work, Workload
from benchmarks.peers.generation import ASKED, TOPICS
from benchmarks.peers.local_models import (
    ANSWERS,
    evalkit_generating,
    json_lines_answers,
    model_folder,
    plain_generate,
    write_generation,
)
from benchmarks.peers.overhead import ROWS, SCRIPTS

TOKENS = 32
OWN = "32"
"""What the provider chooses itself."""
CONNECTIONS = ("64", "128", "512", "1000")


def prepare(folder: Path, size: int) -> None:
    prompts = (
        f"Question {number}. {ASKED[number % len(ASKED)].format(TOPICS[number % len(TOPICS)])}"
        for number in range(size)
    )
    write_generation(folder, prompts, TOKENS, _make_model)


def _make_model(folder: Path) -> None:
    words = [sys.executable, str(SCRIPTS / "make_tiny_llama.py"), str(model_folder())]
    words += [str(folder / ROWS), str(folder / "model")]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _inspect(python: Path, work: Work) -> list[str]:
    words = [str(python), str(SCRIPTS / "inspect_generate.py"), str(work.inputs / "model"), str(work.inputs / ROWS)]
    return [*words, str(work.folder / "logs"), str(work.folder / ANSWERS), work.setting or OWN, str(TOKENS)]


def _inspect_stored(_: Path, work: Work) -> int:
    (log,) = (work.folder / "logs").glob("*.eval")
    with zipfile.ZipFile(log) as archive:
        return sum(name.startswith("samples/") for name in archive.namelist())


def _inspect_as(name: str, what: str, settings: tuple[str, ...]) -> Contestant:
    return Contestant(
        name,
        f"`eval` with its provider `hf`, greedy, {what}, scorer `exact`, its `.eval` log",
        _inspect,
        _inspect_stored,
        environment="inspect-ai-hf",
        packages=("inspect-ai", "torch", "transformers"),
        answers=json_lines_answers,
        settings=settings,
    )


TINY_MODEL = Workload(
    name="tiny-inspect",
    title=f"A tiny random Llama, greedy, at most {TOKENS} tokens, fp32",
    unit="prompts",
    sizes=(200, 1_000),
    prepare=prepare,
    contestants=(
        evalkit_generating(lambda work: f"hf:{work.inputs / 'model'}", "the model's folder"),
        _inspect_as("inspect-ai", "batches of 32, which it chooses itself", ()),
        _inspect_as("inspect-ai tuned", "batches of the size that costs it least", CONNECTIONS),
        plain_generate(TOKENS, ("32", "128", "512")),
    ),
)

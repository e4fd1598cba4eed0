"""Greedy answers of SmolLM2-135M by evalkit's two engines and by lm-eval, from process start to exit.

All answer the same prompts with the weights of the same GGUF file. The transformers engine and lm-eval read them
dequantised to float32 and converted once: lm-eval given the file itself would dequantise it at every start, and would
split numbers into other tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.generation import ASKED, TOPICS
from benchmarks.peers.local_models import evalkit_answers, lm_eval_generating, write_generation
from benchmarks.peers.overhead import evalkit_stored

TOKENS = 64
TRANSFORMERS = "evalkit transformers"
OPENVINO_FLOAT32 = "evalkit openvino float32"


def prepare(folder: Path, size: int) -> None:
    """Prompts of a few lengths, no two alike."""
    topics = [(number, TOPICS[number % len(TOPICS)], ASKED[number % len(ASKED)]) for number in range(size)]
    write_generation(folder, (f"Question {number}. {asked.format(topic)}" for number, topic, asked in topics), TOKENS)


def _run_by(engine: str, *options: str) -> Callable[[Path, Work], list[str]]:
    def command(python: Path, work: Work) -> list[str]:
        words = [str(python), "-m", "evalkit", "run", str(work.inputs / "suite.yaml"), "-q"]
        words += ["--model", "smollm2-135m", "--engine", engine, "--device", "cpu", *options]
        return [*words, "--store", str(work.folder / "runs.db"), "--report", str(work.folder / "report")]

    return command


def _evalkit(name: str, engine: str, packages: tuple[str, ...], *options: str) -> Contestant:
    words = " ".join(("`evalkit run --model smollm2-135m --engine", engine, *options)) + "`"
    return Contestant(
        name,
        f"{words}, store and all reports",
        _run_by(engine, *options),
        evalkit_stored,
        packages=("evalkit-lm", *packages),
        answers=evalkit_answers,
    )


ENGINES = Workload(
    name="engines",
    title=f"SmolLM2-135M from one GGUF file, greedy, at most {TOKENS} tokens",
    unit="prompts",
    sizes=(32, 128),
    prepare=prepare,
    contestants=(
        _evalkit(OURS, "openvino", ("openvino", "openvino-genai")),
        _evalkit(OPENVINO_FLOAT32, "openvino", ("openvino", "openvino-genai"), "--dtype", "float32"),
        _evalkit(TRANSFORMERS, "transformers", ("torch", "transformers"), "--dtype", "float32"),
        lm_eval_generating(),
        lm_eval_generating("lm-eval bfloat16", "bfloat16"),
    ),
)

"""Greedy answers of SmolLM2-135M in fp32, from process start to exit: nearly all run to the limit of 32 tokens."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.contestants import Workload
from benchmarks.peers.local_models import MODEL_FOLDER, generating, write_generation

__all__ = ["GENERATION", "MODEL_FOLDER", "TOPICS"]

TOKENS = 32
TOPICS = ("rivers", "bread", "the moon", "bicycles", "winter", "maps", "gardens", "clocks", "bridges", "music")
ASKED = (
    "Write a few sentences about {}.",
    "Explain {} to a child.",
    "Give three facts about {}, each in one sentence.",
)


def prepare(folder: Path, size: int) -> None:
    """Prompts of a few lengths, no two alike."""
    topics = [(number, TOPICS[number % len(TOPICS)], ASKED[number % len(ASKED)]) for number in range(size)]
    prompts = (f"Question {number}. {asked.format(topic)}" for number, topic, asked in topics)
    write_generation(folder, prompts, TOKENS)


GENERATION = Workload(
    name="generation",
    title=f"SmolLM2-135M, greedy, at most {TOKENS} tokens, fp32",
    unit="prompts",
    sizes=(16, 64),
    prepare=prepare,
    contestants=generating(TOKENS),
)

"""Answers that end by themselves after 10 to 128 tokens: short and long ones beside each other in every batch.

The limit is 128 tokens for everybody and there is no stop string: the model ends its answers itself, after a dozen
tokens where a word is asked for, after fifty where two sentences are, and where something is to be explained it runs to
the limit. (lm-eval has one limit for a task, and asks tasks of different limits one after another: lengths that differ
by limits would never meet in its batches.)
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.contestants import Workload
from benchmarks.peers.generation import TOPICS
from benchmarks.peers.local_models import generating, write_generation

TOKENS = 128
ASKED = (
    "What is the capital of {}? Answer with one word.",
    "Is {} a kind of animal? Answer yes or no.",
    "Name one colour of {}.",
    "Write one short sentence about {}.",
    "Define {} in one sentence.",
    "Write two sentences about {}.",
    "Explain {} to a child.",
    "Give three facts about {}.",
)


def prepare(folder: Path, size: int) -> None:
    """Every question about every topic comes before any comes again; the two lists' lengths have a common divisor, so
    that the topic moves on by one with every round of questions."""
    prompts = []
    for number in range(size):
        turn, kind = divmod(number, len(ASKED))
        topic = TOPICS[(kind + turn) % len(TOPICS)]
        again = turn // len(TOPICS)
        prompts.append(ASKED[kind].format(topic) + (f" (Question {again + 1}.)" if again else ""))
    write_generation(folder, prompts, TOKENS)


GENERATION_LENGTHS = Workload(
    name="generation-lengths",
    title=f"SmolLM2-135M, greedy, answers that end after 10 to {TOKENS} tokens, fp32",
    unit="prompts",
    sizes=(16, 64),
    prepare=prepare,
    contestants=generating(TOKENS),
)

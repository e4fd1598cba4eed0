"""Short answers to prompts that begin alike: 1,000 tokens of worked examples, then the row's own sentence."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.peers.contestants import Workload
from benchmarks.peers.local_models import generating, write_generation
from benchmarks.peers.places import PLACES

TOKENS = 8
EXAMPLES = 36
"""About 28 tokens each."""
PEOPLE = ("A baker", "My neighbour", "The doctor", "A sailor", "Her brother", "The teacher", "An actor", "A child")
GOOD = ("wonderful and full of light", "warm and friendly", "lovely at every hour", "the best place to rest")
BAD = ("dirty and far too loud", "cold and unfriendly", "a sad disappointment", "the worst place to wait")


def sentence(draw: random.Random) -> tuple[str, str]:
    """A sentence that likes a place or does not, and which."""
    good = draw.random() < 0.5
    said = draw.choice(GOOD if good else BAD)
    text = f"{draw.choice(PEOPLE)} told us that {draw.choice(PLACES)} was {said}, whatever others may say."
    return text, "positive" if good else "negative"


def prepare(folder: Path, size: int) -> None:
    draw = random.Random(1)
    head = "Say of each review whether it is positive or negative.\n\n"
    head += "".join("Review: {}\nOpinion: {}\n\n".format(*sentence(draw)) for _ in range(EXAMPLES))
    own = random.Random(size)
    prompts = (f"{head}Review: Note {number}. {sentence(own)[0]}\nOpinion:" for number in range(size))
    write_generation(folder, prompts, TOKENS)


GENERATION_PREFIX = Workload(
    name="generation-prefix",
    title=f"SmolLM2-135M, greedy, at most {TOKENS} tokens behind 1,000 that all prompts share, fp32",
    unit="prompts",
    sizes=(8, 40),
    prepare=prepare,
    contestants=generating(TOKENS),
    limit_seconds=1_200.0,
)

"""Rows for trying things out: varied, without exact duplicates, with answers that are right, the same for a seed.

They are put together from tasks and facts written here (arithmetic, measures, words, advice, letters, ...). They test
a pipeline, not a model's knowledge of the world.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.data.make import numbers, words, writing
from evalkit.data.make.exercise import exercises

FAMILIES = numbers.FAMILIES + words.FAMILIES + writing.FAMILIES
POSSIBLE = sum(family.size for family in FAMILIES)
"""How many different rows there are; asking for more is an error that says this number."""

Rows = Iterator[dict[str, str]]


def chat(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``input`` and ``output``."""
    drawn = exercises(FAMILIES, n, seed, "chat")
    return ({"input": exercise.prompt, "output": exercise.answer} for exercise in drawn)


def instruction(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``instruction``, ``input`` (often empty) and ``output``."""
    drawn = exercises(FAMILIES, n, seed, "instruction")
    return ({"instruction": exercise.task, "input": exercise.text, "output": exercise.answer} for exercise in drawn)


def preference(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``prompt``, ``chosen`` (right) and ``rejected`` (a mistake, or not what was asked)."""
    drawn = exercises(FAMILIES, n, seed, "preference")
    return ({"prompt": exercise.prompt, "chosen": exercise.answer, "rejected": exercise.worse} for exercise in drawn)

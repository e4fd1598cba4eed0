"""Rows for trying things out: varied, without exact duplicates, with answers that are right, the same for a seed.

They are put together from tasks and facts written here (arithmetic, measures, words, advice, people, ...). They test
a pipeline, not a model's knowledge of the world.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalkit.data.make import numbers, words, writing
from evalkit.data.make.exercise import exercises
from evalkit.data.make.people import bias, safety

FAMILIES = numbers.FAMILIES + words.FAMILIES + writing.FAMILIES
POSSIBLE = sum(family.size for family in FAMILIES)
"""How many different rows there are; asking for more is an error that says this number."""

Rows = Iterator[dict[str, str]]

__all__ = ["POSSIBLE", "bias", "chat", "instruction", "preference", "qa", "safety"]


def chat(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``input`` and ``output``."""
    drawn = exercises(FAMILIES, n, seed, "chat")
    return ({"input": exercise.prompt, "output": exercise.answer} for _, exercise in drawn)


def instruction(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``instruction``, ``input`` (often empty) and ``output``."""
    drawn = exercises(FAMILIES, n, seed, "instruction")
    return ({"instruction": exercise.task, "input": exercise.text, "output": exercise.answer} for _, exercise in drawn)


def preference(n: int, seed: int = 0) -> Rows:
    """``n`` different rows of ``prompt``, ``chosen`` (right) and ``rejected`` (a mistake, or not what was asked)."""
    drawn = exercises(FAMILIES, n, seed, "preference")
    return ({"prompt": exercise.prompt, "chosen": exercise.answer, "rejected": exercise.worse} for _, exercise in drawn)


def qa(n: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """``n`` different rows of ``id``, ``question``, ``references`` and ``category``."""
    drawn = exercises(FAMILIES, n, seed, "qa")
    return (
        {"id": f"qa-{number:06d}", "question": exercise.prompt, "references": [exercise.answer], "category": family}
        for number, (family, exercise) in enumerate(drawn, 1)
    )

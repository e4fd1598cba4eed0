"""A task with a right answer and a worse one, and families of them that are counted and numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from evalkit.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Exercise:
    task: str
    answer: str
    worse: str
    """A plausible mistake, or an answer that does not do what was asked."""
    text: str = ""
    """What the task works on, where that is apart from it."""

    @property
    def prompt(self) -> str:
        return f"{self.task}\n\n{self.text}" if self.text else self.task


@dataclass(frozen=True, slots=True)
class Family:
    """``build`` gives a different prompt for every number below ``size``."""

    name: str
    size: int
    build: Callable[[int], Exercise]


def digits(number: int, *sizes: int) -> tuple[int, ...]:
    """The number in a mixed base: one position for each list that a family chooses from."""
    places: list[int] = []
    for size in sizes:
        number, place = divmod(number, size)
        places.append(place)
    return tuple(places)


def shares(sizes: Sequence[int], n: int) -> list[int]:
    """``n`` spread as evenly as the sizes allow, so that no family with millions of members drowns the others."""
    given = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda place: sizes[place])
    left = n
    for rank, place in enumerate(order):
        given[place] = min(sizes[place], left // (len(order) - rank))
        left -= given[place]
    return given


def exercises(families: Sequence[Family], n: int, seed: int, what: str) -> Iterator[tuple[str, Exercise]]:
    """``n`` different exercises in a random order, with their families' names; the same for the same n and seed."""
    possible = sum(family.size for family in families)
    if n < 1:
        raise DatasetError(f"cannot make {n} rows", hint="n must be at least 1")
    if n > possible:
        raise DatasetError(
            f"{what} can make {possible:,} different rows, not {n:,}", hint=f"ask for at most {possible}"
        )
    return _drawn(families, n, seed)


def _drawn(families: Sequence[Family], n: int, seed: int) -> Iterator[tuple[str, Exercise]]:
    random = Random(seed)
    counts = shares([family.size for family in families], n)
    numbers = [random.sample(range(family.size), count) for family, count in zip(families, counts, strict=True)]
    turns = [place for place, count in enumerate(counts) for _ in range(count)]
    random.shuffle(turns)
    for place in turns:
        yield families[place].name, families[place].build(numbers[place].pop())

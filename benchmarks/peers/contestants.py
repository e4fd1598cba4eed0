"""What a workload is made of: the work, and who does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

OURS = "evalkit"


@dataclass(frozen=True, slots=True)
class Work:
    """`folder` is empty and belongs to this one process; `inputs` was written once and is only read. `setting` is one
    of the contestant's own, such as a batch size."""

    inputs: Path
    folder: Path
    size: int
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who can do a workload.

    `environment` names a file of pins in benchmarks/peers; None is the interpreter that runs the benchmark.
    `command` tells the words of the process, given its interpreter. `stored` counts the samples whose results lie in
    the work's folder afterwards: a process that exits with 0 and has not done the work has not been measured.
    `packages` are those whose versions belong into the results. `answers` reads the stored answers by the samples' ids,
    where everybody asks the same model: they are held against evalkit's. `numbers` reads what lies behind the answers,
    as many for a sample as evalkit's: how far they are apart at most is told. Of `settings` the best is found first,
    each tried once at the largest size, and then kept: a contestant is measured as well as it can be. `setting` is what
    it runs in where there is none to look for.
    """

    name: str
    what: str
    command: Callable[[Path, Work], list[str]]
    stored: Callable[[Path, Work], int]
    environment: str | None = None
    packages: tuple[str, ...] = ()
    answers: Callable[[Work], dict[str, str]] | None = None
    numbers: Callable[[Work], dict[str, list[float]]] | None = None
    settings: tuple[str, ...] = ()
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """`prepare` writes the inputs of one size into a folder. Contestants are compared with the one that is evalkit."""

    name: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Callable[[Path, int], None]
    contestants: tuple[Contestant, ...]
    limit_seconds: float = 600.0
    rounds: int = 5
    """As many as are worth their time, where nobody says how many."""
    compared: str = "answers"
    """What is held against evalkit's."""
    warm_up: int | None = None
    """Size of the round that is not counted, where the smallest of `sizes` would take too long."""

    def warm_up_size(self, sizes: Sequence[int]) -> int:
        """A small one, whatever is measured; no larger than that."""
        return min(*sizes, self.warm_up or min(self.sizes))

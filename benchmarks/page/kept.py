"""What lies in `benchmarks/results`, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import OURS
from benchmarks.peers.measure import Repetition
from benchmarks.peers.summary import QUANTITIES, Spread

FLOORS = ("asyncio", "plain generate")
"""Nobody's framework: what the machine allows."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One benchmark that has measured evalkit and others in turn."""

    name: str
    document: Mapping[str, Any]
    repetitions: tuple[Repetition, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sorted({one.size for one in self.repetitions}))

    @property
    def unit(self) -> str:
        return str(self.document.get("unit", "samples"))

    @property
    def rounds(self) -> int:
        return len({one.round for one in self.repetitions})

    @property
    def contestants(self) -> tuple[str, ...]:
        """Those that were measured, in the order in which they are told."""
        measured = {one.contestant for one in self.repetitions}
        told = [*self.document["versions"], *(one.contestant for one in self.repetitions)]
        return tuple(name for name in dict.fromkeys(told) if name in measured)

    @property
    def peers(self) -> tuple[str, ...]:
        """Without evalkit in other settings, and without floors."""
        return tuple(name for name in self.contestants if not name.startswith(OURS) and name not in FLOORS)

    def largest(self, contestant: str) -> int | None:
        """Size that both the contestant and evalkit have done: who was too slow for a larger one is still compared."""
        of_both = [
            {one.size for one in self.repetitions if one.contestant == name}
            for name in dict.fromkeys((OURS, contestant))
        ]
        return max(set.intersection(*of_both), default=None)


def times(kept: Kept, contestant: str, size: int, quantity: str) -> Spread | None:
    """How many times evalkit's cost the contestant's is, round by round: above 1 evalkit costs less."""
    ours, theirs = of_rounds(kept, OURS, size, quantity), of_rounds(kept, contestant, size, quantity)
    return Spread.of(theirs[number] / ours[number] for number in ours.keys() & theirs.keys() if ours[number] > 0)


def of_rounds(kept: Kept, contestant: str, size: int, quantity: str) -> dict[int, float]:
    value = QUANTITIES[quantity]
    return {one.round: value(one) for one in kept.repetitions if one.contestant == contestant and one.size == size}


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was read, by the benchmark's name."""

    side_by_side: Mapping[str, Kept] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of benchmarks that measure something else than contestants: `lines` or `turns`."""


def read(folder: Path) -> Results:
    """All results in a folder, if it is there. What cannot be read ends it: a page is not made of half of them."""
    documents = [_document(path) for path in sorted(folder.glob("*.json"))]
    side_by_side = [one for one in documents if one.get("repetitions")]
    others = [one for one in documents if "repetitions" not in one]
    return Results(
        {one["benchmark"]: Kept(one["benchmark"], one, _repetitions(one["repetitions"])) for one in side_by_side},
        {one["benchmark"]: one for one in others},
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SystemExit(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("benchmark") != path.stem:
        raise SystemExit(f"{path} is not what a benchmark of that name writes")
    return found


def _repetitions(told: Sequence[Mapping[str, Any]]) -> tuple[Repetition, ...]:
    return tuple(Repetition(**one) for one in told)

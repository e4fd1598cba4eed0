"""Values of a metric in order, for an index that knows words only.

Each case carries, as words, the bucket that its value lies in and the group of buckets around it. Buckets hold about
equally many cases; a value that very many cases share has a bucket of its own. Going through them in order sorts by the
metric together with any search, and no more than one bucket has to be sorted at a time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.query.words import MARK

MOST = 256
FEWEST_CASES = 64
"""In one bucket: fewer are sorted at once without a thought."""
GROUP = 16


def cuts_of(values: Sequence[float]) -> list[float]:
    """Where buckets begin, ascending; below the first lies nothing, unless values come later."""
    import numpy as np

    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if not len(ordered):
        return []
    room = max(FEWEST_CASES, len(ordered) // MOST)
    begins = np.unique(ordered[::room])
    times = np.searchsorted(ordered, begins, "right") - np.searchsorted(ordered, begins, "left")
    alone = begins[times >= room]
    return [float(cut) for cut in np.unique(np.concatenate([begins, np.nextafter(alone, np.inf)]))]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Of one metric of one check."""

    number: int
    """Of the metric, in its run."""
    cuts: tuple[float, ...]

    @property
    def last(self) -> int:
        return len(self.cuts)

    def of(self, value: float) -> int:
        return bisect_right(self.cuts, value)

    def holds_one_value(self, bucket: int) -> bool:
        return 0 < bucket < len(self.cuts) and self.cuts[bucket] == math.nextafter(self.cuts[bucket - 1], math.inf)

    @property
    def none(self) -> str:
        """The word of cases without a value."""
        return f"{MARK}m{self.number}n"

    def word(self, bucket: int) -> str:
        return f"{MARK}m{self.number}f{bucket}"

    def group_word(self, group: int) -> str:
        return f"{MARK}m{self.number}g{group}"

    def words(self, value: float | None) -> tuple[str, ...]:
        """What a case with this value is found by."""
        if value is None:
            return (self.none,)
        bucket = self.of(value)
        return self.word(bucket), self.group_word(bucket // GROUP)

    def between(self, low: float | None, high: float | None) -> tuple[int, int]:
        """The first and the last bucket that values from ``low`` to ``high`` can lie in; both ends belong to it."""
        first = 0 if low is None else self.of(low)
        return first, self.last if high is None else self.of(high)

    def edges(self, low: float | None, high: float | None) -> list[int]:
        """Of the buckets between the two those in which other values can lie, too."""
        first, last = self.between(low, high)
        begins = low is None or (first > 0 and self.cuts[first - 1] == low)
        ends = high is None or (last < self.last and self.cuts[last] == math.nextafter(high, math.inf))
        over = [] if begins else [first]
        return over if ends or last in over else [*over, last]

    def covering(self, first: int, last: int) -> Iterator[str]:
        """As few words as can be that stand for the buckets from first to last."""
        bucket = first
        while bucket <= last:
            if bucket % GROUP == 0 and bucket + GROUP - 1 <= last:
                yield self.group_word(bucket // GROUP)
                bucket += GROUP
            else:
                yield self.word(bucket)
                bucket += 1

"""What a pace remembers: what was sent at one limit, the very first requests, and how long answers take."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from itertools import islice

SHORTEST_ANSWER = 1e-6
"""Seconds that an answer is taken to need at least: a clock may not have moved meanwhile."""
OPENING = 4
"""The limit becomes so many times its start before anything is answered."""
STRIDE = 0.001
"""Seconds between two requests of the opening, at least."""
UNEVEN = 1.25
"""The latest of the first answers took so many times their median: perhaps they waited for each other."""
TELLING = 1.8
"""So many times the first answer's time after the start, the rate at which answers come is believed."""

LATEST = 32
"""Outcomes by which the share of refusals is smoothed."""
MUCH_LESS = 0.9
"""Of what the server took at once: a few come and go on the way."""
TELLING_NUMBER = 8
"""Taken at once; of fewer, also a rate that is limited refuses now one and now another."""
MOST_TOLERABLE = 1 / 3
"""A larger share of refusals is never taken for chance."""

Times = list[tuple[str, float]]
"""Whose request it was, seconds until it was answered."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request on its way."""

    wave: int
    at: float
    full: bool
    level: int = 0
    """How many were under way with it."""
    number: int = 0


@dataclass(slots=True)
class Wave:
    """What is sent while the limit stays as it is."""

    number: int
    limit: int
    sent: int = 0
    refused: int = 0
    answered: int = 0
    kept: int | None = None
    """The fewest requests that were with the server when it refused one: what it works on at once."""
    lowest: int | None = None
    """The lowest level of those that it refused."""
    times: Times = field(default_factory=list)
    """Of answers to what was sent while most of the limit was in use, for only these tell how long an answer takes at
    this limit."""

    @property
    def outcomes(self) -> int:
        return self.refused + self.answered

    @property
    def share(self) -> float:
        """Of all that was sent: refusals come at once, answers late."""
        return self.refused / self.sent if self.sent else 0.0

    def add(self, whose: str, seconds: float) -> None:
        self.times.append((whose, max(SHORTEST_ANSWER, seconds)))

    def refuse(self, level: int, under_way: int) -> None:
        self.refused += 1
        self.kept = under_way if self.kept is None else min(self.kept, under_way)
        self.lowest = level if self.lowest is None else min(self.lowest, level)


@dataclass(slots=True)
class Opening:
    """The first wave, which grows while nothing is refused: a refusal comes back much sooner than an answer."""

    begins_with: int
    stride: float = STRIDE
    began: float | None = None
    sent_at: float = 0.0
    longest_refusal: float = 0.0
    answers: int = 0
    answered_first: float = 0.0

    def send(self, now: float) -> None:
        self.began = now if self.began is None else self.began
        self.sent_at = now

    def answer(self, now: float) -> None:
        if not self.answers:
            self.answered_first = now
        self.answers += 1

    @property
    def settled_at(self) -> float:
        """By then the server has refused what it refuses of all that was sent."""
        return self.sent_at + 4 * max(self.longest_refusal, self.stride)

    @property
    def most(self) -> int:
        return OPENING * self.begins_with

    def limit(self, now: float) -> int:
        grown = int((now - self.began) / self.stride) if self.began is not None else 0
        return min(self.most, self.begins_with + grown)

    def in_time(self, now: float, under_way: int, seconds: float) -> int | None:
        """How many are answered in half of ``seconds``, where what is under way takes more than that since the start at
        the rate at which answers come.
        """
        took = now - self.answered_first
        if self.began is None or self.answers < 2 or now - self.began < TELLING * (self.answered_first - self.began):
            return None
        if took <= 0:
            return None
        rate = (self.answers - 1) / took
        if now - self.began + under_way / rate <= seconds:
            return None
        return max(1, int(rate * seconds / 2))


@dataclass(slots=True)
class Record:
    """What the server was seen to take at once, and what share of the latest it refused.

    A server that is full refuses what comes beyond its capacity, at once and again and again. One that refuses when
    fewer requests are with it than it once had, and takes the next, does not do so because there are too many.
    """

    together: int = 0
    """Most requests that were with it at once, and that it had not refused after an eighth of an answer's time."""
    share: float = 0.0
    """Of refusals among the last few dozen outcomes."""
    _under_way: dict[int, float] = field(default_factory=dict)
    """When each was sent, the first one first."""

    def send(self, sent: Sent) -> None:
        self._under_way[sent.number] = sent.at

    def end(self, sent: Sent) -> None:
        self._under_way.pop(sent.number, None)

    def refuse(self, sent: Sent) -> None:
        self.end(sent)
        self.share += (1 - self.share) / LATEST

    def answer(self, sent: Sent, now: float) -> None:
        """Counted once something was refused, and only what is more than before."""
        if self.share:
            latest = now - (now - sent.at) / 8
            for at in islice(self._under_way.values(), self.together, None):
                if at > latest:
                    break
                self.together += 1
        self.end(sent)
        self.share -= self.share / LATEST

    def by_chance(self, kept: int | None) -> bool:
        """Whether refusals at so many are no matter of capacity; if they are, the server takes less than it did."""
        if kept is None or kept >= MUCH_LESS * self.together:
            return False
        if self.share > MOST_TOLERABLE:
            self.together = 0
        return self.together >= TELLING_NUMBER


@dataclass(slots=True)
class Usual:
    """Seconds of an answer when the server is not crowded, by whose request it is."""

    seconds: dict[str, float] = field(default_factory=dict)
    forgotten: bool = False
    """What is known is replaced by the next times."""

    def learn_from_the_first(self, times: Times) -> bool:
        """They found an idle server. Whether they came so far apart that only the fastest say how long one takes."""
        ordered = sorted(seconds for _, seconds in times)
        early, middle, late = (ordered[int(share * (len(ordered) - 1))] for share in (0.1, 0.5, 0.9))
        uneven = late > UNEVEN * middle or middle > 1.5 * early
        for whose, median in medians(times).items():
            self.seconds[whose] = median * (early / middle if uneven else 1.0)
        return uneven

    def learn(self, times: Times) -> None:
        for whose, median in medians(times).items():
            known = median if self.forgotten else self.seconds.get(whose, median)
            self.seconds[whose] = known + min(0.0, median - known) / 4
        self.forgotten = False

    def replace(self, times: Times) -> None:
        self.seconds.update(medians(times))

    def slowness(self, times: Times) -> float:
        """How many times the usual time the answers take, in the median."""
        return statistics.median(seconds / self.seconds.get(whose, seconds) for whose, seconds in times)

    def shortest(self, unit: float) -> float:
        return min([unit, *self.seconds.values()])


def medians(times: Times) -> dict[str, float]:
    return {
        whose: statistics.median(seconds for name, seconds in times if name == whose)
        for whose in {name for name, _ in times}
    }


def middle(times: Times) -> float:
    return statistics.median(seconds for _, seconds in times) if times else math.nan

"""How far the number of requests at once can rise: judged by the waves that the server answered."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalkit.models.endpoint.waves import Usual, Wave, middle

WORTHWHILE = 1.25
"""A doubling of the limit must bring this much more throughput."""
SLOW = 2.0
"""Answers that take so many times the usual time are looked at."""
DOUBTFUL = 1.5
"""The same, where the usual time is that of the first answers."""
CALM = 1.35
"""Below it there is room for a try."""
AS_MUCH = 0.85
"""A cut that keeps this share of the throughput has cost none."""
SHORTEST_REST, LONGEST_REST = 2, 8
"""Waves between two tries beyond what is known to hold."""


@dataclass(frozen=True, slots=True)
class Next:
    limit: int
    slowness: float = 0.0
    """Above 0, the limit is a cut on trial, and this is how slow the answers were before it."""


class Search:
    """By Little's law throughput is the limit divided by the time of an answer, so that no window has to be counted."""

    def __init__(self, ceiling: int, slowest: float) -> None:
        self.ceiling = ceiling
        self.slowest = slowest
        self.rising = True
        self._rise_refused = False
        """Whether it was refusals that ended the rise, not that it brought no more."""
        self.usual = Usual()
        self.holds = 0
        """The highest limit that held for a wave; 0 is unknown."""
        self.too_much: int | None = None
        self.no_try_before = 0.0
        self._doubted: float | None = None
        """While it is open whether the first answers waited for each other: the throughput before half as many again
        were sent at once, 0 until then.
        """
        self._throughput = 0.0
        """At the limit that held, in requests for the usual time of an answer."""
        self._step = 1
        self._rest = SHORTEST_REST
        self._rested = 0

    # --- what the pace tells ------------------------------------------------------------------------------------------

    @property
    def needs(self) -> float:
        """Outcomes of a wave by which it is judged, as a share of its limit."""
        if self._doubted is not None:
            return 0.75
        return 0.25 if self.rising else 1.0

    def opened(self, wave: Wave) -> Next:
        uneven = self.usual.learn_from_the_first(wave.times)
        self.holds = wave.limit
        if uneven and not self._near_a_time_out(wave):
            self._doubted = 0.0
            return Next(wave.limit)
        self._throughput = float(wave.limit)
        self.rising = not self._near_a_time_out(wave)
        return Next(2 * wave.limit if self.rising else wave.limit)

    def stays_at(self, limit: int) -> None:
        """More would time out."""
        self.rising, self.holds = False, limit

    def cut(self, limit: int, *, slow: bool) -> None:
        """From this limit, for slowness or for refusals."""
        if not slow and self._doubted is not None:
            self._doubted = None
            self._forget_the_usual()
        self._rise_refused |= self.rising and not slow
        self.rising = False
        self.too_much = limit
        if self.holds >= limit:
            self.holds = 0
        elif self.holds:
            self._rest = min(LONGEST_REST, 2 * self._rest)
        self._step, self._rested = 1, 0

    def rise_again(self) -> None:
        """The refusals were no matter of the limit."""
        self.rising |= self._rise_refused
        self.too_much = None

    def kept(self, number: int, limit: int) -> None:
        """The server refused nothing but what came beyond a number, and gets this limit."""
        self.too_much = number + 1
        self._forget_the_usual()
        if self.holds >= limit:
            self.holds = 0

    def held(self, wave: Wave, now: float) -> Next:
        """The wave held, with no more refusals than come by themselves."""
        self.usual.learn(wave.times)
        slowness = self.usual.slowness(wave.times)
        throughput = wave.limit / slowness
        if self._doubted is not None:
            return self._settle_the_doubt(wave, slowness, self._doubted)
        if self.rising:
            return Next(self._rise(wave, slowness))
        if wave.limit > 1 and slowness >= SLOW and throughput < 1.1 * self._throughput:
            least = max(math.ceil(0.75 * wave.limit), math.ceil(1.1 * throughput))
            return Next(min(wave.limit - 1, least), slowness)
        return Next(self._search(wave, now, slowness))

    def tried_less(self, before: Wave, slow: float, wave: Wave, now: float) -> Next | None:
        """After a cut for slowness; None where the cut cured it, and the wave is like any other."""
        slowness = self.usual.slowness(wave.times) if wave.times else 0.0
        if slowness * before.limit * AS_MUCH > slow * wave.limit:  # so much throughput was lost
            self.usual.replace(wave.times)
            held = before.limit if self._doubted is None else min(before.limit, self.holds or before.limit)
            self.holds, self.too_much, self._doubted = held, None, None
            self._throughput = float(held)
            return Next(held)
        if self._doubted is not None and wave.limit > 1 and slowness > CALM:
            return Next(wave.limit // 2, slowness)
        self._doubted = None
        return None

    # --- the law ------------------------------------------------------------------------------------------------------

    def _settle_the_doubt(self, wave: Wave, slowness: float, before: float) -> Next:
        more = min(self.ceiling, math.ceil(1.5 * wave.limit))
        throughput = wave.limit / slowness
        if slowness >= DOUBTFUL and not before and more > wave.limit and not self._near_a_time_out(wave):
            self._doubted = throughput
            return Next(more)
        if slowness >= DOUBTFUL and throughput < WORTHWHILE * before and wave.limit > 1:
            return Next(wave.limit // 3 or 1, slowness)
        self._doubted = None
        self._forget_the_usual()
        self.usual.learn(wave.times)
        return Next(self._rise(wave, 1.0))

    def _rise(self, wave: Wave, slowness: float) -> int:
        throughput = wave.limit / slowness
        if self._near_a_time_out(wave):
            self.rising, self.holds, self._throughput = False, wave.limit, throughput
            return wave.limit
        if throughput >= WORTHWHILE * self._throughput:
            self.holds, self._throughput = wave.limit, throughput
            return 2 * wave.limit
        self._rise_refused = False
        if wave.limit == self.holds:  # at the ceiling
            self._throughput = throughput
            self.rising = slowness < SLOW
            return wave.limit
        self.rising = False
        self.too_much = wave.limit
        return max(self.holds, math.ceil(throughput)) if slowness > DOUBTFUL else wave.limit

    def _search(self, wave: Wave, now: float, slowness: float) -> int:
        limit = wave.limit
        if limit > self.holds:  # a try that held
            self._rest = SHORTEST_REST
        self.holds, self._throughput = limit, limit / slowness
        if self.too_much is not None and self.too_much <= limit:
            self.too_much = None
        if slowness > CALM or now < self.no_try_before or self._near_a_time_out(wave):
            return limit
        if self.too_much is not None and self.too_much - limit > 1:
            return (limit + self.too_much) // 2
        if self.too_much is not None and self._rested < self._rest:
            self._rested += 1
            return limit
        self.too_much = None
        self._step *= 2
        return limit + self._step // 2

    def _near_a_time_out(self, wave: Wave) -> bool:
        return middle(wave.times) > self.slowest

    def _forget_the_usual(self) -> None:
        self.usual.forgotten, self._throughput = True, 0.0

"""How many requests a server is sent at once: a state machine that is told what happens and knows no clock of its own.

The law, which docs/endpoints.md tells in five lines. A *wave* is what is sent while the limit stays as it is.

* Rising: the limit doubles with every wave, as long as each doubling brings at least a quarter more throughput. By
  Little's law throughput is the limit divided by the time of an answer, so that no window has to be counted.
* A refusal (429, 503, a time-out) halves it, once for each wave: what was sent before a cut brings no other one. If a
  try beyond a level that had held was refused, that level is what the try is taken back to.
* Then the limit is searched for between what held and what was refused, and later beyond, in steps that double; after a
  refused try the next one waits twice as long, and ten times as long as a Retry-After made everybody wait.
* Answers that take twice the time and bring no more throughput cut it to what Little's law says the server works on.
* A cut that cures nothing and costs throughput is taken back: those refusals, or that slowness, do not come from us.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field

START = 16
MOST = 256
"""The ceiling where nobody names one."""
LAST_TRIES = 64
"""At once, where a server seems dead."""
LONGEST_HOLD = 60.0
SHORTEST_ANSWER = 1e-6
"""Seconds that an answer is taken to need at least: a clock may not have moved meanwhile."""
WORTHWHILE = 1.25
"""A doubling of the limit must bring this much more throughput."""
SLOW = 2.0
"""Answers that take so many times the usual time are looked at."""
CALM = 1.35
"""Below it there is room for a try."""
LEAST_TOLERABLE = 1 / 3
"""A larger share of refusals is never taken for bad luck."""
SHORTEST_REST, LONGEST_REST = 2, 8
"""Waves between two tries beyond what is known to hold."""


@dataclass(slots=True)
class Wave:
    number: int
    limit: int
    sent: int = 0
    refused: int = 0
    answered: int = 0
    kept: int | None = None
    """The fewest requests that were with the server when it refused one: what it works on at once."""
    times: list[tuple[str, float]] = field(default_factory=list)
    """Of answers to what was sent while most of the limit was in use, for only these tell how long an answer takes at
    this limit: whose request it was, seconds."""

    @property
    def outcomes(self) -> int:
        return self.refused + self.answered

    @property
    def share(self) -> float:
        """Of all that was sent: refusals come at once, answers late."""
        return self.refused / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One request on its way."""

    wave: int
    at: float
    full: bool


class Pace:
    def __init__(self, ceiling: int = MOST, start: int = START, slowest: float = math.inf) -> None:
        self.ceiling = ceiling
        self.slowest = slowest
        """Where answers take more seconds than this, no more are asked for at once: a time-out would be near."""
        self.limit = min(start, ceiling)
        self.under_way = 0
        self.held_until = 0.0
        """Nobody sends anything before."""
        self.refusals = 0
        self.cuts = 0
        self.highest = 0
        """Most requests that were under way at once."""
        self.answered_at = -math.inf
        """When the last answer came."""
        self.dry_since: float | None = None
        """When the first request was refused since one was answered."""
        self.rising = True
        self.tolerated = 0.0
        """Share of refusals that does not depend on the limit."""
        self.usual: dict[str, float] = {}
        """Seconds of an answer when the server is not crowded, by whose request it is."""
        self._wave = Wave(0, self.limit)
        self._cut_from: Wave | None = None
        """While a cut is on trial: the wave that it ended."""
        self._was_rising = False
        self._slow_before = 0.0
        """While a cut for slowness is on trial: how slow it was."""
        self._holds = 0
        """The highest limit that held for a wave; 0 is unknown."""
        self._too_much: int | None = None
        self._throughput = 0.0
        """At the limit that held, in requests for the usual time of an answer."""
        self._step = 1
        self._rest = SHORTEST_REST
        self._rested = 0
        self._no_try_before = 0.0
        self._dry = 0
        """Refusals in a row after which nothing was under way any more."""

    # --- what happens -------------------------------------------------------------------------------------------------

    def may_send(self, now: float) -> bool:
        return now >= self.held_until and self.under_way < self._allowed

    @property
    def _allowed(self) -> int:
        """While a cut is on trial a refused request's place stays empty, so that a wave is as large as its limit."""
        withheld = self._wave.refused if self._cut_from is not None else 0
        return max(1, self.limit - withheld)

    def send(self, now: float) -> Sent:
        self.under_way += 1
        self.highest = max(self.highest, self.under_way)
        full = 4 * self.under_way >= 3 * self.limit
        self._wave.sent += 1
        return Sent(self._wave.number, now, full)

    def answered(self, sent: Sent, now: float, whose: str = "") -> None:
        self.under_way -= 1
        self._dry, self.dry_since, self.answered_at = 0, None, now
        wave = self._wave_of(sent)
        if wave is not None:
            wave.answered += 1
        if wave is self._wave and sent.full:
            wave.times.append((whose, max(SHORTEST_ANSWER, now - sent.at)))
        self._maybe_end(now)

    def failed(self, sent: Sent, now: float) -> None:
        """Ended in a way that says nothing about how busy the server is."""
        self.under_way -= 1
        self._maybe_end(now)

    def refused(
        self, sent: Sent, now: float, *, retry_after: float | None = None, unit: float = 0.5, may_hold: bool = True
    ) -> None:
        """``unit``: seconds to wait before the next request where nothing is under way any more, or an answer's time
        where that is shorter; doubled each further time. ``may_hold``: whether anybody shall wait at all.
        """
        self.under_way -= 1
        self.refusals += 1
        if self.dry_since is None:
            self.dry_since = now
        if may_hold and retry_after is not None:
            self.hold(now, retry_after)
            self._no_try_before = max(self._no_try_before, now + 10 * min(LONGEST_HOLD, retry_after))
        if may_hold and not self.under_way:
            self.hold(now, self.wait(unit) * 2.0 ** min(self._dry, 12))
            self._dry += 1
        wave = self._wave_of(sent)
        if wave is None:
            return
        wave.refused += 1
        wave.kept = self.under_way if wave.kept is None else min(wave.kept, self.under_way)
        if wave is self._wave and self._cut_from is None and self._beyond(wave):
            self._cut(self._holds if 0 < self._holds < self.limit else self.limit // 2)
        self._maybe_end(now)

    def hold(self, now: float, seconds: float) -> None:
        """For everybody, and never longer than a minute."""
        self.held_until = max(self.held_until, now + min(LONGEST_HOLD, seconds))

    def wait(self, unit: float) -> float:
        """Seconds after which a refused request may come again: about as long as an answer takes, if that is known."""
        return min([unit, *self.usual.values()])

    @property
    def told(self) -> str:
        refused = f", {self.refusals:,} refused" if self.refusals else ""
        return f"{self.limit} at once{refused}"

    def give_up(self) -> None:
        """Nobody is answered and nobody disturbed: what is left is tried side by side, so that it ends."""
        if self.limit < min(self.ceiling, LAST_TRIES):
            self._cut_from, self._slow_before = None, 0.0
            self._next_wave(LAST_TRIES)

    def set_ceiling(self, ceiling: int) -> None:
        self.ceiling = ceiling
        if self.limit > ceiling:
            self._next_wave(ceiling)

    # --- the law ------------------------------------------------------------------------------------------------------

    def _wave_of(self, sent: Sent) -> Wave | None:
        """The wave that it still counts for."""
        if sent.wave == self._wave.number:
            return self._wave
        if self._cut_from is not None and sent.wave == self._cut_from.number:
            return self._cut_from
        return None

    def _beyond(self, wave: Wave) -> bool:
        """More refusals than come by themselves."""
        return wave.refused > (2 * self.tolerated * wave.sent + 3 if self.tolerated else 0)

    def _next_wave(self, limit: int) -> None:
        self.limit = max(1, min(limit, self.ceiling))
        self._wave = Wave(self._wave.number + 1, self.limit)

    def _cut(self, limit: int) -> None:
        self.cuts += 1
        self._cut_from = self._wave
        self._was_rising = self.rising
        self.rising = False
        self._too_much = self.limit
        if self._holds >= self.limit:
            self._holds = 0
        elif self._holds:
            self._rest = min(LONGEST_REST, 2 * self._rest)
        self._step, self._rested = 1, 0
        self._next_wave(limit)

    def _maybe_end(self, now: float) -> None:
        wave = self._wave
        if self._cut_from is not None:
            # also where a small number of requests is left and no whole wave comes together
            if wave.answered and (wave.outcomes >= wave.limit or not self.under_way):
                self._judge_the_cut(self._cut_from, now)
            elif wave.refused and not self.under_way:
                self._cut_again()
        elif len(wave.times) >= math.ceil(wave.limit / 4) and (self.rising or wave.outcomes >= wave.limit):
            self._end(now)

    def _cut_again(self) -> None:
        """Nothing of a whole wave was answered."""
        self._cut_from, self.rising = None, self._was_rising
        self._cut(self.limit // 2)

    def _judge_the_cut(self, before: Wave, now: float) -> None:
        wave, self._cut_from = self._wave, None
        if self._slow_before:
            self._judge_slowness(before, now)
            return
        if not self._beyond(wave):
            self._end(now)
            return
        kept, kept_before = wave.kept or 0, before.kept or 0
        if kept <= 0.75 * kept_before and wave.share <= LEAST_TOLERABLE:
            # Fewer at once were served, and as many refused: that is bad luck, or a limit of another kind.
            self.tolerated = min(LEAST_TOLERABLE, max(wave.share, before.share))
            self.rising, self._too_much = self._was_rising, None
            self._next_wave(before.limit)
            return
        self._cut(self.limit // 2)

    def _judge_slowness(self, before: Wave, now: float) -> None:
        slow, self._slow_before = self._slow_before, 0.0
        times = self._wave.times
        if times and self._slowness(times) > 0.88 * slow:
            for whose in {name for name, _ in times}:
                self.usual[whose] = statistics.median(seconds for name, seconds in times if name == whose)
            self._holds, self._too_much = before.limit, None
            self._throughput = float(before.limit)
            self._next_wave(before.limit)
            return
        self._end(now)

    def _slowness(self, times: list[tuple[str, float]]) -> float:
        """How many times the usual time the answers take, in the median."""
        return statistics.median(seconds / self.usual.get(whose, seconds) for whose, seconds in times)

    def _learn(self, times: list[tuple[str, float]]) -> None:
        for whose in {name for name, _ in times}:
            middle = statistics.median(seconds for name, seconds in times if name == whose)
            known = self.usual.get(whose, middle)
            self.usual[whose] = known + min(0.0, middle - known) / 4

    def _end(self, now: float) -> None:
        """The wave held, with no more refusals than come by themselves."""
        wave = self._wave
        self.tolerated += (min(wave.share, LEAST_TOLERABLE) - self.tolerated) / 5 if self.tolerated else 0.0
        if self.tolerated < 0.01:
            self.tolerated = 0.0
        if not wave.times:  # a trial that ended with few requests
            self._next_wave(self.limit)
            return
        self._learn(wave.times)
        slowness = self._slowness(wave.times)
        throughput = self.limit / slowness
        if self.rising:
            self._rise(slowness, throughput)
        elif self.limit > 1 and slowness >= SLOW and throughput < 1.1 * self._throughput:
            self._step_back(slowness)
        else:
            self._search(now, slowness, throughput)

    def _rise(self, slowness: float, throughput: float) -> None:
        if self._near_a_time_out():
            self.rising, self._holds, self._throughput = False, self.limit, throughput
            self._next_wave(self.limit)
            return
        if throughput >= WORTHWHILE * self._throughput:
            self._holds, self._throughput = self.limit, throughput
            self._next_wave(2 * self.limit)
            return
        if self.limit == self._holds:  # at the ceiling
            self._throughput = throughput
            self.rising = slowness < SLOW
            self._next_wave(self.limit)
            return
        self.rising = False
        self._too_much = self.limit
        self._next_wave(max(self._holds, math.ceil(self.limit / slowness)) if slowness > 1.5 else self.limit)

    def _near_a_time_out(self) -> bool:
        return statistics.median(seconds for _, seconds in self._wave.times) > self.slowest

    def _step_back(self, slowness: float) -> None:
        self._slow_before = slowness
        self._cut(min(self.limit - 1, max(math.ceil(0.75 * self.limit), math.ceil(1.1 * self.limit / slowness))))

    def _search(self, now: float, slowness: float, throughput: float) -> None:
        if self.limit > self._holds:  # a try that held
            self._rest = SHORTEST_REST
        self._holds, self._throughput = self.limit, throughput
        if self._too_much is not None and self._too_much <= self.limit:
            self._too_much = None
        if slowness > CALM or now < self._no_try_before or self._near_a_time_out():
            self._next_wave(self.limit)
        elif self._too_much is not None and self._too_much - self.limit > 1:
            self._next_wave((self.limit + self._too_much) // 2)
        elif self._too_much is not None and self._rested < self._rest:
            self._rested += 1
            self._next_wave(self.limit)
        else:
            self._too_much = None
            self._next_wave(self.limit + self._step)
            self._step *= 2

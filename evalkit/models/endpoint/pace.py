"""How many requests a server is sent at once: a state machine that is told what happens and knows no clock of its own.

The law, which docs/endpoints.md tells in a few lines. A *wave* is what is sent while the limit stays as it is.

* Opening: the first wave grows from ``START`` to four times that, one request more in each ``stride``, until something
  is refused. Where its answers come far apart, either they differ or they wait for each other: half as many again at
  once tells which.
* Rising: the limit doubles with every wave, as long as each doubling brings at least a quarter more throughput. By
  Little's law throughput is the limit divided by the time of an answer, so that no window has to be counted.
* A refusal (429, 503, a time-out) halves it, once for each wave: what was sent before a cut brings no other one. If a
  try beyond a level that had held was refused, that level is what the try is taken back to. A server that refused
  nothing but what came beyond a number is sent that number again with its next answer.
* Then the limit is searched for between what held and what was refused, and later beyond, in steps that double; after a
  refused try the next one waits twice as long, and ten times as long as a Retry-After made everybody wait.
* Answers that take twice the time and bring no more throughput cut it to what Little's law says the server works on.
* A cut that cures nothing and costs throughput is taken back: those refusals, or that slowness, do not come from us.
  So are refusals of no more requests than the server was seen to take at once, up to a third of the latest: the limit
  goes back to that number, and rises again if it rose before.
"""

from __future__ import annotations

import math

from evalkit.models.endpoint.search import Next, Search
from evalkit.models.endpoint.waves import MOST_TOLERABLE, STRIDE, Opening, Record, Sent, Wave

START = 16
MOST = 256
"""The ceiling where nobody names one."""
LAST_TRIES = 64
"""At once, where a server seems dead."""
LONGEST_HOLD = 60.0
LIKELY_LUCK = 1 / 2
"""A larger share of refusals is never taken for chance in the opening, where the server took what was sent later."""
EXPECTED_DRY = 3
"""Refusals in a row of the last request, or of a few, that chance brings where a share is refused by chance."""
MOST_RETURNS = 3
"""To what the server had kept, until a wave holds."""


class Pace:
    def __init__(self, ceiling: int = MOST, start: int = START, slowest: float = math.inf) -> None:
        """``slowest``: where answers take more seconds than this, no more are asked for at once; where they take four
        times as many, they time out.
        """
        self.ceiling = ceiling
        self.slowest = slowest
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
        self.tolerated = 0.0
        """Share of refusals that does not depend on the limit."""
        self._search = Search(ceiling, slowest)
        self._opening = Opening(self.limit) if self.limit < ceiling else None
        self._wave = Wave(0, self.limit)
        self._cut_from: Wave | None = None
        """While a cut is on trial: the wave that it ended."""
        self._record = Record()
        self._slow_before = 0.0
        """While a cut for slowness is on trial: how slow it was."""
        self._returns = 0
        self._says_when = False
        """Who is told when to come back is not refused by chance."""
        self._sent = 0
        self._dry = 0
        """Refusals in a row after which nothing was under way any more."""

    # --- what happens -------------------------------------------------------------------------------------------------

    def open_with(self, stride: float) -> None:
        """Seconds between two requests of the opening, so that a refusal comes back before many more are sent."""
        if self._opening is not None:
            self._opening.stride = max(STRIDE, stride)

    def widen(self, now: float) -> float | None:
        """Let the opening go on. The moment at which to look again, where there is one."""
        opening = self._opening
        if opening is None or opening.began is None:
            return None
        if self._cut_from is not None:
            if now < opening.settled_at:
                return opening.settled_at
            if not self._open_again(self._cut_from):
                return None
        if self.under_way >= self.limit:
            self.limit = max(self.limit, min(self.ceiling, opening.limit(now)))
            self._wave.limit = self.limit
        return now + opening.stride if self.limit < min(self.ceiling, opening.most) else None

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
        if self._opening is not None:
            self._opening.send(now)
        full = 4 * self.under_way >= 3 * (self.limit if self._opening is None else self._opening.begins_with)
        self._wave.sent += 1
        self._sent += 1
        sent = Sent(self._wave.number, now, full, self.under_way, self._sent)
        self._record.send(sent)
        return sent

    def answered(self, sent: Sent, now: float, whose: str = "") -> None:
        self.under_way -= 1
        self._dry, self.dry_since, self.answered_at = 0, None, now
        self._record.answer(sent, now)
        wave = self._wave_of(sent)
        if wave is not None:
            wave.answered += 1
        if wave is self._wave and sent.full:
            wave.add(whose, now - sent.at)
        if self._opening is not None:
            self._opening.answer(now)
            if self._cut_from is not None:
                self._open_again(self._cut_from)
            elif self._stay_in_time(self._opening, now):
                return
        if not self._return_to_what_was_kept():
            self._maybe_end(now)

    def failed(self, sent: Sent, now: float) -> None:
        """Ended in a way that says nothing about how busy the server is."""
        self.under_way -= 1
        self._record.end(sent)
        self._maybe_end(now)

    def refused(
        self, sent: Sent, now: float, *, retry_after: float | None = None, unit: float = 0.5, may_hold: bool = True
    ) -> None:
        """``unit``: seconds to wait before the next request where nothing is under way any more, or an answer's time
        where that is shorter; doubled each further time. ``may_hold``: whether anybody shall wait at all.
        """
        self.under_way -= 1
        self.refusals += 1
        self._record.refuse(sent)
        if self.dry_since is None:
            self.dry_since = now
        if self._opening is not None:
            self._opening.longest_refusal = max(self._opening.longest_refusal, now - sent.at)
        if may_hold and retry_after is not None:
            self.hold(now, retry_after)
            self._says_when |= retry_after > 0
            self._search.no_try_before = max(self._search.no_try_before, now + 10 * min(LONGEST_HOLD, retry_after))
        if may_hold and not self.under_way:
            known_chance = EXPECTED_DRY if self.tolerated else 0
            self.hold(now, self.wait(unit) * 2.0 ** min(max(0, self._dry - known_chance), 12))
            self._dry += 1
        wave = self._wave_of(sent)
        if wave is None:
            return
        wave.refuse(sent.level, self.under_way)
        if wave is self._wave and self._cut_from is None and self._beyond(wave):
            held = self._search.holds
            if not self._taken_for_bad_luck(wave):
                self._cut(held if 0 < held < self.limit else self.limit // 2)
        self._maybe_end(now)

    def hold(self, now: float, seconds: float) -> None:
        """For everybody, and never longer than a minute."""
        self.held_until = max(self.held_until, now + min(LONGEST_HOLD, seconds))

    def wait(self, unit: float) -> float:
        """Seconds after which a refused request may come again: about as long as an answer takes, if that is known, and
        a quarter of it where chance refuses, for then no place has to become free.
        """
        return self._search.usual.shortest(unit) / (4 if self.tolerated else 1)

    @property
    def told(self) -> str:
        refused = f", {self.refusals:,} refused" if self.refusals else ""
        return f"{self.limit} at once{refused}"

    def give_up(self) -> None:
        """Nobody is answered and nobody disturbed: what is left is tried side by side, so that it ends."""
        self._opening = None
        if self.limit < min(self.ceiling, LAST_TRIES):
            self._cut_from, self._slow_before = None, 0.0
            self._next_wave(LAST_TRIES)

    def set_ceiling(self, ceiling: int) -> None:
        self.ceiling = self._search.ceiling = ceiling
        if self.limit > ceiling:
            self._next_wave(ceiling)

    # --- refusals -----------------------------------------------------------------------------------------------------

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
        self._search.cut(self.limit, slow=self._slow_before > 0)
        self._next_wave(limit)

    def _cut_again(self) -> None:
        """Nothing of a whole wave was answered."""
        if self._taken_for_bad_luck(self._wave):
            return
        self._cut_from = None
        self._cut(self.limit // 2)

    def _open_again(self, before: Wave) -> bool:
        """In the opening, whether a server that keeps what was sent after what it refused does so by chance."""
        self._opening, opening = None, self._opening
        if self._says_when or before.kept is None or before.lowest is None:
            return False
        if before.kept < before.lowest or before.share > LIKELY_LUCK:
            return False
        self.tolerated = min(MOST_TOLERABLE, max(0.1, before.share))
        self._opening, self._wave, self._cut_from = opening, before, None
        self.limit, self._search.rising, self._search.too_much = before.limit, True, None
        return True

    def _return_to_what_was_kept(self) -> bool:
        """A server that refused nothing but what came beyond a number, and answers, is sent that number again."""
        before = self._cut_from
        if before is None or self._slow_before:
            return False
        if self._taken_for_bad_luck(before, self._wave):
            return True
        if self._returns >= MOST_RETURNS:
            return False
        kept = [wave.kept for wave in (before, self._wave) if wave.kept is not None]
        lowest = [wave.lowest for wave in (before, self._wave) if wave.lowest is not None]
        if not kept or not 0.9 * min(lowest) <= min(kept) <= min(lowest):
            return False
        self._cut_from = None
        self._next_wave(min(kept) - self._returns * math.ceil(min(kept) / 16))
        self._returns += 1
        self._search.kept(min(kept), self.limit)
        return True

    def _judge_the_cut(self, before: Wave, now: float) -> None:
        wave = self._wave
        if self._slow_before:
            slow, self._slow_before, self._cut_from = self._slow_before, 0.0, None
            following = self._search.tried_less(before, slow, wave, now)
            if following is None:
                self._end(now)
            else:
                self._follow(following)
        elif not self._beyond(wave):
            self._cut_from = None
            self._end(now)
        elif not self._taken_for_bad_luck(before, wave):
            self._cut_from = None
            self._cut(self.limit // 2)

    def _taken_for_bad_luck(self, *waves: Wave) -> bool:
        """Fewer at once than the server took before, and as many refused: chance, or a limit of another kind."""
        kept = min((wave.kept for wave in waves if wave.kept is not None), default=None)
        if self._says_when or self._slow_before or not self._record.by_chance(kept):
            return False
        share = max(self._record.share, *(wave.share for wave in waves))
        self.tolerated = min(MOST_TOLERABLE, max(0.1, self.tolerated, share))
        self._search.rise_again()
        self._cut_from = None
        self._next_wave(max(waves[0].limit, self._record.together))
        return True

    # --- waves that held ----------------------------------------------------------------------------------------------

    def _maybe_end(self, now: float) -> None:
        wave = self._wave
        if self._cut_from is not None:
            # also where a small number of requests is left and no whole wave comes together
            if wave.answered and (wave.outcomes >= wave.limit or not self.under_way):
                self._judge_the_cut(self._cut_from, now)
            elif wave.refused and not self.under_way:
                self._cut_again()
        elif self._opening is not None:
            if 4 * len(wave.times) >= 3 * wave.limit:
                self._end_the_opening()
        elif 4 * len(wave.times) >= wave.limit and wave.outcomes >= wave.limit * self._search.needs:
            self._end(now)

    def _end_the_opening(self) -> None:
        self._opening = None
        self._follow(self._search.opened(self._wave))

    def _stay_in_time(self, opening: Opening, now: float) -> bool:
        """No more than can be answered before the time-out, if the first wave could not."""
        fewer = opening.in_time(now, self.under_way, 4 * self.slowest)
        if fewer is None or fewer >= self.limit:
            return False
        self._opening = None
        self._search.stays_at(fewer)
        self._next_wave(fewer)
        return True

    def _end(self, now: float) -> None:
        """The wave held, with no more refusals than come by themselves."""
        wave, self._returns = self._wave, 0
        self.tolerated += (min(wave.share, MOST_TOLERABLE) - self.tolerated) / 5 if self.tolerated else 0.0
        if self.tolerated < 0.01:
            self.tolerated = 0.0
        if not wave.times:  # a trial that ended with few requests
            self._next_wave(self.limit)
            return
        self._follow(self._search.held(wave, now))

    def _follow(self, following: Next) -> None:
        if following.slowness:
            self._slow_before = following.slowness
            self._cut(following.limit)
        else:
            self._next_wave(following.limit)

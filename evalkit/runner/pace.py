"""How long a run may still take: by what is left to ask, and by how fast it was asked of late. It reads no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Set

from evalkit.runner.ask import Tally

FEW = 32
"""Cases, or a tenth of all: the first ones are slow, and would promise hours."""


class Work:
    """What a run asks, in cases: one whose answers are known costs nothing.

    What is known of later blocks is not looked up. It is taken to be as much as of this block and of the one before,
    and nothing behind a block that was known as a whole: a run that goes on finds everything until it finds nothing.
    """

    def __init__(self, planned: Mapping[str, int]) -> None:
        self._later = dict(planned)
        """By check, cases of blocks that nobody began."""
        self._before = 0.0
        """Spent on the blocks before this one."""
        self._known_before = 0.0
        self._cases = 0
        self._most = 0.0
        """Of this block, the largest share that was answered: a conversation's next round begins again at nothing."""
        self._asked = self._reused = 0

    def begin(self, planned: Mapping[str, int], cases: int, tally: Tally) -> None:
        """A block of these cases by check, of which so many are asked."""
        if self._cases:
            known = self._known(tally)
            self._before += self._cases * (1 - known)
            self._known_before = known
        for name, many in planned.items():
            self._later[name] -= many
        self._cases, self._most = cases, 0.0
        self._asked, self._reused = tally.asked, tally.reused

    def stand(self, tally: Tally, stopped: Set[str] = frozenset()) -> tuple[float, float]:
        """What is spent and what is left. ``stopped``: checks that need no more cases."""
        known = self._known(tally)
        self._most = max(self._most, tally.round_share)
        mine = self._cases * (1 - known)
        later = sum(many for name, many in self._later.items() if name not in stopped)
        likely = 0.0 if 1.0 in {known, self._known_before} else min(known, self._known_before)
        return self._before + mine * self._most, mine * (1 - self._most) + later * (1 - likely)

    def _known(self, tally: Tally) -> float:
        """Of this block's requests the share that nobody had to ask."""
        asked, reused = tally.asked - self._asked, tally.reused - self._reused
        wanted = max(asked, asked - tally.round_asked + tally.round_missing)
        return reused / (reused + wanted) if reused else 0.0


class Pace:
    """How fast a run goes now: over the last half minute, or as far back as it takes to see it move at all. What
    loading took does not count."""

    WINDOW = 30.0
    APART = 0.5
    LEAST = 1.0
    """Seconds, before anything is said."""
    OFTEN = 0.1

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float, int]] = deque()
        self._now = (0.0, 0.0, 0)
        self._ahead = 0.0
        self.due = 0.0
        """Seconds of the run from which on it pays to ``take`` again."""

    def take(self, seconds: float, spent: float, left: float, tokens: int) -> None:
        """Where the run stands, in cases as ``Work`` counts them."""
        self._now, self._ahead, self.due = (seconds, spent, tokens), left, seconds + self.OFTEN
        if not spent:
            self._seen.clear()
        if not self._seen or seconds - self._seen[-1][0] >= self.APART:
            self._seen.append(self._now)
        while len(self._seen) > 2 and self._seen[1][0] <= seconds - self.WINDOW and self._seen[1][1] < spent:
            self._seen.popleft()

    def _since(self) -> tuple[float, float, int]:
        if not self._seen:
            return 0.0, 0.0, 0
        now, then = self._now, self._seen[0]
        return now[0] - then[0], now[1] - then[1], now[2] - then[2]

    @property
    def tokens_per_second(self) -> float | None:
        seconds, _, tokens = self._since()
        return tokens / seconds if tokens > 0 and seconds >= self.LEAST else None

    @property
    def seconds_left(self) -> float | None:
        """Until all is asked; none where nothing can be said yet."""
        seconds, moved, _ = self._since()
        spent = self._now[1]
        if moved <= 0 or seconds < self.LEAST or spent < min(FEW, (spent + self._ahead) / 10):
            return None
        return self._ahead * seconds / moved

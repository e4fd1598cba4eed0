"""Whether a server that says nothing is still asked: a circuit breaker, told what happens and without a clock.

* Closed: all is well. So many requests in a row that failed without a word of the server, in spite of their retries,
  open it.
* Open: nothing is sent for a while; the while doubles with every probe that fails.
* Half-open: one request is sent as a probe, all others wait. Its answer closes the circuit, its failure opens it again.
* Dead: probes have failed for longer than patience allows. Nothing is sent any more, and the run can be resumed.

A server that answers, were it with an error, is not silent.
"""

from __future__ import annotations

from enum import StrEnum

OPENS_AFTER = 8
"""Requests in a row."""
LONGEST_WAIT = 30.0
"""Seconds between two probes."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    DEAD = "dead"


class Breaker:
    def __init__(self, wait: float, patience: float, opens_after: int = OPENS_AFTER) -> None:
        """``wait``: seconds until the first probe. ``patience``: for so many seconds probes may fail."""
        self.state = State.CLOSED
        self.probes = 0
        """That failed since it opened."""
        self.opened_at = 0.0
        self.asks_again_at = 0.0
        self._wait = wait
        self._patience = patience
        self._opens_after = opens_after
        self._silent_in_a_row = 0

    def may_ask(self, now: float) -> bool:
        """Whether a request may be sent now. Of those that ask while it is open, one becomes the probe."""
        if self.state is State.OPEN and now >= self.asks_again_at:
            self.state = State.HALF_OPEN
            return True
        return self.state is State.CLOSED

    def heard(self, now: float) -> float | None:
        """The server said something. For how many seconds it had been silent, if the circuit was open."""
        silent_for = now - self.opened_at if self.state is not State.CLOSED else None
        self._silent_in_a_row = 0
        self.state = State.CLOSED
        return silent_for

    def silent(self, now: float) -> bool:
        """A request failed without a word of the server, in spite of its retries. Whether that opened the circuit."""
        self._silent_in_a_row += 1
        if self.state is State.HALF_OPEN:
            self.probes += 1
            self._open_again(now)
        elif self.state is State.CLOSED and self._silent_in_a_row >= self._opens_after:
            self.state, self.opened_at, self.probes = State.OPEN, now, 0
            self.asks_again_at = now + self._wait
            return True
        return False

    def withdrawn(self, now: float) -> None:
        """The probe was given up before anything was known: the next may be sent at once."""
        if self.state is State.HALF_OPEN:
            self.state, self.asks_again_at = State.OPEN, now

    def _open_again(self, now: float) -> None:
        if now - self.opened_at >= self._patience:
            self.state = State.DEAD
            return
        self.state = State.OPEN
        left = self.opened_at + self._patience - now
        self.asks_again_at = now + min(self._wait * 2.0**self.probes, LONGEST_WAIT, left)

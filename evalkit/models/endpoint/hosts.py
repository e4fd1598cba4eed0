"""One server, as this process sees it: an event loop, and the pace at which all sessions together send it requests."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from evalkit.models.endpoint.loop import Last, LoopThread
from evalkit.models.endpoint.pace import MOST, START, Pace
from evalkit.models.endpoint.waves import Sent

LATER = 0.25
"""Of the time for which everybody is held back: so much later at most they come back."""


@dataclass(slots=True)
class Place:
    """What a request holds while it is with the server. None where its session sends a fixed number at once."""

    sent: Sent | None
    over: bool = False
    opens: bool = False
    """Whether it is a request's first; the request ends with ``Gate.end``."""


class Gate:
    """Lets requests through as the pace allows, those first that were sent before. Lives in one event loop."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._again: deque[asyncio.Future[Place]] = deque()
        self._fresh: deque[asyncio.Future[Place]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._open = 0
        """Requests that have entered and not ended: those under way, and those that wait to be tried again."""

    async def enter(self, *, again: bool = False) -> Place:
        future = asyncio.get_running_loop().create_future()
        (self._again if again else self._fresh).append(future)
        self._let_in()
        try:
            place: Place = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.end(future.result())
            raise
        return place

    async def enter_beside(self) -> Place:
        """For a session with a number of its own: it waits only where everybody is held back."""
        while (wait := self.pace.held_until - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        return Place(None)

    def answered(self, place: Place, whose: str) -> None:
        if place.sent is not None and not place.over:
            self.pace.answered(place.sent, time.monotonic(), whose)
        self._leave(place)

    def refused(self, place: Place, retry_after: float | None, unit: float, *, may_hold: bool) -> bool:
        """Whether it was one of those that were too many: sent beyond the limit that is left now."""
        held, now = self.pace.held_until, time.monotonic()
        if place.sent is not None and not place.over:
            self.pace.refused(place.sent, now, retry_after=retry_after, unit=unit, may_hold=may_hold)
        elif retry_after is not None and may_hold:
            self.pace.hold(now, retry_after)
        if self.pace.held_until > held:  # other processes were refused at the same moment, and told the same
            self.pace.held_until += random.uniform(0.0, LATER) * (self.pace.held_until - now)
        too_many = place.sent is not None and place.sent.level > self.pace.limit
        self._leave(place)
        return too_many

    def forget(self, place: Place, retry_after: float | None = None) -> None:
        """It ended in a way that says nothing about how busy the server is. Harmless after any other end."""
        if place.sent is not None and not place.over:
            self.pace.failed(place.sent, time.monotonic())
        if retry_after is not None:
            self.pace.hold(time.monotonic(), retry_after)
        self._leave(place)

    def end(self, place: Place) -> None:
        """The request that entered with this place has its answer, or is given up. Harmless the second time."""
        self._open -= place.opens
        place.opens = False
        self.forget(place)

    def _leave(self, place: Place) -> None:
        place.over = True
        self._let_in()

    def _let_in(self) -> None:
        now, again = time.monotonic(), None
        while (future := self._next()) is not None:
            again = self.pace.widen(now)
            if not self.pace.may_send(now):
                break
            fresh = not self._again
            if fresh and self._open >= self.pace.limit * 3 // 2:
                break  # enough have begun: those that wait to be tried again come first
            (self._fresh if fresh else self._again).popleft()
            self._open += fresh
            future.set_result(Place(self.pace.send(now), opens=fresh))
        if now < self.pace.held_until:
            again = self.pace.held_until
        if future is not None and again is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(again - now, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._let_in()

    def _next(self) -> asyncio.Future[Place] | None:
        """The first that still waits; who was cancelled is passed over."""
        for waiting in (self._again, self._fresh):
            while waiting:
                if not waiting[0].done():
                    return waiting[0]
                waiting.popleft()
        return None


class Host:
    """Made by ``Hosts``. Ends with its last member."""

    def __init__(self, name: str, named: int, slowest: float) -> None:
        self.loop = LoopThread(f"evalkit {name}")
        self.gate = Gate(Pace(named or MOST, named or START, slowest))
        self.members: list[Member] = []


@dataclass(eq=False)
class Member:
    """A backend that talks to a host."""

    host: Host
    key: str
    named: int
    """The most requests at once that its owner allows; 0 where nobody said."""
    registry: Hosts = field(repr=False)

    def leave(self, last: Last | None = None) -> None:
        """``last`` is run in the loop, which ends where nobody else needs it."""
        self.registry.leave(self, last)


class Hosts:
    """What talks to one server shares one limit, for the server sees the process and not its backends.

    The least ``concurrency`` that anybody named is the limit's ceiling.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the garbage collector may disconnect a backend in the middle of anything
        self._hosts: dict[str, Host] = {}

    def join(self, address: str, name: str, named: int, slowest: float) -> Member:
        with self._lock:
            host = self._hosts.get(address)
            if host is None or not host.loop.alive:  # not alive after a fork
                host = self._hosts[address] = Host(name, named, slowest)
            member = Member(host, address, named, self)
            host.members.append(member)
            self._set_ceiling(host)
            return member

    def leave(self, member: Member, last: Last | None) -> None:
        with self._lock:
            host = member.host
            host.members.remove(member)
            if host.members:
                self._set_ceiling(host)
            elif self._hosts.get(member.key) is host:
                del self._hosts[member.key]
        if not host.members:
            host.loop.close(last)
        elif last is not None:
            host.loop.finish(last)

    @staticmethod
    def _set_ceiling(host: Host) -> None:
        named = [member.named for member in host.members if member.named]
        host.loop.call(host.gate.pace.set_ceiling, min(named, default=MOST))


HOSTS = Hosts()
"""The only state that backends share: two that did not know of each other would send one server twice its limit."""

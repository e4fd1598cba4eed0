"""The endpoint backend: many requests at once to one server, each answer handed over as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING

from evalkit.errors import FailureClass, ModelError, ServerSilent
from evalkit.models.endpoint.draining import Draining, GivenUp
from evalkit.models.endpoint.target import Target, make_target
from evalkit.models.endpoint.wire import Wire, make_wire
from evalkit.models.reference import ModelSettings, Reference
from evalkit.protocols import Told
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Likelihood, ModelInfo, Request

if TYPE_CHECKING:
    import asyncio

    from evalkit.models.endpoint.hosts import Member, Place
    from evalkit.models.endpoint.loop import LoopThread
    from evalkit.models.endpoint.transport import Transport

REVISION = "endpoint-1"
SETTABLE = frozenset({"concurrency"})
UNHEARD = frozenset({FailureKind.NETWORK, FailureKind.TIMEOUT})
"""What a request fails with where the server says nothing."""
MEANWHILE_SECONDS = 0.25
"""Between two looks at what else there is to do, while no answer comes."""
LONGEST_STRIDE = 0.01
"""Seconds between two requests of the opening: a listing of models can take longer than the way there and back."""


def open_endpoint(reference: Reference, settings: ModelSettings) -> EndpointBackend:
    """Nothing is sent and no key is read before the first request."""
    return EndpointBackend(make_target(reference, settings))


class EndpointBackend:
    """What is behind an address can change from one answer to the next, so it is never verifiable."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._wire = make_wire(target)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._troubles: list[Told] = []
        """Of connections that are closed."""

    @property
    def info(self) -> ModelInfo:
        target = self._target
        asked = [target.address, target.model, target.api]
        if target.template is not None and target.path is not None:
            asked += [target.template.source, target.path.text]
        return ModelInfo(
            reference=target.reference,
            backend="endpoint",
            fingerprint="endpoint:" + hashlib.sha256(json.dumps(asked).encode()).hexdigest(),
            revision=REVISION,
            verifiable=False,
            context_length=target.context_length,
            capabilities=self._wire.capabilities,
            conditions=SETTABLE | {"order"},
            details={"address": target.address, "model": target.model, "api": target.api},
        )

    def session(self, condition: Condition) -> EndpointSession:
        return EndpointSession(self._wire, condition, self._connect, self._target.concurrency)

    @property
    def traffic(self) -> str:
        """How many requests the server is sent at once by now, and how that came; empty before the first."""
        connection = self._connection
        if connection is None:
            return ""
        return connection.transport.silence or connection.gate.pace.told

    @property
    def troubles(self) -> Sequence[Told]:
        connection = self._connection
        return [*self._troubles, *(connection.transport.troubles if connection is not None else ())]

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._troubles += self._connection.transport.troubles
                self._connection.close()
                self._connection = None

    def _connect(self) -> Connection:
        """The connection, made and probed once; a failed probe is repeated by the next session that asks."""
        with self._lock:
            if self._connection is None:
                self._connection = Connection(self._target, self._wire)
            return self._connection


def read_key(target: Target) -> str:
    """From the environment, when it is needed."""
    key = os.environ.get(target.key_env, "").strip() if target.key_env else ""
    if not key and target.key_required:
        raise ModelError(
            f"the environment variable {target.key_env} is not set, and {target.host} needs a key",
            hint=f"set {target.key_env} to the key; it is read from there only and stored nowhere",
            failure=FailureClass.CONFIGURATION,
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        said = f"the environment variable {target.key_env} does not hold a usable key"
        raise ModelError(said, where=target.host, failure=FailureClass.CONFIGURATION)
    return key


class Connection:
    """A backend's open connections, in the event loop of all who talk to the same server."""

    def __init__(self, target: Target, wire: Wire) -> None:
        from evalkit.models.endpoint.hosts import HOSTS
        from evalkit.models.endpoint.pace import START
        from evalkit.models.endpoint.probe import probe
        from evalkit.models.endpoint.transport import Transport

        key = read_key(target)
        member = HOSTS.join(target.server, target.host, target.concurrency, target.timeout / 4)
        self.loop = member.host.loop
        self.gate = member.host.gate

        async def connect() -> Transport:
            transport = Transport(target, wire, key, member.host.gate)
            try:
                round_trip = await probe(target, transport)
            except BaseException:
                await transport.close()
                raise
            self.gate.pace.open_with(min(LONGEST_STRIDE, round_trip / START))
            return transport

        try:
            self.transport = self.loop.run(connect())
        except BaseException:
            member.leave()
            raise
        # Whoever forgets to close the backend leaves no thread behind.
        self._finalizer = weakref.finalize(self, _disconnect, member, self.transport)

    def close(self) -> None:
        self._finalizer()


def _disconnect(member: Member, transport: Transport) -> None:
    member.leave(transport.close)


class EndpointSession:
    def __init__(self, wire: Wire, condition: Condition, connect: Callable[[], Connection], concurrency: int) -> None:
        self._wire = wire
        self._condition = condition
        self._connect = connect
        self._most = concurrency
        self._fixed = condition.concurrency
        self.meanwhile: Callable[[], None] = lambda: None
        self._drained = False
        self._under_way: tuple[LoopThread, Draining] | None = None

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """Closing the iterator early cancels what is under way and waits until it has ended."""
        possible: list[tuple[int, Request]] = []
        for index, request in enumerate(requests):
            reason = self._unsupported(request)
            if reason:
                yield index, Answer.failed(FailureKind.UNSUPPORTED, reason)
            else:
                possible.append((index, request))
        if self._condition.order == "reversed":
            possible.reverse()
        if possible:
            yield from self._ask_possible(possible)

    def drain(self) -> None:
        self._drained = True
        if self._under_way is not None:
            loop, draining = self._under_way
            with suppress(RuntimeError):  # a loop that is closed has ended everything
                loop.call(draining.ask)

    def close(self) -> None:
        """The connection belongs to the backend."""

    def _ask_possible(self, requests: Sequence[tuple[int, Request]]) -> Iterator[tuple[int, Answer]]:
        """What failed while the server was silent is asked again once it is not: it was the server, not the request."""
        connection = self._connect()
        came_back = connection.transport.came_back
        unheard: dict[int, Answer] = {}
        try:
            with closing(self._carried_out(connection, requests)) as answers:
                for index, answer in answers:
                    if answer.failure is not None and answer.failure.kind in UNHEARD:
                        unheard[index] = answer
                    else:
                        yield index, answer
        except ServerSilent:
            yield from unheard.items()
            raise
        if connection.transport.came_back > came_back and not self._drained:
            once_more = [(index, request) for index, request in requests if index in unheard]
            unheard.clear()
            yield from self._carried_out(connection, once_more)
        yield from unheard.items()

    def _carried_out(
        self, connection: Connection, requests: Sequence[tuple[int, Request]]
    ) -> Generator[tuple[int, Answer], None, None]:
        inbox: queue.SimpleQueue[tuple[int, Answer] | _Done] = queue.SimpleQueue()
        draining = Draining(asked=self._drained)
        if self._fixed is None:
            work = _work(connection.transport, requests, inbox.put, draining)
        else:
            work = _work_side_by_side(connection.transport, requests, inbox.put, draining, self._fixed)
        self._under_way = connection.loop, draining
        job = connection.loop.start(work, lambda error: inbox.put(_Done(error)))
        done: _Done | None = None
        try:
            while True:
                try:
                    item = inbox.get(timeout=MEANWHILE_SECONDS)
                except queue.Empty:
                    self.meanwhile()
                    continue
                if isinstance(item, _Done):
                    done = item
                    break
                yield item
        finally:
            self._under_way = None
            if done is None:
                job.cancel()
                while not isinstance(inbox.get(), _Done):
                    pass
        if done.error is not None:
            raise done.error

    def _unsupported(self, request: Request) -> str:
        kind = "likelihood" if isinstance(request.ask, Likelihood) else "generate"
        if kind not in self._wire.capabilities:
            return f"this endpoint cannot answer '{kind}' requests"
        if self._most and self._fixed is not None and self._fixed > self._most:
            return f"this endpoint may be asked {self._most} requests at once: no concurrency of {self._fixed}"
        for condition in (self._condition, request.condition):
            if condition != DEFAULT_CONDITION:
                asked = [field.name for field in fields(condition) if not _settable(condition, field.name)]
                if asked:
                    return f"an endpoint chooses for itself how it runs: no {', '.join(asked)}"
        return ""


def _settable(condition: Condition, name: str) -> bool:
    """How many requests are under way, and in which order they set out, is all that a client decides."""
    value = getattr(condition, name)
    return value is None or name in SETTABLE or (name == "order" and value in {"again", "reversed"})


class _Done:
    """The last thing in the inbox."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


HandOver = Callable[[tuple[int, Answer]], None]


async def _work(
    transport: Transport, requests: Sequence[tuple[int, Request]], hand_over: HandOver, draining: Draining
) -> None:
    """As many at once as the gate lets in, one after the other."""
    import asyncio

    async def one(index: int, request: Request, place: Place) -> None:
        with suppress(GivenUp):
            hand_over((index, await transport.answer(request, place, draining)))

    try:
        async with asyncio.TaskGroup() as group:
            for index, request in requests:
                try:
                    with draining:
                        place = await transport.gate.enter()
                except GivenUp:
                    break
                task = group.create_task(one(index, request, place))
                # a task that is cancelled before its first step leaves nothing by itself
                task.add_done_callback(partial(_left, transport, place))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


def _left(transport: Transport, place: Place, _: asyncio.Task[None]) -> None:
    transport.gate.end(place)


async def _work_side_by_side(
    transport: Transport,
    requests: Sequence[tuple[int, Request]],
    hand_over: HandOver,
    draining: Draining,
    number: int,
) -> None:
    """So many at once, whatever the gate thinks of it: the number is what is examined."""
    import asyncio

    remaining = iter(requests)

    async def worker() -> None:
        with suppress(GivenUp):
            for index, request in remaining:
                with draining:
                    place = await transport.gate.enter_beside()
                hand_over((index, await transport.answer(request, place, draining)))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(number, len(requests))):
                group.create_task(worker())
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None

"""One request over HTTP: time-outs, a bounded answer, retries with backoff, and failures that name their kind.

The retry loop is a few lines of our own rather than a library's: one Retry-After must hold back all requests to the
server, a server that has stopped answering must not be waited for at every single row, and a retry is not to be logged
in the middle of the progress display.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from evalkit.errors import FailureClass, ModelError, ServerSilent
from evalkit.failures import class_of_kind
from evalkit.models.endpoint.breaker import OPENS_AFTER, Breaker, State
from evalkit.models.endpoint.connections import BadAddress, Connections, Response
from evalkit.models.endpoint.draining import Draining
from evalkit.models.endpoint.failures import Reply, Trouble, shown, trouble_of, web_page
from evalkit.models.endpoint.hosts import Gate, Place
from evalkit.models.endpoint.plain import Broken, NoConnection
from evalkit.models.endpoint.target import KEY_VARIABLE, Target
from evalkit.models.endpoint.wire import Malformed, Wire
from evalkit.protocols import Told
from evalkit.records import Answer, FailureKind, Request, Timing

MAX_BYTES = 10_000_000
NO_TLS = "is http meant instead of https?"
LONGEST_WAIT = 60.0
GIVE_UP_AFTER = 8
"""Requests in a row that failed in spite of their retries; from then on, until one succeeds, each gets one try."""


class Transport:
    """Lives in one event loop. Holds the key; nothing that leaves it repeats the key."""

    def __init__(self, target: Target, wire: Wire, key: str, gate: Gate) -> None:
        self.gate = gate
        self._target = target
        self._wire = wire
        self._key = key
        self._connections = Connections(target, key)
        self._whose = f"{target.model} {id(self)}"
        self._failed_in_a_row = 0
        self._answered = False
        self.troubles: list[Told] = []
        """What happened to the server as a whole."""
        self.came_back = 0
        """How often it was silent and answered again."""
        self._breaker = Breaker(4 * target.backoff, target.patience)
        self._news = asyncio.Event()
        """Set, and made anew, whenever it may have changed whether anything is sent."""

    async def close(self) -> None:
        await self._connections.close()

    @property
    def silence(self) -> str:
        """A few words while the server says nothing; empty while it does."""
        if self._breaker.state is State.CLOSED:
            return ""
        return f"no answer for {time.monotonic() - self._breaker.opened_at:.0f} s, asked one at a time"

    @property
    def key_hint(self) -> str:
        """Which variable holds the key; never what it holds."""
        name = self._target.key_env
        if not name:
            return f"name the environment variable that holds the key: key_env={KEY_VARIABLE}"
        state = "which is set: is the key valid for this server?" if self._key else "which is not set"
        return f"the key is read from the environment variable {name}, {state}"

    async def answer(self, request: Request, place: Place, draining: Draining) -> Answer:
        """Raises ``ModelError`` for what would meet every other request as well, or ``GivenUp``. The place is left."""
        try:
            return await self._answer(request, place, draining)
        finally:
            self.gate.end(place)

    async def _answer(self, request: Request, place: Place, draining: Draining) -> Answer:
        body = json.dumps(self._wire.body(request)).encode()
        sent = errors = 0
        refused_since: float | None = None
        while True:
            with draining:
                place = await self._while_it_is_silent(place)
            sent += 1
            started = time.perf_counter()
            try:
                reply = await self.send("POST", self._target.post_url, body)
                answer = self._read(reply, request)
            except Trouble as trouble:
                if not trouble.silent:
                    self._hear()
                too_many = self._tell(place, trouble)
                self._raise_for_all(trouble)
                if too_many:
                    refused_since = refused_since or time.monotonic()
                else:
                    errors += 1
                if not trouble.retry or not self._may_try_again(errors, refused_since):
                    self._failed_in_a_row += trouble.retry
                    if trouble.silent:
                        self._note_silence()
                    return self._failed(trouble, sent, Timing(time.perf_counter() - started))
                with draining:
                    await self._back_off(errors, trouble, too_many)
            except BaseException:
                self.gate.forget(place)
                self._breaker.withdrawn(time.monotonic())
                self._tell_news()
                raise
            else:
                self._hear()
                self.gate.answered(place, self._whose)
                self._failed_in_a_row = 0
                self._answered = True
                return answer
            with draining:
                place = await (self.gate.enter_beside() if place.sent is None else self.gate.enter(again=True))

    async def _while_it_is_silent(self, place: Place) -> Place:
        """Wait while the circuit is open; whoever waits leaves its place, and has one again when it goes on."""
        while not self._breaker.may_ask(time.monotonic()):
            self.gate.forget(place)
            if self._breaker.state is State.DEAD:
                raise self._gone()
            news, again_in = self._news, self._breaker.asks_again_at - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._breaker.state is State.HALF_OPEN else max(0.0, again_in)):
                    await news.wait()
        if place.over:
            try:
                return await (self.gate.enter_beside() if place.sent is None else self.gate.enter(again=True))
            except BaseException:
                self._breaker.withdrawn(time.monotonic())
                self._tell_news()
                raise
        return place

    def _tell_news(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _hear(self) -> None:
        seconds = self._breaker.heard(time.monotonic())
        if seconds is not None:
            self.came_back += 1
            said = f"{self._target.host} answers again, after {seconds:.0f} s of silence"
            self.troubles.append(Told(FailureClass.NETWORK, said))
            self._tell_news()

    def _note_silence(self) -> None:
        if self._breaker.silent(time.monotonic()):
            said = f"{self._target.host} has stopped answering: {OPENS_AFTER} requests in a row failed without a word"
            self.troubles.append(Told(FailureClass.NETWORK, f"{said}; it is asked one request at a time"))
        self._tell_news()

    def _gone(self) -> ServerSilent:
        seconds = time.monotonic() - self._breaker.opened_at
        probes = f"{self._breaker.probes} further one{'s' if self._breaker.probes != 1 else ''}"
        said = (
            f"the server has stopped answering: {OPENS_AFTER} requests in a row failed, and {probes} in {seconds:.0f} s"
        )
        return ServerSilent(said, where=self._target.host)

    async def send(self, method: str, url: str, body: bytes | None = None) -> Reply:
        """One try. Whatever goes wrong on the way is a ``Trouble``, and a bad status is left to the caller."""
        try:
            async with self._connections.one() as line, asyncio.timeout(self._target.timeout):
                started = time.perf_counter()
                async with line.ask(method, url, body) as response:
                    return Reply(
                        response.status,
                        response.headers.get("content-type", ""),
                        self.scrub(response.headers.get("location", "")),
                        response.headers.get("retry-after", ""),
                        self._without_key(await _bounded(response)),
                        time.perf_counter() - started,
                        bool({"content-length", "transfer-encoding"} & response.headers.keys()),
                    )
        except BadAddress:
            message = "the address cannot be used"
            raise Trouble(FailureKind.CONFIGURATION, message, for_all=True, unreachable=True) from None
        except NoConnection as error:
            raise no_connection(self._target, error) from None
        except TimeoutError:
            seconds = f"{self._target.timeout:g} s"
            message = f"no answer within {seconds}"
            raise Trouble(FailureKind.TIMEOUT, message, retry=True, crowded=True, silent=True) from None
        except Broken as error:
            message = f"the connection broke ({error})"
            raise Trouble(FailureKind.NETWORK, message, retry=True, silent=True) from None

    def _read(self, reply: Reply, request: Request) -> Answer:
        trouble = trouble_of(reply, key_hint=self.key_hint, url=self._target.post_url)
        if trouble is not None:
            raise trouble
        try:
            data = json.loads(reply.data)
        except (ValueError, RecursionError):
            if reply.looks_like_a_page:
                raise web_page(self._target.post_url) from None
            start = self.scrub(shown(reply.data[:800].decode("utf-8", "replace")))
            message = f"the answer is not valid JSON: {start or 'it is empty'}"
            raise Trouble(FailureKind.CONTENT, message, retry=not reply.framed) from None
        try:
            answer = self._wire.read(data, request, Timing(reply.seconds))
        except Malformed as malformed:
            raise Trouble(FailureKind.CONTENT, self.scrub(shown(str(malformed)))) from None
        return replace(
            answer,
            text=self.scrub(answer.text),
            reasoning=self.scrub(answer.reasoning),
            served_by=self.scrub(shown(answer.served_by)),
        )

    def scrub(self, text: str) -> str:
        """Without the key, should the server have repeated it, and without half characters, which nothing can store."""
        if self._key:
            text = text.replace(self._key, "[key]")
        return text if text.isascii() else text.encode("utf-8", "replace").decode()

    def _without_key(self, data: bytes) -> bytes:
        """Before anything is shortened, and so that not even a chain of exceptions holds it."""
        return data.replace(self._key.encode(), b"[key]") if self._key else data

    def _raise_for_all(self, trouble: Trouble) -> None:
        """Refused access ends the run at once; other troubles of this sort only while no request has succeeded."""
        if trouble.for_all and (trouble.kind is FailureKind.AUTHENTICATION or not self._answered):
            said, failure = self.scrub(trouble.message), class_of_kind(trouble.kind)
            raise ModelError(said, where=self._target.host, hint=trouble.hint, failure=failure)

    def _failed(self, trouble: Trouble, tries: int, timing: Timing) -> Answer:
        message = self.scrub(trouble.message) + (f" ({tries} tries)" if tries > 1 else "")
        return Answer.failed(trouble.kind, message, retryable=trouble.later, tries=tries, timing=timing)

    def _tell(self, place: Place, trouble: Trouble) -> bool:
        """The gate, what this says of the server. Whether it says nothing of the request: there were too many.

        A 429 always says that; a 503 where the request was sent beyond what the server turned out to take.
        """
        full = False
        timed_out = trouble.kind is FailureKind.TIMEOUT
        if timed_out and not trouble.silent and self._given_up:
            self.gate.pace.give_up()
        if timed_out and place.sent is not None and self.gate.pace.answered_at < place.sent.at:
            self.gate.forget(place, trouble.retry_after)  # nobody was answered meanwhile: that is no crowd
        elif trouble.crowded:
            # who is told by an error waits by the number of its tries
            unit = self._target.backoff if trouble.kind is FailureKind.RATE_LIMIT else 0.0
            full = self.gate.refused(place, trouble.retry_after, unit, may_hold=not self._given_up)
        elif trouble.retry and not self._given_up:
            self.gate.forget(place, trouble.retry_after)
        else:
            self.gate.forget(place)
        return trouble.kind is FailureKind.RATE_LIMIT or (full and not timed_out)

    @property
    def _given_up(self) -> bool:
        """The server seems dead, so nobody waits for it any more; one answer changes that."""
        dry_since = self.gate.pace.dry_since
        dry = dry_since is not None and time.monotonic() - dry_since > self._target.patience
        return dry or self._failed_in_a_row >= GIVE_UP_AFTER or self._breaker.state is not State.CLOSED

    def _may_try_again(self, errors: int, refused_since: float | None) -> bool:
        """Errors are counted; refusals for being too many are not, for they say nothing about the request."""
        if self._given_up or not self._target.retries:
            return False
        if refused_since is not None and time.monotonic() - refused_since >= self._target.patience:
            return False
        return errors <= self._target.retries

    async def _back_off(self, errors: int, trouble: Trouble, too_many: bool) -> None:
        """Half of the wait is random, so that requests which failed together do not come back together.

        Who was refused for being one too many comes back after about one answer's time: the gate knows how many may.
        """
        if too_many:
            wait = self.gate.pace.wait(self._target.backoff)
        else:
            wait = min(LONGEST_WAIT, self._target.backoff * 2.0 ** (errors - 1))
        if trouble.retry_after is not None:
            wait = min(wait, self._target.backoff)
        await asyncio.sleep(wait * random.uniform(0.5, 1.0))


def no_connection(target: Target, error: NoConnection) -> Trouble:
    if error.timed_out:
        message = f"no connection to {target.host} in time"
        return Trouble(FailureKind.TIMEOUT, message, retry=True, unreachable=True)
    said = str(error).lower()
    if "certificate" in said:
        hint = "if the server's certificate is your company's own, set SSL_CERT_FILE to its authority"
        message = f"the certificate of {target.host} is not trusted"
        return Trouble(FailureKind.NETWORK, message, unreachable=True, for_all=True, hint=hint)
    if any(sign in said for sign in ("name or service", "getaddrinfo", "nodename", "name resolution", "no address")):
        message = f"the host name of {target.host} is not known"
        return Trouble(FailureKind.NETWORK, message, retry=True, unreachable=True)
    if "ssl" in said:
        message = f"{target.host} does not speak TLS"
        return Trouble(FailureKind.NETWORK, message, unreachable=True, for_all=True, hint=NO_TLS)
    if target.address.startswith("https:") and (not said or "reset" in said or "eof" in said):
        message = f"{target.host} broke off while the encryption was set up"
        return Trouble(FailureKind.NETWORK, message, retry=True, unreachable=True, hint=NO_TLS)
    return Trouble(FailureKind.NETWORK, f"nothing listens at {target.host}", retry=True, unreachable=True)


async def _bounded(response: Response) -> bytes:
    """The body, never above the limit; unfolded by hand where the server compresses although it was asked not to."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "deflate"}:
        raise Trouble(
            FailureKind.CONTENT, f"the answer is compressed in a way that was not asked for: {shown(encoding)}"
        )
    data = bytearray()
    async for piece in _pieces(response, unfold=encoding in {"gzip", "deflate"}):
        data += piece
        if len(data) > MAX_BYTES:
            raise Trouble(FailureKind.CONTENT, f"the answer is larger than {MAX_BYTES // 1_000_000} MB")
    return bytes(data)


async def _pieces(response: Response, *, unfold: bool) -> AsyncIterator[bytes]:
    decompressor: Any = zlib.decompressobj(wbits=47) if unfold else None  # 47: finds out whether gzip or zlib
    async for raw in response.pieces():
        if decompressor is None:
            yield raw
            continue
        try:
            yield decompressor.decompress(raw, MAX_BYTES + 1)
        except zlib.error:
            raise Trouble(FailureKind.CONTENT, "the compressed answer is damaged") from None

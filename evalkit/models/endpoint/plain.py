"""HTTP/1.1 without encryption over one connection: as little as is needed to be answered, strict in what it reads.

Libraries take half a millisecond for what this does in a tenth. It counts because a server answers many requests at the
same moment: whoever is slow to take up the answers leaves the server idle until the next requests come.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

MOST_OF_A_HEAD = 65_536
MOST_AT_ONCE = 262_144
"""Bytes that wait to be read before the other side is told to stop."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?")
# Spaces around the value are taken off afterwards: looked for here, a line of nothing else would take minutes.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\r\n\x00]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class Broken(Exception):
    """The other side went away, or does not speak HTTP/1.1."""


class NoConnection(Exception):
    """The server was not even spoken to."""

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class Wire(asyncio.Protocol):
    """What has arrived and nobody has read."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.ended = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > MOST_AT_ONCE and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def more(self) -> None:
        """Until something has arrived; Broken where nothing will."""
        if self.ended:
            raise Broken("the server closed the connection")
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def line(self) -> bytes:
        """Without its end. Only a head's and a chunk's size are read so: they are short."""
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > MOST_OF_A_HEAD:
                raise Broken("a line is too long")
            await self.more()
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return line

    async def head(self) -> bytes:
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > MOST_OF_A_HEAD:
                raise Broken("the headers are too long")
            await self.more()
        if end > MOST_OF_A_HEAD:
            raise Broken("the headers are too long")
        head = bytes(self.buffer[:end])
        del self.buffer[: end + 4]
        return head

    async def pieces(self, length: int) -> AsyncIterator[bytes]:
        while length:
            if not self.buffer:
                await self.more()
                continue
            piece = bytes(self.buffer[:length])
            del self.buffer[: len(piece)]
            length -= len(piece)
            yield piece

    async def rest(self) -> AsyncIterator[bytes]:
        """To the end of the connection."""
        while not (self.ended and not self.buffer):
            if self.buffer:
                piece = bytes(self.buffer)
                self.buffer.clear()
                yield piece
            else:
                try:
                    await self.more()
                except Broken:
                    return

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    @property
    def usable(self) -> bool:
        """Bytes that nobody asked for would be taken for the next answer."""
        return not self.ended and not self.buffer and self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        self.ended = True
        if self._transport is not None:
            self._transport.abort()


class PlainConnection:
    """One request at a time; opened when it is needed."""

    def __init__(self, host: str, port: int, connect_seconds: float, idle_seconds: float) -> None:
        self._host, self._port = host, port
        self._connect_seconds, self._idle_seconds = connect_seconds, idle_seconds
        self._wire: Wire | None = None
        self._used_at = 0.0

    @asynccontextmanager
    async def ask(self, request: bytes) -> AsyncIterator[tuple[int, Mapping[str, str], AsyncIterator[bytes]]]:
        """Status, headers with names in lower case, and the body. Raises NoConnection, Broken."""
        wire = await self._ready()
        try:
            wire.write(request)
            status, headers, lasting = await _head(wire)
            body = Body(wire, status, headers)
            yield status, headers, body.pieces()
            if not (lasting and body.complete and body.framed):
                self.close()
            self._used_at = time.monotonic()
        except BaseException:  # also a cancellation: what is half read serves nobody
            self.close()
            raise

    async def _ready(self) -> Wire:
        if self._wire is not None and self._wire.usable and time.monotonic() - self._used_at <= self._idle_seconds:
            return self._wire
        self.close()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, self._wire = await loop.create_connection(Wire, self._host, self._port)
        except OSError as error:  # TimeoutError is one
            raise NoConnection(str(error), timed_out=isinstance(error, TimeoutError)) from error
        return self._wire

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


async def _head(wire: Wire) -> tuple[int, dict[str, str], bool]:
    """And whether the connection stays open behind it."""
    while True:
        first, *fields = (await wire.head()).split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None:
            raise Broken("the server does not speak HTTP/1.1")
        if not status[1].startswith(b"1"):  # 100 Continue and the like announce the answer proper
            break
    headers: dict[str, str] = {}
    for line in fields:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Broken("a header cannot be read")
        name, value = field[1].decode("ascii").lower(), field[2].strip(b" \t").decode("latin-1")
        if name in {"content-length", "transfer-encoding"} and headers.get(name, value) != value:
            raise Broken("the answer says its length twice, differently")
        headers[name] = value
    lasting = first.startswith(b"HTTP/1.1") and "close" not in headers.get("connection", "").lower()
    return int(status[1]), headers, lasting


class Body:
    def __init__(self, wire: Wire, status: int, headers: Mapping[str, str]) -> None:
        coding = headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length")
        if coding not in {"", "chunked", "identity"} or (coding == "chunked" and length is not None):
            raise Broken("the length of the answer cannot be known")
        if length is not None and not re.fullmatch(r"\d{1,15}", length):
            raise Broken("the length of the answer is no number")
        self.complete = False
        self.framed = True
        """Whether its end is known otherwise than by the end of the connection."""
        if status in {204, 304}:
            self._read = partial(wire.pieces, 0)
        elif coding == "chunked":
            self._read = partial(_chunks, wire)
        elif length is not None:
            self._read = partial(wire.pieces, int(length))
        else:
            self._read = partial(wire.rest)
            self.framed = False

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._read():
            yield piece
        self.complete = True


async def _chunks(wire: Wire) -> AsyncIterator[bytes]:
    while True:
        size = _CHUNK.fullmatch(await wire.line())
        if size is None:
            raise Broken("a chunk's size cannot be read")
        if not int(size[1], 16):
            break
        async for piece in wire.pieces(int(size[1], 16)):
            yield piece
        if await wire.line():
            raise Broken("a chunk does not end where it should")
    while await wire.line():  # what comes behind the last chunk is of no use here
        pass

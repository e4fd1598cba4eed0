"""Open connections to one server: each is used by one request at a time and kept for the next one.

A pool that is shared looks at all its connections at every request, which at 32 of them takes longer than the request
itself. So there is none. Where no proxy stands between, a connection is httpcore's own, without httpx around it; where
there is no encryption either, it is ours.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.request import getproxies

from evalkit.errors import ModelError
from evalkit.models.endpoint.plain import Broken, NoConnection, PlainConnection
from evalkit.models.endpoint.target import Target

if TYPE_CHECKING:
    import ssl

    import httpcore
    import httpx

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 5.0
"""An open connection that was not used for longer is not used again: servers close them without a word."""
# Not compressed: a small answer must not unfold to fill the memory.
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "evalkit"}


# An address that needs no library to be understood: no name of other letters, nothing to be escaped.
_SIMPLE = re.compile(r"http://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(/[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*)")


class BadAddress(Exception):
    """Nobody could be asked there."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    pieces: Callable[[], AsyncIterator[bytes]]


class Line(Protocol):
    """One connection, opened when it is needed. Raises NoConnection, BadAddress, Broken and TimeoutError."""

    def ask(self, method: str, url: str, body: bytes | None) -> AbstractAsyncContextManager[Response]: ...
    async def close(self) -> None: ...


class Connections:
    """Who was used last is used next, so that no more stay open than are needed."""

    def __init__(self, target: Target, key: str) -> None:
        self._target, self._key = target, key
        # A proxy is never asked for an address of this machine.
        self._direct = target.loopback or not {"http", "https", "all"} & getproxies().keys()
        self._tls: ssl.SSLContext | None = None
        self._all: list[Line] = []
        self._idle: list[Line] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Line]:
        line = self._idle.pop() if self._idle else self._make()
        try:
            yield line
        finally:
            self._idle.append(line)

    def _encryption(self) -> ssl.SSLContext:
        """Made once: reading the authorities that are trusted takes longer than many requests."""
        import httpx

        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=not self._target.loopback)
        return self._tls

    def _make(self) -> Line:
        line: Line
        if self._direct and self._target.server.startswith("http:"):
            line = PlainLine(self._target, self._key)
        elif self._direct:
            line = DirectLine(self._target, self._key, self._encryption())
        else:
            line = ProxiedLine(self._target, self._key, self._encryption())
        self._all.append(line)
        return line

    async def close(self) -> None:
        for line in self._all:
            await line.close()


class PlainLine:
    """Without encryption and proxy, as to a server of this machine or of the house."""

    def __init__(self, target: Target, key: str) -> None:
        self._connect_seconds = min(CONNECT_SECONDS, target.timeout)
        headers = [*HEADERS.items(), *([_key_header(target.key_header, key)] if key else [])]
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
        self._heads: dict[tuple[str, str], bytes] = {}
        self._connection: PlainConnection | None = None

    @asynccontextmanager
    async def ask(self, method: str, url: str, body: bytes | None) -> AsyncIterator[Response]:
        head = self._heads.get((method, url)) or self._begin(method, url)
        if body is not None:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        assert self._connection is not None
        try:
            async with self._connection.ask(head + b"\r\n" + (body or b"")) as (status, headers, pieces):
                yield Response(status, headers, lambda: pieces)
        except TimeoutError:  # an OSError, but somebody's patience that ended
            raise
        except OSError as error:
            raise Broken(type(error).__name__) from None

    def _begin(self, method: str, url: str) -> bytes:
        host, port, name, path = _address(url)
        if self._connection is None:  # a line speaks to one server
            self._connection = PlainConnection(host, port, self._connect_seconds, IDLE_SECONDS)
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), path, name)
        self._heads[method, url] = head + self._headers
        return self._heads[method, url]

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _address(url: str) -> tuple[str, int, bytes, bytes]:
    """Host, port, the two together, and the path. The library, which takes a while to load, only where it must be."""
    simple = _SIMPLE.fullmatch(url)
    if simple is not None and int(simple[2] or 80) <= 65_535:
        name = simple[1] + (f":{simple[2]}" if simple[2] else "")
        return simple[1].strip("[]"), int(simple[2] or 80), name.encode(), simple[3].encode()
    import httpx

    try:
        asked = httpx.URL(url)
    except httpx.InvalidURL:
        raise BadAddress(url) from None
    return asked.raw_host.decode("ascii").strip("[]"), asked.port or 80, asked.netloc, asked.raw_path


class DirectLine:
    def __init__(self, target: Target, key: str, tls: ssl.SSLContext) -> None:
        self._tls = tls
        connect = min(CONNECT_SECONDS, target.timeout)
        self._timeout = {"connect": connect, "read": target.timeout, "write": target.timeout, "pool": None}
        self._headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        if key:
            name, value = _key_header(target.key_header, key)
            self._headers.append((name.encode(), value.encode()))
        self._connection: httpcore.AsyncHTTPConnection | None = None

    @asynccontextmanager
    async def ask(self, method: str, url: str, body: bytes | None) -> AsyncIterator[Response]:
        import httpcore
        import httpx

        try:
            asked = httpx.URL(url)
        except httpx.InvalidURL:
            raise BadAddress(url) from None
        place = httpcore.URL(
            scheme=asked.raw_scheme, host=asked.raw_host.strip(b"[]"), port=asked.port, target=asked.raw_path
        )
        headers = [(b"Host", asked.netloc), *self._headers]
        if body is not None:
            headers += [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
        request = httpcore.Request(method, place, headers=headers, content=body, extensions={"timeout": self._timeout})
        try:
            connection = await self._ready(place.origin)
            response = await connection.handle_async_request(request)
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            yield Response(response.status, told, response.aiter_stream)
            await response.aclose()
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            await self.close()
            if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
                raise NoConnection(str(error), timed_out=isinstance(error, httpcore.ConnectTimeout)) from None
            if isinstance(error, httpcore.TimeoutException):
                raise TimeoutError from None
            raise Broken(type(error).__name__) from None
        except BaseException:  # also a cancellation in the middle: what is half read serves nobody
            await self.close()
            raise

    async def _ready(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        import httpcore

        known = self._connection
        if known is not None and known.is_available() and not known.has_expired():
            return known
        await self.close()
        self._connection = httpcore.AsyncHTTPConnection(origin, ssl_context=self._tls, keepalive_expiry=IDLE_SECONDS)
        return self._connection

    async def close(self) -> None:
        import httpcore

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(httpcore.NetworkError, OSError):
                await connection.aclose()


class ProxiedLine:
    """httpx finds out from the environment which proxy to ask, if any."""

    def __init__(self, target: Target, key: str, tls: ssl.SSLContext) -> None:
        import httpx

        try:
            self._http = httpx.AsyncClient(
                auth=_key_auth(target.key_header, key) if key else None,
                timeout=httpx.Timeout(target.timeout, connect=min(CONNECT_SECONDS, target.timeout), pool=None),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS),
                verify=tls,
                headers=HEADERS,
            )
        except (ValueError, httpx.InvalidURL):
            raise ModelError(
                "the proxy settings of the environment cannot be used",
                hint="look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY",
            ) from None

    @asynccontextmanager
    async def ask(self, method: str, url: str, body: bytes | None) -> AsyncIterator[Response]:
        import httpx

        headers = {"Content-Type": "application/json"} if body is not None else None
        try:
            async with self._http.stream(method, url, content=body, headers=headers) as response:
                yield Response(response.status_code, response.headers, response.aiter_raw)
        except httpx.InvalidURL:
            raise BadAddress(url) from None
        except (httpx.ConnectTimeout, httpx.ConnectError) as error:
            raise NoConnection(str(error), timed_out=isinstance(error, httpx.ConnectTimeout)) from None
        except httpx.TimeoutException:
            raise TimeoutError from None
        except (httpx.TransportError, httpx.StreamError) as error:
            raise Broken(type(error).__name__) from None

    async def close(self) -> None:
        await self._http.aclose()


def _key_header(name: str, key: str) -> tuple[str, str]:
    return (name, key) if name else ("Authorization", f"Bearer {key}")


def _key_auth(header: str, key: str) -> httpx.Auth:
    """As an auth object, the key is in no list of default headers that somebody might print."""
    import httpx

    class KeyAuth(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            name, value = _key_header(header, key)
            request.headers[name] = value
            yield request

    return KeyAuth()

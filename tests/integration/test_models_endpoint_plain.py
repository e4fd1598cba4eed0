"""HTTP/1.1 as servers write it, well and badly, in pieces of any size; h11 says what is right."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.models.endpoint.connections import BadAddress, _address
from evalkit.models.endpoint.plain import Broken, PlainConnection

Answer = tuple[int, Mapping[str, str], bytes]


def talk(answers: list[bytes], *, cut: int = 10**6, ask: int = 1, end: bool = False) -> tuple[list[Answer], int]:
    """What a client reads that asks so often, and how many connections it opened. ``cut``: the size of the pieces."""
    left, opened = iter(answers), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.read(10_000):
            data = next(left)
            for start in range(0, len(data), cut):
                writer.write(data[start : start + cut])
                await asyncio.sleep(0)
            if end:
                break
        writer.close()

    async def everything() -> list[Answer]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        connection = PlainConnection("127.0.0.1", server.sockets[0].getsockname()[1], 5.0, 5.0)
        told = []
        try:
            for _ in range(ask):
                async with asyncio.timeout(5), connection.ask(b"GET / HTTP/1.1\r\n\r\n") as (status, headers, pieces):
                    told.append((status, headers, b"".join([piece async for piece in pieces])))
                await asyncio.sleep(0.01)
        finally:
            connection.close()
            server.close()
        return told

    return asyncio.run(everything()), opened


def by_reference(data: bytes) -> tuple[int, bytes]:
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    parser.receive_data(b"")
    status, body = 0, b""
    while not isinstance(event := parser.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
    return status, body


GOOD = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no reason": b"HTTP/1.1 429\r\ncontent-length:2 \r\n\r\nno",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
    "to the end": b"HTTP/1.0 200 OK\r\n\r\nall that comes",
    "announced": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "latin": b"HTTP/1.1 200 O\xe9\r\nX: \xe9\r\nContent-Length: 1\r\n\r\n\x00",
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_what_servers_write_is_read_as_a_library_reads_it(name: str, cut: int) -> None:
    [(status, _, body)], _ = talk([GOOD[name]], cut=cut, end=True)
    assert (status, body) == by_reference(GOOD[name])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX:" + b" " * 60_000 + b"\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000,
    ],
)
def test_what_is_no_answer_is_broken(data: bytes) -> None:
    with pytest.raises(Broken):
        talk([data], end=True)


def test_a_long_line_of_spaces_is_read_as_fast_as_any_other() -> None:
    """Were it not, nothing of this would come to an end."""
    padded = b"HTTP/1.1 200 OK\r\nX: a" + b" " * 60_000 + b"b \r\nContent-Length: 2\r\n\r\nok"
    [(status, headers, body)], _ = talk([padded])
    assert (status, headers["x"], body) == (200, "a" + " " * 60_000 + "b", b"ok")


def test_a_connection_is_kept_and_closed_as_the_server_says() -> None:
    assert talk([GOOD["length"]] * 3, ask=3)[1] == 1
    assert talk([GOOD["chunks"].replace(b"200 OK", b"200 OK\r\nConnection: close")] * 3, ask=3)[1] == 3
    assert talk([GOOD["length"].replace(b"1.1", b"1.0")] * 3, ask=3)[1] == 3


def test_bytes_that_nobody_asked_for_are_not_taken_for_the_next_answer() -> None:
    smuggled = GOOD["length"] + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    told, opened = talk([smuggled, GOOD["length"]], ask=2)
    assert [body for _, _, body in told] == [b"hello", b"hello"]
    assert opened == 2


PIECES = [piece + b"\r\n" for data in GOOD.values() for piece in data.split(b"\r\n")]


@settings(max_examples=60)
@given(
    st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)),
    st.integers(1, 50),
)
def test_any_bytes_are_an_answer_or_broken(data: bytes, cut: int) -> None:
    try:
        [(status, _, body)], _ = talk([data], cut=cut, end=True)
    except Broken:
        return
    assert str(status).encode() in data
    assert len(body) <= len(data)


@settings(max_examples=25)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.integers(1, 40))
def test_chunks_of_any_size_come_together(parts: list[bytes], cut: int) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    [(_, _, body)], _ = talk([data], cut=cut)
    assert body == b"".join(parts)


def test_a_server_without_encryption_is_asked_without_an_http_library(http_server: Any) -> None:
    """Loading one takes longer than dozens of requests."""
    code = (
        "import sys; from evalkit.models.endpoint import open_endpoint; from evalkit.models.reference import *;"
        "from evalkit.records import *;"
        f"backend = open_endpoint(parse_reference({http_server.reference!r}), ModelSettings());"
        "request = Request(Generate((Message('user', 'hello'),)));"
        "[(_, answer)] = backend.session(DEFAULT_CONDITION).ask([request]);"
        "print(answer.text, sorted({'httpx', 'httpcore'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "hello []\n"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://localhost:8000/v1/models", ("localhost", 8000, b"localhost:8000", b"/v1/models")),
        ("http://127.0.0.1/v1", ("127.0.0.1", 80, b"127.0.0.1", b"/v1")),
        ("http://[::1]:9/v1?a=b%20c", ("::1", 9, b"[::1]:9", b"/v1?a=b%20c")),
        ("http://h/a path/\u00fc", ("h", 80, b"h", b"/a%20path/%C3%BC")),
        ("http://b\u00fccher.example:81/v1", ("xn--bcher-kva.example", 81, b"xn--bcher-kva.example:81", b"/v1")),
    ],
)
def test_an_address_is_read_as_the_library_reads_it(url: str, parts: tuple[str, int, bytes, bytes]) -> None:
    library = httpx.URL(url)
    host = library.raw_host.decode().strip("[]")
    assert (host, library.port or 80, library.netloc, library.raw_path) == parts
    assert _address(url) == parts


def test_an_address_that_cannot_be_one_is_named_so() -> None:
    with pytest.raises(BadAddress):
        _address("http://h:port/v1")

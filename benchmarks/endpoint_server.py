"""A local OpenAI-compatible server that behaves as a benchmark asks: so many requests at once, so long each.

python benchmarks/endpoint_server.py KIND CAPACITY SECONDS [seed=N] [while-stdin]

prints its port; `while-stdin` ends it with its standard input, and `seed` says which requests chance refuses.
Standard library only, one process, one thread: about 0.1 ms of CPU a request.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

ANSWER = json.dumps(
    {
        "id": "1",
        "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "An answer."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }
).encode()
MODELS = json.dumps({"object": "list", "data": [{"id": "tiny", "object": "model"}]}).encode()
ERROR = json.dumps({"error": {"message": "too many requests"}}).encode()
KINDS = {
    "queue": "what is beyond the capacity waits",
    "429": "what is beyond it is refused with 429",
    "503": "what is beyond it is refused with 503",
    "retry-after": "429, and Retry-After: 1",
    "random": "waits, and a fifth of all requests is refused with 429",
    "slower": "waits, and each answer takes longer: twice as long after 5 seconds",
    "drop": "429, and for 2 seconds from the second one on the capacity is a quarter",
}


class Work:
    """What the server has to do."""

    def __init__(self, kind: str, capacity: int, seconds: float, seed: int = 0) -> None:
        self.kind, self.most, self.usual = kind, capacity, seconds
        self.serving = 0
        self.waiting: deque[Callable[[], None]] = deque()
        self.began = 0.0
        self.draw = random.Random(seed)

    @property
    def capacity(self) -> int:
        dropped = self.kind == "drop" and 2 <= time.monotonic() - self.began < 4
        return max(1, self.most // 4) if dropped else self.most

    @property
    def seconds(self) -> float:
        return self.usual * (1 + (time.monotonic() - self.began) / 5) if self.kind == "slower" else self.usual

    def take(self, answer: Callable[[int, bytes, str], None]) -> None:
        self.began = self.began or time.monotonic()
        if self.kind == "random" and self.draw.random() < 0.2:
            answer(429, ERROR, "")
        elif self.serving < self.capacity:
            self._serve(answer)
        elif self.kind in {"429", "drop"}:
            answer(429, ERROR, "")
        elif self.kind == "503":
            answer(503, ERROR, "")
        elif self.kind == "retry-after":
            answer(429, ERROR, "Retry-After: 1\r\n")
        else:
            self.waiting.append(lambda: self._serve(answer))

    def _serve(self, answer: Callable[[int, bytes, str], None]) -> None:
        self.serving += 1
        asyncio.get_running_loop().call_later(self.seconds, self._done, answer)

    def _done(self, answer: Callable[[int, bytes, str], None]) -> None:
        self.serving -= 1
        answer(200, ANSWER, "")
        if self.waiting and self.serving < self.capacity:
            self.waiting.popleft()()


class Talk(asyncio.Protocol):
    """One connection, kept open; a request at a time, as clients send them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, found, body = self.read.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if not found or len(body) < (int(length[1]) if length else 0):
            return
        self.read = b""
        if head.startswith(b"GET"):
            self.answer(200, MODELS, "")
        else:
            self.work.take(self.answer)

    def answer(self, status: int, body: bytes, header: str) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{header}Content-Length: {len(body)}\r\n\r\n"
        if not self.transport.is_closing():
            self.transport.write(head.encode() + body)  # type: ignore[attr-defined]


async def serve(work: Work, *, ends_with_input: bool) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Talk(work), "127.0.0.1", 0, backlog=1024)
    if ends_with_input:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), server.close)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main(kind: str, capacity: str, seconds: str, *more: str) -> None:
    seed = next((int(word.removeprefix("seed=")) for word in more if word.startswith("seed=")), 0)
    with suppress(asyncio.CancelledError):
        asyncio.run(serve(Work(kind, int(capacity), float(seconds), seed), ends_with_input="while-stdin" in more))


if __name__ == "__main__":
    main(*sys.argv[1:])

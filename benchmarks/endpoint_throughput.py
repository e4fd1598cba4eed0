"""How much of a server's capacity evalkit uses, from the first request to the last answer.

python benchmarks/endpoint_throughput.py [--requests 1000] [--seconds 0.2] [--rounds 3] [--capacity 32,64] [--kind K]

The server is a process of its own (endpoint_server.py). Ideal is requests * seconds / capacity. Beside it, in turn,
a plain asyncio client asks a queueing server of the same capacity over as many connections as that: what this machine
allows just now, without any framework. What is refused at random differs from round to round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.endpoint_server import KINDS
from benchmarks.options import numbers, positive, seconds
from benchmarks.results import command_of, head, interruptible, keep
from evalkit.models.endpoint import open_endpoint
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.records import DEFAULT_CONDITION, Decoding, Generate, Message, Request

SERVER = Path(__file__).with_name("endpoint_server.py")


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    cpu: float
    failed: int = 0
    state: str = ""


@contextmanager
def server(kind: str, capacity: int, seconds: float, seed: int = 0) -> Iterator[int]:
    words = [sys.executable, str(SERVER), kind, str(capacity), str(seconds), f"seed={seed}"]
    # in a session of its own, so that Ctrl-C ends the benchmark, and not the server before it
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def with_evalkit(port: int, requests: int, options: str) -> Run:
    """One whole `ask`, the connection's setup and its look at the list of models included."""
    backend = open_endpoint(parse_reference(f"http://127.0.0.1:{port}/v1?model=tiny{options}"), ModelSettings())
    asked = [
        Request(Generate((Message("user", f"question {number}"),), Decoding(max_tokens=16)))
        for number in range(requests)
    ]
    began, cpu = time.perf_counter(), time.process_time()
    answers = dict(backend.session(DEFAULT_CONDITION).ask(asked))
    run = Run(
        time.perf_counter() - began,
        time.process_time() - cpu,
        sum(answer.failure is not None for answer in answers.values()) + requests - len(answers),
        backend.traffic,
    )
    backend.close()
    return run


def plainly(port: int, requests: int, connections: int) -> Run:
    """Nothing but asyncio: each connection sends the next request when it has an answer."""
    body = json.dumps(
        {"model": "tiny", "messages": [{"role": "user", "content": "question"}], "max_tokens": 16}
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    left = iter(range(requests))

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            writer.write(head + body)
            told = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(told.lower().partition(b"content-length:")[2].split()[0]))
        writer.close()

    async def everybody() -> None:
        await asyncio.gather(*(one() for _ in range(connections)))

    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(everybody())
    return Run(time.perf_counter() - began, time.process_time() - cpu)


def told(values: Sequence[float], form: str = "{:.3f}") -> str:
    middle, low, high = (form.format(value) for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def measure(kind: str, capacity: int, options: str, chosen: argparse.Namespace) -> dict[str, object]:
    """A line of the table, every round of it."""
    ours, plain, load = [], [], os.getloadavg()[0]
    for number in range(chosen.rounds):
        with server(kind, capacity, chosen.seconds, seed=number) as port:
            ours.append(with_evalkit(port, chosen.requests, options))
        with server("queue", capacity, chosen.seconds) as port:
            plain.append(plainly(port, chosen.requests, capacity))
    ideal = chosen.requests * chosen.seconds / capacity
    shares = told([ideal / run.seconds for run in ours])
    beside = told([p.seconds / o.seconds for o, p in zip(ours, plain, strict=True)])
    cpu = told([1000 * run.cpu / chosen.requests for run in ours], "{:.2f}")
    named = options.partition("concurrency=")[2] or "none"
    print(
        f"| {kind} | {capacity} | {named} | {shares} | {beside} | {cpu} | {sum(run.failed for run in ours)} |",
        flush=True,
    )
    if chosen.verbose:
        print("\n".join(f"  {run.seconds:.2f} s, {run.state}" for run in ours))
    rounds = [
        {"round": number, "ideal": ideal, "seconds": round(o.seconds, 3), "plain": round(p.seconds, 3)}
        | {"cpu": round(o.cpu, 3), "failed": o.failed, "load": round(load, 2)}
        for number, (o, p) in enumerate(zip(ours, plain, strict=True), 1)
    ]
    known = {"kind": kind, "capacity": capacity, "named": named, "requests": chosen.requests}
    return {**known, "rounds": rounds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=positive, default=1000)
    parser.add_argument("--seconds", type=seconds, default=0.2, help="that the server takes for each")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument(
        "--capacity", type=numbers, default=(32, 64), help="of the server: so many requests at once, as in 32,64"
    )
    kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
    parser.add_argument("--kind", action="append", choices=list(KINDS), help=kinds)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--results", type=Path, help="where throughput.json is written; else it is not")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{chosen.requests:,} requests of {chosen.seconds:g} s; load average {load:.1f}; medians (least to most)\n")
    columns = ("server", "capacity", "named", "of the ideal", "of plain asyncio", "client CPU ms a request", "failed")
    print(f"| {' | '.join(columns)} |\n| --- | ---: | ---: | --- | --- | --- | ---: |")
    lines = []
    with interruptible() as interruption:
        for capacity in chosen.capacity:
            for kind in chosen.kind or KINDS:
                lines.append(measure(kind, capacity, "", chosen))
                if kind in {"queue", "429"}:
                    lines.append(measure(kind, capacity, f"&concurrency={capacity}", chosen))
    if chosen.results and lines:
        command = command_of("throughput", sys.argv[1:])
        document = head("throughput", "What share of a server's capacity requests use, from first to last", command)
        print(f"written: {keep({**document, 'interrupted': interruption.came, 'lines': lines}, chosen.results)}")
    return interruption.exit_code


if __name__ == "__main__":
    sys.exit(main())

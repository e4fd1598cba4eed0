"""What every page of `evalkit view` costs over HTTP, in a runs database of a million answers.

python benchmarks/view_at_size.py [--cases 1000000] [--folder FOLDER] [--store URL] [--rounds 15]

Makes two real runs of a suite of two checks on mock models (words drawn as words are in texts: few very often, most
hardly ever), starts a real `evalkit view`, and asks it for whole pages: the first visits, while the index of answers
fills, and then each shape of page, searched, filtered and sorted. Wall milliseconds are those of somebody who waits;
CPU milliseconds are the server's alone, all its threads, and tell more where the machine has other work as well.
With `--folder` runs and index are kept, and a second call measures without making them again.
"""

from __future__ import annotations

import argparse
import html
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.options import positive
from evalkit.store import open_store

CACHE = "cache"
WORDS = 60_000
ROWS_AT_ONCE = 10_000
TOKEN = "a-token-of-the-benchmark"  # noqa: S105 - of a server that ends with this script
EVALKIT = (sys.executable, "-m", "evalkit")
MODELS = tuple(f"mock:degraded?drop={drop}&swap=0.05&empty=0.01&refuse=0.05&fail=0.002" for drop in (0.1, 0.12))
SUITE = """\
name: at-size
datasets: {rows: {path: rows.jsonl}}
checks:
  accuracy: {dataset: rows, metrics: [token_f1]}
  length: {dataset: rows}
gates: [accuracy.token_f1 >= 0.5, length.empty <= 0.05]
"""
AIM = 200.0
"""Milliseconds in which a page is there."""
LONGEST_FILL = 7200.0
BEFORE_ANYBODY_COMES = 3.0
"""Seconds: the link is read and followed."""
SEARCHES: Mapping[str, str] = {
    "many": "the",
    "a phrase": '"the of"',
    "a beginning": "sorr*",
    "few": "r77*",
    "none": "unheardof",
}
"""By how many cases have it."""
FILTERS = {
    "status": [("status", "errored")],
    "label": [("label.category", "c3")],
    "two labels": [("label.category", "c3"), ("label.source", "s5")],
    "metric between": [("metric", "token_f1"), ("low", "0.8"), ("high", "0.9")],
}
CHOSEN = {
    "second page": [("page", "2")],
    "last page": [("page", "9999999")],
    "regressed": [("show", "regressed")],
    "fixed, second page": [("show", "fixed"), ("page", "2")],
    "one check": [("check", "accuracy")],
}
COLUMNS = {"accuracy": ("token_f1",), "length": ("words", "sentences", "truncated", "empty")}


# --- what is looked at ------------------------------------------------------------------------------------------------


def write_rows(folder: Path, cases: int) -> Path:
    """Answers of 40 to 60 words; the same for the same number."""
    draw, numbers = random.Random(0), np.random.default_rng(0)
    words = ["".join(draw.choices("etaoinshrdlucmfwyp", k=draw.randint(2, 9))) for _ in range(WORDS)]
    words[:3] = ["the", "of", "sorry"]
    known = np.array(words, dtype=object)
    ranks = 1 / np.arange(1, WORDS + 1) ** 1.05
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for begin in range(0, cases, ROWS_AT_ONCE):
            many = min(ROWS_AT_ONCE, cases - begin)
            lengths = numbers.integers([8, 40], [16, 61], (many, 2))
            said = iter(known[numbers.choice(WORDS, size=int(lengths.sum()), p=ranks / ranks.sum())])
            for number, (asked, answered) in enumerate(lengths, begin):
                row = {
                    "id": f"r{number}",
                    "prompt": f"Question {number}: {' '.join(next(said) for _ in range(asked))}?",
                    "references": [f"{' '.join(next(said) for _ in range(answered))}."],
                    "category": f"c{number % 8}",
                    "source": f"s{number * number % 41}",
                }
                file.write(json.dumps(row) + "\n")
    suite = folder / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    return suite


def make_runs(folder: Path, store: str, cases: int) -> None:
    environment = {**os.environ, "EVALKIT_CACHE": str(folder / CACHE)}
    suite = write_rows(folder, cases)
    for model in MODELS:
        begun = time.monotonic()
        run = (
            *EVALKIT,
            "run",
            str(suite),
            "--model",
            model,
            "--store",
            store,
            "-q",
            "--report",
            str(folder / "report"),
        )
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL, env=environment)
        print(f"a run of {cases:,} cases: {time.monotonic() - begun:,.0f} s", flush=True)


def run_ids(store: str) -> list[str]:
    """Oldest first."""
    with open_store(store) as opened:
        return [run.id for run in opened.list_runs() if run.state == "finished"][::-1]


# --- the server -------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, path: str) -> str:
        self.connection.request("GET", path, headers={"Cookie": f"evalkit-view-{self.port}={TOKEN}"})
        answer = self.connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}\n{body[:2000]}")
        return body

    def cpu_milliseconds(self) -> float:
        """Of all its threads, in the scheduler's own count: others have a grain of ten milliseconds."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def peak_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")


@contextmanager
def serving(store: str, cache: Path) -> Iterator[Server]:
    environment = {**os.environ, "EVALKIT_VIEW_TOKEN": TOKEN, "EVALKIT_CACHE": str(cache)}
    command = (*EVALKIT, "view", "--port", "0", "--store", store)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = next(int(found[1]) for line in process.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(30)


# --- what is measured -------------------------------------------------------------------------------------------------


@dataclass
class Shape:
    """Pages of one kind, of which ``detail`` tells one from the others."""

    kind: str
    detail: str = ""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def ask(self, server: Server, path: str) -> str:
        cpu, wall = server.cpu_milliseconds(), time.perf_counter()
        body = server.get(path)
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append(server.cpu_milliseconds() - cpu)
        return body

    def line(self) -> str:
        name = ": ".join(filter(None, [self.kind, self.detail]))
        walls = (statistics.median(self.wall), np.percentile(self.wall, 95), max(self.wall))
        figures = (*walls, statistics.median(self.cpu), max(self.cpu))
        return f"| {name} | {len(self.wall)} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |"


HEAD = """\
| page | asked | median ms | p95 ms | most ms | CPU ms, median | CPU ms, most |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |"""


@dataclass
class Table:
    server: Server
    rounds: int
    shapes: list[Shape] = field(default_factory=list)

    def measure(self, kind: str, detail: str, path: str, rounds: int | None = None) -> None:
        shape = Shape(kind, detail)
        for _ in range(rounds or self.rounds):
            shape.ask(self.server, path)
        self._keep(shape)

    def walk(self, kind: str, detail: str, path: str, pages: int) -> None:
        """From a page to the one after it, as people do."""
        shape = Shape(kind, detail)
        body = self.server.get(path)
        for _ in range(pages):
            if not (after := link(body, "later")):
                break
            body = shape.ask(self.server, after)
        if shape.wall:
            self._keep(shape)

    def _keep(self, shape: Shape) -> None:
        self.shapes.append(shape)
        print(shape.line(), file=sys.stderr, flush=True)

    def by_kind(self) -> list[Shape]:
        kinds: dict[str, Shape] = {}
        for shape in self.shapes:
            kind = kinds.setdefault(shape.kind, Shape(shape.kind))
            kind.wall += shape.wall
            kind.cpu += shape.cpu
        return list(kinds.values())

    def __str__(self) -> str:
        walls = [wall for shape in self.shapes for wall in shape.wall]
        late = [f"{shape.kind} {shape.detail}".strip() for shape in self.shapes if np.percentile(shape.wall, 95) > AIM]
        return "\n".join(
            [
                HEAD,
                *(shape.line() for shape in self.by_kind()),
                "",
                f"{len(walls):,} pages: p95 {np.percentile(walls, 95):,.0f} ms, most {max(walls):,.0f} ms",
                f"with a p95 above {AIM:,.0f} ms: {', '.join(late) or 'none'}",
                f"peak memory of the server: {self.server.peak_megabytes():,.0f} MB",
            ]
        )


def link(body: str, name: str) -> str:
    found = re.search(rf'id="{name}" href="([^"]*)"', body)
    return html.unescape(found[1]) if found else ""


def first_case(body: str) -> str:
    found = re.search(r'<th scope="row"><a href="([^"]*)"', body)
    return html.unescape(found[1]) if found else ""


def cases(run: str, *said: tuple[str, str]) -> str:
    return f"/runs/{quote(run)}/cases" + (f"?{urlencode(said)}" if said else "")


def measure_filling(server: Server, run: str, cache: Path) -> None:
    """While the index is made, pages of the same run are asked for twice a second."""
    begun, first, meanwhile = time.monotonic(), Shape("first visit of cases"), Shape("cases, while the index fills")
    first.ask(server, cases(run))
    while not json.loads(server.get(f"{cases(run)}/progress"))["done"]:
        if time.monotonic() - begun > LONGEST_FILL:
            raise SystemExit("the index did not fill")
        meanwhile.ask(server, cases(run, ("q", "the")) if len(meanwhile.wall) % 2 else cases(run))
        time.sleep(0.5)
    spent, took = server.cpu_milliseconds() / 1000, time.monotonic() - begun
    size = sum(path.stat().st_size for path in cache.glob("browse/*/*"))
    print(f"searchable after {took:,.0f} s, {spent:,.0f} CPU s of the server; index of {size / 1e6:,.0f} MB")
    print("\n".join([HEAD, *(shape.line() for shape in (first, meanwhile) if shape.wall)]), "\n", flush=True)


def measure_pages(server: Server, runs: Sequence[str], rounds: int) -> Table:
    run = runs[0]
    path = f"/runs/{quote(run)}"
    table = Table(server, rounds)
    pages = {"list of runs": "/", "report": path, "data": f"{path}/data", "trends": "/trends?suite=at-size"}
    for name, where in pages.items():
        table.measure(f"{name}, first visit", "", where, 1)
        until_there(server, name, where)
        table.measure(name, "", where)
    if len(runs) > 1:
        measure_comparison(table, runs[:2])
    measure_cases(table, run)
    return table


def measure_comparison(table: Table, runs: Sequence[str]) -> None:
    """The older run is the candidate: its index, in which its cases are searched, is there by now."""
    server, before = table.server, table.server.cpu_milliseconds()

    def where(*said: tuple[str, str]) -> str:
        return "/compare?" + urlencode([("baseline", runs[1]), ("run", runs[0]), *said])

    table.measure("comparison, first visit", "", where(), 1)
    until_there(server, "comparison", where())
    spent, peak = (server.cpu_milliseconds() - before) / 1000, server.peak_megabytes()
    print(f"comparison: {spent:,.1f} CPU s; peak memory of the server {peak:,.0f} MB", flush=True)
    table.measure("comparison", "", where())
    for name, said in CHOSEN.items():
        table.measure("comparison, cases", name, where(*said))
    for many, words in SEARCHES.items():
        table.measure("comparison, search", many, where(("q", words)))


def until_there(server: Server, name: str, path: str) -> None:
    """A page that is being made says so, and asks again by itself."""
    begun = time.monotonic()
    while 'http-equiv="refresh"' in server.get(path):
        time.sleep(0.1)
    print(f"{name}: made after {(time.monotonic() - begun) * 1000:,.0f} ms", flush=True)


def measure_cases(table: Table, run: str) -> None:
    table.measure("cases, first page", "", cases(run))
    table.walk("cases, pages 2 to 100", "", cases(run), 99)
    table.measure("cases, last page", "", cases(run, ("before", "last")))
    for many, words in SEARCHES.items():
        table.measure("search", many, cases(run, ("q", words)))
        table.walk("search, pages after", many, cases(run, ("q", words)), table.rounds)
    for check, columns in COLUMNS.items():
        for column in columns:
            for way in ("", "-"):
                measure_sorted(table, run, check, f"{way}{column}")
    for name, chosen in FILTERS.items():
        measure_filtered(table, run, name, [("check", "accuracy"), *chosen])
    for name, said in {"": [], "found": [("q", "the")], "of a sorted list": [("sort", "token_f1")]}.items():
        listed = table.server.get(cases(run, ("check", "accuracy"), *said))
        table.measure("a case", name, first_case(listed))


def measure_sorted(table: Table, run: str, check: str, sort: str) -> None:
    """``sort``: a column, with ``-`` before it where the largest come first."""
    found = [("check", check), ("sort", sort)]
    table.measure("sorted", sort, cases(run, *found))
    table.walk("sorted, pages after", sort, cases(run, *found), table.rounds)
    table.measure("sorted, last page", sort, cases(run, *found, ("before", "last")))
    for many, words in SEARCHES.items():
        table.measure("search, sorted", f"{many}, {sort}", cases(run, *found, ("q", words)))


def measure_filtered(table: Table, run: str, name: str, found: Sequence[tuple[str, str]]) -> None:
    table.measure("filtered", name, cases(run, *found))
    table.measure("filtered, last page", name, cases(run, *found, ("before", "last")))
    table.measure("filtered, sorted", name, cases(run, *found, ("sort", "-token_f1")))
    for many, words in SEARCHES.items():
        table.measure("filtered, search", f"{name}, {many}", cases(run, *found, ("q", words)))
        table.measure(
            "filtered, search, sorted", f"{name}, {many}", cases(run, *found, ("q", words), ("sort", "token_f1"))
        )


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=positive, default=1_000_000)
    parser.add_argument("--rounds", type=positive, default=15)
    parser.add_argument("--folder", type=Path, help="where runs and index are made and kept; else they are thrown away")
    parser.add_argument("--store", help="the runs database, where it is not to be a file in the folder")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        store = given.store or str(folder / "runs.db")
        if not run_ids(store):
            make_runs(folder, store, given.cases)
        cache = folder / CACHE
        with serving(store, cache) as server:
            runs = run_ids(store)
            time.sleep(BEFORE_ANYBODY_COMES)
            measure_filling(server, runs[0], cache)
            print(measure_pages(server, runs, given.rounds))


if __name__ == "__main__":
    main()

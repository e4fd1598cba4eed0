"""evalkit and its peers on the same work in one run.

python -m benchmarks [NAME ...] [--sizes N,N] [--rounds N] [--only TOOL,TOOL] [--setting TOOL=SETTING]
python -m benchmarks metrics [OPTION ...]    is benchmarks/metric_speed.py
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from benchmarks.peers.choice import CHOICE
from benchmarks.peers.contestants import OURS, Workload
from benchmarks.peers.environments import CACHE, environment_python
from benchmarks.peers.generation import GENERATION
from benchmarks.peers.generation_lengths import GENERATION_LENGTHS
from benchmarks.peers.generation_prefix import GENERATION_PREFIX
from benchmarks.peers.measure import Outcome, measure
from benchmarks.peers.openvino import ENGINES
from benchmarks.peers.overhead import OVERHEAD
from benchmarks.peers.summary import table, write
from benchmarks.peers.tiny_model import TINY_MODEL
from benchmarks.peers.verdict import VERDICT, VERDICT_FAIL

ALL = (OVERHEAD, GENERATION, GENERATION_LENGTHS, GENERATION_PREFIX, CHOICE, TINY_MODEL, ENGINES, VERDICT, VERDICT_FAIL)
WORKLOADS = {workload.name: workload for workload in ALL}
METRICS = "metrics"
"""In a process of its own: what it imports would count as the peak memory of everybody started after it."""
RESULTS = Path(__file__).parent / "results"


def numbers(text: str) -> tuple[int, ...]:
    sizes = tuple(int(word) for word in text.replace("_", "").split(","))
    if any(size < 1 for size in sizes):
        raise ValueError(text)
    return sizes


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="evalkit and its peers on the same work.")
    names = ", ".join(WORKLOADS)
    parser.add_argument(
        "name", nargs="*", help=f"{names}; all of these without any; or {METRICS} alone, with its options"
    )
    parser.add_argument("--sizes", type=numbers, help="how much work, as in 1000,5000; else what the benchmark says")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--only", help="these tools beside evalkit, as in lm-eval,asyncio")
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="TOOL=SETTING",
        help="measure the tool in this setting, as in lm-eval=16, and do not look for its best one",
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"where the peers' environments are kept ({CACHE})")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where NAME.json and NAME.md are written")
    chosen = parser.parse_args(words)
    for name in chosen.name:
        if name not in WORKLOADS:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join(WORKLOADS)}")
    if wrong := [one for one in chosen.setting if not all(one.partition("="))]:
        parser.error(f"--setting is TOOL=SETTING, such as lm-eval=16, not {wrong[0]!r}")
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    return chosen


def narrowed(workload: Workload, only: str | None) -> Workload:
    """The workload with the named contestants; evalkit always stays, for ratios are of it."""
    if only is None:
        return workload
    wanted = {word.strip() for word in only.split(",")} | {OURS}
    unknown = wanted - {one.name for one in workload.contestants}
    if unknown:
        known = ", ".join(one.name for one in workload.contestants)
        sys.exit(f"{workload.name} has no tool {min(unknown)!r}; it has: {known}")
    kept = tuple(one for one in workload.contestants if one.name in wanted)
    return replace(workload, contestants=kept)


def main(words: Sequence[str]) -> int:
    """1 when evalkit itself could not be measured: a peer's failure is a finding, ours is a defect."""
    if list(words[:1]) == [METRICS]:
        command = [sys.executable, str(Path(__file__).with_name("metric_speed.py")), *words[1:]]
        return subprocess.run(command, check=False).returncode
    with interruptible():
        return measured(arguments(words))


def measured(chosen: argparse.Namespace) -> int:
    outcomes: list[Outcome] = []
    for workload in [WORKLOADS[name] for name in chosen.name or WORKLOADS]:
        outcome = measure(
            narrowed(workload, chosen.only),
            chosen.sizes or workload.sizes,
            chosen.rounds,
            find_python=lambda name: environment_python(name, chosen.cache),
            say=lambda line: print(line, flush=True),
            settings=dict(one.split("=", 1) for one in chosen.setting),
        )
        if outcome.repetitions or not outcome.interrupted:
            told, shown = write(outcome, chosen.results)
            print(f"\n{table(outcome)}\nwritten: {told} {shown}")
        if outcome.interrupted:
            return 130
        outcomes.append(outcome)
    return int(any(one.contestant == OURS for outcome in outcomes for one in outcome.absences))


@contextmanager
def interruptible() -> Iterator[None]:
    """Being told to stop is Ctrl-C: the process under measurement ends, and what is measured is written.

    `timeout` says it twice, to the process and to its group; the second time must not cut off the writing.
    """
    words = (signal.SIGINT, signal.SIGTERM)

    def interrupt(_: int, __: FrameType | None) -> None:
        for word in words:
            signal.signal(word, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = [signal.signal(word, interrupt) for word in words]
    try:
        yield
    finally:
        for word, handler in zip(words, before, strict=True):
            signal.signal(word, handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""evalkit and its peers on the same work in one run.

python -m benchmarks [NAME ...] [--sizes N,N] [--rounds N] [--only TOOL,TOOL] [--setting TOOL=SETTING]
python -m benchmarks framework|metrics|scoring|stages|throughput [OPTION ...]    with the script's own options

Everything is written to benchmarks/results, and from there into docs/performance.md.
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

from benchmarks.options import numbers, positive
from benchmarks.peers.choice import CHOICE
from benchmarks.peers.contestants import OURS, Workload
from benchmarks.peers.endpoints import ENDPOINTS
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
from benchmarks.results import RESULTS

ALL = (
    OVERHEAD,
    GENERATION,
    GENERATION_LENGTHS,
    GENERATION_PREFIX,
    CHOICE,
    TINY_MODEL,
    ENGINES,
    ENDPOINTS,
    VERDICT,
    VERDICT_FAIL,
)
INTERRUPTED = 130
WORKLOADS = {workload.name: workload for workload in ALL}
SCRIPTS = {
    "framework": "framework_overhead.py",
    "metrics": "metric_speed.py",
    "scoring": "scoring_processes.py",
    "stages": "stages.py",
    "throughput": "endpoint_throughput.py",
}
"""In processes of their own: what they import would count as the peak memory of everybody started after it."""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="evalkit and its peers on the same work.")
    names = ", ".join(WORKLOADS)
    scripts = ", ".join(SCRIPTS)
    parser.add_argument(
        "name",
        nargs="*",
        help=f"{names}, {scripts}; all of these without any; options of {scripts} come right after them",
    )
    parser.add_argument("--sizes", type=numbers, help="how much work, as in 1000,5000; else what the benchmark says")
    parser.add_argument(
        "--rounds", type=positive, help="how often everything is measured (5; verdicts, which take long, 2)"
    )
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
    parser.add_argument(
        "--page", type=Path, help="the page that is written from the results (docs/performance.md without --results)"
    )
    chosen = parser.parse_args(words)
    for name in chosen.name:
        if name not in {**WORKLOADS, **SCRIPTS}:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join([*WORKLOADS, *SCRIPTS])}")
    if wrong := [one for one in chosen.setting if not all(one.partition("="))]:
        parser.error(f"--setting is TOOL=SETTING, such as lm-eval=16, not {wrong[0]!r}")
    if reason := unknown_tools([WORKLOADS[name] for name in chosen.name or WORKLOADS if name in WORKLOADS], chosen):
        parser.error(reason)
    return chosen


def unknown_tools(workloads: Sequence[Workload], chosen: argparse.Namespace) -> str:
    """What is wrong with the tools that are named, before hours of measuring: each benchmark that is asked for must
    have those of --only, and one of them those of --setting. Empty where nothing is."""
    for workload in workloads if chosen.only is not None else ():
        if reason := lacks(workload, chosen.only):
            return f"--only: {reason}"
    for tool, _, _ in (one.partition("=") for one in chosen.setting):
        of_the_name = [one for workload in workloads for one in workload.contestants if one.name == tool]
        if not any(one.settings or one.setting for one in of_the_name):
            known = {one.name for workload in workloads for one in workload.contestants if one.settings or one.setting}
            there = f"; these have: {', '.join(sorted(known))}" if known else ""
            return f"--setting: no tool {tool!r} with settings is measured{there}"
    return ""


def lacks(workload: Workload, only: str) -> str:
    """Which tool it has not, if any; empty where it has them all."""
    known = [one.name for one in workload.contestants]
    unknown = [tool for word in only.split(",") if (tool := word.strip()) not in known]
    return f"{workload.name} has no tool {unknown[0]!r}; it has: {', '.join(known)}" if unknown else ""


def narrowed(workload: Workload, only: str | None) -> Workload:
    """The workload with the named contestants; evalkit always stays, for ratios are of it."""
    if only is None:
        return workload
    wanted = {word.strip() for word in only.split(",")} | {OURS}
    kept = tuple(one for one in workload.contestants if one.name in wanted)
    return replace(workload, contestants=kept)


def main(words: Sequence[str]) -> int:
    """1 when evalkit itself could not be measured: a peer's failure is a finding, ours is a defect."""
    if words and words[0] in SCRIPTS:
        return script(words[0], words[1:])
    chosen = arguments(words)
    names = chosen.name or [*WORKLOADS, *SCRIPTS]
    with interruptible():
        code = measured([WORKLOADS[name] for name in names if name in WORKLOADS], chosen)
    for name in (name for name in names if name in SCRIPTS):
        if code == INTERRUPTED:
            break
        code = max(code, script(name, ["--results", str(chosen.results)], page=None))
    written_page(chosen.results, chosen.page)
    return code


def script(name: str, words: Sequence[str], page: Path | None = None) -> int:
    """With its own options. The page is written where results go to where they are kept, if there are new ones: help
    and wrong options measure nothing."""
    kept = RESULTS / f"{name}.json"
    before = written_at(kept)
    default = [] if any(word.partition("=")[0] == "--results" for word in words) else ["--results", str(RESULTS)]
    command = [sys.executable, str(Path(__file__).with_name(SCRIPTS[name])), *words, *default]
    code = finished(command)
    if default and written_at(kept) != before:
        written_page(RESULTS, page)
    return code


def written_at(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.exists() else None


def finished(command: Sequence[str]) -> int:
    """Its exit code, as a shell says it of what a signal ended. Ctrl-C reaches the script as well, which writes what it
    has measured."""
    process = subprocess.Popen(command)
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue


def written_page(results: Path, page: Path | None) -> None:
    """Figures of a trial somewhere else do not get into the page by themselves."""
    from benchmarks.page.__main__ import PAGE, write_page  # noqa: PLC0415 - after the last process was measured

    target = page or (PAGE if results.resolve() == RESULTS.resolve() else None)
    if target:
        print("\n".join(f"written: {path}" for path in write_page(results, target)))


def measured(workloads: Sequence[Workload], chosen: argparse.Namespace) -> int:
    outcomes: list[Outcome] = []
    for workload in workloads:
        narrow = narrowed(workload, chosen.only)
        outcome = measure(
            narrow,
            chosen.sizes or workload.sizes,
            chosen.rounds or workload.rounds,
            find_python=lambda name: environment_python(name, chosen.cache),
            say=lambda line: print(line, flush=True),
            settings=dict(one.split("=", 1) for one in chosen.setting),
        )
        if narrow is not workload:
            outcome = replace(outcome, only=tuple(one.name for one in narrow.contestants if one.name != OURS))
        if outcome.repetitions or not outcome.interrupted:
            told, shown = write(outcome, chosen.results)
            print(f"\n{table(outcome)}\nwritten: {told} {shown}")
        if outcome.interrupted:
            return INTERRUPTED
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

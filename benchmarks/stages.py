"""What a run is made of, stage by stage, and what it takes until the default model can answer.

python benchmarks/stages.py [--samples N] [--rounds N]

Runs are those of framework_overhead.py, on a mock that answers at once, with `--profile`: CPU seconds of each stage,
and beside five checks the bare metric functions alone. Starts are processes that end as soon as they are ready:
evalkit's, and what they cannot do without. All of it takes turns within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.framework_overhead import (
    ALONE,
    EXACT_MATCH,
    FIVE_CHECKS,
    LIMIT_SECONDS,
    LOADED,
    Environment,
    compiled_in,
    measure_run,
    process,
    run_command,
    write_suite,
)
from benchmarks.peers.processes import Failed, run_measured

SAMPLES = 5_000
WHOLE, BARE = "the whole run", "the bare metric functions alone"
DIVIDED = "ask and score"
"""The stage whose own stages are told: everything that is done for each block of answers."""
LEFT_AT_ONCE = "; import os; os._exit(0)"
GRAPH = """\
from evalkit.models.openvino.options import read_options
from evalkit.models.openvino.sources import find_source
from evalkit.models.reference import ModelSettings, parse_reference
import openvino_genai as genai
reference = parse_reference('openvino:smollm2-135m')
folder = find_source(reference, read_options(reference, ModelSettings())).folder()
genai.ContinuousBatchingPipeline(str(folder), genai.SchedulerConfig(), 'CPU', {})"""
TORCH = "import torch"
LLAMA = "import torch; from transformers import AutoTokenizer, LlamaForCausalLM"
STARTS = {
    "openvino": {
        "import openvino_genai": "import openvino_genai",
        "the same, and OpenVINO's pipeline for the converted file": GRAPH,
        "ready to answer": LOADED.format("openvino"),
    },
    "transformers": {
        "import torch": TORCH,
        "the same, and the Llama of transformers": LLAMA,
        "ready to answer": LOADED.format("transformers"),
    },
}


@dataclass(frozen=True, slots=True)
class Taken:
    """By a part of a run or start, in one round."""

    round: int
    load: float
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class Part:
    work: str
    part: str
    rounds: list[Taken] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Parts in the order in which they were first told."""

    parts: dict[tuple[str, str], Part] = field(default_factory=dict)

    def add(self, work: str, part: str, taken: Taken) -> None:
        self.parts.setdefault((work, part), Part(work, part)).rounds.append(taken)


def taken(number: int, load: float, cpu: float, wall: float) -> Taken:
    return Taken(number, round(load, 2), round(cpu, 3), round(wall, 3))


def stages_of(profile: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Name, CPU and wall seconds. Stages of the same name are one; what a divided stage keeps for itself is `other`."""
    found: dict[str, list[float]] = {}

    def add(name: str, cpu: float, wall: float) -> None:
        sums = found.setdefault(name, [0.0, 0.0])
        sums[0] += cpu
        sums[1] += wall

    for stage in profile["stages"]:
        inner = stage["stages"] if stage["name"] == DIVIDED else []
        for one in inner:
            add(one["name"], one["cpu_seconds"] or 0.0, one["seconds"])
        own = [stage[name] - sum(one[name] or 0.0 for one in inner) for name in ("cpu_seconds", "seconds")]
        add("other" if inner else stage["name"], *own)
    other = found.pop("other", [0.0, 0.0])
    for name, (cpu, wall) in sorted(found.items(), key=lambda one: -one[1][0]):
        yield name, cpu, wall
    yield "other", other[0], other[1]


def profiled(suite: Path, environment: Environment) -> tuple[Mapping[str, Any], float, float]:
    """The profile of a whole run, and what the process took from outside."""
    with tempfile.TemporaryDirectory(dir=suite.parent) as made:
        usage = run_measured((*run_command(suite), "--profile"), Path(made), environment, LIMIT_SECONDS)
        profile = json.loads((Path(made) / "report" / "profile.json").read_text(encoding="utf-8"))
    return profile, usage.cpu_seconds, usage.wall_seconds


def runs(folder: Path, environment: Environment, samples: int) -> Iterator[Callable[[Table, int], None]]:
    for checks in (EXACT_MATCH, FIVE_CHECKS):
        suite = write_suite(folder, samples, checks)
        yield _run(f"{checks}, {samples:,} samples", suite, environment)


def _run(work: str, suite: Path, environment: Environment) -> Callable[[Table, int], None]:
    bare = (sys.executable, "-c", ALONE, str(suite.with_suffix(".jsonl")))

    def measure(table: Table, number: int) -> None:
        load = os.getloadavg()[0]
        profile, cpu, wall = profiled(suite, environment)
        for name, of_stage, wall_of_stage in stages_of(profile):
            table.add(work, name, taken(number, load, of_stage, wall_of_stage))
        table.add(work, WHOLE, taken(number, load, cpu, wall))
        if work.startswith(FIVE_CHECKS):
            usage = process(bare, suite.parent, environment)
            table.add(work, BARE, taken(number, load, usage.cpu_seconds, usage.wall_seconds))

    return measure


def starts(folder: Path, environment: Environment) -> Iterator[Callable[[Table, int], None]]:
    """Each is run once before it counts: then the model is fetched and converted."""
    for engine, programs in STARTS.items():
        for part, program in programs.items():
            command = (sys.executable, "-c", program if program.endswith("_exit(0)") else program + LEFT_AT_ONCE)
            try:
                process(command, folder, environment)
            except Failed as failure:
                print(f"SmolLM2 by {engine}, {part}: not measured: {failure}", flush=True)
                continue
            yield _start(f"SmolLM2 ready, {engine}", part, command, folder, environment)


def _start(
    work: str, part: str, command: Sequence[str], folder: Path, environment: Environment
) -> Callable[[Table, int], None]:
    def measure(table: Table, number: int) -> None:
        load = os.getloadavg()[0]
        usage = process(command, folder, environment)
        table.add(work, part, taken(number, load, usage.cpu_seconds, usage.wall_seconds))

    return measure


def shown(table: Table) -> Iterator[str]:
    yield f"{'':<34} {'':<58} {'CPU s':>6} {'wall s':>7}"
    for part in table.parts.values():
        cpu, wall = (median(getattr(one, name) for one in part.rounds) for name in ("cpu_seconds", "wall_seconds"))
        yield f"{part.work:<34} {part.part:<58} {cpu:>6.2f} {wall:>7.2f}"


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/stages.py", description="What runs and starts are made of."
    )
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"of each run ({SAMPLES})")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    parser.add_argument("--results", type=Path, help="where stages.json is written; else it is not")
    chosen = parser.parse_args(given)
    if chosen.rounds < 1 or chosen.samples < 1:
        parser.error("--rounds and --samples must be at least 1")
    return chosen


def main(given: Sequence[str]) -> int:
    chosen, table = arguments(given), Table()
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="evalkit-bench-") as made:
        folder = Path(made)
        environment = compiled_in(folder)
        try:
            for checks in (EXACT_MATCH, FIVE_CHECKS):
                measure_run(write_suite(folder, 20, checks), environment)  # compiles what is imported
            measured = [*runs(folder, environment, chosen.samples), *starts(folder, environment)]
            for number in range(1, chosen.rounds + 1):
                for measure in measured:
                    measure(table, number)
                print(f"round {number} of {chosen.rounds} is measured", flush=True)
        except KeyboardInterrupt:
            interrupted = True
            print("interrupted: what is measured so far is kept")
        except Failed as failure:
            sys.exit(f"evalkit {failure}")
    print("\n".join(["", *shown(table)]))
    if chosen.results and table.parts:
        print(f"written: {write(table, given, chosen.results, interrupted=interrupted)}")
    return 130 if interrupted else 0


def write(table: Table, given: Sequence[str], folder: Path, *, interrupted: bool) -> Path:
    from benchmarks.results import command_of, head, keep  # noqa: PLC0415 - a child begins with its parent's memory

    document = head("stages", "What runs and starts are made of", command_of("stages", given))
    lines = [asdict(part) for part in table.parts.values()]
    return keep({**document, "interrupted": interrupted, "lines": lines}, folder)


if __name__ == "__main__":
    for word in (signal.SIGINT, signal.SIGTERM):  # both end the process under measurement, and write what there is
        signal.signal(word, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))

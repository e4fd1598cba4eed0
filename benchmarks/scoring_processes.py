"""Long answers judged by the run alone and with processes beside it, in turns; and while a model takes its time.

python benchmarks/scoring_processes.py [--rows N] [--words N] [--workers N] [--rounds N] [--wait MS] [--few N]
    [--results FOLDER]

First a mock answers at once, so that judging is nearly all there is. Wall seconds depend on how busy the machine is,
CPU seconds hardly: those of the run alone, over the larger of the two with processes, are what idle ones could give.
Then a mock waits before each answer, as long as ``--wait`` says, which costs no CPU: asking without judging, judging
without waiting, and both together, with processes and without.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.options import positive, positive_or_none, seconds
from benchmarks.results import command_of, head, interruptible, keep

WORDS = [
    *("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water", "people"),
    *(
        "said",
        "would",
        "government",
        "because",
        "after",
        "before",
        "another",
        "morning",
        "evening",
        "company",
        "school",
    ),
    *("children", "world", "country", "house", "street", "history", "science", "reason"),
]
DEAR = "  accuracy: {metrics: [bleu, chrf, rougeL, rougeLsum, token_f1, edit_similarity]}\n  readability: {}\n"
CHEAP = "  accuracy: {metrics: [exact_match]}\n"
AT_ONCE, WAITING = "answers at once", "answers that are waited for"
Round = dict[str, Any]
ONE = """
import json, os, resource, sys, time
from pathlib import Path
from evalkit.runner.execute import run_suite
from evalkit.runner.running import RunOptions
from evalkit.store import open_store
from evalkit.suite.load import load_suite
suite, model, store, workers = sys.argv[1:]
with open_store("sqlite:///" + store) as runs:
    loaded = load_suite(Path(suite))
    wall, own = time.perf_counter(), time.process_time()
    result = run_suite(loaded, model, runs, RunOptions(scoring_workers=int(workers)))
    wall, own = time.perf_counter() - wall, time.process_time() - own
beside = resource.getrusage(resource.RUSAGE_CHILDREN)
values = [(estimate.name, estimate.value, repr(estimate.interval)) for estimate in result.estimates]
print(json.dumps([wall, own, beside.ru_utime + beside.ru_stime, values]))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    wall: float
    own: float
    """CPU seconds of the run."""
    beside: float
    """CPU seconds of its processes."""


def write_suite(folder: Path, name: str, checks: str, rows: int, words: int) -> Path:
    draw = random.Random(0)
    data = folder / f"rows-{rows}.jsonl"
    if not data.exists():
        with data.open("w", encoding="utf-8") as file:
            for number in range(rows):
                file.write(
                    json.dumps({"id": f"r{number}", "prompt": f"{number}?", "references": [text(draw, words)]}) + "\n"
                )
    suite = folder / f"{name}-{rows}.yaml"
    suite.write_text(f"name: scoring\ndatasets: {{rows: {{path: {data.name}}}}}\nchecks:\n{checks}", encoding="utf-8")
    return suite


def text(draw: random.Random, words: int) -> str:
    """Sentences, a line each."""
    lines = []
    while words > 0:
        length = min(words, draw.randint(8, 18))
        lines.append(" ".join(draw.choices(WORDS, k=length)).capitalize() + ".")
        words -= length
    return "\n".join(lines)


def measure(suite: Path, model: str, workers: int) -> tuple[Cost, object]:
    with tempfile.TemporaryDirectory(dir=suite.parent) as made:
        command = [sys.executable, "-c", ONE, str(suite), model, str(Path(made) / "runs.db"), str(workers)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall, own, beside, values = json.loads(said.splitlines()[-1])
    return Cost(wall, own, beside), values


def in_turn(suite: Path, workers: int, rounds: int, done: list[Round]) -> None:
    """Prints each turn, and adds it to those that are ``done``; ends where the results differ."""
    print(f"{'':<18} {'wall s':>8} {'run CPU s':>10} {'beside CPU s':>13} {'faster':>8} {'at best':>8}")
    for number in range(1, rounds + 1):
        alone, said_alone = measure(suite, "mock:oracle", 0)
        together, said_together = measure(suite, "mock:oracle", workers)
        if said_alone != said_together:
            sys.exit("the results differ")
        faster = alone.wall / together.wall
        at_best = (alone.own + alone.beside) / max(together.own, together.beside / workers)
        costs = {"alone": asdict(alone), "together": asdict(together)}
        done.append({"round": number, "faster": round(faster, 4), "at_best": round(at_best, 4), **costs})
        print(f"{'alone':<18} {alone.wall:>8.1f} {alone.own:>10.1f} {alone.beside:>13.1f}")
        print(
            f"{f'{workers} beside':<18} {together.wall:>8.1f} {together.own:>10.1f} {together.beside:>13.1f}"
            f" {faster:>7.2f}x {at_best:>7.2f}x",
            flush=True,
        )
    middle = [median(one[name] for one in done) for name in ("faster", "at_best")]
    print(f"{'median':<18} {'':>33} {middle[0]:>7.2f}x {middle[1]:>7.2f}x   results equal")


def waiting(folder: Path, rows: int, words: int, workers: int, wait: float) -> Round:
    dear, cheap = (
        write_suite(folder, name, checks, rows, words) for name, checks in (("dear", DEAR), ("cheap", CHEAP))
    )
    slow = f"mock:slow?of=oracle&ms={wait:g}"
    asking, _ = measure(cheap, slow, 0)
    judging, _ = measure(dear, "mock:oracle", 0)
    one_by_one, said = measure(dear, slow, 0)
    together, same = measure(dear, slow, workers)
    if said != same:
        sys.exit("the results differ")
    print(f"\n{rows:,} answers of {words} words, {wait:g} ms each: wall seconds")
    for what, cost in (
        ("asking, exact match alone", asking),
        ("judging, without waiting", judging),
        ("asking and judging, run alone", one_by_one),
        (f"asking and judging, {workers} beside", together),
    ):
        print(f"{what:<32} {cost.wall:>7.1f}")
    seconds = {"asking": asking, "judging": judging, "one_by_one": one_by_one, "together": together}
    return {"round": 1, **{name: round(cost.wall, 3) for name, cost in seconds.items()}}


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Judging by processes beside the run.")
    parser.add_argument("--rows", type=positive_or_none, default=20_000, help="answers that are there at once (20000)")
    parser.add_argument("--words", type=positive, default=300, help="in each answer (300)")
    parser.add_argument("--workers", type=positive, default=1, help="processes beside the run (1, for two processors)")
    parser.add_argument("--rounds", type=positive, default=3, help="how often both are measured in turn (3)")
    parser.add_argument("--wait", type=seconds, default=20, help="milliseconds before each of the other answers (20)")
    parser.add_argument("--few", type=positive_or_none, default=1_000, help="answers that are waited for (1000)")
    parser.add_argument("--results", type=Path, help="where scoring.json is written; else it is not")
    chosen = parser.parse_args(given)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    lines: list[dict[str, object]] = []
    known = {"words": chosen.words, "workers": chosen.workers, "load": round(os.getloadavg()[0], 2)}
    turns: list[Round] = []
    with interruptible() as interruption, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if chosen.rows:
            lines.append({"work": AT_ONCE, "answers": chosen.rows, **known, "rounds": turns})
            suite = write_suite(folder, "dear", DEAR, chosen.rows, chosen.words)
            in_turn(suite, chosen.workers, chosen.rounds, turns)
        if chosen.few:
            waited = waiting(folder, chosen.few, chosen.words, chosen.workers, chosen.wait)
            lines.append({"work": WAITING, "answers": chosen.few, **known, "wait": chosen.wait, "rounds": [waited]})
    lines = [line for line in lines if line["rounds"]]
    if chosen.results and lines:
        document = head("scoring", "Long answers judged by processes beside the run", command_of("scoring", given))
        print(f"written: {keep({**document, 'interrupted': interruption.came, 'lines': lines}, chosen.results)}")
    return interruption.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

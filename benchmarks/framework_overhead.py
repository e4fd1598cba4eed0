"""What evalkit itself costs: whole runs on a mock that answers at once, so that nothing but the framework is measured.

python benchmarks/framework_overhead.py [--million] [--exact N,N] [--five N,N] [--words N] [--rounds N]

Each line is one process from start to exit, with store and all reports: CPU seconds (user and system) and peak memory,
the median of all rounds. Beside five checks (BLEU, ROUGE-L, readability, length, refusal) stand the same metric
functions alone, in a process that reads the same rows and keeps nothing, and a process in which the checks judge the
same answers, block by block as in a run, and keep nothing either. CPU seconds differ between machines; ratios and
growth do not. Modules are compiled beforehand, as an installer does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

EXACT = (10, 1_000, 5_000, 10_000)
FIVE = (1_000, 5_000)
MILLION = (10_000, 100_000, 1_000_000)
"""About five CPU minutes and three gigabytes of disk."""
WORDS = ("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water")
CHECKS = {
    "exact match": "  accuracy: {dataset: rows, metrics: [exact_match]}\n",
    "five checks": """  bleu: {kind: accuracy, dataset: rows, metrics: [bleu]}
  rouge: {kind: accuracy, dataset: rows, metrics: [rougeL]}
  readability: {dataset: rows}
  length: {dataset: rows}
  safety: {dataset: rows}
""",
}
GATES = {"exact match": "accuracy.exact_match >= 0.5", "five checks": "bleu.bleu > 0.5, length.empty == 0"}
ALONE = """
import json, sys
from evalkit import plugins
from evalkit.metrics import language, length, prose, readability, refusal
from evalkit.records import Answer, Case, Sample
metrics = [plugins.load("evalkit.metrics", name) for name in ("bleu", "rougeL")]
for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    text = row["references"][0]
    case, answers = Case(row["id"], (Sample(row["id"], (), tuple(row["references"])),)), (Answer(text),)
    for metric in metrics:
        metric.statistics(case, answers)
    found = prose.parts(text).prose
    readability.measure_prose(found), language.detect(found)
    length.words(text), length.sentences(text), length.empty(text)
    refusal.classify(text, row["prompt"])
"""
JUDGED = """
import sys
from pathlib import Path
from evalkit.records import Answer
from evalkit.runner.examine import scores_of
from evalkit.runner.plan import make_plan
from evalkit.suite.load import load_suite
for block in make_plan(load_suite(Path(sys.argv[1]))).blocks():
    asked = {}
    answers = {}
    for planned in block:
        text = planned.case.sample.references[0]
        answer = answers.setdefault(text, Answer(text))
        asked.setdefault(planned.check.name, (planned.check.check, []))[1].append((planned.case, ((answer,),)))
    for check, questions in asked.values():
        scores_of(check, questions)
"""
RUN = (sys.executable, "-m", "evalkit", "run")
START = {
    "import evalkit": (sys.executable, "-c", "import evalkit"),
    "evalkit --help": (sys.executable, "-m", "evalkit", "--help"),
}
Cost = tuple[float, float]
"""CPU seconds and peak megabytes."""


def write_suite(folder: Path, samples: int, checks: str, words: int = 25) -> Path:
    """Prompts and answers of so many words, the same for the same number."""
    draw = random.Random(samples)
    name = f"{checks.replace(' ', '-')}-{samples}"
    rows = folder / f"{name}.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for i in range(samples):
            text = " ".join(draw.choices(WORDS, k=words))
            row = {"id": f"r{i}", "prompt": f"Question {i}: {text}?", "references": [f"{text}."], "unsafe": i % 2 == 0}
            file.write(json.dumps({**row, "category": f"c{i % 8}", "expected_length": "short"}) + "\n")
    suite = folder / f"{name}.yaml"
    text = (
        f"name: overhead\ndatasets: {{rows: {{path: {rows.name}}}}}\nchecks:\n{CHECKS[checks]}gates: [{GATES[checks]}]"
    )
    suite.write_text(text, encoding="utf-8")
    return suite


def measure(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command[:4])} ... ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure_run(suite: Path, environment: Mapping[str, str]) -> Cost:
    """Of a whole run with a store and reports of its own."""
    with tempfile.TemporaryDirectory(dir=suite.parent) as made:
        command = [*RUN, str(suite), "--model", "mock:oracle", "-q"]
        command += ["--store", str(Path(made) / "runs.db"), "--report", str(Path(made) / "report")]
        return measure(command, suite.parent, environment)


def middle(costs: Sequence[Cost]) -> Cost:
    return median(seconds for seconds, _ in costs), median(megabytes for _, megabytes in costs)


def compiled_in(folder: Path) -> dict[str, str]:
    """The environment of every process: compiled modules are kept, as they are where packages are installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def print_start(folder: Path, environment: Mapping[str, str], rounds: int) -> None:
    for what, command in START.items():
        seconds, megabytes = middle([measure(command, folder, environment) for _ in range(rounds)])
        print(f"{what:<14} {'':>9} {seconds:>7.3f} {megabytes:>6.0f}", flush=True)


def print_runs(
    folder: Path, checks: str, sizes: Sequence[int], environment: Mapping[str, str], chosen: argparse.Namespace
) -> None:
    before: tuple[int, Cost] | None = None
    for samples in sizes:
        suite = write_suite(folder, samples, checks, chosen.words)
        alone = [sys.executable, "-c", ALONE, str(suite.with_suffix(".jsonl"))]
        judged = [sys.executable, "-c", JUDGED, str(suite)]
        costs, bare, judging = [], [], []
        for _ in range(chosen.rounds):  # one after the other, so that a busy moment of the machine meets both
            costs.append(measure_run(suite, environment))
            if checks == "five checks":
                bare.append(measure(alone, folder, environment))
                judging.append(measure(judged, folder, environment))
        cost = middle(costs)
        line = f"{checks:<14} {samples:>9,} {cost[0]:>7.2f} {cost[1]:>6.0f}"
        line += f" {cost[0] / before[1][0]:>7.2f}x {cost[1] / before[1][1]:>6.2f}x" if before else f" {'':>8} {'':>7}"
        line += f" {(samples - before[0]) / (cost[0] - before[1][0]):>12,.0f}" if before else f" {'':>12}"
        if bare:
            functions, checks_alone = middle(bare)[0], middle(judging)[0]
            line += f" {functions:>7.2f} {checks_alone:>7.2f} {checks_alone / functions:>6.2f}x"
            line += f" {cost[0] / functions:>6.2f}x"
        print(line, flush=True)
        before = samples, cost


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.replace("_", "").split(",") if word)


def main(given: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="What evalkit itself costs.")
    parser.add_argument(
        "--million", action="store_true", help="10,000, 100,000 and a million samples with exact match, each once"
    )
    parser.add_argument("--exact", type=numbers, default=EXACT, help="samples with exact match, as in 1000,5000")
    parser.add_argument("--five", type=numbers, default=FIVE, help="samples with five checks")
    parser.add_argument("--words", type=int, default=25, help="in each prompt and answer (25)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    chosen = parser.parse_args(given)
    if chosen.million:
        chosen.exact, chosen.five, chosen.rounds = MILLION, (), 1
    print(f"{'':<14} {'samples':>9} {'CPU s':>7} {'MB':>6} {'growth':>8} {'memory':>7} {'more per CPU s':>12}", end="")
    print(f" {'alone':>5} {'judged':>7} {'ratio':>7} {'run':>7}")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        environment = compiled_in(folder)
        for checks in CHECKS:
            measure_run(write_suite(folder, 20, checks), environment)  # compiles what is imported
        print_start(folder, environment, chosen.rounds)
        for checks, sizes in (("exact match", chosen.exact), ("five checks", chosen.five)):
            print_runs(folder, checks, sizes, environment, chosen)


if __name__ == "__main__":
    main(sys.argv[1:])

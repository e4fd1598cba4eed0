"""What evalkit itself costs: whole runs on a mock that answers at once, so that nothing but the framework is measured.

python benchmarks/framework_overhead.py [--million] [--ready] [--exact N,N] [--five N,N] [--long N,N] [--rounds N]

Each line is one process from start to exit, with store and all reports: CPU seconds (user and system) and peak memory,
the median of all rounds. All lines take turns within a round, so that ratios between them are of one round. Beside five
checks (BLEU, ROUGE-L, readability, length, refusal) stand the same metric functions alone, in a process that reads the
same rows and keeps nothing, and a process in which the checks judge the same answers, block by block as in a run, and
keep nothing either. Answers have 25 words, those of --long 200. CPU seconds differ between machines; ratios and growth
do not. Modules are compiled beforehand, as an installer does. --ready also measures until the default model can answer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.options import numbers_or_none, positive
from benchmarks.peers.processes import Failed, Usage, run_measured

EXACT = (10, 1_000, 5_000, 10_000, 100_000)
PROFILED_SAMPLES = 5_000
"""With --profile, too."""
FIVE = (1_000, 5_000, 10_000, 100_000)
OFTEN = 10_000
"""Five checks on more samples take minutes: they are measured once, in the last round."""
LONG = (2_000,)
MILLION = 1_000_000
"""About five CPU minutes and three gigabytes of disk: measured once, in the last round."""
SHORT_ANSWER, LONG_ANSWER = 25, 200
"""Words."""
LIMIT_SECONDS = 7_200.0
WORDS = ("river", "stone", "city", "market", "answer", "model", "number", "garden", "winter", "letter", "water")
EXACT_MATCH, PROFILED, FIVE_CHECKS = "exact match", "exact match, --profile", "five checks"
CHECKS = {
    EXACT_MATCH: "  accuracy: {dataset: rows, metrics: [exact_match]}\n",
    PROFILED: "  accuracy: {dataset: rows, metrics: [exact_match]}\n",
    FIVE_CHECKS: """  bleu: {kind: accuracy, dataset: rows, metrics: [bleu]}
  rouge: {kind: accuracy, dataset: rows, metrics: [rougeL]}
  readability: {dataset: rows}
  length: {dataset: rows}
  safety: {dataset: rows}
""",
}
GATES = {
    EXACT_MATCH: "accuracy.exact_match >= 0.5",
    PROFILED: "accuracy.exact_match >= 0.5",
    FIVE_CHECKS: "bleu.bleu > 0.5, length.empty == 0",
}
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
LOADED = "import os; from evalkit import ModelManager; ModelManager('smollm2-135m', engine='{}').load(); os._exit(0)"
"""Until it is ready: how long Python then takes to end is another question, and `evalkit` ends otherwise."""
READY = {
    f"SmolLM2 ready, {engine}": (sys.executable, "-c", LOADED.format(engine)) for engine in ("openvino", "transformers")
}
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Round:
    """`alone` and `judged` are CPU seconds of the bare functions and of the checks that judge, beside five checks."""

    round: int
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float
    load: float
    alone: float | None = None
    judged: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`samples` is None where nothing is asked."""

    work: str
    samples: int | None
    words: int | None
    measure: Callable[[int], Round]
    at_most: int = sys.maxsize
    """Rounds."""
    rounds: list[Round] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        known = {"work": self.work, "samples": self.samples, "words": self.words}
        return {**known, "rounds": [asdict(one) for one in self.rounds]}


def write_suite(folder: Path, samples: int, checks: str, words: int = SHORT_ANSWER) -> Path:
    """Prompts and answers of so many words, the same for the same number."""
    draw = random.Random(samples)
    name = "-".join([*re.findall(r"\w+", checks), str(samples), *([str(words)] if words != SHORT_ANSWER else [])])
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


def round_of(number: int, usage: Usage, load: float, alone: Usage | None = None, judged: Usage | None = None) -> Round:
    cpu = [None if one is None else round(one.cpu_seconds, 3) for one in (usage, alone, judged)]
    return Round(
        number, cpu[0] or 0.0, round(usage.wall_seconds, 3), round(usage.peak_megabytes, 1), round(load, 2), *cpu[1:]
    )


def process(command: Sequence[str], folder: Path, environment: Environment) -> Usage:
    """Alone in a folder of its own, which is left where it cannot get in the way of another's."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        return run_measured(command, Path(made), environment, LIMIT_SECONDS)


def measure_run(suite: Path, environment: Environment, *options: str) -> Usage:
    """Of a whole run with a store and reports of its own."""
    return process((*run_command(suite), *options), suite.parent, environment)


def run_command(suite: Path) -> tuple[str, ...]:
    return (*RUN, str(suite), "--model", "mock:oracle", "-q", "--store", "runs.db", "--report", "report")


def compiled_in(folder: Path) -> dict[str, str]:
    """The environment of every process: compiled modules are kept, as they are where packages are installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def start_lines(folder: Path, environment: Environment, *, ready: bool) -> Iterator[Line]:
    """A model is loaded once before it counts: then it is fetched and converted."""
    for what, command in START.items():
        yield Line(what, None, None, _measuring(command, folder, environment))
    for what, command in READY.items() if ready else ():
        try:
            process(command, folder, environment)
        except Failed as failure:
            print(f"{what} is not measured: {failure}", flush=True)
            continue
        yield Line(what, None, None, _measuring(command, folder, environment))


def _measuring(command: Sequence[str], folder: Path, environment: Environment) -> Callable[[int], Round]:
    return lambda number: round_of(number, process(command, folder, environment), os.getloadavg()[0])


def run_line(folder: Path, environment: Environment, work: str, samples: int, words: int) -> Line:
    suite = write_suite(folder, samples, work, words)
    alone = (sys.executable, "-c", ALONE, str(suite.with_suffix(".jsonl")))
    judged = (sys.executable, "-c", JUDGED, str(suite))

    def measure(number: int) -> Round:
        load = os.getloadavg()[0]
        run = measure_run(suite, environment, *(["--profile"] if work == PROFILED else []))
        if work != FIVE_CHECKS:
            return round_of(number, run, load)
        beside = [process(command, folder, environment) for command in (alone, judged)]
        return round_of(number, run, load, *beside)

    return Line(work, samples, words, measure)


def shown(lines: Sequence[Line]) -> Iterator[str]:
    """Medians; growth beside the line before, if it is of the same work."""
    columns = f"{'growth':>8} {'memory':>7} {'more per CPU s':>14} {'alone':>6} {'judged':>7} {'ratio':>6} {'run':>6}"
    yield f"{'':<29} {'samples':>9} {'words':>5} {'CPU s':>7} {'wall s':>7} {'MB':>6} {columns}"
    before: Line | None = None
    for line in lines:
        cpu, wall, memory = (
            median(getattr(one, name) for one in line.rounds)
            for name in ("cpu_seconds", "wall_seconds", "peak_megabytes")
        )
        numbers = f"{line.samples or '':>9,} {line.words or '':>5}" if line.samples else f"{'':>9} {'':>5}"
        text = f"{line.work:<29} {numbers} {cpu:>7.3f} {wall:>7.2f} {memory:>6.0f}"
        text += _growth(before, line) if before and (before.work, before.words) == (line.work, line.words) else " " * 32
        if line.rounds[0].alone is not None:
            alone, judged = (median(getattr(one, name) for one in line.rounds) for name in ("alone", "judged"))
            ratios = [_median_share(line, part) for part in ("judged", "cpu_seconds")]
            text += f" {alone:>6.2f} {judged:>7.2f} {ratios[0]:>5.2f}x {ratios[1]:>5.2f}x"
        yield text.rstrip()
        before = line


def _median_share(line: Line, part: str) -> float:
    return median(float(getattr(one, part)) / one.alone for one in line.rounds if one.alone)


def _growth(before: Line, line: Line) -> str:
    """Between the rounds that both have."""
    earlier = {one.round: one for one in before.rounds}
    pairs = [(earlier[one.round], one) for one in line.rounds if one.round in earlier]
    cpu = median(large.cpu_seconds / small.cpu_seconds for small, large in pairs)
    memory = median(large.peak_megabytes / small.peak_megabytes for small, large in pairs)
    samples, further = (line.samples or 0) - (before.samples or 0), [b.cpu_seconds - a.cpu_seconds for a, b in pairs]
    more = f"{median(samples / seconds for seconds in further):,.0f}" if min(further) > 0 else ""
    return f" {cpu:>7.2f}x {memory:>6.2f}x {more:>14}"


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python benchmarks/framework_overhead.py", description="What evalkit costs.")
    parser.add_argument("--million", action="store_true", help="a million samples with exact match, once")
    parser.add_argument("--ready", action="store_true", help="until the default model can answer, by either engine")
    for name, default, what in (
        ("--exact", EXACT, "exact match"),
        ("--five", FIVE, "five checks"),
        ("--long", LONG, f"five checks on answers of {LONG_ANSWER} words"),
    ):
        said = ",".join(str(number) for number in default)
        parser.add_argument(name, type=numbers_or_none, default=default, help=f"samples with {what} ({said})")
    parser.add_argument("--rounds", type=positive, default=3, help="how often everything is measured (3)")
    parser.add_argument("--results", type=Path, help="where framework.json is written; else it is not")
    return parser.parse_args(given)


def all_lines(folder: Path, environment: Environment, chosen: argparse.Namespace) -> Iterator[Line]:
    yield from start_lines(folder, environment, ready=chosen.ready)
    for samples in chosen.exact:
        yield run_line(folder, environment, EXACT_MATCH, samples, SHORT_ANSWER)
    if chosen.million:
        yield replace(run_line(folder, environment, EXACT_MATCH, MILLION, SHORT_ANSWER), at_most=1)
    if PROFILED_SAMPLES in chosen.exact:
        yield run_line(folder, environment, PROFILED, PROFILED_SAMPLES, SHORT_ANSWER)
    for sizes, words in ((chosen.five, SHORT_ANSWER), (chosen.long, LONG_ANSWER)):
        for samples in sizes:
            line = run_line(folder, environment, FIVE_CHECKS, samples, words)
            yield line if samples <= OFTEN else replace(line, at_most=1)


def measure_in_turn(lines: Sequence[Line], rounds: int) -> None:
    """Who is measured fewer times than there are rounds is in the last ones."""
    for number in range(1, rounds + 1):
        for line in lines:
            if number > rounds - line.at_most:
                line.rounds.append(line.measure(number))
                done = line.rounds[-1]
                size = f"{line.samples:,} samples" if line.samples else ""
                print(f"round {number}  {line.work:<29} {size:<17} {done.cpu_seconds:>8.3f} CPU s", flush=True)


def main(given: Sequence[str]) -> int:
    chosen = arguments(given)
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="evalkit-bench-") as made:
        folder = Path(made)
        environment = compiled_in(folder)
        lines: list[Line] = []
        try:
            for checks in CHECKS:
                measure_run(write_suite(folder, 20, checks), environment)  # compiles what is imported
            lines += all_lines(folder, environment, chosen)
            measure_in_turn(lines, chosen.rounds)
        except KeyboardInterrupt:
            interrupted = True
            print("interrupted: what is measured so far is kept")
        except Failed as failure:
            sys.exit(f"evalkit {failure}")
    done = [line for line in lines if line.rounds]
    print("\n".join(["", *shown(done)]))
    if chosen.results and done:
        print(f"written: {write(done, given, chosen.results, interrupted=interrupted)}")
    return 130 if interrupted else 0


def write(lines: Sequence[Line], given: Sequence[str], folder: Path, *, interrupted: bool) -> Path:
    from benchmarks.results import command_of, head, keep  # noqa: PLC0415 - a child begins with its parent's memory

    command = command_of("framework", given)
    document = head("framework", "What evalkit itself costs, on a mock that answers at once", command)
    return keep({**document, "interrupted": interrupted, "lines": [line.told() for line in lines]}, folder)


if __name__ == "__main__":
    for word in (signal.SIGINT, signal.SIGTERM):  # both end the process under measurement, and write what there is
        signal.signal(word, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))

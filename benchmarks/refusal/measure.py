"""How well the refusal judgement agrees with people, and what it costs.

    python benchmarks/refusal/measure.py [DATA]

DATA is the folder that holds ``xstest``, and ``alpaca_eval``, ``ifeval`` and ``truthfulqa`` where there are; by default
EVALKIT_TEST_DATA, or ``../shared/data`` beside the project. Where there is none, only the rows of
tests/fixtures/refusal_rows and the costs are measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evalkit.metrics.refusal import SIGNATURE, classify

MODELS = ("gpt4", "llama2orig", "llama2new")
HUMAN = {"1_full_compliance": "none", "2_full_refusal": "full", "3_partial_refusal": "partial"}
REFUSING = frozenset({"full", "partial"})
ROWS = Path(__file__).parents[2] / "tests" / "fixtures" / "refusal_rows"
SAID = ("full", "partial", "inability", "correction", "none", "undetermined")

Pairs = Counter[tuple[str, str]]
"""How often people said one label and the judgement another."""


def data_folder(given: Path | None) -> Path | None:
    """The folder that was named, or the usual one if it is there."""
    usual = Path(os.environ.get("EVALKIT_TEST_DATA") or Path(__file__).resolve().parents[2].parent / "shared" / "data")
    if given is not None and not (given / "xstest").is_dir():
        raise SystemExit(f"{given} holds no folder xstest: name the folder that does, or none")
    found = given or usual
    return found if (found / "xstest").is_dir() else None


def xstest(data: Path, model: str) -> list[dict[str, str]]:
    with (data / "xstest" / f"completions_{model}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judged(rows: Iterable[dict[str, str]], *, with_prompt: bool = True) -> Pairs:
    return Counter(
        (HUMAN[row["final_label"]], classify(row["completion"], row["prompt"] if with_prompt else None).label)
        for row in rows
    )


def full_against_none(pairs: Pairs, counted: frozenset[str]) -> tuple[float, float]:
    """F1 of full refusals against full compliance, and the share of compliant answers taken for refusals."""
    right = sum(n for (human, said), n in pairs.items() if human == "full" and said in counted)
    missed = sum(n for (human, said), n in pairs.items() if human == "full" and said not in counted)
    wrong = sum(n for (human, said), n in pairs.items() if human == "none" and said in counted)
    compliant = sum(n for (human, _), n in pairs.items() if human == "none")
    return 2 * right / max(1, 2 * right + wrong + missed), wrong / max(1, compliant)


def macro_f1(pairs: Pairs) -> tuple[float, dict[str, float]]:
    """Over full, partial and none; inability, corrections and the undetermined count as none."""
    three: Pairs = Counter()
    for (human, said), n in pairs.items():
        three[human, said if said in REFUSING else "none"] += n
    found = {}
    for label in ("full", "partial", "none"):
        given = sum(n for (human, _), n in three.items() if human == label)
        claimed = sum(n for (_, said), n in three.items() if said == label)
        found[label] = 2 * three[label, label] / max(1, given + claimed)
    return sum(found.values()) / 3, found


def show_models(data: Path) -> None:
    print(
        "| model | prompt | F1, full only | F1, full or partial | false positives | macro-F1 | full / partial / none |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for model in MODELS:
        for with_prompt in (True, False):
            pairs = judged(xstest(data, model), with_prompt=with_prompt)
            (strict, _), (wide, wrong) = (full_against_none(pairs, c) for c in (frozenset({"full"}), REFUSING))
            macro, each = macro_f1(pairs)
            parts = " / ".join(f"{f1:.3f}" for f1 in each.values())
            print(f"| {model} | {with_prompt} | {strict:.3f} | {wide:.3f} | {wrong:.1%} | {macro:.3f} | {parts} |")
    for model in MODELS:
        pairs = judged(xstest(data, model))
        print(f"\n| {model}: people \\ judgement | " + " | ".join(SAID) + " |")
        print("| --- |" + " ---: |" * len(SAID))
        for human in ("full", "partial", "none"):
            print(f"| {human} | " + " | ".join(str(pairs[human, said]) for said in SAID) + " |")


def show_prompt_types(data: Path) -> None:
    """Nothing is fitted, so that leaving a type out of the counting is the same as counting it alone."""
    rows = [row for model in MODELS for row in xstest(data, model)]
    print("\n| prompt type left out | its full refusals found | its answers taken for refusals | F1 of all others |")
    print("| --- | ---: | ---: | ---: |")
    for kind in sorted({row["type"] for row in rows}):
        alone = judged(row for row in rows if row["type"] == kind)
        others, _ = full_against_none(judged(row for row in rows if row["type"] != kind), REFUSING)
        found, of = counts(alone, "full")
        wrong, answers = counts(alone, "none")
        print(f"| {kind} | {found}/{of} | {wrong}/{answers} | {others:.3f} |")


def counts(pairs: Pairs, human: str) -> tuple[int, int]:
    """How many with this label were judged refusing, of how many."""
    of = [(said, n) for (given, said), n in pairs.items() if given == human]
    return sum(n for said, n in of if said in REFUSING), sum(n for _, n in of)


def harmless(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Answers and prompts without labels. Nearly none of the prompts asks for anything that one would refuse."""
    found = {}
    for path in sorted((data / "alpaca_eval").glob("outputs_*.json")):
        rows = json.loads(path.read_text("utf-8"))
        found[f"AlpacaEval, {path.stem.removeprefix('outputs_')}"] = [
            (row["output"], row["instruction"]) for row in rows
        ]
    for path in sorted((data / "ifeval").glob("input_response_data_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found["IFEval, GPT-4"] = [(row["response"], row["prompt"]) for row in rows]
    for path in (data / "truthfulqa").glob("TruthfulQA.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found["TruthfulQA, best answers"] = [(row["Best Answer"], row["Question"]) for row in csv.DictReader(file)]
    return found


def show_harmless(data: Path) -> None:
    for name, rows in harmless(data).items():
        found = Counter(classify(answer, prompt).label for answer, prompt in rows)
        print(f"\n{name}, no labels, {len(rows)} answers: {dict(found.most_common())}")


def show_rows() -> None:
    print("\n| rows | refusals found | answers taken for refusals | label exact | without the prompt |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for path in sorted(ROWS.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        cells = []
        for with_prompt in (True, False):
            pairs = [
                (row["label"], classify(row["answer"], row["prompt"] if with_prompt else None).label) for row in rows
            ]
            refusals = [said in REFUSING for human, said in pairs if human in REFUSING]
            answers = [said in REFUSING for human, said in pairs if human not in REFUSING]
            exact = sum(human == said for human, said in pairs)
            cells.append((f"{sum(refusals)}/{len(refusals)}", f"{sum(answers)}/{len(answers)}", f"{exact}/{len(rows)}"))
        print(f"| {path.stem} | " + " | ".join(cells[0]) + " | " + ", ".join(cells[1][:2]) + " |")


def seconds_for(texts: Sequence[str]) -> float:
    for text in texts:
        classify(text)
    start = time.process_time()
    for text in texts:
        classify(text)
    return (time.process_time() - start) / len(texts)


def loop_seconds() -> float:
    """A million additions in plain Python: what this machine is worth at the moment."""
    start, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return time.process_time() - start


def show_costs(groups: Mapping[str, Sequence[str]]) -> None:
    """Answers laid end to end and cut to a length, so that each has the same number of words."""
    loop = min(loop_seconds() for _ in range(5))
    print(f"\nA loop of a million additions takes {loop * 1e3:.0f} ms of CPU here.")
    for group, answers in groups.items():
        words = [word for answer in answers for word in answer.split(" ")]
        for size in (50, 200, 800, 3200):
            texts = [" ".join(words[at : at + size]) for at in range(0, min(len(words), 300 * size) - size + 1, size)]
            if texts:
                took = min(seconds_for(texts) for _ in range(5))
                print(f"{group}, {size:5} words: {took * 1e6:6.0f} us, {took / loop * 1e6:7.0f} additions")
    for name, text in hostile().items():
        start = time.process_time()
        classify(text, "Why?")
        print(f"1 MB of {name}: {(time.process_time() - start) * 1e3:.1f} ms")


def hostile() -> dict[str, str]:
    size = 1_000_000
    patterns = {
        "a": "a",
        "spaces": " ",
        "line ends": "\n",
        "quotes": '"',
        "I can't": "I can't ",
        "emoji": "\U0001f600",
        "Hebrew": "\u05d0",
        "Chinese": "\u6211",
        "colons": "a: b\n",
        "backticks": "`",
        "no, ": "no, ",
    }
    return {name: (pattern * size)[:size] for name, pattern in patterns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path)
    data = data_folder(parser.parse_args().data)
    print(SIGNATURE, "\n")
    groups = {
        "rows": [
            json.loads(line)["answer"]
            for path in sorted(ROWS.glob("english_*.jsonl"))
            for line in path.read_text("utf-8").splitlines()
        ]
    }
    if data is None:
        print("No folder with xstest is here: name it, or set EVALKIT_TEST_DATA, to measure on the human labels.")
    else:
        show_models(data)
        show_prompt_types(data)
        show_harmless(data)
        groups |= by_human_label(data)
    show_rows()
    show_costs(groups)


def by_human_label(data: Path) -> dict[str, list[str]]:
    """Whole answers that refuse, and whole answers that comply."""
    rows = [row for model in MODELS for row in xstest(data, model)]
    return {
        f"human label {label}": [row["completion"] for row in rows if HUMAN[row["final_label"]] == label]
        for label in ("full", "none")
    }


if __name__ == "__main__":
    main()

"""How often whole answers are taken for loops, and how often loops that were planted are found.

    python benchmarks/loops.py [DATA]

DATA is the folder that holds ``alpaca_eval`` and ``ifeval`` (default: EVALKIT_TEST_DATA, or ../shared/data). A loop is
planted behind each answer of twenty words or more: its last words, one to forty of them, until they are most of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from evalkit.metrics import repetition

DEGENERATE = 0.5


def answers(data: Path) -> Iterator[tuple[str, list[str]]]:
    for file in sorted((data / "alpaca_eval").glob("outputs_*.json")):
        yield file.stem, [row["output"] for row in json.loads(file.read_text(encoding="utf-8"))]
    for file in sorted((data / "ifeval").glob("input_response_data_*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines()
        yield file.stem, [json.loads(line)["response"] for line in lines]


def stuck(text: str, draw: random.Random) -> str:
    words = text.split()
    span = words[-draw.randint(1, repetition.LONGEST_SPAN) :]
    return " ".join(words + span * (len(words) // len(span) + 2))


def degenerate(text: str) -> bool:
    return repetition.measure(text).looping > DEGENERATE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("EVALKIT_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("data", nargs="?", type=Path, default=Path(default))
    data = parser.parse_args().data
    if not data.is_dir():
        parser.error(f"there is no folder {data}: name the one that holds alpaca_eval and ifeval")
    print("| answers | called degenerate | planted loops found |")
    print("| --- | ---: | ---: |")
    for name, texts in answers(data):
        draw = random.Random(0)
        long = [text for text in texts if len(text.split()) >= 20]
        found = sum(degenerate(stuck(text, draw)) for text in long)
        print(f"| {name} | {sum(map(degenerate, texts))} of {len(texts)} | {found} of {len(long)} |")


if __name__ == "__main__":
    main()

"""How often does the coherence check err? On public answers, shuffled ones, and ones that are cut off.

    python benchmarks/coherence.py [DATA] [--rows N]

DATA is the folder that holds ``alpaca_eval``, ``ifeval``, ``xstest``, ``truthfulqa`` and ``gsm8k``. Each answer is
read beside its own prompt and beside that of the row after it in a shuffled order (seed 1), and once more cut behind a
random word. Which columns are held out is told on the page of the check. The area is that of a random pair: how often
an answer of another prompt has the greater chance of sharing as little.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from scipy.stats import rankdata

from evalkit.checks.coherence import Coherence
from evalkit.metrics import coherence
from evalkit.records import Answer, Case, Decoding, Message, Sample, Unscored

Row = tuple[str, str]
CHECK = Coherence("coherence", Decoding())
FAULTS = ("off_topic", "echo", "repetitive", "cut_off")
FIELDS = ("rows", *FAULTS, "short off", "told", "caught", "auc", "cut caught", "of open cuts")
SHORT = 25
"""First words of an answer, read as if they were all of it."""
FEWEST_WORDS = 8
"""Of an answer that is cut."""


def data_sets(data: Path) -> Iterator[tuple[str, list[Row]]]:
    for model in ("claude-2.1", "gemma-2b-it"):
        said = json.loads((data / "alpaca_eval" / f"outputs_{model}.json").read_text(encoding="utf-8"))
        yield f"AlpacaEval, {model}", [(row["instruction"], row["output"]) for row in said]
    lines = (data / "ifeval" / "input_response_data_gpt4_20231107_145030.jsonl").read_text(encoding="utf-8")
    yield "IFEval, GPT-4", [(row["prompt"], row["response"]) for row in map(json.loads, lines.splitlines())]
    for model in ("gpt4", "llama2orig", "llama2new"):
        table = _csv(data / "xstest" / f"completions_{model}.csv")
        yield f"XSTest, {model}", [(row["prompt"], row["completion"]) for row in table]
    table = _csv(data / "truthfulqa" / "TruthfulQA.csv")
    yield "TruthfulQA, best answers", [(row["Question"], row["Best Answer"]) for row in table]
    lines = (data / "gsm8k" / "example_model_solutions.jsonl").read_text(encoding="utf-8")
    solved = map(json.loads, lines.splitlines())
    yield "GSM8K, 6B finetuned", [(row["question"], row["6b_finetuning"]["solution"]) for row in solved]


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def faults(prompt: str, answer: str) -> dict[str, Any]:
    sample = Sample("a", (Message("user", prompt),))
    return dict(CHECK.judge(Case("a", (sample,)), Answer(answer)).results)


def area(low: Sequence[float], high: Sequence[float]) -> float:
    """How often a value of ``high`` is above one of ``low``; equal ones are half."""
    ranks = rankdata([*high, *low])
    above = float(ranks[: len(high)].sum()) - len(high) * (len(high) + 1) / 2
    return above / (len(high) * len(low))


def shares(found: Sequence[Any]) -> float:
    told: list[float] = [one[0] for one in found if not isinstance(one, Unscored)]
    return sum(told) / max(1, len(told))


def cut(answer: str, random: Random) -> str | None:
    """The answer up to some word of it, at least its first three and not all."""
    ends = [match.end() for match in re.finditer(r"\S+", answer)]
    return answer[: ends[random.randrange(2, len(ends) - 1)]] if len(ends) >= FEWEST_WORDS else None


def measured(rows: Sequence[Row]) -> dict[str, float]:
    own = [faults(prompt, answer) for prompt, answer in rows]
    beside = [(rows[at][0], rows[(at + 1) % len(rows)][1]) for at in range(len(rows))]
    near = [told.chance for told in (coherence.relevance(answer, prompt) for prompt, answer in rows) if told]
    far = [told.chance for told in (coherence.relevance(answer, prompt) for prompt, answer in beside) if told]
    random = Random(1)
    pieces = [piece for _, answer in rows if (piece := cut(answer, random)) is not None]
    caught = [coherence.ending(piece).cut for piece in pieces]
    opened = [was for piece, was in zip(pieces, caught, strict=True) if piece.rstrip("\"'*)”")[-1:] not in ".!?:…"]
    found = {name: shares([one[name] for one in own]) for name in FAULTS}
    limit = CHECK.options.chance
    starts = [coherence.relevance(" ".join(answer.split()[:SHORT]), prompt) for prompt, answer in rows]
    short = [told.chance for told in starts if told]
    found["short off"] = sum(chance > CHECK.options.chance for chance in short) / max(1, len(short))
    found["told"] = len(near) / len(rows)
    found["caught"] = sum(chance > limit for chance in far) / max(1, len(far))
    found["auc"] = area(near, far) if near and far else float("nan")
    found["cut caught"] = sum(caught) / max(1, len(caught))
    found["of open cuts"] = sum(opened) / max(1, len(opened))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("EVALKIT_TEST_DATA", str(Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("data", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--rows", type=int, default=2000, help="at most so many of each data set")
    arguments = parser.parse_args()
    print(f"{coherence.SIGNATURE}\n{'answers':26}" + "".join(f"{field:>13}" for field in FIELDS))
    for name, rows in data_sets(arguments.data):
        kept = [row for row in rows if row[1].strip()]
        Random(1).shuffle(kept)
        found = measured(kept[: arguments.rows])
        numbers = "".join(f"{found[field]:>13.3f}" for field in FIELDS[1:])
        print(f"{name:26}{min(len(kept), arguments.rows):>13}{numbers}", flush=True)


if __name__ == "__main__":
    main()

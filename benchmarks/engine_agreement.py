"""How far the OpenVINO engine and the transformers engine agree on the default model, greedy, prompt by prompt.

python benchmarks/engine_agreement.py [--rows N] [--tokens N] [--dtype float32|bfloat16 ...] [--repeat]

Identical answers, the token at which the others part first, how sure transformers was of its own token there, and the
metrics of both runs compared as `evalkit compare` does. transformers computes in float32 in any case.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from evalkit import RunResult, compare, evaluate
from evalkit.models import ModelSettings, open_backend
from evalkit.models.catalog import DEFAULT_MODEL
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, Decoding, Generate, Message, Request
from evalkit.report.comparison import to_markdown

DATASETS = Path(__file__).parents[1] / "datasets"
SUITE = """\
name: engine-agreement
datasets:
  rows: {{path: {rows}}}
generation: {{max_tokens: {tokens}, temperature: 0}}
checks:
  accuracy: {{dataset: rows, metrics: [contains, token_f1, sentence_bleu, rougeL]}}
  readability: {{dataset: rows}}
"""


@dataclass(frozen=True, slots=True)
class Parting:
    """``token`` is the first that differs, counted from 0; ``margin`` is the lead of transformers' choice there, none
    where it chose to end."""

    token: int
    margin: float | None


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100, help="prompts (100)")
    parser.add_argument("--tokens", type=int, default=48, help="tokens of an answer at most (48)")
    parser.add_argument(
        "--dtype", choices=("float32", "bfloat16"), action="append", help="of OpenVINO, repeatable; else both"
    )
    parser.add_argument("--repeat", action="store_true", help="also ask again, in another order, and one by one")
    chosen = parser.parse_args(words)
    if min(chosen.rows, chosen.tokens) < 1:
        parser.error("--rows and --tokens must be at least 1")
    rows = read_rows(chosen.rows)
    dtypes = chosen.dtype or ["float32", "bfloat16"]
    requests = [asking(row, chosen.tokens) for row in rows]
    theirs = answers(ModelSettings(engine="transformers", dtype="float32", device="cpu"), requests)
    for dtype in dtypes:
        ours = answers(ModelSettings(engine="openvino", dtype=dtype), requests)
        partings = [parting(one, other) for one, other in zip(ours, theirs, strict=True)]
        print(summary([found for found in partings if found is not None], len(rows), dtype), flush=True)
        if chosen.repeat:
            print(repeatability(ModelSettings(engine="openvino", dtype=dtype), requests, ours), flush=True)
    print(metric_differences(rows, chosen.tokens, dtypes))
    return 0


def read_rows(count: int) -> list[dict[str, str]]:
    """Questions and tasks in turn, as many as there are."""
    files = (("qa.jsonl", "question"), ("instructions.jsonl", "instruction"))
    read = [
        [
            {"id": row["id"], "prompt": row[column], "references": row["references"]}
            for row in map(json.loads, (DATASETS / name).read_text(encoding="utf-8").splitlines())
        ]
        for name, column in files
    ]
    return [row for pair in zip(*read, strict=False) for row in pair][:count]


def asking(row: Mapping[str, str], tokens: int) -> Request:
    ask = Generate((Message("user", row["prompt"]),), Decoding(max_tokens=tokens))
    return Request(ask, wants=frozenset({"tokens", "margins"}))


def answers(
    settings: ModelSettings, requests: Sequence[Request], condition: Condition = DEFAULT_CONDITION
) -> list[Answer]:
    backend = open_backend(DEFAULT_MODEL, settings)
    session = backend.session(condition)
    try:
        told = dict(session.ask(requests))
    finally:
        session.close()
        backend.close()
    return [told[position] for position in range(len(requests))]


def repeatability(settings: ModelSettings, requests: Sequence[Request], first: Sequence[Answer]) -> str:
    """Equal texts when the same is asked by a pipeline of its own: alike, in the other order, one request at a time."""
    conditions = {"again": Condition(), "reversed": Condition(order="reversed"), "alone": Condition(batch_size=1)}
    told = []
    for name, condition in conditions.items():
        texts = [answer.text for answer in answers(settings, requests, condition)]
        equal = sum(text == answer.text for text, answer in zip(texts, first, strict=True))
        told.append(f"{name} {equal} of {len(first)}")
    return "the same text: " + ", ".join(told)


def parting(ours: Answer, theirs: Answer) -> Parting | None:
    """Where two answers part first; none where they are the same tokens."""
    for answer in (ours, theirs):
        if answer.failure is not None or answer.tokens is None:
            raise SystemExit(f"an answer failed: {answer.failure}")
    mine, others = ours.tokens or (), theirs.tokens or ()
    if mine == others:
        return None
    shorter = min(len(mine), len(others))
    place = next((place for place in range(shorter) if mine[place] != others[place]), shorter)
    margins = theirs.margins or ()
    return Parting(place, margins[place] if place < len(margins) else None)


def summary(partings: Sequence[Parting], count: int, dtype: str) -> str:
    lines = [f"identical answers: {count - len(partings)} of {count} (OpenVINO in {dtype}, transformers in float32)"]
    if partings:
        places = sorted(found.token for found in partings)
        margins = sorted(found.margin for found in partings if found.margin is not None)
        lines.append(f"the others part at token {places[0]} to {places[-1]}, median {median(places):g}")
        if margins:
            lines.append(
                f"there transformers' choice led by {margins[0]:.4f} to {margins[-1]:.4f} logits, "
                f"median {median(margins):.4f}"
            )
        if len(margins) < len(partings):
            lines.append(f"not known is the lead of {len(partings) - len(margins)}, where transformers chose to end")
    return "\n".join(lines)


def metric_differences(rows: Sequence[Mapping[str, str]], tokens: int, dtypes: Sequence[str]) -> str:
    """Both engines on one suite, the transformers run as the baseline."""
    with TemporaryDirectory(prefix="evalkit-agreement-") as name:
        folder = Path(name)
        with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        (folder / "suite.yaml").write_text(SUITE.format(rows="rows.jsonl", tokens=tokens), encoding="utf-8")

        def run(**settings: str) -> RunResult:
            store = folder / "runs.db"
            return evaluate(str(folder / "suite.yaml"), model=DEFAULT_MODEL, store=store, device="cpu", **settings)

        before = run(engine="transformers", dtype="float32")
        after = [run(engine="openvino", dtype=dtype) for dtype in dtypes]
        return to_markdown(compare(before, *after, store=folder / "runs.db"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Would a small learned classifier judge refusals better than the rules? It is asked about what it was not fitted to.

    python benchmarks/refusal/learned.py [DATA] [--types]

The classifier is a logistic regression over hashed words, pairs and triples of the answer's first 160 words, in plain
numpy (weights of 128 kB). It is fitted to XSTest's human labels with one model left out, or with ``--types`` one prompt
type as well, and to all of them for the rows of tests/fixtures/refusal_rows. Beside it stands the rules' judgement,
and both together: "either" trusts the classifier where it is sure that the rules missed a refusal, "both" where it is
sure that they saw one that is none. DATA is the folder that holds ``xstest``; by default EVALKIT_TEST_DATA, or
``../shared/data``. Takes about 10 seconds of CPU, with ``--types`` a minute.
"""

from __future__ import annotations

import argparse
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measure import HUMAN, MODELS, REFUSING, ROWS, data_folder, xstest
from numpy.typing import NDArray

from evalkit.metrics.refusal import classify

WIDTH, WORDS, OPENING = 1 << 14, 160, 25
PASSES, STEP, SHRINKING, SURE = 25, 0.5, 2e-4, 2.0
_TOKEN = re.compile(r"[a-z0-9']+|[.!?\n]")

Features = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Labelled:
    model: str
    kind: str
    label: str
    features: Features
    judged: bool
    """Whether the rules call it a refusal."""


def features_of(answer: str) -> Features:
    """Hashed n-grams, each once for anywhere and once for the opening or the rest."""
    words = _TOKEN.findall(answer[:1500].lower().replace("’", "'"))[:WORDS]
    found = set()
    for at in range(len(words)):
        for size in (1, 2, 3):
            if at + size <= len(words):
                gram = " ".join(words[at : at + size])
                place = "opening" if at < OPENING else "rest"
                found |= {zlib.crc32(f"{where} {gram}".encode()) % WIDTH for where in ("anywhere", place)}
    return np.fromiter(sorted(found), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Classifier:
    weights: NDArray[np.float64]
    bias: float

    def logit(self, features: Features) -> float:
        return self.bias + float(self.weights[features].sum()) / max(1, len(features)) ** 0.5


def fitted(rows: Sequence[Labelled]) -> Classifier:
    """Adagrad, one row at a time, in an order that is always the same."""
    random = np.random.default_rng(0)
    weights, squares = np.zeros(WIDTH), np.full(WIDTH, 1e-8)
    bias, bias_squares = 0.0, 1e-8
    for _ in range(PASSES):
        for number in random.permutation(len(rows)):
            row = rows[number]
            at, scale = row.features, max(1, len(row.features)) ** -0.5
            logit = np.clip(bias + scale * weights[at].sum(), -30, 30)
            error = 1 / (1 + np.exp(-logit)) - (row.label in REFUSING)
            gradient = error * scale + SHRINKING * weights[at]
            squares[at] += gradient**2
            weights[at] -= STEP * gradient / np.sqrt(squares[at])
            bias_squares += error**2
            bias -= STEP * error / bias_squares**0.5
    return Classifier(weights, bias)


def f1_and_wrong(rows: Sequence[Labelled], said: Iterable[bool]) -> str:
    """Full refusals against answers, as in measure.py; and the answers taken for refusals."""
    pairs = [(row.label, one) for row, one in zip(rows, said, strict=True)]
    right, missed = pairs.count(("full", True)), pairs.count(("full", False))
    wrong, answers = pairs.count(("none", True)), pairs.count(("none", False))
    return f"{2 * right / max(1, 2 * right + missed + wrong):.3f}, {wrong}/{wrong + answers}"


def show(name: str, classifier: Classifier, rows: Sequence[Labelled]) -> None:
    logits = [classifier.logit(row.features) for row in rows]
    cells = (
        [row.judged for row in rows],
        [logit > 0 for logit in logits],
        [row.judged or logit > SURE for row, logit in zip(rows, logits, strict=True)],
        [row.judged and logit > -SURE for row, logit in zip(rows, logits, strict=True)],
    )
    print(f"| {name} | " + " | ".join(f1_and_wrong(rows, said) for said in cells) + " |", flush=True)


def human_rows(data: Path) -> list[Labelled]:
    return [
        Labelled(
            model,
            row["type"],
            HUMAN[row["final_label"]],
            features_of(row["completion"]),
            classify(row["completion"], row["prompt"]).label in REFUSING,
        )
        for model in MODELS
        for row in xstest(data, model)
    ]


def written_rows(path: Path) -> list[Labelled]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        Labelled(
            path.stem,
            "",
            row["label"] if row["label"] in REFUSING else "none",
            features_of(row["answer"]),
            classify(row["answer"], row["prompt"]).label in REFUSING,
        )
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--types", action="store_true", help="leave each prompt type out as well")
    options = parser.parse_args()
    data = data_folder(options.data)
    if data is None:
        parser.error("no folder with xstest: name it, or set EVALKIT_TEST_DATA")
    rows = human_rows(data)
    print("| left out | rules: F1, wrong | learned | either | both |\n| --- | ---: | ---: | ---: | ---: |")
    for model in MODELS:
        show(model, fitted([row for row in rows if row.model != model]), [row for row in rows if row.model == model])
    everything = fitted(rows)
    for path in sorted(ROWS.glob("english_*.jsonl")):
        show(path.stem, everything, written_rows(path))
    for kind in sorted({row.kind for row in rows}) if options.types else ():
        show(kind, fitted([row for row in rows if row.kind != kind]), [row for row in rows if row.kind == kind])


if __name__ == "__main__":
    main()

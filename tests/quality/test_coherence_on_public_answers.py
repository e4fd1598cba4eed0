"""What the page of coherence claims, on public answers: few false alarms, and other prompts' answers are told apart."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from random import Random

import pytest

from evalkit.metrics import coherence

DATA = Path(os.environ.get("EVALKIT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
Row = tuple[str, str]


def rows(name: str) -> list[Row]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the public data are not here: {path}")
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            found = [(row["Question"], row["Best Answer"]) for row in csv.DictReader(file)]
    else:
        found = [(row["instruction"], row["output"]) for row in json.loads(path.read_text(encoding="utf-8"))]
    found = [row for row in found if row[1].strip()]
    Random(4).shuffle(found)
    return found[:400]


@pytest.mark.parametrize("model", ["claude-2.1", "gemma-2b-it"])
def test_an_answer_is_told_from_that_of_another_prompt(model: str) -> None:
    """The page says 0.99 and 0.98 of all rows; of 400 the standard error is below 0.01."""
    from scipy.stats import mannwhitneyu

    answers = rows(f"alpaca_eval/outputs_{model}.json")
    own = [told.chance for told in (coherence.relevance(said, asked) for asked, said in answers) if told]
    shifted = zip(answers, answers[1:] + answers[:1], strict=True)
    far = [told.chance for told in (coherence.relevance(said, asked) for (asked, _), (_, said) in shifted) if told]
    assert mannwhitneyu(far, own).statistic / (len(far) * len(own)) > 0.96
    assert sum(chance > 0.2 for chance in own) / len(own) < 0.04
    assert sum(chance > 0.2 for chance in far) / len(far) > 0.8


@pytest.mark.parametrize(
    "name", ["alpaca_eval/outputs_claude-2.1.json", "alpaca_eval/outputs_gemma-2b-it.json", "truthfulqa/TruthfulQA.csv"]
)
def test_whole_answers_are_not_called_cut_and_half_ones_mostly_are(name: str) -> None:
    answers = [said for _, said in rows(name)]
    assert sum(coherence.ending(said).cut for said in answers) / len(answers) < 0.015
    words = [said.split(" ") for said in answers if len(said.split(" ")) > 60]
    if words:
        halves = [" ".join(said[: len(said) // 2]) for said in words]
        opened = [half for half in halves if half.rstrip("*\"')")[-1:] not in ".!?:"]
        assert sum(coherence.ending(half).cut for half in opened) / len(opened) > 0.6


def test_an_answer_that_restates_its_question_is_no_echo() -> None:
    answers = rows("truthfulqa/TruthfulQA.csv")
    echoes = [
        found.given_back >= 0.5 and found.share >= 0.6 and not coherence.restates(said, asked)
        for asked, said in answers
        if (found := coherence.copying(said, asked))
    ]
    assert sum(echoes) / len(echoes) < 0.05
    assert all(coherence.copying(asked, asked).given_back == 1.0 for asked, _ in answers if len(asked.split()) > 5)
    assert not any(coherence.restates(asked, asked) for asked, _ in answers)

"""The accuracy check over many rows says what sacreBLEU and rouge_score say of them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from evalkit.checks.accuracy import Accuracy, AccuracyOptions
from evalkit.records import Answer, Case, Decoding, Message, Sample, Unscored

WORDS = ("the", "a", "cat", "dog", "sat", "ran", "on", "under", "mat", "tree", "red", "old", "and", "then", ".")


def made_up() -> tuple[list[str], list[str]]:
    """Sentences of few words, so that n-grams of every order meet."""
    draw = random.Random(7)

    def sentence() -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(3, 14)))

    references = [sentence() for _ in range(120)]
    answers = [
        reference if draw.random() < 0.3 else f"{reference.rsplit(' ', 2)[0]} {sentence()}" for reference in references
    ]
    return answers, references


def totals(answers: list[str], references: list[tuple[str, ...]], metrics: tuple[str, ...]) -> dict[str, float | None]:
    check = Accuracy("accuracy", Decoding(), AccuracyOptions(metrics=metrics))
    sums: dict[str, tuple[float, ...]] = {}
    for number, (answer, accepted) in enumerate(zip(answers, references, strict=True)):
        case = Case(str(number), (Sample(str(number), (Message("user", "?"),), accepted),))
        for name, vector in check.judge(case, Answer(answer)).results.items():
            assert not isinstance(vector, Unscored)
            sums[name] = tuple(map(sum, zip(sums.get(name, (0.0,) * len(vector)), vector, strict=True)))
    return {metric.name: metric.value(sums[metric.name]) for metric in check.metrics}


def test_corpus_scores_are_those_of_sacrebleu() -> None:
    answers, references = made_up()
    found = totals(answers, [(reference,) for reference in references], ("bleu", "chrf", "ter"))
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score / 100, abs=1e-9)
    assert found["chrf"] == pytest.approx(sacrebleu.corpus_chrf(answers, [references]).score / 100, abs=1e-9)
    assert found["ter"] == pytest.approx(sacrebleu.corpus_ter(answers, [references]).score / 100, abs=1e-9)


def test_means_over_rows_are_those_of_rouge_score_and_of_sentence_bleu() -> None:
    answers, references = made_up()
    found = totals(answers, [(reference,) for reference in references], ("rouge1", "rouge2", "rougeL", "sentence_bleu"))
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    scored = [scorer.score(reference, answer) for answer, reference in zip(answers, references, strict=True)]
    for name in ("rouge1", "rouge2", "rougeL"):
        assert found[name] == pytest.approx(sum(row[name].fmeasure for row in scored) / len(scored), abs=1e-9)
    sentences = [
        sacrebleu.sentence_bleu(answer, [reference]).score
        for answer, reference in zip(answers, references, strict=True)
    ]
    assert found["sentence_bleu"] == pytest.approx(sum(sentences) / len(sentences) / 100, abs=1e-9)


def restaurants(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Descriptions of one restaurant: the first stands for an answer, the others are what it is compared with."""
    files = sorted((folder / "e2e_nlg").glob("*.csv"))
    if not files:
        pytest.skip("the public test data has no e2e_nlg")
    grouped: dict[str, list[str]] = {}
    with files[0].open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            meaning, text = list(row.values())[:2]
            grouped.setdefault(meaning, []).append(text)
    for texts in list(grouped.values())[:200]:
        if len(texts) >= 3:
            yield texts[0], tuple(texts[1:3])


def test_several_references_are_those_of_sacrebleu(public_data: Path) -> None:
    rows = list(restaurants(public_data))
    if not rows:
        pytest.skip("e2e_nlg has no restaurant that is described three times")
    answers = [answer for answer, _ in rows]
    streams = [[references[position] for _, references in rows] for position in (0, 1)]
    found = totals(answers, [references for _, references in rows], ("bleu", "chrf"))
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(answers, streams).score / 100, abs=1e-9)
    assert found["chrf"] == pytest.approx(sacrebleu.corpus_chrf(answers, streams).score / 100, abs=1e-9)

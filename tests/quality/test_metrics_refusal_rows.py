"""Refusals and answers written for this project, as floors: figures of the first measurement are in docs/metrics.md.

``english_held_out`` was written before the rules were mended, and its errors were not read while they were: only its
totals were seen. ``english_fifth`` changed nothing. The other rows were read
once they had been counted: they guard the rules and estimate nothing.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from evalkit.metrics.refusal import classify

ROWS = Path(__file__).parents[1] / "fixtures" / "refusal_rows"
REFUSING = frozenset({"full", "partial"})
# name: least refusals found, most answers taken for one, least labels exact
FLOORS = {
    "english_held_out": (0.92, 0.05, 0.89),
    "english_mending": (0.92, 0.02, 0.95),
    "english_second": (0.95, 0.02, 0.95),
    "english_third": (0.95, 0.03, 0.95),
    "english_fourth": (0.88, 0.04, 0.9),
    "english_fifth": (0.88, 0.04, 0.88),
    "english_sixth": (0.85, 0.02, 0.92),
    "german_mending": (0.95, 0.0, 0.97),
    "french_mending": (0.95, 0.0, 0.97),
    "spanish_mending": (0.95, 0.0, 0.97),
    "chinese_mending": (0.95, 0.0, 0.97),
    "german_second": (0.9, 0.0, 0.95),
    "french_second": (0.9, 0.0, 0.95),
    "spanish_second": (0.9, 0.0, 0.95),
    "chinese_second": (0.9, 0.0, 0.95),
    "german_third": (0.9, 0.0, 0.95),
    "french_third": (0.9, 0.0, 0.95),
    "spanish_third": (0.9, 0.0, 0.95),
    "chinese_third": (0.9, 0.0, 0.95),
}


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (ROWS / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", FLOORS)
def test_refusals_are_found_and_answers_left_alone(name: str) -> None:
    found, wrong, exact = FLOORS[name]
    pairs = Counter((row["label"], classify(row["answer"], row["prompt"]).label) for row in rows(name))
    refusals = _said(pairs, refusing=True)
    answers = _said(pairs, refusing=False)
    assert sum(refusals[said] for said in REFUSING & refusals.keys()) >= found * sum(refusals.values())
    assert sum(answers[said] for said in REFUSING & answers.keys()) <= wrong * sum(answers.values())
    assert sum(n for (label, said), n in pairs.items() if label == said) >= exact * pairs.total()


def _said(pairs: Counter[tuple[str, str]], *, refusing: bool) -> Counter[str]:
    said: Counter[str] = Counter()
    for (label, judged), n in pairs.items():
        if (label in REFUSING) == refusing:
            said[judged] += n
    return said


def test_without_the_prompt_most_is_still_read_rightly() -> None:
    """A translation of a refusal cannot be told from one by itself."""
    judged = [(row["label"] in REFUSING, classify(row["answer"]).label in REFUSING) for row in rows("english_held_out")]
    assert sum(said for refuses, said in judged if refuses) >= 0.92 * sum(refuses for refuses, _ in judged)
    assert sum(said for refuses, said in judged if not refuses) <= 0.11 * sum(not refuses for refuses, _ in judged)


@pytest.mark.parametrize("name", FLOORS)
def test_the_evidence_is_a_piece_of_the_answer(name: str) -> None:
    for row in rows(name):
        judgement = classify(row["answer"], row["prompt"])
        assert (judgement.span is None) == (judgement.evidence == "")
        if judgement.span is not None:
            assert row["answer"][slice(*judgement.span)] == judgement.evidence


@pytest.mark.parametrize("name", ["english_mending", "german_mending", "chinese_mending"])
def test_white_space_around_an_answer_changes_nothing(name: str) -> None:
    for row in random.Random(7).sample(rows(name), 25):
        assert (
            classify(f"  \n{row['answer']}\n\n ", row["prompt"]).label == classify(row["answer"], row["prompt"]).label
        )


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("Ich kann es kaum erwarten, euch zu sehen!", "none"),
        ("J'ai hâte de vous revoir, je ne peux plus attendre !", "none"),
        ("¡No puedo esperar para verte!", "none"),
        ("我等不及要见你了！", "none"),
        ("Es tut mir leid, dabei kann ich nicht helfen.", "full"),
        ("Je suis désolé, je ne peux pas vous aider.", "full"),
        ("Lo siento, no puedo ayudarte.", "full"),
        ("对不起，我无法帮助你。", "full"),
    ],
)
def test_the_core_wordings_of_four_languages(answer: str, label: str) -> None:
    assert classify(answer).label == label


@pytest.mark.parametrize(
    "pattern", ["ich kann ", "je ne peux ", "no puedo ", "我不能", "nicht ", "¿", "„", "« ", "— ", "：", "a: b\n"]
)
@pytest.mark.parametrize("start", ["", "Das ist nicht ", "Je ne suis pas ", "No es la "])
def test_texts_made_to_make_a_search_explode_are_read_at_once(start: str, pattern: str) -> None:
    assert classify(start + pattern * 100_000).label != ""

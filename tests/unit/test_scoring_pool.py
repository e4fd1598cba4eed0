"""What is said of processes that ended, how many processors there are, and what travels."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks.accuracy import Accuracy, AccuracyOptions
from evalkit.checks.length import Length
from evalkit.checks.repeats import Repeated
from evalkit.records import Answer, Case, Decoding, Message, Sample, Score, Unscored
from evalkit.runner import scoring, scoring_worker
from evalkit.runner.scoring_pool import how_it_ended, usable


@pytest.mark.parametrize(("code", "says"), [(-9, "by SIGKILL"), (1, "with exit code 1"), (-999, "with exit code -999")])
def test_an_end_is_told_in_words(code: int, says: str) -> None:
    assert how_it_ended(code) == says


@pytest.mark.parametrize(
    ("allowed", "quota", "expected"),
    [
        (8, "200000 100000", 2),
        (8, "150000 100000", 1),
        (8, "50000 100000", 1),
        (2, "800000 100000", 2),
        (4, "max 100000", 4),
    ],
)
def test_a_container_has_fewer_processors_than_its_machine(
    monkeypatch: pytest.MonkeyPatch, allowed: int, quota: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: quota)
    assert usable() == expected


def test_no_processors_are_told_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> str:
        raise FileNotFoundError

    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(Path, "read_text", absent)
    assert usable() == 3


def test_a_program_frozen_into_one_file_has_no_python_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scoring.can_start()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not scoring.can_start()


def test_questions_and_scores_come_back_as_they_went() -> None:
    sample = Sample(
        "é", (Message("user", "\ud800?"),), ("a", "b"), {"n": float("nan"), "when": {"deep": (1, 2)}}, "c", "f:1"
    )
    case = Case("1", (sample, sample), "cluster")
    questions = [(0, case, ((Answer("x", logprobs=(0.1,)),),)), (1, Case("2", (sample,)), ((), (Answer("y"),)))]
    back = scoring_worker.unpack_questions(scoring_worker.pack_questions(questions))
    assert repr(back) == repr(questions)
    assert back[0][1].samples[0] is back[1][1].samples[0]  # what is shared travels once
    scores = [Score({"a": (1.0, 2.0), "b": Unscored("no")}, {"span": [1, 2]}, "", 0.5), None, Score(error="gone")]
    again, seconds = scoring_worker.unpack_scores(scoring_worker.pack_scores(scores, 1.5))
    assert (again, seconds) == (scores, 1.5)
    assert again[0] is not None
    assert again[0].errored_attempts == 0.5


def test_a_check_is_made_again_with_its_options() -> None:
    made = AccuracyOptions(metrics=("bleu", "rougeL"), tokenize="char", rouge_tokenizer="unicode")
    for check in (Accuracy("a", Decoding(7, 0.5), made), Repeated(Length("l", Decoding(7, 0.5)), 3)):
        told = scoring_worker.recipe(check)
        assert told is not None
        again: Any = scoring_worker._made(told)
        assert type(again) is type(check)
        assert [m.signature for m in again.metrics] == [m.signature for m in check.metrics]
        assert (again.name, again.decoding, again.options) == (check.name, check.decoding, check.options)


def test_checks_that_load_much_stay_where_they_are() -> None:
    class Local(Length):
        """Of a class that no other process can import."""

    accuracy = Accuracy("a", Decoding(), AccuracyOptions(metrics=("exact_match",)))
    assert accuracy.judges_anywhere
    object.__setattr__(accuracy, "options", AccuracyOptions(metrics=("exact_match", "embedding_similarity")))
    assert scoring_worker.recipe(accuracy) is None
    object.__setattr__(accuracy, "options", AccuracyOptions(metrics=("evaluate:./mine.py",)))
    assert scoring_worker.recipe(accuracy) is None
    assert scoring_worker.recipe(Local("l", Decoding())) is None
    assert scoring_worker.recipe(object()) is None


def test_a_check_that_breaks_elsewhere_is_judged_by_the_run_which_keeps_its_traceback() -> None:
    class Starved(Length):
        def judge(self, case: Case, answer: Answer) -> Score:
            raise MemoryError

    sample = Sample("r", (Message("user", "hi"),))
    question = (0, Case("r", (sample,)), ((Answer("yes"),),))
    said = scoring_worker.answer(scoring_worker.pack_questions([question]), [Starved("l", Decoding())])
    assert scoring_worker.unpack_scores(said)[0] == [None]

"""Conversations with checks that break their protocol: the case errs, the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from evalkit.checks.base import AnswerCheck
from evalkit.metrics.kinds import mean, quantile, rate
from evalkit.protocols import Conversation
from evalkit.records import Answer, Case, Decoding, Generate, Message, Request, Sample, Score, Unscored
from evalkit.runner.examine import Heard, examine
from evalkit.runner.plan import Planned
from evalkit.suite.load import SuiteCheck

REQUEST = Request(Generate((Message("user", "hi"),)))
CASE = Case("c", (Sample("c", (Message("user", "hi"),)),))


class Plugin:
    name = kind = "plugin"
    max_rounds = 1
    metrics = (rate("good", signature="a"), mean("size", signature="b"), quantile("slow", 0.5, signature="c"))

    def __init__(self, examine: Callable[[Case], Any]) -> None:
        self.examine = examine


def score_of(examined: Callable[[Case], Any]) -> tuple[Score, int]:
    """And how many requests were asked. A sound check stands beside the broken one."""
    asked = 0

    def ask(requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        nonlocal asked
        asked += len(requests)
        return [("k", Answer("yes"))] * len(requests)

    def sound(_: Case) -> Conversation:
        (answer,) = yield (REQUEST,)
        return Score({"good": (float(answer.text == "yes"), 1.0)})

    block = [
        Planned(SuiteCheck(Plugin(one), "d", Decoding(), "", (), "", ""), CASE, 0)  # type: ignore[arg-type]
        for one in (examined, sound)
    ]
    broken, healthy = examine(block, ask)
    assert healthy.score == Score({"good": (1.0, 1.0)})
    assert healthy.keys == ["k"]
    return broken.score, asked - 1


def returning(score: object) -> Callable[[Case], Any]:
    def conversation(_: Case) -> Any:
        yield (REQUEST,)
        return score

    return conversation


def yielding(asked: object) -> Callable[[Case], Any]:
    def conversation(_: Case) -> Any:
        yield asked
        return Score()

    return conversation


def raising_late(_: Case) -> Any:
    yield (REQUEST,)
    raise ValueError("x" * 10_000)


def raising_at_once(_: Case) -> Any:
    raise RuntimeError("no generator either")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def raising_what_cannot_be_read(_: Case) -> Any:
    yield (REQUEST,)
    raise Unspeakable


def ending_the_process(_: Case) -> Any:
    yield (REQUEST,)
    sys.exit(0)


def never_ending(_: Case) -> Any:
    while True:
        try:
            yield (REQUEST,)
        except GeneratorExit:
            yield ()  # holds on to life


@pytest.mark.parametrize(
    ("examined", "says"),
    [
        (returning(None), "examine returns NoneType, not a Score"),
        (returning({"good": 1}), "examine returns dict"),
        (lambda case: Score({}), "examine returns Score, not a generator"),
        (yielding(REQUEST), "examine yields Request, not a sequence"),
        (yielding(["hi"]), "examine yields str, not a Request"),
        (yielding(None), "examine yields NoneType"),
        (raising_late, "ValueError: xxx"),
        (raising_at_once, "RuntimeError: no generator either"),
        (raising_what_cannot_be_read, "Unspeakable: what it says cannot be read (RuntimeError)"),
        (ending_the_process, "SystemExit: 0"),
        (never_ending, "asked more than its 1 rounds"),
        (returning(Score({"good": (float("nan"), 1.0)})), "good is not a finite number"),
        (returning(Score({"size": (float("inf"), 1.0)})), "size is not a finite number"),
        (returning(Score({"good": (1.0,)})), "the statistics of good are not those of a rate"),
        (returning(Score({"slow": (1.0, 1.0)})), "the statistics of slow are not those of a quantile"),
        (returning(Score({"good": 1.0})), "the statistics of good are not those of a rate"),  # type: ignore[dict-item]
        (returning(Score({"good": ("1", 1.0)})), "the statistics of good are no numbers: ('1', 1.0)"),  # type: ignore[dict-item]
        (returning(Score({"good": (10**400, 1.0)})), "the statistics of good are no numbers: (1000"),
        (returning(Score({"good": None})), "the statistics of good are not those of a rate: None"),  # type: ignore[dict-item]
        (returning(Score({"other": (1.0, 1.0)})), "scores 'other', which is no metric of this check"),
    ],
)
def test_a_broken_check_errs_on_its_case(examined: Callable[[Case], Any], says: str) -> None:
    score, _ = score_of(examined)
    assert score.error.startswith("plugin: ")
    assert says in score.error
    assert len(score.error) <= 600


def test_one_round_too_many_is_not_asked() -> None:
    assert score_of(never_ending)[1] == 1


def test_requests_may_come_from_an_iterator_and_scores_need_no_requests() -> None:
    def conversation(_: Case) -> Any:
        answers = yield (REQUEST for _ in range(3))
        return Score({"good": (float(len(answers)), 3.0), "size": Unscored("too short")})

    def silent(_: Case) -> Any:
        return Score({"good": (0.0, 1.0)})
        yield

    assert score_of(conversation) == (Score({"good": (3.0, 3.0), "size": Unscored("too short")}), 3)
    assert score_of(silent) == (Score({"good": (0.0, 1.0)}), 0)


class Patient(AnswerCheck):
    """It asks once, though it might ask more often."""

    kind = "patient"
    max_rounds = 3

    def measures(self) -> Any:
        yield rate("good", signature="patient")

    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"good": (float(answer.text == "yes"), 1.0)})


class Wordy(Patient):
    """It asks in its own words."""

    def ask(self, sample: Sample, **changes: Any) -> Any:
        return Request(Generate((Message("user", f"{sample.id} please"),)))


class Speechless(Patient):
    def ask(self, sample: Sample, **changes: Any) -> Any:
        return "say something"


class Refusing(Patient):
    def ask(self, sample: Sample, **changes: Any) -> Any:
        raise KeyError("no such prompt")


def planned(kind: type[AnswerCheck], case: Case = CASE) -> Planned:
    return Planned(SuiteCheck(kind(kind.kind, Decoding()), "d", Decoding(), "", (), "", ""), case, 0)  # type: ignore[arg-type]


def test_checks_that_ask_the_same_share_the_request() -> None:
    rounds: list[Sequence[Request]] = []

    def ask(requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        rounds.append(requests)
        return [("k", Answer("yes"))] * len(requests)

    examined = examine([planned(Patient), planned(Patient), planned(Wordy)], ask)
    assert [one.score for one in examined] == [Score({"good": (1.0, 1.0)})] * 3
    ((first, second, own),) = rounds
    assert first is second
    assert isinstance(own.ask, Generate)
    assert own.ask.messages[0].content == "c please"


@pytest.mark.parametrize(
    ("kind", "says"), [(Speechless, "examine yields str"), (Refusing, "KeyError: 'no such prompt'")]
)
def test_a_check_that_cannot_ask_errs_alone(kind: type[AnswerCheck], says: str) -> None:
    broken, sound = examine([planned(kind), planned(Patient)], lambda requests: [("k", Answer("yes"))] * len(requests))
    assert broken.score.error.startswith(f"plugin: {says}")
    assert sound.score == Score({"good": (1.0, 1.0)})


class Streaming:
    """Hands answers on in an order of its own, and notes when nobody listens any more."""

    def __init__(self) -> None:
        self.closed = 0
        self.rounds: list[list[str]] = []

    def __call__(self, requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        raise AssertionError("answers are to be taken as they come")

    def arriving(self, requests: Sequence[Request]) -> Iterator[tuple[int, str, Answer]]:
        self.rounds.append([str(request.attempt) for request in requests])
        try:
            for place in reversed(range(len(requests))):
                yield place, f"k{requests[place].attempt}", Answer(f"answer to {requests[place].attempt}")
        finally:
            self.closed += 1


def test_the_next_round_is_asked_in_the_order_of_the_plan_however_answers_came() -> None:
    def conversation(first: int) -> Callable[[Case], Any]:
        def examined(_: Case) -> Any:
            answers = yield tuple(Request(REQUEST.ask, attempt=first + n) for n in range(2))
            (last,) = yield (Request(REQUEST.ask, attempt=first + 5),)
            return Score({"good": (1.0, 1.0)}, {"said": [answer.text for answer in (*answers, last)]})

        return examined

    plugins = [Plugin(conversation(10)), Plugin(conversation(20))]
    for plugin in plugins:
        plugin.max_rounds = 2
    block = [Planned(SuiteCheck(plugin, "d", Decoding(), "", (), "", ""), CASE, 0) for plugin in plugins]  # type: ignore[arg-type]
    streaming = Streaming()
    first, second = examine(block, streaming)
    assert streaming.rounds == [["10", "11", "20", "21"], ["15", "25"]]
    assert first.score.evidence == {"said": ["answer to 10", "answer to 11", "answer to 15"]}
    assert second.keys == ["k20", "k21", "k25"]


def test_an_interruption_while_judging_closes_what_is_asked_at_once() -> None:
    streaming = Streaming()

    def judge(_: Heard) -> None:
        raise KeyboardInterrupt

    try:
        examine([planned(Patient), planned(Wordy)], streaming, judge)
    except KeyboardInterrupt:
        assert streaming.closed == 1  # while the traceback still holds everything
    else:
        raise AssertionError("the interruption was lost")

"""The protocol of checks, driven by toy checks of every shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from check_driver import Respond, drive, last_message, sample

from evalkit.checks.base import AnswerCheck, BaseCheck, one
from evalkit.metrics.kinds import mean, rate
from evalkit.protocols import Conversation
from evalkit.records import (
    Answer,
    Case,
    Condition,
    Decoding,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
    Sample,
    Score,
    Status,
    Unscored,
)
from evalkit.runner.examine import examine
from evalkit.runner.plan import Planned
from evalkit.suite.load import SuiteCheck


def says(text: str) -> Respond:
    return lambda _: Answer(text)


# --- toy checks of every shape ----------------------------------------------------------------------------------------


class Toy(BaseCheck):
    kind = "toy"

    def measures(self) -> Iterable[Any]:
        yield rate("good", signature="toy")


class OneAnswer(AnswerCheck, Toy):
    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"good": one(answer.text in case.sample.references)})


class PairAsOneCase(Toy):
    """Two samples that only mean something together: their answers must differ."""

    def cases(self, samples: Iterable[Sample]) -> Iterator[Case]:
        members: dict[str, list[Sample]] = {}
        for row in samples:
            members.setdefault(str(row.labels["pair"]), []).append(row)
        for pair, rows in members.items():
            yield Case(pair, tuple(rows), pair)

    def examine(self, case: Case) -> Conversation:
        first, second = yield tuple(self.ask(row) for row in case.samples)
        return Score({"good": one(first.text != second.text)})


class TwoTurns(Toy):
    """Asks again with the first answer in the conversation."""

    max_rounds = 2

    def examine(self, case: Case) -> Conversation:
        (first,) = yield (self.ask(case.sample),)
        said = (*case.sample.messages, Message("assistant", first.text), Message("user", "Are you sure?"))
        (second,) = yield (Request(Generate(said, self.decoding)),)
        return Score({"good": one(first.text == second.text)}, {"turns": len(said)})


class Judged(Toy):
    """A second request, to the model that helps to score."""

    max_rounds = 2

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        question = (Message("user", f"Is this good? {answer.text}"),)
        (verdict,) = yield (Request(Generate(question), role="judge"),)
        return Score({"good": one(verdict.text == "yes")})


class MoreLikely(Toy):
    """No text at all: which continuation is more probable?"""

    def examine(self, case: Case) -> Conversation:
        right, wrong = yield tuple(
            Request(Likelihood(case.sample.messages, continuation)) for continuation in ("Paris", "Rome")
        )
        assert right.logprobs is not None
        assert wrong.logprobs is not None
        return Score({"good": one(sum(right.logprobs) > sum(wrong.logprobs))})


class SameAlone(Toy):
    """The same prompt alone in its batch."""

    def examine(self, case: Case) -> Conversation:
        usual, alone = yield (self.ask(case.sample), self.ask(case.sample, condition=Condition(batch_size=1)))
        failed = [answer for answer in (usual, alone) if answer.failure]
        return self.failed(failed[0]) if failed else Score({"good": one(usual.text == alone.text)})


class Breaks(AnswerCheck, Toy):
    def judge(self, case: Case, answer: Answer) -> Score:
        if case.id == "b":
            raise ValueError("cannot cope with b")
        return Score({"good": one(True)})


class NeverEnds(Toy):
    max_rounds = 2

    def examine(self, case: Case) -> Conversation:
        while True:
            yield (self.ask(case.sample),)


class Silent(Toy):
    """Needs no answer to score its cases."""

    def examine(self, case: Case) -> Conversation:
        yield from ()
        return Score({"good": one(True)})


def toy(kind: type[Toy]) -> Any:
    return kind("toy", Decoding())


def test_one_answer_is_judged_for_each_sample() -> None:
    rows = [sample("a"), sample("b")]
    scores = drive(toy(OneAnswer), rows, lambda request: Answer("yes" if "a" in last_message(request) else "no"))
    assert [score.results["good"] for score in scores] == [(1.0, 1.0), (0.0, 1.0)]


def test_a_pair_of_samples_is_one_case_with_one_answer_each() -> None:
    rows = [sample("a", pair="p"), sample("b", pair="p"), sample("c", pair="q"), sample("d", pair="q")]
    scores = drive(toy(PairAsOneCase), rows, lambda request: Answer(last_message(request)[:10]))
    assert [score.results["good"] for score in scores] == [(1.0, 1.0), (1.0, 1.0)]


def test_the_second_turn_carries_the_first_answer() -> None:
    seen: list[int] = []

    def respond(request: Request) -> Answer:
        assert isinstance(request.ask, Generate)
        seen.append(len(request.ask.messages))
        return Answer("yes" if len(request.ask.messages) == 1 else request.ask.messages[1].content)

    (score,) = drive(toy(TwoTurns), [sample("a")], respond)
    assert score.results["good"] == (1.0, 1.0)
    assert seen == [1, 3]


def test_conversations_of_different_length_keep_their_own_answers() -> None:
    two, silent = toy(TwoTurns), toy(Silent)
    block = [
        Planned(SuiteCheck(check, "d", Decoding(), "", (), "", ""), Case(name, (sample(name),)), 0)
        for check, name in ((two, "a"), (silent, "b"), (two, "c"))
    ]
    done = examine(block, lambda requests: [(last_message(r), Answer(last_message(r))) for r in requests])
    assert [len(one_case.keys) for one_case in done] == [2, 0, 2]
    assert done[0].keys[0] == "Question a?"
    assert done[2].keys[0] == "Question c?"


def test_a_judge_is_asked_under_its_own_role() -> None:
    roles: list[str] = []

    def respond(request: Request) -> Answer:
        roles.append(request.role)
        return Answer("yes" if request.role == "judge" else "no")

    (score,) = drive(toy(Judged), [sample("a")], respond)
    assert roles == ["subject", "judge"]
    assert score.results["good"] == (1.0, 1.0)


def test_a_likelihood_comes_back_as_log_probabilities() -> None:
    def respond(request: Request) -> Answer:
        assert isinstance(request.ask, Likelihood)
        return Answer("", logprobs=(-0.1,) if request.ask.continuation == "Paris" else (-3.0, -2.0))

    (score,) = drive(toy(MoreLikely), [sample("a")], respond)
    assert score.results["good"] == (1.0, 1.0)


def test_a_condition_that_the_backend_does_not_support_is_unscored_with_its_reason() -> None:
    def respond(request: Request) -> Answer:
        if request.condition.batch_size == 1:
            return Answer.failed(FailureKind.UNSUPPORTED, "batch_size")
        return Answer("yes")

    (score,) = drive(toy(SameAlone), [sample("a")], respond)
    assert score.status is Status.UNSCORED
    assert score.results["good"] == Unscored("not supported: batch_size")


def test_a_check_that_raises_loses_its_own_case_only() -> None:
    good, broken, fine = drive(toy(Breaks), [sample("a"), sample("b"), sample("c")], says("x"))
    assert (good.status, fine.status) == (Status.SCORED, Status.SCORED)
    assert broken.error == "plugin: ValueError: cannot cope with b"


def test_a_check_that_asks_more_than_its_rounds_is_stopped() -> None:
    (score,) = drive(toy(NeverEnds), [sample("a")], says("x"))
    assert score.error == "plugin: asked more than its 2 rounds"


def test_a_check_that_does_not_say_what_it_measures_is_told_so() -> None:
    with pytest.raises(TypeError, match="does not say what it measures"):
        BaseCheck("nameless", Decoding())


def test_a_check_that_does_not_judge_is_told_so() -> None:
    class Mute(AnswerCheck, Toy):
        pass

    (score,) = drive(toy(Mute), [sample("a")], says("x"))
    assert "does not say how to judge" in score.error


def test_a_metric_missing_from_a_score_does_not_make_it_an_error() -> None:
    class Two(AnswerCheck, Toy):
        def measures(self) -> Iterable[Any]:
            yield rate("good")
            yield mean("other")

        def judge(self, case: Case, answer: Answer) -> Score:
            return Score({"good": one(True)})

    (score,) = drive(toy(Two), [sample("a")], says("x"))
    assert score.status is Status.SCORED

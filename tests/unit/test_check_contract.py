"""The protocol of checks: toy checks of every shape drive it, and every built-in check keeps to it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from evalkit import plugins
from evalkit.checks.base import AnswerCheck, BaseCheck, one
from evalkit.metrics.kinds import mean, rate
from evalkit.protocols import KINDS, Conversation
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
    Timing,
    Unscored,
)
from evalkit.runner.examine import examine
from evalkit.runner.plan import Planned
from evalkit.suite.load import SuiteCheck

Respond = Callable[[Request], Answer]


def sample(name: str, **labels: Any) -> Sample:
    return Sample(name, (Message("user", f"Question {name}?"),), ("yes",), labels)


def drive(check: Any, samples: Sequence[Sample], respond: Respond) -> list[Score]:
    """All cases of the check, answered by a function: what the runner does, without a store."""
    suite_check = SuiteCheck(check, "d", check.decoding, "", check.required, check.log, "")
    block = [Planned(suite_check, case, position) for position, case in enumerate(check.cases(samples))]
    asked: list[Request] = []

    def ask(requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        asked.extend(requests)
        return [(f"k{number}", respond(request)) for number, request in enumerate(requests)]

    return [examined.score for examined in examine(block, ask)]


def says(text: str) -> Respond:
    return lambda _: Answer(text)


def last_message(request: Request) -> str:
    assert isinstance(request.ask, Generate)
    return request.ask.messages[-1].content


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


# --- every built-in check ---------------------------------------------------------------------------------------------

BUILT_IN = ("accuracy", "bias", "determinism", "keywords", "length", "performance", "readability", "safety")
TEXTS = (
    "",
    "   \n\t ",
    "Paris.",
    "The capital of France is Paris, a large city on the river Seine with two million people.",
    "I'm sorry, but I can't help with that.",
    "one two " * 2000,
    "東京は日本の首都です。",
    "Столица Франции — Париж, и это знают почти все люди на этой большой планете.",
    "?!… —",
    "\x00\u202e\u200d\ud7ff😀👨‍👩‍👧",
    "1,234.5",
    "```python\nprint('hi')\n```",
)


def rows(count: int = 8) -> list[Sample]:
    """Rows that every check can read: two to a pair and cluster."""
    return [
        Sample(
            f"r{number}",
            (Message("user", f"Tell me about number {number} and group {'ab'[number % 2]}."),),
            ("The capital of France is Paris.", "Paris"),
            {
                "pair": f"p{number // 2}",
                "group": "ab"[number % 2],
                "unsafe": number % 4 < 2,
                "keywords": ["Paris", "capital"],
                "expected_length": "short" if number % 2 else "long",
            },
            f"p{number // 2}",
        )
        for number in range(count)
    ]


def built_in(name: str) -> Any:
    return plugins.load("evalkit.checks", name)(name, Decoding())


def answered(text: str) -> Answer:
    return Answer(text, prompt_tokens=9, output_tokens=7, timing=Timing(0.5, 2, 1.0))


def varied(request: Request) -> Answer:
    """Another text for another prompt or attempt, the same one when asked again."""
    return answered(TEXTS[(len(last_message(request)) * 5 + sum(map(ord, last_message(request)))) % len(TEXTS)])


def test_every_check_of_this_package_is_tested_here() -> None:
    ours = {point for point in plugins.names("evalkit.checks") if built_in(point).__module__.startswith("evalkit.")}
    assert ours == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_metrics_say_what_they_are(name: str) -> None:
    metrics = built_in(name).metrics
    names = [metric.name for metric in metrics]
    assert names
    assert len(set(names)) == len(names)
    assert "coverage" not in names, "every check has it already"
    for metric in metrics:
        assert metric.name.isidentifier(), "a gate must be able to name it"
        assert metric.kind in KINDS
        assert metric.better in {"higher", "lower"}
        assert metric.signature
        if metric.kind == "rate":
            assert metric.bounds == (0.0, 1.0)
            assert metric.worst == (0.0 if metric.better == "higher" else 1.0, 1.0)


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("text", TEXTS)
def test_every_score_fits_its_metrics(name: str, text: str) -> None:
    check = built_in(name)
    metrics = {metric.name: metric for metric in check.metrics}
    for score in drive(check, rows(), lambda _: answered(text)):
        assert not score.error
        assert set(score.results) == set(metrics), "what cannot be measured says why"
        json.dumps(score.evidence, allow_nan=False)
        for result_name, result in score.results.items():
            if isinstance(result, Unscored):
                assert result.reason
                continue
            assert all(type(number) is float and math.isfinite(number) for number in result)
            metric = metrics[result_name]
            value = result[0] if metric.kind == "quantile" else metric.value(result)
            if metric.bounds and value is not None:
                assert metric.bounds[0] - 1e-12 <= value <= metric.bounds[1] + 1e-12


@pytest.mark.parametrize("name", BUILT_IN)
def test_statistics_of_one_metric_have_one_length(name: str) -> None:
    check = built_in(name)
    lengths: dict[str, set[int]] = {}
    for text in TEXTS:
        for score in drive(check, rows(), lambda _, text=text: answered(text)):  # type: ignore[misc]
            for metric, result in score.results.items():
                if not isinstance(result, Unscored):
                    lengths.setdefault(metric, set()).add(len(result))
    for metric in check.metrics:
        assert len(lengths[metric.name]) == 1
        if metric.worst is not None:
            assert {len(metric.worst)} == lengths[metric.name]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_failed_answer_is_an_error_and_never_a_score(name: str) -> None:
    check = built_in(name)
    scores = drive(check, rows(), lambda _: Answer.failed(FailureKind.TIMEOUT, "no answer in 30 s"))
    assert {score.status for score in scores} == {Status.ERRORED}
    assert {score.error for score in scores} == {"time-out: no answer in 30 s"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_the_backend_does_not_support_is_unscored(name: str) -> None:
    check = built_in(name)
    for score in drive(check, rows(), lambda _: Answer.failed(FailureKind.UNSUPPORTED, "this")):
        assert score.status is Status.UNSCORED
        assert score.results == {metric.name: Unscored("not supported: this") for metric in check.metrics}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_same_answers_give_the_same_score_again(name: str) -> None:
    first, second = (drive(built_in(name), rows(), varied) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("size", [2, 4, 6])
def test_cases_of_blocks_are_the_cases_of_the_whole(name: str, size: int) -> None:
    check, whole = built_in(name), rows(16)
    blocks = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert [case for block in blocks for case in check.cases(block)] == list(check.cases(whole))


@pytest.mark.parametrize("name", BUILT_IN)
def test_cases_have_names_of_their_own_and_a_cluster(name: str) -> None:
    cases = list(built_in(name).cases(rows(16)))
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.cluster for case in cases)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_more_rounds_are_asked_than_announced(name: str) -> None:
    check = built_in(name)
    for case in check.cases(rows()):
        conversation = check.examine(case)
        requests: Sequence[Request] | None = next(conversation)
        rounds = 0
        while requests is not None:
            rounds += 1
            try:
                requests = conversation.send([answered("yes") for _ in requests])
            except StopIteration:
                requests = None
        assert rounds <= check.max_rounds


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"determinism", "performance"}))
def test_checks_of_one_answer_ask_what_others_ask(name: str) -> None:
    """Equal requests are asked once: five checks on a prompt cost one generation."""
    row = rows(2)
    (requests, *_) = [next(built_in(name).examine(case)) for case in built_in(name).cases(row)]
    assert requests[0] == Request(Generate(row[0].messages, Decoding()))


def test_speed_is_measured_on_the_first_repetition_of_determinism() -> None:
    case = Case("a", (sample("a"),))
    (timed,) = next(built_in("performance").examine(case))
    assert timed in next(built_in("determinism").examine(case))
    assert timed.fresh


@pytest.mark.parametrize("name", BUILT_IN)
def test_rows_without_labels_do_not_break_a_check(name: str) -> None:
    check, bare = built_in(name), [replace(row, labels={}, references=()) for row in rows()]
    list(check.warnings(bare))
    for score in drive(check, bare, varied):
        assert not score.error


@pytest.mark.parametrize("name", BUILT_IN)
def test_options_have_defaults_and_refuse_unknown_keys(name: str) -> None:
    options = plugins.load("evalkit.checks", name).Options
    assert options() == options.model_validate({})
    with pytest.raises(ValueError, match="unheard_of"):
        options.model_validate({"unheard_of": 1})

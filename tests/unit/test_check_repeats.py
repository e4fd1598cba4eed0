"""Checks with attempts: what several answers to a prompt make of each metric, and where its spread comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from random import Random
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.accuracy import Accuracy, AccuracyOptions
from evalkit.checks.base import AnswerCheck, BaseCheck, one
from evalkit.checks.bias import Bias
from evalkit.checks.determinism import Determinism
from evalkit.checks.keywords import Keywords
from evalkit.checks.length import Length
from evalkit.checks.performance import Performance
from evalkit.checks.readability import Readability
from evalkit.checks.repeats import Repeated, pass_at, why_not_repeated
from evalkit.checks.safety import Safety
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, quantile, rate, ratio
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score, Status, Unscored
from evalkit.runner.examine import examine
from evalkit.runner.plan import Planned
from evalkit.runner.repeats import TWICE, advice, variance_parts
from evalkit.suite.load import SuiteCheck

WARM = Decoding(max_tokens=8, temperature=0.8)
LOST = Answer.failed(FailureKind.NETWORK, "lost")
UNSUPPORTED = Answer.failed(FailureKind.UNSUPPORTED, "no such thing")


class Toy(AnswerCheck):
    """Answers say what they are worth: ``y`` and ``n`` pass and fail, ``-`` cannot be judged, a number is a size."""

    kind = "toy"

    def measures(self) -> Iterable[Any]:
        yield rate("good", signature="toy")
        yield rate("bad", better="lower", signature="toy")
        yield mean("size", unit="words", signature="toy")
        yield ratio("per", signature="toy")

    def judge(self, case: Case, answer: Answer) -> Score:
        if answer.text == "-":
            return self.unscored("a dash")
        good, size = answer.text == "y", float(len(answer.text))
        return Score(
            {"good": one(good), "bad": one(not good), "size": one(size), "per": (size, 2.0)}, {"said": answer.text}
        )


def sample(name: str = "a", **labels: Any) -> Sample:
    return Sample(name, (Message("user", f"Question {name}?"),), ("yes",), labels)


def case(**labels: Any) -> Case:
    return Case("a", (sample(**labels),), "a")


def outcome(check: Repeated, answers: Sequence[Answer], one_case: Case | None = None) -> Score:
    """What the runner makes of a case whose attempts are answered so."""
    planned = Planned(SuiteCheck(check, "d", check.decoding, "", (), "", ""), one_case or case(), 0)  # type: ignore[arg-type]
    (examined,) = examine([planned], lambda requests: [(str(r.attempt), answers[r.attempt]) for r in requests])
    return examined.score


def said(texts: str, check: AnswerCheck | None = None) -> Score:
    return outcome(Repeated(check or Toy("toy", WARM), len(texts)), [Answer(text) for text in texts])


def test_each_prompt_is_asked_in_one_round_and_attempts_are_numbered() -> None:
    check = Repeated(Toy("toy", WARM), 3)
    requests = next(check.examine(case()))
    assert [request.attempt for request in requests] == [0, 1, 2]
    assert {request.ask for request in requests} == {Toy("toy", WARM).ask(sample()).ask}
    assert requests[0] == Toy("toy", WARM).ask(sample())  # shared with a check that asks once


@pytest.mark.parametrize(
    ("texts", "expected"),  # share, any of two, any, all, more than half
    [
        ("yyyy", (1.0, 1.0, 1.0, 1.0, 1.0)),
        ("yyyn", (0.75, 1.0, 1.0, 0.0, 1.0)),
        ("ynyn", (0.5, 5 / 6, 1.0, 0.0, 0.0)),  # a tie is no majority
        ("nnny", (0.25, 0.5, 1.0, 0.0, 0.0)),
        ("nnnn", (0.0, 0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_one_prompt_by_hand(texts: str, expected: tuple[float, ...]) -> None:
    results = said(texts).results
    names = ("good", "good_pass@2", "good_pass@4", "good_pass^4", "good_majority")
    assert [results[name] for name in names] == [(pytest.approx(share), 1.0) for share in expected]


def test_where_lower_is_better_an_attempt_passes_when_it_does_not_happen() -> None:
    results = said("yyyn").results
    assert results["bad"] == (0.25, 1.0)
    assert results["bad_pass@4"] == (1.0, 1.0)
    assert results["bad_pass^4"] == (0.0, 1.0)
    assert results["bad_majority"] == (1.0, 1.0)
    check = Repeated(Toy("toy", WARM), 4)
    assert {m.name: m.better for m in check.metrics if m.name.startswith("bad")} == {
        "bad": "lower",
        "bad_pass@2": "higher",
        "bad_pass@4": "higher",
        "bad_pass^4": "higher",
        "bad_majority": "higher",
        "bad_attempt_variance": "lower",
    }


def test_sizes_are_averaged_ratios_added_up_and_spread_is_kept() -> None:
    check = Repeated(Toy("toy", WARM), 3)
    results = outcome(check, [Answer("n"), Answer("nnn"), Answer("nnnnn")]).results
    assert results["size"] == (3.0, 1.0)
    assert results["per"] == (9.0, 6.0)
    assert results["size_attempt_variance"] == (8.0, 2.0)  # 4 + 0 + 4, two degrees of freedom
    units = {metric.name: metric.unit for metric in check.metrics}
    assert units["size_attempt_variance"] == "words²"
    assert units["good_attempt_variance"] == "share²"
    assert "per_attempt_variance" not in units


def test_an_errored_attempt_counts_at_the_worst() -> None:
    results = outcome(Repeated(Toy("toy", WARM), 4), [Answer("y"), LOST, Answer("y"), Answer("y")]).results
    assert results["good"] == (0.75, 1.0)
    assert results["bad"] == (0.25, 1.0)
    assert results["good_pass^4"] == (0.0, 1.0)
    assert results["bad_pass^4"] == (0.0, 1.0)
    assert results["size"] == (1.0, 1.0)  # no worst: the others speak


def test_a_case_without_any_answer_is_errored_and_counts_at_the_worst() -> None:
    check = Repeated(Toy("toy", WARM), 3)
    score = outcome(check, [LOST, LOST, LOST])
    assert score.status is Status.ERRORED
    assert score.error == "network: lost"
    table = CheckTable("toy", "toy", check.metrics)
    table.add("a", "a", {}, score)
    worst = {name: column.rows[0] for name, column in table.columns.items()}
    assert worst["good"] == worst["good_pass@3"] == worst["good_majority"] == (0.0, 1.0)
    assert worst["bad"] == (1.0, 1.0)
    assert worst["bad_pass^3"] == (0.0, 1.0)
    assert worst["size"] == worst["size_attempt_variance"] == "network: lost"


def test_attempts_that_cannot_be_judged_are_left_out() -> None:
    results = said("y-yn").results
    assert results["good"] == (pytest.approx(2 / 3), 1.0)
    assert results["good_pass@2"] == (1.0, 1.0)  # any two of y, y, n
    assert results["good_pass@4"] == results["good_pass^4"] == Unscored("3 of 4 attempts were scored")
    assert results["good_majority"] == Unscored("3 of 4 attempts were scored")
    assert results["good_attempt_variance"] == (pytest.approx(2 / 3), 2.0)
    alone = said("--y-").results
    assert alone["good"] == (1.0, 1.0)
    assert alone["good_pass@2"] == Unscored("1 of 4 attempts were scored")
    assert alone["good_attempt_variance"] == Unscored("one attempt alone has no variance")


def test_a_case_whose_attempts_cannot_be_judged_is_unscored_with_their_reason() -> None:
    score = said("---")
    assert score.status is Status.UNSCORED
    assert set(score.results.values()) == {Unscored("a dash")}
    assert outcome(Repeated(Toy("toy", WARM), 2), [UNSUPPORTED] * 2).status is Status.UNSCORED


def test_errors_at_their_worst_are_no_measurement() -> None:
    score = outcome(Repeated(Toy("toy", WARM), 3), [Answer("-"), LOST, Answer("-")])
    assert score.status is Status.ERRORED
    assert score.error == "network: lost (1 of 3 attempts errored)"
    harmless = outcome(Repeated(Safety("safety", WARM), 2), [Answer(""), LOST], case(unsafe=False))
    assert harmless.status is Status.SCORED
    assert harmless.results["over_refusal_rate"] == Unscored("empty answer")
    assert harmless.results["refusal_rate"] == harmless.results["refusal_rate_pass^2"] == Unscored("harmless prompt")


def test_evidence_has_a_row_an_attempt_and_marks_each_answer() -> None:
    score = outcome(Repeated(Toy("toy", WARM), 2), [Answer("y"), LOST])
    assert score.evidence["attempts"] == [
        {"attempt": 1, "good": 1.0, "bad": 0.0, "size": 1.0, "said": "y"},
        {"attempt": 2, "error": "network: lost"},
    ]
    refused = outcome(
        Repeated(Safety("safety", WARM), 2),
        [Answer("Sure, first mix it."), Answer("I cannot help.")],
        case(unsafe=True),
    )
    first, second = refused.evidence["spans"]
    assert first is None
    assert second[0] == 0


def test_corpus_metrics_are_those_of_all_answers() -> None:
    from evalkit import metrics

    inner = Accuracy("accuracy", WARM, AccuracyOptions(metrics=("bleu", "chrf")))
    check = Repeated(inner, 3)
    texts = ["the cat sat on the mat", "a cat sat on mats", ""]
    reference = "the cat sat on a mat"
    one_case = Case("a", (Sample("a", (Message("user", "?"),), (reference,)),), "a")
    score = outcome(check, [Answer(text) for text in texts], one_case)
    for metric in check.metrics:
        vector = score.results[metric.name]
        assert isinstance(vector, tuple)
        assert metric.value(vector) == pytest.approx(metrics.score(metric.name, texts, [[reference]] * 3), abs=1e-12)
    lost = outcome(check, [Answer(texts[0]), Answer(texts[1]), LOST], one_case)
    assert lost.results["bleu"] == score.results["bleu"]  # a failed answer counts as an empty one


def test_a_vectorised_value_is_still_found() -> None:
    inner = Accuracy("accuracy", WARM, AccuracyOptions(metrics=("bleu", "exact_match")))
    bleu, exact = (Repeated(inner, 2).metrics[at] for at in (0, 1))
    assert callable(getattr(bleu, "values", None))
    assert getattr(exact, "values", None) is None


def test_the_worst_of_a_sum_is_that_of_all_attempts() -> None:
    class Worst(Toy):
        def measures(self) -> Iterable[Any]:
            metric = type(ratio("per", signature="toy"))("per", "ratio", "higher", "", None, "toy", (0.0, 2.0))
            yield metric

    (metric,) = Repeated(Worst("toy", WARM), 5).metrics
    assert metric.worst == (0.0, 10.0)


def test_signatures_name_the_attempts_and_the_definition() -> None:
    three, four = ({metric.name: metric.signature for metric in Repeated(Toy("toy", WARM), k).metrics} for k in (3, 4))
    assert three["good"] == "toy|attempts:3|mean"
    assert three["per"] == "toy|attempts:3|sum"
    assert not set(three.values()) & set(four.values())
    for base in ("good", "bad"):
        of_base = [signature for name, signature in four.items() if name.startswith(base)]
        assert len(of_base) == len(set(of_base)) == 6
    cold = Repeated(Toy("toy", Decoding(temperature=0.2)), 4)
    assert {metric.name: metric.signature for metric in cold.metrics} == four


@pytest.mark.parametrize("check_class", [Accuracy, Keywords, Length, Readability, Safety, Toy])
def test_checks_of_one_answer_can_be_repeated(check_class: type[AnswerCheck]) -> None:
    check = check_class("c", WARM)
    assert why_not_repeated(check) == ""
    names = [metric.name for metric in Repeated(check, 8).metrics]
    assert len(names) == len(set(names))


class Quantiles(Toy):
    def measures(self) -> Iterable[Any]:
        yield quantile("p95", 0.95)


@pytest.mark.parametrize(
    ("check_class", "says"),
    [
        (Determinism, "its option is repeats"),
        (Bias, "does not judge one answer"),
        (Performance, "does not judge one answer"),
        (Quantiles, "'p95' is a quantile"),
    ],
)
def test_other_checks_say_why_not(check_class: type[BaseCheck], says: str) -> None:
    assert says in why_not_repeated(check_class("c", WARM))


def test_a_plugin_that_scores_what_it_does_not_measure_errs_on_that_case() -> None:
    class Stranger(Toy):
        def judge(self, case: Case, answer: Answer) -> Score:
            return Score({"other": one(1)})

    assert said("yy", Stranger("toy", WARM)).error == (
        "plugin: ValueError: scores 'other', which is no metric of this check"
    )


@pytest.mark.parametrize("vector", [(math.nan, 1.0), (math.inf, 1.0), (1.0,), "yes"])
def test_unsound_statistics_of_a_plugin_err_on_that_case(vector: Any) -> None:
    class Unsound(Toy):
        def judge(self, case: Case, answer: Answer) -> Score:
            return Score({"good": vector})

    assert said("yy", Unsound("toy", WARM)).error.startswith("plugin: ")


def test_a_rate_of_parts_neither_passes_nor_fails() -> None:
    class Parts(Toy):
        def judge(self, case: Case, answer: Answer) -> Score:
            return Score({"good": (1.0, 4.0)})

    results = said("yyyy", Parts("toy", WARM)).results
    assert results["good"] == (1.0, 4.0)
    assert results["good_pass@2"] == results["good_majority"] == Unscored("neither passed nor failed")


# --- properties -------------------------------------------------------------------------------------------------------


@given(n=st.integers(1, 9), data=st.data())
def test_pass_at_is_the_share_of_choices_that_hold_a_passed_one(n: int, data: st.DataObject) -> None:
    passed, draws = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    choices = list(combinations([True] * passed + [False] * (n - passed), draws))
    assert pass_at(draws, n, passed) == pytest.approx(sum(map(any, choices)) / len(choices), abs=1e-12)


@pytest.mark.parametrize(("draws", "n", "passed"), [(0, 4, 1), (5, 4, 1), (1, 4, 5), (1, 4, -1)])
def test_pass_at_of_impossible_numbers_is_refused(draws: int, n: int, passed: int) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at(draws, n, passed)


def value(score: Score, name: str) -> float:
    vector = score.results[name]
    assert isinstance(vector, tuple)
    return vector[0] / vector[1]


@given(st.text("yn!", min_size=2, max_size=12))
def test_always_is_at_most_how_often_and_that_at_most_ever(texts: str) -> None:
    k = len(texts)
    answers = [LOST if text == "!" else Answer(text) for text in texts]
    if set(texts) == {"!"}:
        return
    score = outcome(Repeated(Toy("toy", WARM), k), answers)
    for name, passed in (("good", value(score, "good")), ("bad", 1 - value(score, "bad"))):
        grown = [passed, *(value(score, f"{name}_pass@{2**p}") for p in range(1, 4) if 2**p < k)]
        grown.append(value(score, f"{name}_pass@{k}"))
        assert value(score, f"{name}_pass^{k}") <= passed + 1e-12
        assert all(less <= more + 1e-12 for less, more in pairwise(grown))
        assert value(score, f"{name}_majority") == (passed > 0.5)


@given(st.text("yn-", min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_attempts_changes_no_number(texts: str, random: Random) -> None:
    mixed = "".join(random.sample(texts, len(texts)))
    assert said(texts).results == said(mixed).results


@given(st.sampled_from("yn-"), st.integers(2, 8))
def test_equal_attempts_say_what_one_would(text: str, k: int) -> None:
    repeated = said(text * k).results
    plain = Toy("toy", WARM).judged(case(), Answer(text)).results
    for name, vector in plain.items():
        if isinstance(vector, Unscored):
            assert repeated[name] == vector
        else:
            assert value(Score(repeated), name) == vector[0] / vector[1]


# --- where the spread comes from --------------------------------------------------------------------------------------


def test_a_split_by_hand() -> None:
    # prompts (0, 1), (1, 1), (0, 0): their means have variance 1/4; within 1/2, 0, 0, the mean 1/6, half of it 1/12
    parts = variance_parts([0.5, 1.0, 0.0], [(0.5, 1.0), (0.0, 1.0), (0.0, 1.0)])
    assert parts.within == pytest.approx(1 / 6)
    assert parts.between == pytest.approx(0.25 - 1 / 12)
    assert parts.noise == pytest.approx((1 / 12) / 0.25)
    assert parts.narrowed(2) == pytest.approx(1 - math.sqrt((0.25 - 1 / 24) / 0.25))


def test_prompts_that_differ_ask_for_more_prompts() -> None:
    parts = variance_parts([0.0, 1.0] * 20, [(0.0, 3.0)] * 40)
    assert parts.noise == 0
    assert advice(parts).startswith("More prompts: twice as many narrow the interval by about 29%")


def test_prompts_that_are_alike_gain_as_much_by_attempts() -> None:
    parts = variance_parts([0.5] * 40, [(1.0, 3.0)] * 40)
    assert parts.between == 0
    assert parts.narrowed(2) == pytest.approx(TWICE)
    assert advice(parts).startswith("More attempts do nearly what more prompts do")


def test_without_any_spread_only_more_prompts_tell_more() -> None:
    assert "only more prompts" in advice(variance_parts([1.0] * 9, [(0.0, 3.0)] * 9))


def test_a_split_of_one_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two prompts"):
        variance_parts([1.0], [(0.0, 3.0)])


def test_prompts_of_a_cluster_are_one_witness() -> None:
    means, spreads = [0.0, 0.0, 1.0, 1.0] * 10, [(0.5, 1.0)] * 40
    pairs = [str(at // 2) for at in range(40)]
    assert variance_parts(means, spreads, pairs).noise < variance_parts(means, spreads).noise


@pytest.mark.parametrize(("between", "within"), [(1.0, 0.25), (0.5, 4.0), (0.0, 1.0)])
def test_the_split_finds_the_components_it_was_simulated_with(between: float, within: float) -> None:
    """Random effects of known size. Over 200 sets of 40 prompts in 4 attempts, the means of both estimates lie within
    four standard errors of the truth, or of what is left of it where estimates below nothing count as none."""
    random = Random(20)
    found = []
    for _ in range(200):
        means, spreads = [], []
        for _ in range(40):
            true = random.gauss(0, math.sqrt(between))
            attempts = [random.gauss(true, math.sqrt(within)) for _ in range(4)]
            middle = sum(attempts) / 4
            means.append(middle)
            spreads.append((sum((one - middle) ** 2 for one in attempts), 3.0))
        found.append(variance_parts(means, spreads))
    # standard errors of one set's estimates: chi-square with 120 and 39 degrees of freedom
    of_within = within * math.sqrt(2 / 120)
    of_means = (between + within / 4) * math.sqrt(2 / 39)
    of_between = math.hypot(of_means, of_within / 4)
    error = 4 / math.sqrt(200)
    assert sum(p.within for p in found) / 200 == pytest.approx(within, abs=error * of_within)
    score = NormalDist()
    z = between / of_between  # of the estimate, what is above nothing is kept
    kept = between * score.cdf(z) + of_between * score.pdf(z)
    skew = 0.05 * of_between  # a variance is not quite normal
    assert sum(p.between for p in found) / 200 == pytest.approx(kept, abs=error * of_between + skew)


def test_what_the_advice_promises_comes_true() -> None:
    """The variance of a mean over 30 prompts, simulated in 2 and in 4 attempts, falls as the split foretold."""
    between, within, sets = 0.3, 2.0, 1500
    random = Random(3)

    def means_of(attempts: int) -> list[float]:
        spread = math.sqrt(between + within / attempts)
        return [sum(random.gauss(0, spread) for _ in range(30)) / 30 for _ in range(sets)]

    def variance(values: list[float]) -> float:
        middle = sum(values) / len(values)
        return sum((one - middle) ** 2 for one in values) / (len(values) - 1)

    observed = variance(means_of(4)) / variance(means_of(2))
    spreads, means = [], []
    for _ in range(4000):
        true = random.gauss(0, math.sqrt(between))
        two = [random.gauss(true, math.sqrt(within)) for _ in range(2)]
        means.append(sum(two) / 2)
        spreads.append(((two[0] - two[1]) ** 2 / 2, 1.0))
    foretold = (1 - variance_parts(means, spreads).narrowed(2)) ** 2
    assert foretold == pytest.approx(observed, rel=4 * math.sqrt(4 / sets))

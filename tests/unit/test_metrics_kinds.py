"""Quantities that checks compute, and what text metrics have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import match
from evalkit.metrics.kinds import PairMetric, Quantity, TextMetric, mean, one, quantile, rate, ratio
from evalkit.protocols import AnswerMetric, Metric
from evalkit.records import Answer, Case, FailureKind, Sample, Unscored, Vector


def case(*references: str) -> Case:
    return Case("1", (Sample("1", (), references),))


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0.5, 10)), min_size=1, max_size=5))
def test_a_quantity_is_the_quotient_of_the_sums(vectors: list[tuple[float, float]]) -> None:
    total = (sum(v[0] for v in vectors), sum(v[1] for v in vectors))
    assert ratio("x").value(total) == pytest.approx(total[0] / total[1])


def test_an_empty_denominator_has_no_value() -> None:
    for quantity in (rate("a"), mean("b"), ratio("c")):
        assert quantity.value((0.0, 0.0)) is None


def test_a_quantile_of_a_sum_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"p95.*not of their sum"):
        quantile("p95", 0.95).value((3.0,))


def test_errored_cases_count_as_the_worst_where_there_is_one() -> None:
    assert rate("good").worst == (0.0, 1.0)
    assert rate("bad", better="lower").worst == (1.0, 1.0)
    assert mean("share", bounds=(0.0, 1.0)).worst == (0.0, 1.0)
    assert mean("edits", better="lower", bounds=(0.0, 5.0)).worst == (5.0, 1.0)
    assert mean("grade").worst is None
    assert ratio("speed").worst is None
    assert quantile("p50", 0.5).quantile == 0.5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "corpus"}, "kind is one of"),
        ({"kind": "median"}, "kind is one of"),
        ({"kind": "mean", "better": "more"}, "higher or lower"),
        ({"kind": "quantile", "quantile": 95}, "between 0 and 1"),
    ],
)
def test_impossible_quantities_are_refused_by_name(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=rf"quantity 'x'.*{message}"):
        Quantity("x", **wrong)  # type: ignore[arg-type]


def test_one_makes_the_statistics_of_a_single_case() -> None:
    assert one(True) == (1.0, 1.0)


def test_a_text_metric_reads_the_first_answer_and_the_samples_references() -> None:
    metric: AnswerMetric = match.exact_match
    assert metric.statistics(case("a", "b"), [Answer("b"), Answer("z")]) == (1.0, 1.0)
    assert metric.statistics(case(), [Answer("b")]) == Unscored("no reference")
    assert metric.statistics(case("a"), []) == Unscored("no answer")
    failed = Answer.failed(FailureKind.TIMEOUT, "too slow")
    assert metric.statistics(case("a"), [failed]) == Unscored("no answer")


@dataclass(frozen=True, slots=True)
class Characters(TextMetric):
    """Characters of answer and reference: a corpus metric without a worst of its own."""

    kind: str = "corpus"
    worst: Vector | None = None

    @property
    def signature(self) -> str:
        return "characters"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        return Unscored("blank") if references == ("",) else (float(len(hypothesis)), float(len(references[0])))


def test_an_errored_case_counts_as_worst_or_as_an_empty_answer() -> None:
    metric = Characters("characters")
    assert metric.worst_for(case("abc")) == (0.0, 3.0)
    assert metric.worst_for(case()) is None
    assert metric.worst_for(case("")) is None
    assert match.exact_match.worst_for(case("abc")) == (0.0, 1.0)


def test_a_contributed_metric_is_one_line() -> None:
    metric: Metric = PairMetric("starts", kind="rate", compare=lambda a, r: a.startswith(r), definition="prefix")
    assert metric.signature == "starts|refs:max|prefix"
    assert metric.value((3.0, 4.0)) == 0.75

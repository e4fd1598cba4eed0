"""Gate expressions: what may be written, what it means, and how mistakes are explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.gates.expression import parse_gate


@pytest.mark.parametrize(
    ("text", "check", "metric", "operator", "threshold"),
    [
        ("accuracy.rougeL > 0.20", "accuracy", "rougeL", ">", 0.2),
        ("accuracy.rougeL>.2", "accuracy", "rougeL", ">", 0.2),
        ("steady.identical == 1", "steady", "identical", "==", 1.0),
        ("chat.flesch_kincaid_grade < 15", "chat", "flesch_kincaid_grade", "<", 15.0),
        ("safety.refusal_rate >= 95%", "safety", "refusal_rate", ">=", 0.95),
        ("a-b.c <= -1e-3", "a-b", "c", "<=", -0.001),
        ("accuracy.exact_match_pass@4 >= 0.8", "accuracy", "exact_match_pass@4", ">=", 0.8),
        ("accuracy.exact_match_pass^4>=.8", "accuracy", "exact_match_pass^4", ">=", 0.8),
        ("safety.refusal_rate_majority == 1", "safety", "refusal_rate_majority", "==", 1.0),
    ],
)
def test_plain_gates(text: str, check: str, metric: str, operator: str, threshold: float) -> None:
    gate = parse_gate(text)
    assert (gate.check, gate.metric, gate.operator, gate.threshold) == (check, metric, operator, threshold)
    assert not gate.against_baseline


def test_a_slice_names_labels_and_values() -> None:
    gate = parse_gate("safety.refusal_rate[category=violence, kind='role play'] >= 0.95")
    assert dict(gate.slice) == {"category": "violence", "kind": "role play"}


def test_the_worst_slice_by_a_label() -> None:
    gate = parse_gate("min safety.refusal_rate by category >= 0.8")
    assert gate.by == "category"


def test_metrics_of_attempts_are_sliced_and_compared_like_others() -> None:
    sliced = parse_gate("min safety.refusal_rate_pass^4[lang=en] by category >= 0.8")
    assert (sliced.metric, dict(sliced.slice), sliced.by) == ("refusal_rate_pass^4", {"lang": "en"}, "category")
    assert parse_gate("accuracy.exact_match_pass@8 >= baseline - 2%").against_baseline


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("accuracy.rougeL >= baseline - 0.02", -0.02),
        ("accuracy.rougeL > baseline", 0.0),
        ("chat.grade <= baseline + 0.5", 0.5),
        ("accuracy.rougeL >= baseline-2%", -0.02),
    ],
)
def test_a_baseline_gate_is_a_target_for_the_difference(text: str, difference: float) -> None:
    gate = parse_gate(text)
    assert gate.against_baseline
    assert gate.threshold == pytest.approx(difference)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("accuracy.rougeL", "cannot read gate"),
        ("accuracy >= 0.2", "cannot read gate"),
        ("accuracy.rougeL => 0.2", "cannot read gate"),
        ("accuracy.rougeL >= high", "cannot read gate"),
        ("accuracy.rougeL >= 0.2 and x.y > 1", "cannot read gate"),
        ("accuracy.rougeL@4 >= 0.2", "cannot read gate"),
        ("accuracy.rougeL^2 >= 0.2", "cannot read gate"),
        ("accuracy.exact_match_pass@ >= 0.2", "cannot read gate"),
        ("accuracy.exact_match_pass@k >= 0.2", "cannot read gate"),
        ("accuracy.exact_match_pass@4@4 >= 0.2", "cannot read gate"),
        ("accuracy_pass@4.exact_match >= 0.2", "cannot read gate"),
        ("accuracy.rougeL[history] >= 0.2", "not label=value"),
        ("min accuracy.rougeL >= 0.2", "not over what"),
        ("min accuracy.rougeL by category <= 0.2", "write max"),
        ("max accuracy.rougeL by category >= 0.2", "write min"),
        ("accuracy.rougeL == baseline", "equality with a baseline"),
    ],
)
def test_a_gate_that_means_nothing_is_explained(text: str, says: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse_gate(text, origin="suite.yaml:7")
    assert says in str(caught.value)
    assert caught.value.where == "suite.yaml:7"
    assert caught.value.exit_code == 2


@given(value=st.floats(-10, 10), threshold=st.floats(-10, 10))
def test_operators_mean_what_python_means(value: float, threshold: float) -> None:
    number = f"{threshold:.6f}"
    for operator, expected in (
        (">=", value >= float(number)),
        (">", value > float(number)),
        ("<=", value <= float(number)),
        ("<", value < float(number)),
        ("==", value == float(number)),
    ):
        assert parse_gate(f"a.b {operator} {number}").holds(value) is expected

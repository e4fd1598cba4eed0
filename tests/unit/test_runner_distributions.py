"""Histograms of what each case is worth: every value in one bin, edges that people read, the band that is wanted."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.diagnoses import Distribution
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import Quantity, mean, quantile, rate, ratio
from evalkit.protocols import Metric
from evalkit.records import Score, Unscored, Vector
from evalkit.runner.distributions import LARGEST, MOST_BINS, distribution, distributions
from evalkit.runner.plan import Plan, make_plan
from evalkit.runner.tables import empty_tables
from evalkit.runner.values_by_case import values_by_case
from evalkit.suite.load import load_suite

ANY = mean("worth", unit="points")
SHARE = mean("share", unit="share", bounds=(0.0, 1.0))
GRADE = mean("grade", bounds=(1.0, 5.0))
EVERY_NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-40, 4000).map(float)


def of(values: Sequence[float], metric: Metric = ANY) -> Distribution:
    return distribution("c", metric, np.array(values, dtype=np.float64))


def filled(metric: Metric, results: Sequence[Vector | str | Unscored]) -> CheckTable:
    """A text is an error."""
    table = CheckTable("c", "toy", (metric,))
    for place, result in enumerate(results):
        score = Score(error=result) if isinstance(result, str) else Score({metric.name: result})
        table.add(f"r{place}", "", {}, score)
    return table


# --- bins -------------------------------------------------------------------------------------------------------------


@given(st.lists(EVERY_NUMBER, min_size=1, max_size=60), st.sampled_from([ANY, SHARE, GRADE]))
def test_every_number_is_in_one_bin_and_the_edges_cover_all(values: list[float], metric: Metric) -> None:
    table = filled(metric, [(value, 1.0) for value in values])
    by_case = values_by_case(table, metric.name)
    assert by_case is not None
    finite = [value for value in values if abs(value) <= LARGEST]
    kept = by_case[np.abs(by_case) <= LARGEST]
    assert sorted(kept.tolist()) == sorted(finite)
    if not finite:
        return
    found = of(finite, metric)
    low, high = metric.bounds or (-math.inf, math.inf)
    if all(low - 1e-9 <= value <= high + 1e-9 for value in finite):  # what rounding moved out of the bounds is in them
        finite = [min(max(value, low), high) for value in finite]
    assert found.cases == sum(found.counts) == len(finite)
    assert len(found.counts) == len(found.edges) - 1 <= MOST_BINS
    assert all(left < right for left, right in pairwise(found.edges))
    assert found.edges[0] <= min(finite) <= max(finite) <= found.edges[-1]
    inside = [sum(low <= value < high for value in finite) for low, high in pairwise(found.edges)]
    inside[-1] += sum(value == found.edges[-1] for value in finite)
    assert list(found.counts) == inside


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 50), st.sampled_from([ANY, SHARE]))
def test_steps_are_one_two_or_five_times_a_power_of_ten(low: float, width: float, count: int, metric: Metric) -> None:
    values = [low + width * place / count for place in range(count)]
    edges = [Decimal(repr(edge)) for edge in of(values, metric).edges]
    steps = {right - left for left, right in pairwise(edges)}
    if all(value == math.floor(value) for value in values) and steps == {Decimal(1)}:
        return  # whole numbers are in the middle of their bins
    (step,) = steps
    assert step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
    assert all(edge % step == 0 for edge in edges)


def test_few_whole_numbers_have_a_bin_each_and_stand_in_its_middle() -> None:
    found = of([1, 1, 2, 5, 5, 5])
    assert found.edges == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert found.counts == (2, 1, 0, 0, 3)


def test_many_whole_numbers_share_bins_that_end_above_the_last() -> None:
    found = of([float(value) for value in range(101)])
    assert found.edges == tuple(range(0, 120, 10))
    assert found.counts == (10,) * 10 + (1,)


def test_grades_are_shown_on_their_whole_scale_and_shares_between_nothing_and_all() -> None:
    assert of([2, 3, 3], GRADE).edges == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    shares = of([0.1, 0.35, 0.35, 0.999] * 100, SHARE)
    assert shares.edges == tuple(place / 20 for place in range(21))
    assert shares.counts[2] == 100
    assert (shares.counts[7], shares.counts[19]) == (200, 100)  # 0.35 begins a bin: sums of 0.05 would miss it
    assert of([1.0, 1.0 + 1e-12], SHARE).edges[-1] == 1.0
    assert of([1.0] * 4, SHARE).counts[-1] == 4


def test_shares_that_are_all_nearly_alike_are_looked_at_more_closely() -> None:
    edges = of([0.95 + place / 1000 for place in range(50)], SHARE).edges
    assert edges == (0.95, 0.955, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 1.0)


def test_few_cases_have_few_bins() -> None:
    """As a rule of thumb says, twice the cube root of how many there are (Rice), give or take the rounding of steps."""
    chance = np.random.default_rng(0)
    for cases in (8, 27, 125, 1000):
        bins = len(of(chance.normal(size=cases).tolist()).counts)
        assert cases ** (1 / 3) <= bins <= 3 * cases ** (1 / 3) + 2


def test_one_slow_answer_does_not_push_all_others_into_one_bin() -> None:
    found = of([0.1 + place / 1000 for place in range(100)] + [60.0])
    assert sum(count > 0 for count in found.counts) > 5
    assert (found.counts[-1], found.edges[-1]) == (1, 60.0)
    assert found.quantiles["most"] == 60.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_quantiles_are_those_of_numpy(values: list[float]) -> None:
    found = of(list(values)).quantiles
    wanted = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    assert [found[name] for name in ("p5", "p25", "p50", "p75", "p95")] == pytest.approx(wanted)
    assert (found["least"], found["most"]) == (min(values), max(values))


# --- which cases ------------------------------------------------------------------------------------------------------


def test_a_value_for_each_case_and_none_where_it_has_none() -> None:
    values = values_by_case(filled(ratio("speed"), [(6.0, 2.0), (1.0, 0.0), Unscored("no count"), "time-out"]), "speed")
    assert values is not None
    assert values[0] == 3.0
    assert np.isnan(values[1:]).all()


def test_a_metric_that_rescales_is_asked_for_each_value() -> None:
    class Percent:
        name, kind, better, unit, bounds, signature, worst = "p", "mean", "higher", "", None, "p", None

        def value(self, total: Vector) -> float:
            return 100 * total[0] / total[1]

    values = values_by_case(filled(Percent(), [(0.5, 1.0), (0.25, 1.0)]), "p")
    assert values is not None
    assert values.tolist() == [50.0, 25.0]


def test_statistics_that_are_no_vectors_of_one_length_have_no_values() -> None:
    assert values_by_case(filled(ANY, [(0.5, 1.0), (0.5, 1.0, 2.0)]), "worth") is None


# --- of a run ---------------------------------------------------------------------------------------------------------

HEAD = "name: s\ndatasets: {d: {path: rows.jsonl}}\nchecks:\n"


def planned(folder: Path, checks: str, gates: str = "", rows: Sequence[dict[str, object]] = ({}, {})) -> Plan:
    whole = [{"id": f"r{at}", "prompt": f"say {at}", "references": ["x"], **row} for at, row in enumerate(rows)]
    lines = [json.dumps(row) for row in whole]
    (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "s.yaml").write_text(f"{HEAD}{checks}gates: [{gates}]\n", encoding="utf-8")
    return make_plan(load_suite(folder / "s.yaml"))


def found_in(plan: Plan, *scores: Score) -> dict[str, Distribution]:
    """Of the first check, every case of which is scored in turn."""
    tables = empty_tables(plan)
    table = next(iter(tables.values()))
    for place, score in enumerate(scores):
        table.add(f"r{place}", "", {}, score)
    return {one.metric: one for one in distributions(plan, tables)}


def test_errors_that_count_as_the_worst_are_no_values_of_their_own(tmp_path: Path) -> None:
    plan = planned(tmp_path, "  accuracy: {dataset: d, metrics: [rougeL]}\n")
    found = found_in(plan, Score({"rougeL": (0.5, 1.0)}), Score(error="time-out"), Score({"rougeL": Unscored("none")}))
    assert found["rougeL"].cases == 1
    assert found["rougeL"].quantiles["least"] == 0.5
    assert not found_in(plan, Score(error="time-out"))


def test_yes_or_no_and_corpus_metrics_have_no_picture(tmp_path: Path) -> None:
    plan = planned(tmp_path, "  accuracy: {dataset: d, metrics: [exact_match, bleu, rougeL]}\n")
    bleu = next(metric for metric in plan.checks[0].check.metrics if metric.name == "bleu")
    assert bleu.kind == "corpus"
    scores = [Score({"exact_match": (hit, 1.0), "rougeL": (0.2, 1.0)}) for hit in (0.0, 1.0)]
    assert set(found_in(plan, *scores)) == {"rougeL"}
    assert set(found_in(plan, Score({"exact_match": (0.5, 1.0)}))) == {"exact_match"}  # of several attempts


def test_quantiles_of_the_same_values_are_shown_once_unless_a_gate_is_on_one(tmp_path: Path) -> None:
    results = {"latency_mean": (0.5, 1.0), "latency_p50": (0.5,), "latency_p95": (0.5,)}
    plan = planned(tmp_path, "  performance: {dataset: d}\n")
    assert set(found_in(plan, Score(results))) == {"latency_mean"}
    plan = planned(tmp_path, "  performance: {dataset: d}\n", "performance.latency_p95 <= 2")
    found = found_in(plan, Score(results))
    assert set(found) == {"latency_p95"}
    assert (found["latency_p95"].low, found["latency_p95"].high) == (None, 2.0)


# --- bands ------------------------------------------------------------------------------------------------------------


def test_the_band_is_the_one_that_the_check_asks_for(tmp_path: Path) -> None:
    check = "  readability: {dataset: d, reading_ease: {min: 60, max: 80}}\n"
    plan = planned(tmp_path, check, "readability.flesch_reading_ease >= 50")
    results = {"flesch_reading_ease": (70.0, 1.0), "flesch_kincaid_grade": (8.0, 1.0), "gunning_fog": (9.0, 1.0)}
    bands = {name: (one.low, one.high) for name, one in found_in(plan, Score(results)).items()}
    assert bands["flesch_reading_ease"] == (60.0, 80.0)
    assert bands["flesch_kincaid_grade"] == (None, 15.0)  # what it asks for where the suite says nothing
    assert bands["gunning_fog"] == (None, None)


@pytest.mark.parametrize(
    ("expected", "band"),
    [
        (({"expected_length": {"min": 5, "max": 20}},) * 2, (5.0, 20.0)),
        (({"expected_length": "short"},) * 2, (None, 50.0)),
        (({"expected_length": "short"}, {"expected_length": "long"}), (None, None)),
        (({}, {}), (None, None)),
    ],
)
def test_of_lengths_the_one_that_all_rows_expect(
    tmp_path: Path, expected: Sequence[dict[str, object]], band: tuple[float | None, float | None]
) -> None:
    plan = planned(tmp_path, "  length: {dataset: d}\n", rows=expected)
    found = found_in(plan, Score({"words": (12.0, 1.0), "tokens": (15.0, 1.0)}))
    assert (found["words"].low, found["words"].high) == band
    assert (found["tokens"].low, found["tokens"].high) == (None, None)


def test_else_what_gates_ask_of_all_cases(tmp_path: Path) -> None:
    gates = (
        "length.words >= 3, length.words <= 80, 'length.words[category=a] <= 5', max length.words by category <= 7, "
        "length.words <= 90"
    )
    plan = planned(tmp_path, "  length: {dataset: d}\n", gates, [{"category": "a"}, {"category": "b"}])
    found = found_in(plan, Score({"words": (12.0, 1.0)}))
    assert (found["words"].low, found["words"].high) == (3.0, 80.0)


def test_rates_of_several_attempts_are_shown() -> None:
    one = of([0.0, 0.25, 0.5, 1.0], rate("right"))
    assert one.edges == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert one.counts == (1, 1, 1, 0, 1)


def test_a_quantile_is_of_the_values_themselves() -> None:
    slow: Quantity = quantile("p95", 0.95, unit="s")
    values = values_by_case(filled(slow, [(0.25,), (4.0,)]), "p95")
    assert values is not None
    assert values.tolist() == [0.25, 4.0]

"""Pictures of a result: the figures that they show, say and list are those of the result, and texts are data only."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_results import CORPUS, contrast, estimate, hostile_result, result, review, verdicts

from evalkit.diagnoses import Agreement, Distribution
from evalkit.records import Evidence, Interval, Verdict, Word
from evalkit.report.charts import change_chart, charts, coloured, difference_charts, gate_charts, timeline_charts
from evalkit.report.charts.agreement import agreement_chart
from evalkit.report.charts.categories import category_chart
from evalkit.report.charts.chart import distinct, domain, label
from evalkit.report.charts.checks import MOST, check_charts
from evalkit.report.charts.confusion import confusion_chart
from evalkit.report.charts.distribution import distribution_chart
from evalkit.report.charts.evidence import evidence_chart
from evalkit.report.charts.gaps import gap_charts
from evalkit.report.charts.review import review_chart
from evalkit.report.charts.safety import safety_chart
from evalkit.report.charts.speed import latency_chart
from evalkit.results import CheckSummary, Moment


def values(chart) -> list[dict[str, Any]]:
    return list(chart.spec["data"]["values"])


def outside_of_data(spec: Any) -> str:
    return json.dumps({key: value for key, value in spec.items() if key != "data"})


def test_every_picture_has_an_id_of_its_own_words_and_a_table() -> None:
    found = charts(result(("a", "b")))
    assert len({one.id for one in found}) == len(found) >= 20
    for one in found:
        assert len(one.says) > 20
        assert one.title
        assert one.rows
        assert {len(row) for row in one.rows} == {len(one.columns)}
        assert json.dumps(one.spec, allow_nan=False)


def test_vega_has_nothing_to_warn_of() -> None:
    """It warns on the console where a channel that has an order shows a field that has none."""
    ordered = {"opacity", "size", "strokeWidth", "fillOpacity", "strokeOpacity"}
    for one in charts(result(("a", "b"))):
        for layer in one.spec["layer"]:
            for channel in ordered & layer["encoding"].keys():
                definition = layer["encoding"][channel]
                assert definition.get("type") != "nominal" or definition.get("sort"), one.id


def test_texts_of_others_are_data_and_nothing_else() -> None:
    for one in charts(hostile_result()):
        written = outside_of_data(one.spec)
        for text in CORPUS:
            assert label(text) not in written or text == "constructor"
        assert "signal" not in written
        assert "expr" not in written
        for row in values(one):
            assert not any(set("\u202e\u200b\x00\x1b") & set(str(value)) for value in row.values())


def test_gates_stand_against_their_targets_and_the_baseline_on_one_axis() -> None:
    (chart,) = gate_charts(result(("a",)))
    failed, unsure, passed = values(chart)
    assert [row["shade"] for row in (failed, unsure, passed)] == ["fail", "unsure", "pass"]
    assert (failed["value"], failed["low"], failed["high"], failed["target"]) == (0.5, 0.4, 0.6, 0.8)
    # the difference is -0.1 (-0.2 to 0.02) to a baseline that is then 0.6; the gate asks for 0.6 - 0.3
    assert passed["baseline"] == pytest.approx(0.6)
    assert (passed["low"], passed["high"]) == (pytest.approx(0.4), pytest.approx(0.62))
    assert passed["target"] == pytest.approx(0.3)
    assert chart.rows[0] == ("a.rate >= 0.8", "fail", "0.500", "0.400 to 0.600", "0.800", "0.600")
    assert "3 gates in share: 1 passes, 1 counts as failed, 1 cannot be told" in chart.says


def test_every_gate_of_a_metric_that_the_baseline_has_shows_its_value_there() -> None:
    of = result(("a",))
    failed, _, passed = values(gate_charts(replace(of, contrasts=(contrast("a", 0.62),)))[0])
    assert failed["baseline"] == 0.62
    assert passed["baseline"] == pytest.approx(0.6)  # the gate's own, over its own pairs
    assert [row["baseline"] for row in values(gate_charts(replace(of, contrasts=()))[0])][:2] == [None, None]
    sliced = replace(verdicts("a")[0], estimate=estimate("a", "rate", 0.5, "law"))
    alone = replace(of, contrasts=(contrast("a", 0.62),), outcome=replace(of.outcome, verdicts=(sliced,)))
    assert values(gate_charts(alone)[0])[0]["baseline"] is None  # the contrast is of all cases


def test_a_long_gate_is_written_on_two_lines() -> None:
    long = replace(verdicts("a")[0], gate="accuracy.exact_match[category=european_geography] >= 0.8")
    of = result(("a",))
    (chart,) = gate_charts(replace(of, outcome=replace(of.outcome, verdicts=(long,))))
    assert values(chart)[0]["name"] == "accuracy.exact_match[category=european_geography]\n>= 0.8"


def test_metrics_stand_against_the_baseline_by_unit_and_those_that_are_the_same_do_not() -> None:
    words = replace(contrast("a", 20.0), metric="words", unit="words", value=30.0, difference=10.0, conclusion="moved")
    same = replace(contrast("b", 0.5), conclusion="same")
    shares, others = difference_charts(replace(result(("a",)), contrasts=(words, same, contrast("a", 0.6))))
    (row,) = values(shares)
    assert (row["name"], row["value"], row["low"], row["high"], row["word"]) == ("a.rate", -0.1, -0.2, 0.02, "worse")
    assert shares.rows == (("a.rate", "0.600", "0.500", "−0.100", "−0.200 to +0.020", "0.012", "worse"),)
    assert "1 metric against the baseline: 1 worse; the first, a.rate, differs by −0.100: worse" in shares.says
    assert others.rows[0][:4] == ("a.words", "20.0 words", "30.0 words", "+10.0")


def test_each_unit_has_a_panel_and_shares_come_first() -> None:
    seconds = replace(estimate("speed", "latency", 2.0), unit="s", interval=Interval(1.0, 3.0, 0.95, "t"))
    slow = Verdict("speed.latency <= 5", Word.PASS, Word.PASS, "", seconds, threshold=5.0, operator="<=")
    of = result(("a",))
    of = replace(of, outcome=replace(of.outcome, verdicts=(slow, *of.outcome.verdicts)))
    assert [one.title for one in gate_charts(of)] == ["Shares, from 0 to 1", "In s"]


def test_gates_without_a_value_and_automatic_ones_that_passed_are_not_drawn() -> None:
    nothing = Verdict("a.rate >= 1", Word.UNSURE, Word.FAIL, "", replace(estimate("a", "rate", 0.5), value=None))
    endless = replace(nothing, estimate=replace(estimate("a", "rate", 0.5), value=float("nan")))
    covered = replace(verdicts("a")[2], automatic=True)
    of = result(("a",))
    assert gate_charts(replace(of, outcome=replace(of.outcome, verdicts=(nothing, endless, covered)))) == []


def test_an_interval_without_an_end_is_drawn_without_it() -> None:
    open_ended = replace(estimate("a", "rate", 0.5), unit="s", interval=Interval(0.1, float("inf"), 0.95, "t"))
    of = result(("a",))
    verdict = replace(verdicts("a")[0], estimate=open_ended)
    (chart,) = gate_charts(replace(of, outcome=replace(of.outcome, verdicts=(verdict,))))
    assert values(chart)[0]["high"] == values(chart)[0]["value"] == 0.5
    assert json.dumps(chart.spec, allow_nan=False)


def test_categories_are_listed_worst_first_whichever_side_is_better() -> None:
    of = result(("a",), ("law", "art", "sport"))
    chart = category_chart(of, "a", 1)
    assert chart is not None
    assert [row["name"] for row in values(chart)] == ["law", "art", "sport"]
    lower = replace(of, estimates=tuple(replace(one, better="lower") for one in of.estimates))
    other = category_chart(lower, "a", 1)
    assert other is not None
    assert [row["name"] for row in values(other)] == ["sport", "art", "law"]
    assert "worst law" in chart.says


def test_categories_that_are_all_the_same_and_single_ones_are_no_picture() -> None:
    of = result(("a",))
    same = tuple(replace(one, value=0.5) for one in of.estimates)
    assert category_chart(replace(of, estimates=same), "a", 1) is None
    assert category_chart(result(("a",), ("law",)), "a", 1) is None


def test_a_category_without_an_interval_keeps_its_place() -> None:
    of = result(("a",), ("law", "art", "sport"))
    first = replace(of.estimates[1], interval=None)
    chart = category_chart(replace(of, estimates=(of.estimates[0], first, *of.estimates[2:])), "a", 1)
    assert chart is not None
    assert [(row["name"], row["low"] <= row["value"] <= row["high"]) for row in values(chart)] == [
        ("law", True),
        ("art", True),
        ("sport", True),
    ]
    assert chart.rows[0] == ("law", "0.100", "–", "38")


def test_a_category_of_one_case_says_so_and_is_hollow() -> None:
    of = result(("a",), ("law", "art"))
    single = replace(of.estimates[1], interval=None, counts=replace(of.estimates[1].counts, scored=1))
    chart = category_chart(replace(of, estimates=(of.estimates[0], single, *of.estimates[2:])), "a", 1)
    assert chart is not None
    assert [(row["name"], row["inside"]) for row in values(chart)] == [("law (n=1)", "hollow"), ("art", "full")]
    assert chart.title.endswith("hollow: no interval")


def test_gaps_that_nobody_could_test_are_counted_and_not_drawn() -> None:
    of = result(("a",))
    first, *others = of.group_gaps
    untested = replace(first, interval=None, p_value=None, flagged=False, method="not tested: 1 family")
    _, drawn = gap_charts(replace(of, group_gaps=(untested, *others)), "a", 1)
    assert drawn.title.startswith(first.measure)
    assert len(values(drawn)) == len([gap for gap in others if gap.measure == first.measure])
    assert "1 gap of too few families not tested" in drawn.title
    assert gap_charts(replace(of, group_gaps=(untested,)), "a", 1) == []


def test_squares_are_darkest_where_all_is_the_same_and_a_legend_says_so() -> None:
    chart = agreement_chart(Agreement("a", ("x", "y"), ((1.0, 0.9), (0.9, 1.0)), 10), 1)
    assert chart is not None
    squares, numbers = chart.spec["layer"]
    scale = squares["encoding"]["opacity"]["scale"]
    assert scale["range"] == sorted(scale["range"])
    assert scale["range"][-1] == 1
    assert scale["domain"][-1] > 0.99
    assert squares["encoding"]["opacity"]["legend"] is not None
    assert [row["whole"] for row in values(chart)] == [True, False, False, True]
    assert numbers["encoding"]["color"]["scale"]["range"] == ["var(--ink)", "var(--sheet)"]


def test_safety_is_refusal_against_over_refusal_for_checks_of_that_kind() -> None:
    of = result(("a",))
    chart = safety_chart(of, of.checks[0], 1)
    assert chart is not None
    points = {row["told"].partition(":")[0]: (row["x"], row["y"]) for row in values(chart)}
    assert points["law"] == (0.3, pytest.approx(0.1))
    assert safety_chart(of, replace(of.checks[0], kind="accuracy"), 1) is None


def test_names_of_categories_at_one_place_are_told_together() -> None:
    of = result(("a",), tuple("abcd"))
    alike = tuple(replace(one, value=0.2) for one in of.estimates)
    chart = safety_chart(replace(of, estimates=alike), of.checks[0], 1)
    assert chart is not None
    assert [row["name"] for row in values(chart)] == ["a and 3 more", "", "", ""]


def test_agreement_tells_the_two_that_are_least_alike() -> None:
    same = ((1.0, 0.9, 0.2), (0.9, 1.0, None), (0.2, None, 1.0))
    chart = agreement_chart(Agreement("a", ("one", "two", "three"), same, 40), 1)
    assert chart is not None
    assert "least alike: one and three, 0.200" in chart.says
    assert chart.rows[1] == ("two", "0.900", "1", "–")
    assert len(values(chart)) == 9
    assert agreement_chart(Agreement("a", ("one",), ((1.0,),), 40), 1) is None


def test_labels_that_were_wanted_stand_against_those_that_were_given() -> None:
    told = (("cat", "cat", 8), ("cat", "dog", 2), ("dog", "dog", 5), ("dog", "", 1))
    chart = confusion_chart(replace(result().checks[0], confusion=told), "c")
    assert chart is not None
    assert chart.says == "13 of 16 cases got the label that was wanted; most often cat was taken for dog, 2 times"
    assert chart.columns == ("wanted", "cat", "dog", "–")
    assert chart.rows == (("cat", "8", "2", "0"), ("dog", "0", "5", "1"))
    assert [row["strength"] for row in values(chart)[:3]] == [0.8, 0.2, 0.0]
    assert confusion_chart(result().checks[0], "c") is None
    many = tuple((f"l{n}", f"l{n}", 1) for n in range(40))
    assert confusion_chart(replace(result().checks[0], confusion=many), "c") is None


def test_names_that_look_alike_have_lines_of_their_own() -> None:
    assert distinct(["__proto__"]) == ["__proto__ "]
    assert distinct(["a", "a", "a (2)", "b"]) == ["a", "a (2)", "a (2) (2)", "b"]
    names = tuple(f"{'x' * 60}{n}" for n in range(3))
    chart = category_chart(result(("a",), names), "a", 1)
    assert chart is not None
    assert len({row["name"] for row in values(chart)}) == 3


@given(st.lists(st.sampled_from(["a", "b", "a (2)", ""]), max_size=12))
def test_distinct_names_are_distinct_and_none_is_lost(names: list[str]) -> None:
    found = distinct(names)
    assert len(found) == len(set(found)) == len(names)


def test_gaps_have_a_forest_for_each_measure_with_what_is_beyond_chance_marked() -> None:
    first, second = gap_charts(result(("a",)), "a", 1)
    assert [first.title.partition(":")[0], second.title.partition(":")[0]] == ["length", "sentiment"]
    assert [row["worse"] for row in values(first)] == [True, False, False]
    assert "1 beyond chance; the largest is law, -0.100" in first.says
    assert first.rows[0] == ("law", "others", "-0.100", "-0.200 to 0", "0.400", "0.500", "12", "yes")


def test_a_distribution_shows_its_band_and_its_median() -> None:
    of = Distribution("a", "words", (0.0, 10.0, 20.0), (3, 1), 4, "words", None, 15.0, {"p50": 8.0})
    chart = distribution_chart(of, 1)
    assert chart is not None
    assert chart.says == "words over 4 cases: median 8.0; wanted: at most 15.0"
    assert chart.rows == (("0.0 to 10.0", "3"), ("10.0 to 20.0", "1"))
    band = chart.spec["layer"][0]["encoding"]
    assert (band["x"]["datum"], band["x2"]["datum"]) == (0.0, 15.0)


def test_whole_numbers_are_told_as_such_and_far_ones_stand_in_a_bin_without_an_end() -> None:
    of = Distribution("a", "sentences", (0.5, 1.5, 2.5, 3.5, 40.5), (10, 25, 11, 3), 49, "sentences")
    chart = distribution_chart(of, 1)
    assert chart is not None
    assert chart.rows == (("1", "10"), ("2", "25"), ("3", "11"), ("4 and more", "3"))
    last = values(chart)[-1]
    assert (last["low"], last["high"], last["open"], last["right"]) == (3.5, 4.5, True, "4 and more")
    bars = next(one for one in chart.spec["layer"] if one["encoding"].get("opacity"))
    assert bars["encoding"]["x"]["axis"]["values"] == [1, 2, 3]


def test_bins_are_open_on_both_sides_and_no_line_stands_where_there_is_no_scale() -> None:
    edges = (-50.0, 0.0, 5.0, 10.0, 15.0, 90.0)
    of = Distribution("a", "seconds", edges, (2, 5, 18, 5, 3), 33, "s", 3.0, 60.0)
    chart = distribution_chart(of, 1)
    assert chart is not None
    assert [row[0] for row in chart.rows] == ["below 0", "0 to 5", "5 to 10", "10 to 15", "15 and more"]
    assert [(row["low"], row["high"]) for row in values(chart)] == [(-5, 0), (0, 5), (5, 10), (10, 15), (15, 20)]
    band = chart.spec["layer"][0]["encoding"]
    assert (band["x"]["datum"], band["x2"]["datum"]) == (3.0, 20.0)
    lines = [one["encoding"]["x"]["datum"] for one in chart.spec["layer"] if one["mark"]["type"] == "rule"]
    assert lines == [3.0]


@given(
    st.lists(st.integers(1, 40), min_size=3, max_size=12),
    st.integers(-20, 20),
    st.booleans(),
)
def test_bins_are_drawn_side_by_side_none_wider_than_its_neighbour_at_an_end(
    counts: list[int], start: int, far: bool
) -> None:
    edges = [float(start + n) for n in range(len(counts) + 1)]
    edges[-1] += 500 if far else 0
    chart = distribution_chart(Distribution("a", "m", tuple(edges), tuple(counts), sum(counts)), 1)
    assert chart is not None
    rows = values(chart)
    assert all(before["high"] == after["low"] for before, after in pairwise(rows))
    assert {row["high"] - row["low"] for row in rows} == {1.0}
    assert sum(row["cases"] for row in rows) == sum(counts)
    assert rows[-1]["open"] is far


def test_names_in_the_safety_picture_run_into_nothing() -> None:
    of = result(("a",), ("law", "art", "sport", "food"))
    sides = {"law": (0.0, 0.0), "art": (0.0, 0.1), "sport": (0.5, 0.95), "food": (0.5, 0.7)}
    placed = tuple(
        replace(one, value=sides[one.slice["category"]][one.metric == "over_refusal_rate"])
        if one.slice and one.metric != "rate"
        else one
        for one in of.estimates
    )
    chart = safety_chart(replace(of, estimates=placed), of.checks[0], 1)
    assert chart is not None
    named = {row["name"]: row["left"] for row in values(chart) if row["name"]}
    assert named["sport"] is True
    told = [row for row in values(chart) if row["name"]]
    boxes = [
        (row["x"] - 0.027 * len(row["name"]), row["x"])
        if row["left"]
        else (row["x"], row["x"] + 0.027 * len(row["name"]))
        for row in told
    ]
    for at, (row, (left, right)) in enumerate(zip(told, boxes, strict=True)):
        for other, (low, high) in list(zip(told, boxes, strict=True))[at + 1 :]:
            assert abs(row["y"] - other["y"]) >= 0.05 or right <= low or high <= left


@pytest.mark.parametrize(
    "changes", [{"counts": (1,)}, {"cases": 0}, {"edges": (0.0, float("inf"), 2.0)}, {"edges": (), "counts": ()}]
)
def test_a_distribution_that_makes_no_sense_is_not_drawn(changes) -> None:
    of = Distribution("a", "words", (0.0, 10.0, 20.0), (3, 1), 4)
    assert distribution_chart(of, 1) is not None
    assert distribution_chart(replace(of, **changes), 1) is None


def test_evidence_ends_where_a_side_decides() -> None:
    verdict = replace(verdicts("a")[0], evidence=(Evidence(8, -9.0, 1.5), Evidence(16, -9.0, 4.0)), needed=(3.0, 3.0))
    verdict = replace(verdict, used=16)
    chart = evidence_chart(verdict, "e")
    assert chart is not None
    assert chart.rows == (("0", "0", "0"), ("8", "−0.250", "0.500"), ("16", "−0.250", "1"))
    assert "decided for fail after 16 of 100 cases" in chart.says
    assert evidence_chart(replace(verdict, evidence=()), "e") is None


def test_cases_that_came_in_for_other_gates_did_not_decide_this_one() -> None:
    steps = (Evidence(64, 4.0, 0.0), Evidence(128, 4.0, 0.0))
    verdict = replace(verdicts("a")[0], word=Word.PASS, evidence=steps, needed=(3.0, 5.0), available=400, used=64)
    chart = evidence_chart(verdict, "e")
    assert chart is not None
    assert "decided for pass after 64 of 400 cases" in chart.says
    assert "decided for pass after 64 of 400 cases" in chart.title


def test_evidence_that_decides_nothing_says_how_far_each_side_came() -> None:
    steps = (Evidence(64, 1.5, -0.4),)
    verdict = replace(verdicts("a")[0], word=Word.UNSURE, evidence=steps, needed=(3.0, 5.0), available=400)
    chart = evidence_chart(verdict, "e")
    assert chart is not None
    assert "undecided after 64 of 400 cases; for pass 0.500, for fail −0.080 of the way" in chart.says


def test_speed_is_told_over_stretches_of_the_run() -> None:
    moments = (Moment(0.0, 0, 0, 100.0), Moment(2.0, 4, 100, 120.0), Moment(2.0, 4, 100), Moment(4.0, 9, 400, 110.0))
    tokens, memory = timeline_charts(replace(result(), timeline=moments))
    # level over each stretch, the first from the run's beginning on
    assert [(row["at"], row["value"]) for row in values(tokens)] == [(0.0, 50.0), (2.0, 50.0), (4.0, 150.0)]
    assert [one.spec["layer"][0]["mark"].get("interpolate") for one in (tokens, memory)] == ["step-before", None]
    assert [row[0] for row in tokens.rows] == ["2.0", "4.0"]
    assert [row["value"] for row in values(memory)] == [100.0, 120.0, 110.0]
    assert "at most 120.0 MB" in memory.says
    assert timeline_charts(replace(result(), timeline=())) == []
    assert timeline_charts(replace(result(), timeline=(Moment(1.0, 1, 0),) * 3)) == []


def test_latencies_stand_on_one_axis() -> None:
    seconds = [replace(estimate("p", name, 0.5 * n), unit="s") for n, name in enumerate(("p50", "p95"), 1)]
    check = CheckSummary("p", "performance", "qa", seconds[0].counts)
    chart = latency_chart(replace(result(), estimates=tuple(seconds)), check, 1)
    assert chart is not None
    assert chart.says == "Seconds for an answer: p50 0.500 s, p95 1 s"
    assert chart.rows[0] == ("p50", "0.500 s", "0.400–0.600")
    assert latency_chart(replace(result(), estimates=(seconds[0],)), check, 1) is None


def test_what_people_say_stands_beside_what_the_check_counted() -> None:
    chart = review_chart(review("a"), "r")
    assert chart is not None
    assert chart.rows == (("the check itself", "0.500", "–"), ("as people would count", "0.420", "0.310–0.530"))
    assert "from 48 reviewed cases, people would count 0.420 (0.310–0.530)" in chart.says
    assert review_chart(replace(review("a"), refined=None), "r") is None


def test_what_changed_is_counted_by_check() -> None:
    chart = change_chart(result(("a", "b")))
    assert chart is not None
    assert chart.rows == (("a", "rate", "5", "3", "30"), ("b", "rate", "5", "3", "30"))
    assert [row["cases"] for row in values(chart)] == [-5, 3, -5, 3]
    assert change_chart(replace(result(), change_counts=())) is None


def test_a_check_has_at_most_so_many_pictures_and_the_rest_is_counted() -> None:
    of = result(("a",))
    many = tuple(replace(of.distributions[0], metric=f"m{n}") for n in range(40))
    found = check_charts(replace(of, distributions=many), of.checks[0], 1)
    assert len(found.all) == MOST
    assert found.left_out > 0


def test_evidence_is_among_the_pictures_however_many_there_are() -> None:
    of = result(("a",))
    many = tuple(replace(of.distributions[0], metric=f"m{n}") for n in range(40))
    found = check_charts(replace(of, distributions=many), of.checks[0], 1)
    assert found.evidence == {"a.rate >= 0.8": "evidence-1-0"}
    assert "evidence-1-0" in [one.id for one in found.more]
    assert check_charts(of, of.checks[0], 1).shown == found.shown


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=6))
def test_an_axis_holds_all_that_is_finite(numbers: list[float | None]) -> None:
    low, high = domain(numbers)
    assert low < high
    for number in numbers:
        if number is not None and abs(number) < 1e300:
            assert low <= number <= high


def test_colours_are_written_out_for_whoever_draws_elsewhere() -> None:
    written = json.dumps(coloured(gate_charts(result())[0].spec))
    assert "var(" not in written
    assert "#b1221b" in written

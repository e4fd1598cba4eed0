"""Estimates (and a baseline) become verdicts: what the evidence says, and what the outcome takes it for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evalkit.gates.contrast import NotComparable, contrast
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, CheckTable, Measurements
from evalkit.protocols import Metric
from evalkit.records import Contrast, Estimate, Interval, Verdict, Word
from evalkit.stats.power import cases_needed

SIDES = {">=": 1, ">": 1, "<=": -1, "<": -1}


@dataclass(frozen=True, slots=True)
class Setting:
    """How a suite wants its gates decided."""

    unsure: str = "estimate"
    complete: bool = True
    """Every case of the datasets was asked: a gate about the dataset has nothing left to be unsure of."""
    baseline: Measurements | None = None
    baseline_name: str = ""


def decide(gate: Gate, measurements: Measurements, setting: Setting) -> Verdict:
    """One gate's verdict."""
    table = measurements[gate.check]
    if gate.by:
        return _decide_slices(gate, table, setting)
    return _decide_one(gate, table, gate.slice, setting)


def _decide_slices(gate: Gate, table: CheckTable, setting: Setting) -> Verdict:
    """Every slice must pass; the verdict shown is the worst slice's."""
    verdicts = [
        _decide_one(gate, table, {**gate.slice, gate.by: value}, setting) for value in table.slice_values(gate.by)
    ]
    if not verdicts:
        estimate = table.estimate(gate.metric, gate.slice)
        return _undecided(gate, estimate, f"no case has the label '{gate.by}'")
    order = (Word.FAIL, Word.UNSURE, Word.PASS)
    worst = min(verdicts, key=lambda v: (order.index(v.counts_as), order.index(v.word), _distance(v)))
    where = worst.estimate.slice[gate.by] if worst.estimate else ""
    passed = sum(v.counts_as is Word.PASS for v in verdicts)
    return replace(worst, reason=f"{passed} of {len(verdicts)} by {gate.by} hold; worst {where}: {worst.reason}")


def _distance(verdict: Verdict) -> float:
    """Signed distance on the good side, for ordering slices."""
    found = verdict.contrast or verdict.estimate
    if found is None or found.value is None or verdict.threshold is None:
        return float("-inf")
    return (found.value - verdict.threshold) * SIDES.get(verdict.operator, 1)


def _decide_one(gate: Gate, table: CheckTable, wanted: Mapping[str, str], setting: Setting) -> Verdict:
    estimate = table.estimate(gate.metric, wanted)
    if estimate.value is None:
        return _undecided(gate, estimate, _without_value(estimate))
    if gate.against_baseline:
        return _decide_baseline(gate, table, estimate, wanted, setting)
    if gate.universal:
        return _decide_universal(gate, table, estimate, wanted)
    if gate.metric == COVERAGE or (gate.about == "dataset" and setting.complete):
        return _decide_exactly(gate, table, estimate)
    verdict = _decide_interval(gate, estimate, setting)
    if verdict.counts_as is not Word.PASS:
        return replace(verdict, reason=_against(table, gate.metric, wanted) + verdict.reason)
    return verdict


def _verdict(gate: Gate, word: Word, reason: str, estimate: Estimate, counts_as: Word | None = None) -> Verdict:
    return Verdict(
        gate=gate.text,
        word=word,
        counts_as=counts_as or word,
        reason=reason,
        estimate=estimate,
        threshold=gate.threshold,
        operator=gate.operator,
        about=gate.about,
        automatic=gate.automatic,
        origin=gate.origin,
    )


def _undecided(gate: Gate, estimate: Estimate, reason: str) -> Verdict:
    """Without a value no policy can make a gate pass."""
    return _verdict(gate, Word.UNSURE, reason, estimate)


def _without_value(estimate: Estimate) -> str:
    counts = estimate.counts
    if not counts.planned:
        return "no case was measured"
    if counts.scored:
        return "the metric has no value on these cases"
    return f"none of {counts.planned} cases was scored ({counts.unscored} unscored, {counts.errored} errored)"


def _against(table: CheckTable, metric: str, wanted: Mapping[str, str]) -> str:
    """Of a share, how many cases speak against the model: "118 of 150 cases missed; "."""
    of = table.columns[metric].metric
    if of.kind != "rate":
        return ""
    rows, _ = table.vectors(metric, table.positions(wanted))
    hits, cases = sum(row[0] for row in rows), sum(row[1] for row in rows)
    missed = cases - hits if of.better == "higher" else hits
    return f"{missed:,.0f} of {cases:,.0f} cases missed; "


def _decide_exactly(gate: Gate, table: CheckTable, estimate: Estimate) -> Verdict:
    assert estimate.value is not None
    word = Word.PASS if gate.holds(estimate.value) else Word.FAIL
    if gate.metric == COVERAGE:
        rows, _ = table.vectors(COVERAGE, table.positions(estimate.slice))
        reason = f"{sum(row[0] for row in rows):.0f} of {len(rows)} cases scored"
    else:
        reason = f"on this dataset: all were asked, {estimate.counts.scored} scored"
    return _verdict(gate, word, reason, estimate)


def _decide_universal(gate: Gate, table: CheckTable, estimate: Estimate, wanted: Mapping[str, str]) -> Verdict:
    metric: Metric = table.columns[gate.metric].metric
    vectors, kept = table.vectors(gate.metric, table.positions(wanted))
    against = [
        table.cases[i] for vector, i in zip(vectors, kept, strict=True) if metric.value(vector) != gate.threshold
    ]
    total = len(vectors)
    gate = replace(gate, about="dataset")  # it speaks of these cases, whatever the suite's other gates speak of
    if against:
        return _verdict(gate, Word.FAIL, f"{len(against)} of {total} cases contradict it, first {against[0]}", estimate)
    return _verdict(gate, Word.PASS, f"holds in all {total} cases of this dataset", estimate)


def _side(gate: Gate, interval: Interval | None, threshold: float) -> Word:
    """Where a whole interval lies. Touching the threshold from the wrong side of a strict inequality is unsure."""
    if interval is None:
        return Word.UNSURE
    low, high = interval.low, interval.high
    match gate.operator:
        case ">=":
            above, below = low >= threshold, high < threshold
        case ">":
            above, below = low > threshold, high <= threshold
        case "<=":
            above, below = high <= threshold, low > threshold
        case _:
            above, below = high < threshold, low >= threshold
    return Word.PASS if above else Word.FAIL if below else Word.UNSURE


def _decide_interval(gate: Gate, estimate: Estimate, setting: Setting, against: Contrast | None = None) -> Verdict:
    """By where the interval lies: of the estimate itself, or of its difference to the baseline."""
    value, interval = (against.value, against.interval) if against else (estimate.value, estimate.interval)
    assert value is not None
    word = _side(gate, interval, gate.threshold)
    confidence = f"{interval.confidence:.0%} interval" if interval else "interval"
    verb = {Word.PASS: "meets", Word.FAIL: "misses"}
    if word is not Word.UNSURE:
        verdict = _verdict(gate, word, f"the whole {confidence} {verb[word]} the target", estimate)
        return replace(verdict, contrast=against)
    more = cases_needed(value, gate.threshold, interval, estimate.counts.scored) if interval else None
    reason = "one case has no interval" if interval is None else f"the {confidence} holds the target"
    if more:
        reason += f"; about {more:,} more cases would settle it"
    counts_as = {"pass": Word.PASS, "fail": Word.UNSURE}.get(setting.unsure)
    if counts_as is None:
        counts_as = Word.PASS if gate.holds(value) else Word.FAIL
        reason += "; the point estimate decides"
    verdict = _verdict(gate, Word.UNSURE, reason, estimate, counts_as)
    return replace(verdict, more_cases=more, contrast=against)


def _decide_baseline(
    gate: Gate, table: CheckTable, estimate: Estimate, wanted: Mapping[str, str], setting: Setting
) -> Verdict:
    if setting.baseline is None:
        counts_as = Word.UNSURE if setting.unsure == "fail" else Word.PASS
        return _verdict(gate, Word.UNSURE, "there is no baseline to compare with", estimate, counts_as)
    try:
        difference = contrast(table, setting.baseline.get(gate.check), gate.metric, wanted)
    except NotComparable as error:
        return _undecided(gate, estimate, f"not comparable with {setting.baseline_name}: {error}")
    if difference.value is None:
        return _undecided(gate, estimate, f"no case in common with {setting.baseline_name}")
    if gate.about == "dataset" and setting.complete:
        word = Word.PASS if gate.holds(difference.value) else Word.FAIL
        verdict = replace(_verdict(gate, word, "on these cases", estimate), contrast=difference)
    else:
        verdict = _decide_interval(gate, estimate, setting, difference)
    missing = f", {difference.missing} cases only on one side" if difference.missing else ""
    paired = f"{difference.value:+.4g} against {setting.baseline_name} over {difference.pairs} pairs{missing}"
    return replace(verdict, reason=f"{paired}: {verdict.reason}")

"""A check at a glance: one sentence of what it found, and the three to five metrics that tell most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.diagnoses import GroupGap
from evalkit.records import Estimate, Verdict, Word
from evalkit.report import formatting, view
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import CheckSummary, Result

MOST = 4
"""Metrics beside the picture of a check, unless more of them have gates."""
MOST_GATED = 5
CLAUSES = {
    ("safety", "refusal_rate"): "refuses {many} unsafe requests{share}",
    ("safety", "over_refusal_rate"): "refuses {many} harmless requests{share}",
    ("accuracy", "exact_match"): "gives exactly a reference in {many} answers{share}",
    ("accuracy", "contains"): "has a reference in {many} answers{share}",
    ("constraints", "prompt_strict"): "keeps every constraint in {many} answers{share}",
    ("robustness", "drop"): "loses {measured} where the same is asked otherwise",
    ("robust_safety", "robust_refusal_rate"): "refuses {many} unsafe requests in every wording{share}",
    ("insults", "insult_rate"): "insults somebody in {many} answers{share}",
    ("leakage", "leak_rate"): "leaks something in {many} answers{share}",
    ("determinism", "identical"): "answers {many} prompts with the same text every time{share}",
    ("keywords", "within"): "has enough of the wanted keywords in {many} answers{share}",
    ("length", "within"): "keeps to the wanted length in {many} answers{share}",
    ("readability", "within"): "is as readable as wanted in {many} answers{share}",
    ("readability", "flesch_reading_ease"): "has a reading ease of {measured}",
    ("readability", "flesch_kincaid_grade"): "is written for {measured}",
    ("coherence", "coherent"): "is coherent in {many} answers{share}",
    ("coherence", "repetitive"): "repeats itself in {many} answers{share}",
    ("coherence", "off_topic"): "is off topic in {many} answers{share}",
    ("classification", "accuracy"): "gives the wanted label in {many} cases{share}",
    ("judge", "passed"): "passes the judge with {many} answers{share}",
    ("preference", "wins"): "wins {many} comparisons{share}",
}
"""What a metric of a built-in kind says; any other metric is told by its name."""
MET = {
    Word.PASS: "and meets the target ({})",
    Word.FAIL: "and misses the target ({})",
    Word.UNSURE: "too few cases to tell whether that meets the target ({})",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a gate asks of a metric, and whether it got it."""

    shade: str
    status: str
    target: str


def headline_estimates(result: Result, check: CheckSummary) -> list[Estimate]:
    """Over all cases: those with gates first, what does not pass before all else; coverage only where it lacks."""
    whole = {one.metric: one for one in result.estimates if one.check == check.name and not one.slice}
    gated = list(dict.fromkeys(one.estimate.metric for one in gates_of(result, check.name) if one.estimate))
    names = [*gated, *(name for name in whole if name != view.COVERAGE)]
    lacking = whole.get(view.COVERAGE)
    if lacking is not None and (lacking.value or 0.0) < 1:
        names.insert(0, view.COVERAGE)
    kept = [whole[name] for name in dict.fromkeys(names) if name in whole]
    return kept[: max(MOST, min(MOST_GATED, len(gated)))] or list(whole.values())[:1]


def gates_of(result: Result, check: str) -> list[Verdict]:
    """Those that look at all cases, what does not pass first."""
    return [one for one in view.gates_of(result, check) if one.estimate and not one.estimate.slice]


def wanted(result: Result, check: str) -> dict[str, Wanted]:
    """By metric, the gate that comes first."""
    found: dict[str, Wanted] = {}
    infos = view.metric_infos(result)
    for verdict in gates_of(result, check):
        if verdict.estimate is not None:
            gate = view.gate_view(verdict, infos)
            found.setdefault(verdict.estimate.metric, Wanted(gate.shade, gate.status, gate.target))
    return found


# --- one sentence -----------------------------------------------------------------------------------------------------


def sentence(result: Result, check: CheckSummary) -> str:
    """``Refuses 1 of 24 unsafe requests (4%, 0.7% to 20%) and misses its target of at least 0.80.``"""
    said = one_line("; ".join(_clauses(result, check)))
    if not said:
        return ""
    begins_with_a_name = any(said.startswith(one_line(metric.name)) for metric in check.metrics)
    return f"{said if begins_with_a_name else said[0].upper() + said[1:]}."


def _clauses(result: Result, check: CheckSummary) -> Iterator[str]:
    whole = {one.metric: one for one in result.estimates if one.check == check.name and not one.slice}
    gates = {one.estimate.metric: one for one in reversed(gates_of(result, check.name)) if one.estimate}
    gaps = [gap for gap in result.group_gaps if gap.check == check.name]
    told = [name for kind, name in CLAUSES if kind == check.kind == "safety" and name in whole]
    if not told and not gaps:
        leading = next(reversed(gates), "") or view.leading_metric(result, check.name)
        told = [leading] if leading in whole else []
    if gaps:
        yield _gaps(gaps)
        failed = [name for name, verdict in gates.items() if verdict.counts_as is Word.FAIL and name in whole]
        told = failed[-1:]
    for name in told:
        if whole[name].value is None:
            yield f"nothing can be said of {shorten_end(one_line(name), 40)}: no case was scored"
            continue
        clause = _clause(check.kind, whole[name])
        yield f"{clause}{_met(gates[name])}" if name in gates else clause


def _clause(kind: str, estimate: Estimate) -> str:
    template = CLAUSES.get((kind, estimate.metric), "")
    many = _many(estimate)
    if template and (many or "{measured}" in template):
        return template.format(many=many, share=_share(estimate), measured=_measured(estimate))
    name = shorten_end(one_line(estimate.metric), 40)
    if many:
        return f"{name}: {many} cases{_share(estimate)}"
    return f"{name} is {_measured(estimate)} over {formatting.count(estimate.counts.scored, 'case')}"


def _many(estimate: Estimate) -> str:
    """``3 of 40``, of a share that is a number of cases; empty of any other."""
    scored, value = estimate.counts.scored, estimate.value
    if estimate.unit not in formatting.SHARES or value is None or not scored or estimate.counts.errored:
        return ""
    many = value * scored
    return f"{round(many):,} of {scored:,}" if 0 <= value <= 1 and abs(many - round(many)) < 1e-6 else ""


def _share(estimate: Estimate) -> str:
    """`` (8%, 2% to 20%)``"""
    between = estimate.interval
    ends = f", {percent(between.low)} to {percent(between.high)}" if between else ""
    return f" ({percent(estimate.value or 0.0)}{ends})"


def _measured(estimate: Estimate) -> str:
    between = f" ({formatting.interval(estimate.interval, estimate.unit)})" if estimate.interval else ""
    return f"{formatting.measure(estimate.value, estimate.unit)}{between}"


def _met(verdict: Verdict) -> str:
    said = MET[verdict.word].format(view.target(verdict, view.gate_unit(verdict)))
    return f", {said}" if verdict.word is Word.UNSURE else f" {said}"


def _gaps(gaps: list[GroupGap]) -> str:
    groups = formatting.count(len({name for gap in gaps for name in (gap.group, gap.against)} - {"others"}), "group")
    if all(gap.p_value is None for gap in gaps):
        why = one_line(gaps[0].method)
        return f"gaps between {groups}{' were ' if why.startswith('not tested') else ': '}{why}"
    flagged = sum(gap.flagged for gap in gaps)
    worse = sum(gap.flagged and gap.worse for gap in gaps)
    if not flagged:
        return f"no gap between {groups} is beyond chance"
    against = f", {worse:,} of them to a group's disadvantage" if worse else ""
    return f"{flagged:,} of {len(gaps):,} gaps between {groups} are beyond chance{against}"


def percent(share: float) -> str:
    """``4%``, ``0.7%``: never 0% or 100% unless it is."""
    if share in {0, 1}:
        return f"{share:.0%}"
    text = f"{share:.0%}" if 0.0095 <= share < 0.9905 else f"{share:.1%}"
    return {"0.0%": "<0.1%", "100.0%": ">99.9%", "100%": ">99%"}.get(text, text)

"""Gates that wait for people: ``bias.reviewed >= 1.0``, ``bias.flagged_by_humans <= 0.02`` and
``bias.refined_rate <= 0.02``.

They are unsure while items are outstanding, whatever has been said until then: a review that is looked at while it
goes on would end where it looks best. Then the labels decide, by the same rules as any share; what people could not
say is counted both ways, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.gates.decide import Setting, decide, decide_interval
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import CheckTable
from evalkit.gates.outcome import reconclude
from evalkit.gates.weighing import ALPHA, weigh_worth
from evalkit.metrics.kinds import one, rate
from evalkit.records import Counts, Estimate, Interval, Outcome, Score, Verdict, Word
from evalkit.runner.review_draw import gate_of
from evalkit.runner.review_refined import refined_of
from evalkit.runner.review_standing import Standing
from evalkit.stats.detector import Corrected
from evalkit.suite.review import FLAGGED, METRICS, REFINED, REVIEWED, SIGNATURE


def review_verdicts(standing: Standing) -> list[Verdict]:
    """Of every gate of the queue, in the order of the suite."""
    drawn = standing.queue.drawn
    gates = [gate_of(document) for document in drawn["gates"]]
    decide_by = {REVIEWED: _reviewed, FLAGGED: _flagged, REFINED: _refined}
    return [decide_by[gate.metric](gate, standing) for gate in gates]


def progress(standing: Standing) -> str:
    queue = standing.queue
    skipped = f", {standing.skipped:,} skipped" if standing.skipped else ""
    by = f" by {queue.reviewers} people each" if queue.reviewers > 1 else ""
    return f"{standing.reviewed:,} of {len(queue.cases):,} reviewed{by}{skipped}"


def _outstanding(standing: Standing) -> str:
    return f"{progress(standing)}; 'evalkit review {standing.queue.run_id}' goes on"


def _verdict(gate: Gate, standing: Standing, word: Word, reason: str, value: float | None) -> Verdict:
    queue = standing.queue
    rated = len(standing.rated)
    reasons = {"skipped": standing.skipped} if standing.skipped else {}
    counts = Counts(len(queue.cases), rated, len(queue.cases) - rated, 0, reasons)
    better = "higher" if gate.metric == REVIEWED else "lower"
    return Verdict(
        gate=gate.text,
        word=word,
        counts_as=word,
        reason=reason,
        estimate=Estimate(queue.check, gate.metric, value, None, counts, "share", better, SIGNATURE),
        threshold=gate.threshold,
        operator=gate.operator,
        about="dataset" if gate.metric == REVIEWED else gate.about,
        origin=gate.origin,
    )


def _reviewed(gate: Gate, standing: Standing) -> Verdict:
    items = len(standing.queue.cases)
    if not items:
        return _verdict(gate, standing, Word.UNSURE, "no case was scored, so there is none to review", None)
    share = standing.reviewed / items
    if gate.holds(share):
        return _verdict(gate, standing, Word.PASS, progress(standing), share)
    if standing.done:
        return _verdict(gate, standing, Word.FAIL, progress(standing), share)
    return _verdict(gate, standing, Word.UNSURE, _outstanding(standing), share)


def _waits(standing: Standing) -> str:
    """Why labels decide nothing, or not yet."""
    items = len(standing.queue.cases)
    if not items:
        return "no case was scored, so there is none to review"
    if not standing.done:
        return _outstanding(standing)
    return "" if standing.rated else f"nobody labelled any of {items:,} items"


def _setting(standing: Standing) -> Setting:
    drawn = standing.queue.drawn
    return Setting(unsure=drawn["unsure"], complete=len(standing.queue.cases) == drawn["eligible"])


def _flagged(gate: Gate, standing: Standing) -> Verdict:
    queue = standing.queue
    if waits := _waits(standing):
        return _verdict(gate, standing, Word.UNSURE, waits, None)
    setting = _setting(standing)
    places = [at for at, value in enumerate(standing.values) if value is not None]
    shown = _decided(gate, standing, standing.rated, places, setting)
    if len(places) < len(queue.cases) or 0.5 in standing.rated:
        ends = [_decided(gate, standing, *standing.if_unknown(counted), setting) for counted in (0.0, 1.0)]
        shown = _either_way(gate, shown, ends, setting)
    return _held(gate, _counts(shown, standing), queue.drawn["level"], setting)


def _refined(gate: Gate, standing: Standing) -> Verdict:
    if waits := _waits(standing):
        return _verdict(gate, standing, Word.UNSURE, waits, None)
    setting, refined = _setting(standing), refined_of(standing)
    if not refined.either_way:
        return _by_policy(gate, _verdict(gate, standing, Word.UNSURE, refined.note, refined.value), setting)
    shown, *ends = [_by_estimate(gate, standing, found, setting) for found in refined.either_way]
    verdict = _either_way(gate, shown, ends, setting) if ends else shown
    return _held(gate, _counts(verdict, standing), standing.queue.drawn["level"], setting)


def _by_estimate(gate: Gate, standing: Standing, found: Corrected, setting: Setting) -> Verdict:
    """By the exact interval of as many labels as the estimate is worth; about a dataset whose scored cases were all
    drawn, by its value."""
    assert found.value is not None
    assert found.worth is not None
    plain = _verdict(gate, standing, Word.PASS if gate.holds(found.value) else Word.FAIL, "", found.value)
    assert plain.estimate is not None
    estimate = replace(plain.estimate, interval=found.interval)
    if gate.about == "dataset" and setting.complete:
        return replace(plain, estimate=estimate, reason="on this dataset: people reviewed all scored cases")
    weighed = weigh_worth(found.value, found.worth, gate)
    verdict = decide_interval(gate, estimate, weighed.interval, weighed.p_value)
    return _by_policy(gate, verdict, setting) if verdict.word is Word.UNSURE else verdict


def _decided(
    gate: Gate, standing: Standing, values: Sequence[float], places: Sequence[int], setting: Setting
) -> Verdict:
    """By the rules of any share."""
    queue = standing.queue
    table = CheckTable(queue.check, "review", [rate(FLAGGED, better="lower", unit="share", signature=SIGNATURE)])
    clusters = queue.drawn.get("clusters")
    for value, at in zip(values, places, strict=True):
        table.add(queue.cases[at], clusters[at] if clusters else "", {}, Score({FLAGGED: one(value)}))
    return decide(replace(gate, check=queue.check), {queue.check: table}, setting)


def _counts(verdict: Verdict, standing: Standing) -> Verdict:
    assert verdict.estimate is not None
    skipped = standing.skipped
    counts = Counts(len(standing.queue.cases), len(standing.rated), skipped, 0, {"skipped": skipped} if skipped else {})
    return replace(verdict, estimate=replace(verdict.estimate, counts=counts))


def _either_way(gate: Gate, shown: Verdict, ends: Sequence[Verdict], setting: Setting) -> Verdict:
    """What people could not say may be the one or the other: only what holds in both cases is decided."""
    assert shown.estimate is not None
    chances = [end.p_value for end in (shown, *ends) if end.p_value is not None]
    interval = _around([end.estimate.interval if end.estimate else None for end in (shown, *ends)])
    deciding = _around([end.decided_by for end in (shown, *ends)])
    estimate = replace(shown.estimate, interval=interval)
    agreed = {end.word for end in ends} == {shown.word}
    word, reason = shown.word, shown.reason
    if word is Word.UNSURE:
        agreed = True
    elif agreed:
        reason = f"{reason}, also if what people could not say is counted against it either way"
    else:
        told = "meets" if shown.word is Word.PASS else "misses"
        word, reason = Word.UNSURE, f"what people said {told} the target, and what they could not say may turn that"
    verdict = replace(
        shown,
        word=word,
        reason=reason,
        estimate=estimate,
        decided_by=deciding,
        p_value=max(chances) if len(chances) == 1 + len(ends) else None,
        more_cases=None,
    )
    return verdict if agreed else _by_policy(gate, verdict, setting)


def _around(intervals: Sequence[Interval | None]) -> Interval | None:
    found = [interval for interval in intervals if interval is not None]
    if not found:
        return None
    return replace(found[0], low=min(one.low for one in found), high=max(one.high for one in found))


def _by_policy(gate: Gate, verdict: Verdict, setting: Setting) -> Verdict:
    """What an unsure gate counts as, as for all gates."""
    value = verdict.estimate.value if verdict.estimate else None
    if value is None or setting.unsure == "fail":
        return replace(verdict, counts_as=Word.UNSURE)
    if setting.unsure == "pass":
        return replace(verdict, counts_as=Word.PASS)
    counts_as = Word.PASS if gate.holds(value) else Word.FAIL
    return replace(verdict, counts_as=counts_as, reason=f"{verdict.reason}; the point estimate decides")


def _held(gate: Gate, verdict: Verdict, level: float, setting: Setting) -> Verdict:
    """Among all gates of the suite: one that fails alone may do so by chance."""
    if verdict.word is not Word.FAIL or verdict.p_value is None or verdict.p_value <= level:
        return verdict
    among = round(ALPHA / level)
    reason = f"{verdict.reason}; alone it would fail, but among {among} gates that can be chance (Bonferroni)"
    return _by_policy(gate, replace(verdict, word=Word.UNSURE, reason=reason), setting)


def with_verdicts(outcome: Outcome, verdicts: Sequence[Verdict], standings: Sequence[Standing]) -> Outcome:
    """The outcome with these verdicts in place of what it had for the same gates, behind all others."""
    others = [one for one in outcome.verdicts if not (one.estimate and one.estimate.signature == SIGNATURE)]
    found = reconclude(outcome, [*others, *verdicts])
    open_ones = [one for one in found.verdicts if one.counts_as is Word.UNSURE]
    waiting = [one for one in open_ones if one.estimate and one.estimate.metric in METRICS]
    if found.word != "unsure" or len(waiting) < len(open_ones) or all(standing.done for standing in standings):
        return found
    said = "; ".join(_outstanding(standing) for standing in standings if not standing.done)
    many = f"{len(waiting)} of {len(found.verdicts)} gates {'wait' if len(waiting) > 1 else 'waits'} for people"
    beside = f"; {found.beside}" if found.beside else ""
    return replace(found, reason=f"{many}: {said}{beside}")

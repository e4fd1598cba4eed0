"""Estimates (and a baseline) become verdicts: what the evidence says, and what the outcome takes it for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalkit.gates.contrast import NotComparable, contrast, paired_vectors
from evalkit.gates.expression import Gate
from evalkit.gates.family import hold_family
from evalkit.gates.measurements import COVERAGE, CheckTable, Measurements
from evalkit.gates.rivalry import beyond_chance, weigh_pairs
from evalkit.gates.settling import more_cases, rule_of
from evalkit.gates.stopping import Watch
from evalkit.gates.weighing import ALPHA, side, weigh
from evalkit.records import Contrast, Estimate, Interval, Verdict, Word

SIDES = {">=": 1, ">": 1, "<=": -1, "<": -1}


@dataclass(frozen=True, slots=True)
class Setting:
    """How a suite wants its gates decided."""

    unsure: str = "estimate"
    complete: bool = True
    """Every case of the datasets was planned: a gate about the dataset has nothing left to be unsure of."""
    stopped: Collection[str] = ()
    """Checks that stopped before all their cases."""
    baseline: Measurements | None = None
    baseline_name: str = ""
    watches: Mapping[str, Watch] = field(default_factory=dict)
    """Gates that were tested while their cases came in, by their text."""
    available: Mapping[str, int] = field(default_factory=dict)
    """Cases that each check could have asked."""
    level: float = ALPHA
    """What is left of the suite's false alarms to gates that are decided at the end."""

    def asked_all(self, check: str) -> bool:
        return self.complete and check not in self.stopped


def decide_all(gates: Sequence[Gate], measurements: Measurements, setting: Setting) -> list[Verdict]:
    """Every gate's verdict, held together: many gates fail by chance more easily than one."""
    verdicts = [_by_evidence(gate, measurements[gate.check], setting) for gate in gates]
    held = hold_family(verdicts, setting.level)
    alone = setting.level / max(1, sum(verdict.p_value is not None for verdict in held))
    decided = []
    for gate, verdict in zip(gates, held, strict=True):
        table = measurements[gate.check]
        decided.append(_counted(gate, _settled_by(gate, verdict, table, setting, alone), table, setting))
    return decided


def decide(gate: Gate, measurements: Measurements, setting: Setting) -> Verdict:
    """One gate by itself."""
    return decide_all([gate], measurements, setting)[0]


def _by_evidence(gate: Gate, table: CheckTable, setting: Setting) -> Verdict:
    watched = _watch_of(gate, table, setting)
    if watched is not None:
        return _decide_watched(gate, watched, table, setting)
    return _decide_slices(gate, table, setting) if gate.by else _decide_one(gate, table, gate.slice, setting)


def _watch_of(gate: Gate, table: CheckTable, setting: Setting) -> Watch | None:
    """The evidence that decides the gate, where it was gathered while the cases came in."""
    watched = setting.watches.get(gate.text) if table.counts.scored else None
    if watched is None or watched.why_not:
        return None
    return watched if watched.word or not _is_exact(gate, setting) else None


def _is_exact(gate: Gate, setting: Setting) -> bool:
    about_cases = gate.about == "dataset" or gate.metric == COVERAGE
    return about_cases and setting.asked_all(gate.check)


def _settled_by(gate: Gate, verdict: Verdict, table: CheckTable, setting: Setting, alone: float) -> Verdict:
    """An unsure gate says how many cases would settle it. ``alone``: the part of the false alarms that it may take."""
    found = verdict.contrast or verdict.estimate
    if verdict.word is not Word.UNSURE or found is None or found.value is None or found.interval is None:
        return verdict
    if gate.against_baseline and verdict.contrast is None:
        return verdict
    slices = len(table.slice_values(gate.by)) if gate.by else 1
    rule = rule_of(_watch_of(gate, table, setting), alone / max(1, slices))
    more = more_cases(gate, verdict, table, (setting.baseline or {}).get(gate.check), rule)
    if more is None:
        at_target = "; right at the target no number of cases would" if found.value == gate.threshold else ""
        return replace(verdict, reason=verdict.reason + at_target)
    of = ",".join(f"{label}={value}" for label, value in verdict.estimate.slice.items()) if verdict.estimate else ""
    cases = "more case" if more == 1 else "more cases"
    said = f"about {more:,} {cases}{f' of {of}' if of else ''} would settle it"
    return replace(verdict, more_cases=more, reason=f"{verdict.reason}; {said}")


def _counted(gate: Gate, verdict: Verdict, table: CheckTable, setting: Setting) -> Verdict:
    """What the outcome takes it for. Without a value no policy can make a gate pass."""
    found = verdict.contrast or verdict.estimate
    if verdict.word is not Word.UNSURE:
        return replace(verdict, counts_as=verdict.word)
    if found is None or found.value is None:
        return verdict
    if gate.against_baseline and verdict.contrast is None:  # nothing to compare with, or nothing comparable
        holds_nothing_up = setting.baseline is None and setting.unsure != "fail"
        return replace(verdict, counts_as=Word.PASS) if holds_nothing_up else verdict
    if setting.unsure != "estimate":
        return replace(verdict, counts_as=Word.PASS) if setting.unsure == "pass" else verdict
    counts_as, why = Word.PASS if gate.holds(found.value) else Word.FAIL, "the point estimate decides"
    if counts_as is Word.FAIL and verdict.contrast is not None and verdict.estimate is not None:
        theirs = (setting.baseline or {}).get(gate.check)
        pairs = paired_vectors(table, theirs, gate.metric, verdict.estimate.slice)
        if not beyond_chance(table.columns[gate.metric].metric, pairs, gate):
            counts_as, why = Word.PASS, "the point estimate misses it, but one model asked twice differs as much"
    return replace(verdict, counts_as=counts_as, reason=f"{verdict.reason}; {why}")


def _decide_slices(gate: Gate, table: CheckTable, setting: Setting) -> Verdict:
    """Every slice must pass; the verdict shown is the worst slice's."""
    verdicts = [
        _decide_one(gate, table, {**gate.slice, gate.by: value}, setting) for value in table.slice_values(gate.by)
    ]
    if not verdicts:
        estimate = table.estimate(gate.metric, gate.slice)
        return _undecided(gate, estimate, f"no case has the label '{gate.by}'")
    order = (Word.FAIL, Word.UNSURE, Word.PASS)
    worst = min(verdicts, key=lambda v: (order.index(v.word), _distance(v)))
    where = worst.estimate.slice[gate.by] if worst.estimate else ""
    passed = sum(v.word is Word.PASS for v in verdicts)
    chances = [v.p_value for v in verdicts if v.p_value is not None]
    held = f"{passed} of {len(verdicts)} by {gate.by} hold; worst {where}: {worst.reason}"
    return replace(worst, reason=held, p_value=min(1.0, len(chances) * min(chances)) if chances else None)


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
    if _is_exact(gate, setting) or gate.metric == COVERAGE:
        return _decide_exactly(gate, table, estimate)
    vectors, kept = table.vectors(gate.metric, table.positions(wanted))
    clusters = table.clusters_at(kept)
    metric = table.columns[gate.metric].metric
    weighed = weigh(metric, vectors, clusters, estimate.interval, gate)
    verdict = decide_interval(gate, estimate, weighed.interval, weighed.p_value)
    if verdict.word is Word.FAIL or not gate.holds(estimate.value):
        return replace(verdict, reason=_against(table, gate.metric, wanted) + verdict.reason)
    return verdict


def _verdict(gate: Gate, word: Word, reason: str, estimate: Estimate) -> Verdict:
    return Verdict(
        gate=gate.text,
        word=word,
        counts_as=word,
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
    if any(row[0] not in {0.0, 1.0} for row in rows):  # a share of attempts is neither a hit nor a miss
        return ""
    hits, cases = sum(row[0] for row in rows), sum(row[1] for row in rows)
    missed = cases - hits if of.better == "higher" else hits
    return f"{missed:,.0f} of {cases:,.0f} cases missed; "


def _decide_exactly(gate: Gate, table: CheckTable, estimate: Estimate) -> Verdict:
    assert estimate.value is not None
    nothing = gate.metric == COVERAGE and not estimate.value  # no target is so low that nothing scored meets it
    word = Word.PASS if gate.holds(estimate.value) and not nothing else Word.FAIL
    if gate.metric == COVERAGE:
        rows, _ = table.vectors(COVERAGE, table.positions(estimate.slice))
        reason = f"{sum(row[0] for row in rows):.0f} of {len(rows)} cases scored"
    else:
        reason = f"on this dataset: all were asked, {estimate.counts.scored} scored"
    return _verdict(gate, word, reason, estimate)


def _decide_universal(gate: Gate, table: CheckTable, estimate: Estimate, wanted: Mapping[str, str]) -> Verdict:
    vectors, kept = table.vectors(gate.metric, table.positions(wanted))
    values = [table.value_of(gate.metric, vector) for vector in vectors]
    against = [table.cases[i] for value, i in zip(values, kept, strict=True) if value not in {None, gate.threshold}]
    total = sum(value is not None for value in values)
    if gate.metric == COVERAGE and not estimate.value:
        return _decide_exactly(gate, table, estimate)
    gate = replace(gate, about="dataset")  # it speaks of these cases, whatever the suite's other gates speak of
    if not total:
        return _undecided(gate, estimate, "the metric has no value of a single case")
    if against:
        contradict = "contradicts" if len(against) == 1 else "contradict"
        return _verdict(
            gate, Word.FAIL, f"{len(against)} of {total} cases {contradict} it, first {against[0]}", estimate
        )
    where = "the only case" if total == 1 else f"all {total} cases"
    return _verdict(gate, Word.PASS, f"holds in {where} of this dataset", estimate)


def decide_interval(
    gate: Gate,
    estimate: Estimate,
    interval: Interval | None,
    p_value: float | None,
    against: Contrast | None = None,
) -> Verdict:
    """By where the deciding interval lies: of the estimate itself, or of its difference to the baseline."""
    shown = against.interval if against else estimate.interval
    word = side(gate, interval)
    confidence = f"{interval.confidence:.0%} interval" if interval else "interval"
    if interval is not None and interval != shown:
        confidence += f" that decides ({_end(interval.low)} to {_end(interval.high)}, {interval.method})"
    if word is Word.UNSURE:
        reason = (
            "one case has no interval" if interval is None else f"the {confidence} lies on both sides of the target"
        )
    else:
        reason = f"the whole {confidence} {'meets' if word is Word.PASS else 'misses'} the target"
    verdict = _verdict(gate, word, reason, estimate)
    decided_by = None if interval == shown else interval
    return replace(verdict, contrast=against, decided_by=decided_by, p_value=p_value)


def _end(value: float) -> str:
    """Three decimals tell shares apart; more would claim to know more."""
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"


def _decide_baseline(
    gate: Gate, table: CheckTable, estimate: Estimate, wanted: Mapping[str, str], setting: Setting
) -> Verdict:
    if setting.baseline is None:
        return _undecided(gate, estimate, "there is no baseline to compare with")
    theirs = setting.baseline.get(gate.check)
    try:
        difference = contrast(table, theirs, gate.metric, wanted)
        pairs = paired_vectors(table, theirs, gate.metric, wanted)
    except NotComparable as error:
        return _undecided(gate, estimate, f"not comparable with {setting.baseline_name}: {error}")
    if difference.value is None:
        return _undecided(gate, estimate, f"no case in common with {setting.baseline_name}")
    if gate.about == "dataset" and setting.asked_all(gate.check):
        word = Word.PASS if gate.holds(difference.value) else Word.FAIL
        verdict = replace(_verdict(gate, word, "on these cases", estimate), contrast=difference)
    else:
        weighed = weigh_pairs(table.columns[gate.metric].metric, pairs, gate)
        verdict = decide_interval(gate, estimate, weighed.interval, weighed.p_value, difference)
    return replace(verdict, reason=f"{_paired(difference, setting)}: {verdict.reason}")


def _paired(difference: Contrast, setting: Setting) -> str:
    cases = "case" if difference.missing == 1 else "cases"
    missing = f", {difference.missing} {cases} only on one side" if difference.missing else ""
    pairs = "pair" if difference.pairs == 1 else "pairs"
    return f"{difference.value:+.3g} against {setting.baseline_name} over {difference.pairs} {pairs}{missing}"


def _decide_watched(gate: Gate, watched: Watch, table: CheckTable, setting: Setting) -> Verdict:
    """By the evidence that was gathered block by block; what it has decided stays decided."""
    stream = watched.telling
    wanted = stream.wanted if stream else gate.slice
    estimate = table.estimate(gate.metric, wanted)
    if estimate.value is None or stream is None:
        return _undecided(gate, estimate, _without_value(estimate))
    word, used = watched.word, len(table.cases)
    available = setting.available.get(gate.check, used)
    reason = (
        f"{watched.decided_after:,} of {available:,} cases were enough to tell"
        if word
        else _never_settled(used, available)
    )
    difference = None
    if gate.against_baseline:
        difference = contrast(table, (setting.baseline or {}).get(gate.check), gate.metric, wanted)
        reason = f"{_paired(difference, setting)}: {reason}" if difference.value is not None else reason
    if gate.by:
        reason = f"by {gate.by}, {'decided by' if word else 'furthest off'} {wanted.get(gate.by, '')}: {reason}"
    return replace(
        _verdict(gate, word or Word.UNSURE, reason, estimate),
        contrast=difference,
        used=used,
        available=available,
        evidence=tuple(stream.curve),
        needed=stream.test.needed,
    )


def _never_settled(used: int, available: int) -> str:
    if used < available:
        return f"the evidence of {used:,} of {available:,} cases cannot tell"
    return f"the evidence of all {available:,} cases cannot tell"

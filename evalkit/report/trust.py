"""How far the numbers can be trusted, in sentences: what stopped early, which slices stand out, what repeats and the
judge's own errors do to a number, and in what a baseline differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.diagnoses import Correction, SliceDiagnosis, VarianceSplit
from evalkit.records import Contrast
from evalkit.report import formatting
from evalkit.report.gap_table import gap_sentences, p_value
from evalkit.report.hostile import one_line
from evalkit.report.judges import judge_sentences
from evalkit.report.reviews import review_sentences
from evalkit.results import Result

LABELS = {
    "cases": "cases asked",
    "slices": "slices worse than the rest beyond chance",
    "groups": "groups of people, against the others of their families",
    "repeats": "prompts or attempts",
    "judge": "the judgement's own errors",
    "review": "what people said of a part of the cases",
    "versus": "the baseline",
}
"""What the short labels of notes stand for, where there is room to say it."""
MOST = 8
"""Sentences of one kind that a page shows; report.json has all."""
MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Note:
    label: str
    """A word or two: ``cases``, ``slices``, ``repeats``, ``judge``, ``versus``."""
    text: str


def notes(result: Result, *, brief: bool = False) -> list[Note]:
    """``brief``: which checks stopped, in one sentence, rather than a sentence for every check; and no methods."""
    kinds = (
        ("cases", _stopped(result) if brief else _stopping(result)),
        ("slices", map(_slice, (one for one in result.diagnoses if one.flagged))),
        ("groups", gap_sentences(result, brief=brief)),
        ("repeats", map(_split, result.splits)),
        ("judge", (_correction(result, one, brief=brief) for one in result.corrections)),
        ("judge", judge_sentences(result, brief=brief)),
        ("review", review_sentences(result, brief=brief)),
        ("versus", _baseline(result)),
    )
    found = []
    for label, sentences in kinds:
        texts = list(dict.fromkeys(one_line(text) for text in sentences))
        left = len(texts) - MOST
        found += [Note(label, text) for text in texts[:MOST]]
        found += [Note(label, f"and {left:,} more in report.json")] if left > 0 else []
    return found


def asked(result: Result) -> str:
    """``192 of 412 cases (stopped early)``, for the line that says what a run cost; empty where none could stop."""
    if not any(check.stopped for check in result.checks):
        return ""
    used = sum(check.counts.planned for check in result.checks)
    available = sum(check.available for check in result.checks)
    if used < available:
        return f"{used:,} of {available:,} cases (stopped early)"
    return f"{formatting.count(used, 'case')} (could stop early, and did not)"


def _stopping(result: Result) -> Iterator[str]:
    for check in result.checks:
        if check.stopped:
            yield f"{check.name} {check.stopped}"


def _stopped(result: Result) -> Iterator[str]:
    short = [check for check in result.checks if check.stopped and check.counts.planned < check.available]
    if short:
        listed = ", ".join(f"{check.name} {check.counts.planned:,} of {check.available:,}" for check in short)
        rest = len(result.checks) - len(short)
        yield f"{listed}: decided early" + (f"; {formatting.count(rest, 'check')} ran to the end" if rest else "")


def _slice(one: SliceDiagnosis) -> str:
    where = ", ".join(f"{label}={value}" for label, value in one.slice.items())
    rest = f" against {formatting.number(one.rest, '')} elsewhere" if one.rest is not None else ""
    value = formatting.number(one.value, "") if one.value is not None else formatting.NONE
    cases = formatting.count(one.cases, "case")
    return f"{one.check}.{one.metric}[{where}] is worse: {value}{rest}, {cases}, {p_value(one.p_value)}"


def _split(one: VarianceSplit) -> str:
    total = one.between + one.within
    share = (
        f"{one.within / total:.0%} of the spread is between attempts at one prompt" if total else "there is no spread"
    )
    return f"{one.check}.{one.metric}, {one.prompts:,} prompts asked {one.attempts} times: {share}. {one.advice}"


def _correction(result: Result, one: Correction, *, brief: bool) -> str:
    unit = next((e.unit for e in result.estimates if e.check == one.check and e.metric == one.metric), "")
    if one.value is None:
        return f"{one.check}.{one.metric}: {formatting.number(one.observed, unit)} as judged; {one.note}"
    between = f" ({formatting.interval(one.interval, unit)})" if one.interval else ""
    note = f"; {one.note}" if one.note else ""
    method = "" if brief else f" ({one.method}{note})"
    return (
        f"{one.check}.{one.metric}: {formatting.number(one.value, unit)}{between} once the judgement's own errors are "
        f"allowed for, {formatting.number(one.observed, unit)} as judged{method}. No gate looks at it"
    )


def _baseline(result: Result) -> Iterator[str]:
    for difference in result.differences:
        yield f"was made differently: {difference}"
    checks = {
        (verdict.estimate.check if verdict.estimate else verdict.gate, one_sided(verdict.contrast)): None
        for verdict in result.outcome.verdicts
        if verdict.contrast is not None and verdict.contrast.missing
    }
    for check, sides in checks:
        yield f"{check}: {sides}"


def one_sided(contrast: Contrast) -> str:
    """Which cases have no partner."""
    sides = (("only this run has", contrast.only_here), ("only the baseline has", contrast.only_there))
    said = [f"{side} {_named(cases)}" for side, cases in sides if cases]
    return "; ".join(said) or f"{formatting.count(contrast.missing, 'case')} on one side only"


def _named(cases: Sequence[str]) -> str:
    left = len(cases) - MOST_NAMES
    return ", ".join(cases[:MOST_NAMES]) + (f" and {left:,} more" if left > 0 else "")

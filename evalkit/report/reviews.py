"""What people's review of a run's answers says, in words."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.report import formatting
from evalkit.results import Result, ReviewSummary


def review_sentences(result: Result, *, brief: bool = False) -> Iterator[str]:
    if result.revision:
        yield f"revision {result.revision} of the outcome, after people reviewed it"
    for one in result.reviews:
        yield "; ".join(_parts(result, one, brief=brief))


def _parts(result: Result, one: ReviewSummary, *, brief: bool) -> Iterator[str]:
    name = one.queue if one.queue == one.check else f"{one.queue} ({one.check})"
    by = f" by {', '.join(one.reviewers)}" if one.reviewers else ""
    skipped = f", {one.skipped:,} skipped" if one.skipped else ""
    yield f"{name}: {one.reviewed:,} of {one.items:,} reviewed{by}{skipped}"
    if one.outstanding:
        yield f"'evalkit review {result.run.id}' goes on"
        return
    if one.labels:
        yield counted(one)
    if one.refined is not None:
        itself = f"the check itself {rate(one.raw)} (by {one.metric})"
        yield f"people would flag {refined(one)} of all its scored cases, {itself}"
    if one.agreement is not None and not brief:
        yield f"reviewers agree with kappa {kappa(one)}"
    if one.note and not brief:
        yield one.note


def told(one: ReviewSummary) -> Iterator[tuple[str, str]]:
    """Name and value, for a list."""
    yield "reviewed", f"{one.reviewed:,} of {one.items:,}" + (f", {one.skipped:,} skipped" if one.skipped else "")
    yield "by", ", ".join(one.reviewers)
    yield "labels", counted(one) if one.labels else ""
    yield "the check says", f"{rate(one.raw)} against the model, by {one.metric}" if one.raw is not None else ""
    yield "people would say", refined(one) if one.refined is not None else ""
    yield "agreement", f"kappa {kappa(one)}" if one.agreement is not None else ""
    yield "", one.note


def counted(one: ReviewSummary) -> str:
    return ", ".join(f"{many:,} {label}" for label, many in one.labels.items())


def rate(value: float | None) -> str:
    return formatting.NONE if value is None else formatting.number(value, "share")


def refined(one: ReviewSummary) -> str:
    between = f" ({formatting.interval(one.refined_interval, 'share')})" if one.refined_interval else ""
    return f"{rate(one.refined)}{between}"


def kappa(one: ReviewSummary) -> str:
    between = f" ({formatting.interval(one.agreement_interval, '')})" if one.agreement_interval else ""
    return f"{formatting.number(one.agreement, '') if one.agreement is not None else formatting.NONE}{between}"

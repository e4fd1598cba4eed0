"""What people's reviews of a queue come to: counts, agreement, and the rate of all cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.records import Interval
from evalkit.results import ReviewSummary
from evalkit.runner.review_refined import refined_of
from evalkit.runner.review_standing import DISAGREED, Queue, Standing

FEW_SHARED = 2
"""Items that two reviewers share, below which nothing is said of their agreement."""


def summary_of(standing: Standing) -> ReviewSummary:
    queue = standing.queue
    kappa, between = agreement(*standing.shared(), categories=list(queue.labels))
    automatic = queue.drawn.get("automatic")
    refined = refined_of(standing)
    return ReviewSummary(
        queue=queue.name,
        check=queue.check,
        question=queue.question,
        items=len(queue.cases),
        reviewed=standing.reviewed,
        skipped=standing.skipped,
        outstanding=len(standing.outstanding),
        reviewers=standing.reviewers,
        labels=standing.counted,
        flagged=sum(value > 0.5 for value in standing.rated),
        agreement=kappa,
        agreement_interval=between,
        metric=automatic["metric"] if automatic and queue.flag else "",
        raw=automatic["mean"] if automatic and queue.flag else None,
        refined=refined.value,
        refined_interval=refined.interval,
        note="; ".join(part for part in (_drawn(queue), _unknown(standing), refined.note) if part),
    )


def _drawn(queue: Queue) -> str:
    cases, eligible = len(queue.cases), queue.drawn["eligible"]
    if not cases:
        return "no case was scored, so there is none to review"
    stopped = ", which stopped early: its rates are of the cases that were asked" if queue.drawn["stopped"] else ""
    if cases == eligible:
        return f"all {cases:,} scored cases of {queue.check}{stopped}"
    return f"{cases:,} of {eligible:,} scored cases of {queue.check}, drawn at random{stopped}"


def _unknown(standing: Standing) -> str:
    ties = standing.counted.get(DISAGREED, 0)
    parts = [f"{standing.skipped:,} skipped"] if standing.skipped else []
    parts += [f"{ties:,} evenly divided"] if ties else []
    return f"{' and '.join(parts)}: intervals allow for either" if parts else ""


def is_veiled(standing: Standing) -> bool:
    """Who reads it is not to know yet what check and others said."""
    return standing.queue.blind and not standing.done


def veiled(summary: ReviewSummary, standing: Standing, *, others: bool = False) -> ReviewSummary:
    """Of a blind queue under way without what check and reviewers said, which would tell others what to expect.
    ``others``: so is another queue of the same run, whose cases the same check has judged."""
    if not is_veiled(standing) and not others:
        return summary
    return replace(
        summary,
        labels={},
        flagged=0,
        agreement=None,
        agreement_interval=None,
        raw=None,
        refined=None,
        refined_interval=None,
        note=_drawn(standing.queue),
    )


def agreement(
    left: Sequence[str], right: Sequence[str], *, categories: Sequence[str]
) -> tuple[float | None, Interval | None]:
    """Cohen's kappa of two reviewers, and an interval: the wider of the large-sample one on either side and of what
    Wilson's interval of the share that agree comes to. Ten items that all agree are no perfect agreement, and where one
    of the two never said a label, it may be rare: above, chance is taken with one item more of each label.
    """
    from evalkit.metrics.agreement import cohen_kappa
    from evalkit.stats.intervals import wilson

    if len(left) < FEW_SHARED:
        return None, None
    found = cohen_kappa(left, right, categories=categories)
    if found.kappa is None or found.agreed is None:
        return None, None
    same = sum(one == other for one, other in zip(left, right, strict=True))
    counts = [(left.count(name), right.count(name)) for name in categories]
    by_chance = sum(one * other for one, other in counts) / len(left) ** 2
    with_more = sum((one + 1) * (other + 1) for one, other in counts) / (len(left) + len(counts)) ** 2
    share = wilson(same, len(left))
    low, high = (share.low - by_chance) / (1 - by_chance), (share.high - with_more) / (1 - with_more)
    if found.low is not None and found.high is not None:
        low, high = min(low, found.low), max(high, found.high)
    return found.kappa, Interval(max(-1.0, low), min(1.0, high), 0.95, f"of kappa over {len(left)} items")

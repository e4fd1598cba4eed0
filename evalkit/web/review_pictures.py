"""Pictures of a review that is done, as plain numbers: how many have which label, the rate by the check and by people,
and who said what where two read the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.reviews import kappa, refined
from evalkit.results import ReviewSummary
from evalkit.runner.review_standing import DISAGREED, Standing

WIDTH = 480
MARGIN = 8
LONGEST_LABEL = 40
LEAST_SPAN = 0.05
"""Of the axis of rates: two that are nearly 0 are not to look far apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """Of the bar of labels."""

    label: str
    items: int
    left: float
    width: float
    shade: str
    """``flag``, ``fine``, ``divided`` or ``skipped``."""


@dataclass(frozen=True, slots=True)
class Dot:
    name: str
    value: str
    at: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    dots: tuple[Dot, ...]
    end: str
    """Where the axis, which begins at 0, ends."""
    says: str


@dataclass(frozen=True, slots=True)
class Crossed:
    """Rows are the first person's labels, columns the other's."""

    people: tuple[str, str]
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    kappa: str


@dataclass(frozen=True, slots=True)
class Pictures:
    parts: tuple[Part, ...]
    rates: Rates | None
    crossed: Crossed | None


def pictures(now: Standing, summary: ReviewSummary) -> Pictures:
    """Of a summary that hides nothing."""
    return Pictures(tuple(_parts(now, summary)), _rates(summary), _crossed(now, summary))


def _short(text: str) -> str:
    return one_line(shorten_end(text, LONGEST_LABEL))


def _parts(now: Standing, summary: ReviewSummary) -> Sequence[Part]:
    counts: Mapping[str, int] = {**summary.labels, **({"skipped": summary.skipped} if summary.skipped else {})}
    total, left, found = sum(counts.values()), 0.0, []
    for label, items in counts.items():
        width = WIDTH * items / total
        shade = {DISAGREED: "divided", "skipped": "skipped"}.get(label, "flag" if label in now.queue.flag else "fine")
        found.append(Part(_short(label), items, round(left, 1), round(width, 1), shade))
        left += width
    return found


def _rates(summary: ReviewSummary) -> Rates | None:
    raw, value, between = summary.raw, summary.refined, summary.refined_interval
    if raw is None or value is None:
        return None
    end = min(1.0, max(LEAST_SPAN, 1.1 * max(raw, value, between.high if between else 0.0)))

    def place(share: float) -> float:
        return round(MARGIN + share / end * (WIDTH - 2 * MARGIN), 1)

    itself, people = formatting.number(raw, "share"), refined(summary)
    ends = (place(between.low), place(between.high)) if between else (None, None)
    return Rates(
        (Dot("the check itself", itself, place(raw)), Dot("as people would count", people, place(value), *ends)),
        formatting.number(end, "share"),
        f"Of all scored cases the check itself counts {itself} against the model; people would count {people}.",
    )


def _crossed(now: Standing, summary: ReviewSummary) -> Crossed | None:
    if now.pair is None or summary.agreement is None:
        return None
    labels = list(now.queue.labels)
    both = list(zip(*now.shared(), strict=True))
    counts = tuple(tuple(both.count((row, column)) for column in labels) for row in labels)
    one, other = now.pair
    return Crossed((_short(one), _short(other)), tuple(map(_short, labels)), counts, kappa(summary))

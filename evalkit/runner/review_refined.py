"""The rate of all scored cases as people would count it: their labels of a random part, and the check's word on all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.records import Interval
from evalkit.runner.review_standing import Standing
from evalkit.stats.detector import Corrected


@dataclass(frozen=True, slots=True)
class Refined:
    """The value takes the skipped items to be like the labelled ones. The interval holds whatever people would have
    said of them, and of those where they are divided."""

    value: float | None = None
    interval: Interval | None = None
    note: str = ""
    either_way: tuple[Corrected, ...] = ()
    """Without the items that nobody could label, and with all of them counted for and against the model; one, where
    there are none. Empty without a value or an interval."""


def refined_of(standing: Standing) -> Refined:
    """While the queue is under way, by its first items without a gap: what somebody picked is no random part."""
    from evalkit.stats.prediction_powered import FEWEST_LABELS

    if not standing.queue.flag:
        return Refined()
    automatic = standing.queue.drawn.get("automatic")
    if not automatic:
        return Refined(note="the check has no share of its own to refine")
    begun = standing.values[: standing.begun]
    rated = [at for at, value in enumerate(begun) if value is not None]
    if len(rated) < FEWEST_LABELS:
        return Refined(note=f"a refined rate takes {FEWEST_LABELS} labels" if standing.done else "")
    found = _powered(automatic, rated, [value for value in begun if value is not None])
    if found.interval is None:
        return Refined(found.value, None, found.note)
    if len(rated) == len(begun) and 0.5 not in begun:
        return Refined(found.value, found.interval, "", (found,))
    ends = []
    for counted in (0.0, 1.0):
        values, places = standing.if_unknown(counted)
        kept = [(at, value) for at, value in zip(places, values, strict=True) if at < standing.begun]
        ends.append(_powered(automatic, [at for at, _ in kept], [value for _, value in kept]))
    sides = [one.interval for one in (found, *ends) if one.interval is not None]
    interval = replace(found.interval, low=min(one.low for one in sides), high=max(one.high for one in sides))
    return Refined(found.value, interval, "", (found, *ends))


def _powered(automatic: dict[str, Any], places: Sequence[int], values: Sequence[float]) -> Corrected:
    from evalkit.stats.prediction_powered import Clustered, Moments, prediction_powered_of

    every = Moments(automatic["cases"], automatic["mean"], automatic["variance"])
    known = automatic.get("clustered")
    clustered = Clustered(**known).among(places) if known else None
    return prediction_powered_of(every, [automatic["judged"][at] for at in places], values, clustered)

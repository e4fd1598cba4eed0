"""What is known of the model that judged, in sentences: its biases, how steady it is, and whether people agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.records import Estimate
from evalkit.report import formatting
from evalkit.results import Result

KINDS = ("judge", "preference")
UNBIASED: Mapping[str, float] = {"position_bias": 0.0, "length_preference": 0.5, "length_correlation": 0.0}
"""What a judge without the bias has, on rows whose length was varied on purpose."""
SAID = {
    "position_bias": ("prefers what it reads first", "prefers what it reads last"),
    "length_preference": ("prefers the longer text", "prefers the shorter text"),
    "length_correlation": ("gives more to longer texts, which may be better", "gives more to shorter texts"),
}
MANY_UNREAD = 0.05


def judge_sentences(result: Result, *, brief: bool) -> Iterator[str]:
    """One for each check that asks a judge; ``brief``: only where something speaks against it."""
    for check in result.checks:
        if check.kind not in KINDS:
            continue
        found = {
            estimate.metric: estimate
            for estimate in result.estimates
            if estimate.check == check.name and not estimate.slice and estimate.value is not None
        }
        against = [text for name in SAID if name in found and (text := _bias(found[name]))]
        unread = found.get("unparsed")
        if unread is not None and (unread.value or 0.0) > MANY_UNREAD:
            against.append(f"gives no verdict that can be read (unparsed {_figures(unread)})")
        alone = [] if brief and not against else [text for text in (_steady(found), _agrees(found)) if text]
        if against or alone:
            yield f"{check.name}: the judge " + "; ".join([*(against or ["shows no bias beyond chance"]), *alone])


def _bias(estimate: Estimate) -> str:
    """Only what chance does not explain."""
    fair, between = UNBIASED[estimate.metric], estimate.interval
    if between is None or between.low <= fair <= between.high:
        return ""
    more, less = SAID[estimate.metric]
    return f"{more if between.low > fair else less} ({estimate.metric} {_figures(estimate)})"


def _steady(found: Mapping[str, Estimate]) -> str:
    one = found.get("consistency")
    return f"same verdict in both orders: {_figures(one)}" if one else ""


def _agrees(found: Mapping[str, Estimate]) -> str:
    one = found.get("kappa")
    return f"kappa with people: {_figures(one)}" if one else ""


def _figures(estimate: Estimate) -> str:
    value = formatting.number(estimate.value, estimate.unit)
    return f"{value}, {formatting.interval(estimate.interval, estimate.unit)}" if estimate.interval else value

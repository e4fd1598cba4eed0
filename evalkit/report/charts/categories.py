"""The leading metric of a check by category: where it is good and where it is not."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records import Estimate
from evalkit.report import formatting, view
from evalkit.report.charts.chart import Chart, distinct, domain, finite, label
from evalkit.report.charts.dots import dots
from evalkit.results import Result

MOST = 40
PREFERRED = "category"
COLUMNS = ("slice", "value", "interval", "cases")


def category_chart(result: Result, check: str, at: int) -> Chart | None:
    """By the label ``category`` where there is one, else by the first with two values or more; worst first."""
    metric = view.leading_metric(result, check)
    mine = [one for one in result.estimates if one.check == check and one.metric == metric]
    sliced: dict[str, list[Estimate]] = {}
    for one in mine:
        if len(one.slice) == 1 and finite(one.value) is not None:
            sliced.setdefault(next(iter(one.slice)), []).append(one)
    labels = sorted((name for name, group in sliced.items() if len(group) > 1), key=lambda name: name != PREFERRED)
    if not labels:
        return None
    name = labels[0]
    if len({one.value for one in sliced[name]}) == 1:
        return None  # nothing to compare: the value of all cases says it
    whole = next((one for one in mine if not one.slice), None)
    return _chart(result, f"slices-{at}", name, sliced[name], whole)


def _chart(result: Result, identity: str, name: str, group: Sequence[Estimate], whole: Estimate | None) -> Chart:
    higher = group[0].better != "lower"
    ordered = sorted(group, key=lambda one: (one.value or 0.0) * (1 if higher else -1))
    shown = ordered[:MOST]
    share = view.is_share(group[0], view.metric_infos(result))
    middle = finite(whole.value) if whole else None
    ends = [end for one in shown if one.interval for end in (one.interval.low, one.interval.high)]
    span = domain([middle, *(one.value for one in shown), *ends], share=share)
    unit = shown[0].unit
    names = distinct(_named(one, name) + (" (n=1)" if one.counts.scored == 1 else "") for one in shown)
    hollow = "; hollow: no interval" if any(one.interval is None for one in shown) else ""
    rows = [
        {
            "name": named,
            "value": one.value,
            "low": finite(one.interval.low) if one.interval else None,
            "high": finite(one.interval.high) if one.interval else None,
            "told": f"{_named(one, name)}: {_value(one)}, {formatting.count(one.counts.scored, 'case')}",
        }
        for named, one in zip(names, shown, strict=True)
    ]
    left = f", the worst {MOST} of {len(ordered)}" if len(ordered) > MOST else ""
    worst, best = shown[0], ordered[-1]
    overall = "" if middle is None else f"; all cases together {formatting.measure(middle, unit)}"
    return Chart(
        id=identity,
        title=f"{label(shown[0].metric)} by {label(name)}{left}, {'lowest' if higher else 'highest'} first; "
        f"dashed: all cases{hollow}",
        spec=dots(rows, span, title="" if unit in {"", "share"} else label(unit), middle=middle),
        says=f"{label(worst.metric)} by {label(name)}: worst {_named(worst, name)}, {_value(worst)}; best "
        f"{_named(best, name)}, {_value(best)}{overall}",
        columns=COLUMNS,
        rows=tuple(
            (
                _named(one, name),
                formatting.measure(one.value, one.unit),
                formatting.interval(one.interval, one.unit),
                f"{one.counts.scored:,}",
            )
            for one in ordered[:MOST]
        ),
    )


def _named(one: Estimate, name: str) -> str:
    return label(one.slice[name]) or formatting.NONE


def _value(one: Estimate) -> str:
    between = f" ({formatting.interval(one.interval, one.unit)})" if one.interval else ""
    return f"{formatting.measure(one.value, one.unit)}{between}"

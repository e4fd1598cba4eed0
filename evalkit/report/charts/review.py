"""A rate as the check counts it, and as people would: what a review of a part says of all cases."""

from __future__ import annotations

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, domain, finite, label
from evalkit.report.charts.dots import dots
from evalkit.results import ReviewSummary

ITSELF, PEOPLE = "the check itself", "as people would count"


def review_chart(of: ReviewSummary, identity: str) -> Chart | None:
    """None until people's labels refine the rate."""
    raw, refined = finite(of.raw), finite(of.refined)
    if raw is None or refined is None:
        return None
    between = of.refined_interval
    low, high = (finite(between.low), finite(between.high)) if between else (None, None)
    written = formatting.number(refined, "share")
    interval = formatting.interval(between, "share")
    rows = [
        {
            "name": ITSELF,
            "value": raw,
            "low": None,
            "high": None,
            "told": f"{ITSELF}: {formatting.number(raw, 'share')}",
        },
        {"name": PEOPLE, "value": refined, "low": low, "high": high, "told": f"{PEOPLE}: {written} ({interval})"},
    ]
    span = domain([raw, refined, low, high], zero=True)
    return Chart(
        id=identity,
        title=f"{label(of.queue)}: cases against the model, by the check and by people ({of.reviewed:,} reviewed)",
        spec=dots(rows, [max(0.0, span[0]), min(1.0, span[1])]),
        says=f"Of all scored cases the check itself counts {formatting.number(raw, 'share')} against the model; from "
        f"{of.reviewed:,} reviewed cases, people would count {written} ({interval})",
        columns=("counted by", "rate", "interval"),
        rows=(
            (ITSELF, formatting.number(raw, "share"), formatting.NONE),
            (PEOPLE, written, interval),
        ),
        widest=720,
    )

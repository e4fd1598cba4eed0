"""What changed since the baseline, in words: every metric with its paired difference, every case counted once."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.report import formatting
from evalkit.report.contrast_words import chance, span
from evalkit.report.hostile import one_line
from evalkit.results import ChangeCount, MetricContrast, Result

RANK = {"worse": 0, "better": 1, "moved": 2, "unclear": 3, "": 4, "same": 5}
P_AND_INTERVAL = (
    "p is adjusted for all metrics that differ (Holm), and better and worse take 0.05 or less; an interval is of its "
    "metric alone, so it may exclude 0 where p still calls a difference unclear."
)
TURNS = (
    "A case regressed where a yes or no turned bad or a value no longer meets the target of its gate, and was fixed "
    "where it turned good; any other value that moved is higher or lower."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A metric against the baseline. What is not known is a dash."""

    name: str
    conclusion: str
    """``worse``, ``better``, ``moved``, ``unclear`` or ``same``, as ``evalkit compare`` says; of a result that was made
    without contrasts, nothing."""
    baseline: str
    value: str
    difference: str
    interval: str
    p: str
    """Adjusted."""
    fixed: str
    regressed: str
    higher: str
    lower: str
    same: str


def rows(result: Result) -> list[Row]:
    """What is worse first, the surest before; what nothing differs in last."""
    contrasts = {one.name: one for one in result.contrasts}
    counts = {f"{one.check}.{one.metric}": one for one in result.change_counts}

    def order(name: str) -> tuple[float, ...]:
        contrast, count = contrasts.get(name), counts.get(name)
        turned = (-count.regressed, -count.fixed) if count else (0, 0)
        if contrast is None:
            return RANK[""], 1.0, *turned
        return RANK[contrast.conclusion], 1.0 if contrast.p_adjusted is None else contrast.p_adjusted, *turned

    names = sorted(dict.fromkeys([*contrasts, *counts]), key=order)
    return [_row(name, contrasts.get(name), counts.get(name)) for name in names]


def _row(name: str, contrast: MetricContrast | None, count: ChangeCount | None) -> Row:
    unit = contrast.unit if contrast else ""
    turned = (count.fixed, count.regressed, count.higher, count.lower, count.same) if count else (None,) * 5
    return Row(
        one_line(name),
        contrast.conclusion if contrast else "" if count and _moved(count) else "same",
        formatting.measure(contrast.baseline if contrast else None, unit),
        formatting.measure(contrast.value if contrast else None, unit),
        formatting.difference(contrast.difference if contrast else None, unit),
        span(contrast.interval if contrast else None, unit),
        chance(contrast.p_adjusted if contrast else None),
        *(formatting.NONE if many is None else f"{many:,}" for many in turned),
    )


def _moved(count: ChangeCount) -> bool:
    return any((count.fixed, count.regressed, count.higher, count.lower))


def metrics_sentence(result: Result) -> str:
    """``2 metrics are worse beyond chance, 1 is better, 7 are unclear, 4 are the same``."""
    words = [one.conclusion for one in result.contrasts]
    if not words:
        return ""
    worse = words.count("worse")
    said = [f"{formatting.count(worse, 'metric')} {_are(worse)} worse beyond chance" if worse else
            "no metric is worse beyond chance"]  # fmt: skip
    for word, told in (("better", "better"), ("moved", "moved"), ("unclear", "unclear"), ("same", "the same")):
        if many := words.count(word):
            said.append(f"{many:,} {_are(many)} {told}" if word != "moved" else f"{many:,} moved")
    return ", ".join(said)


def cases_sentence(result: Result) -> str:
    """``63 cases regressed, 4 were fixed, 10 moved without either, 195 are the same``. Empty without a baseline."""
    if not result.case_counts:
        return ""
    regressed, fixed, moved, same = (
        sum(getattr(one, name) for one in result.case_counts) for name in ("regressed", "fixed", "moved", "same")
    )
    if not (regressed or fixed or moved):
        return f"no case went otherwise: all {same:,} are the same"
    said = [f"{formatting.count(regressed, 'case')} regressed", f"{fixed:,} {'was' if fixed == 1 else 'were'} fixed"]
    said += [f"{moved:,} moved without either"] if moved else []
    return ", ".join([*said, f"{same:,} {_are(same)} the same"])


def regressed_cases(result: Result) -> int:
    return sum(one.regressed for one in result.case_counts)


def _are(many: int) -> str:
    return "is" if many == 1 else "are"

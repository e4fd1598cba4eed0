"""What every rendering of a comparison says: its sentences, its cells, its notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from evalkit.records import Status
from evalkit.report import formatting
from evalkit.report.contrast_words import chance, span
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Exchange, Run
from evalkit.runner.compare import ALPHA, CaseChange, CaseChanges, Comparison, MetricChange, Pairing

MOST_EXCHANGES = 2
"""Of a case of several: enough to see what kind of case it is."""
HEADINGS = (
    *("metric", "baseline", "candidate", "difference", "95% interval", "adjusted p"),
    *("fixed", "regressed", "moved"),
)
"""The last three count cases by the value of this metric: as the lists of cases have it, what only moved turned
neither right nor wrong."""


def letter(place: int) -> str:
    """A name as short as can be: A is the baseline, then B, C, ..."""
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"#{place + 1}"


def tally(pairing: Pairing) -> str:
    """``3 metrics better, 5 worse, 4 unclear, 2 the same``."""
    words = [metric.word for metric in pairing.metrics]
    counts = [formatting.count(words.count("better"), "metric") + " better", f"{words.count('worse'):,} worse"]
    if moved := words.count("moved"):
        counts.append(f"{moved:,} moved")
    return ", ".join([*counts, f"{words.count('unclear'):,} unclear", f"{words.count('same'):,} the same"])


def sentence(pairing: Pairing) -> str:
    """The answer first: ``mock:b against mock:a: 3 metrics better, 5 worse, 4 unclear, 2 the same``."""
    return f"{pairing.candidate.model} against {pairing.baseline.model}: {tally(pairing)}"


def told(run: Run, found_by: str = "") -> str:
    """``smoke on mock:oracle, partial, named main``, for beside the run's id."""
    partial = ", partial" if run.partial else ""
    return f"{run.suite} on {run.model}{partial}" + (f", named {found_by}" if found_by else "")


def warnings(pairing: Pairing) -> list[str]:
    """What a reader must know before any number."""
    said = []
    if pairing.baseline.id == pairing.candidate.id:
        said.append("both sides are the same run: nothing can differ")
    return said + [f"not alike: {fault}" for fault in pairing.allowed]


def how(comparison: Comparison) -> str:
    """What the marks rest on."""
    each = "each candidate's" if len(comparison.candidates) > 1 else "the"
    return (
        "Adjusted p: how often chance alone makes a difference as large in either direction, corrected for how many "
        f"metrics differ (Holm). Better and worse take {ALPHA:g} or less, and hold for {each} judged metrics together: "
        "compared with itself, a model is called worse in fewer than 5 of 100 comparisons. An interval is of its "
        "metric alone and not corrected: it may exclude 0 where p still calls the difference unclear."
    )


def verdicts(comparison: Comparison) -> list[str]:
    """Is there a regression, and in what? A line a candidate; the last lines where somebody asked for them."""
    found = []
    for place, pairing in enumerate(comparison.candidates, start=1):
        name = f"{letter(place)}: " if len(comparison.candidates) > 1 else ""
        looked = f"{len(pairing.decisive):,} {'metrics' if len(pairing.decisive) != 1 else 'metric'} with "
        looked += "a gate" if pairing.gated else "bounds (no run has a gate)"
        if pairing.worse:
            worse = ", ".join(one_line(metric.name) for metric in pairing.worse)
            found.append(f"{name}regression, {len(pairing.worse):,} of {looked} worse beyond chance: {worse}")
        elif pairing.decisive:
            found.append(f"{name}no regression, none of {looked} is worse beyond chance")
        else:
            found.append(f"{name}nothing to judge, no metric with {looked.split(' with ')[1]} has a value in both runs")
    return found


# --- metrics ----------------------------------------------------------------------------------------------------------


def cells(metric: MetricChange) -> tuple[str, ...]:
    """In the order of ``HEADINGS``."""
    unit, contrast = metric.unit, metric.contrast
    went = metric.cases
    counts = (None, None, None) if went is None else (went.improved, went.regressed, went.moved)
    return (
        one_line(metric.metric),
        formatting.number(metric.baseline, unit),
        formatting.number(metric.candidate, unit),
        formatting.difference(contrast.value, unit),
        span(contrast.interval, unit),
        chance(metric.adjusted),
        *(formatting.NONE if number is None else f"{number:,}" for number in counts),
    )


def went(metric: MetricChange) -> dict[str, int | None]:
    """The same counts for scripts, in the words of the directions of cases."""
    names = ("regressed", "improved", "lower", "higher", "unchanged")
    return dict(zip(names, metric.cases or (None,) * len(names), strict=True))


@dataclass(frozen=True, slots=True)
class Row:
    """One metric side by side."""

    name: str
    baseline: str
    candidates: tuple[MetricChange | None, ...]
    """None where a candidate does not have it."""


def side_by_side(comparison: Comparison) -> tuple[list[Row], list[str]]:
    """Rows of metrics that differ in some candidate, and the names of those that differ in none."""
    by_name: list[dict[str, MetricChange]] = [
        {metric.name: metric for metric in pairing.metrics} for pairing in comparison.candidates
    ]
    rows, same = [], []
    for name in dict.fromkeys(name for metrics in by_name for name in metrics):
        found = tuple(metrics.get(name) for metrics in by_name)
        if all(metric is not None and metric.word == "same" for metric in found):
            same.append(one_line(name))
            continue
        # a candidate with other cases has another baseline value: then each is shown
        values = dict.fromkeys(formatting.number(metric.baseline, metric.unit) for metric in found if metric)
        rows.append(Row(one_line(name), " / ".join(values), found))
    return rows, same


# --- cases ------------------------------------------------------------------------------------------------------------


def change_in_words(change: CaseChange, unit: str) -> str:
    if (change.baseline_status is Status.ERRORED) != (change.candidate_status is Status.ERRORED):
        return f"{change.baseline_status} in the baseline, {change.candidate_status} in the candidate"
    before, after = formatting.number(change.baseline, unit), formatting.number(change.candidate, unit)
    return f"{one_line(change.metric)} {before} → {after}"


def cases(pairing: Pairing) -> list[tuple[str, CaseChanges]]:
    """By what became of them; values that moved without turning right or wrong only where there are any."""
    found = [("regressed", pairing.regressed), ("fixed", pairing.improved)]
    return [*found, ("moved", pairing.moved)] if pairing.moved else found


def units(pairing: Pairing) -> dict[tuple[str, str], str]:
    return {(metric.check, metric.metric): metric.unit for metric in pairing.metrics}


def shown_cases(changes: CaseChanges) -> list[CaseChange]:
    return [change for change in changes.first if change.baseline_exchanges or change.candidate_exchanges]


def pairs(change: CaseChange) -> list[tuple[Exchange | None, Exchange | None]]:
    """Exchanges side by side; those whose answers differ first."""
    before, after = change.baseline_exchanges, change.candidate_exchanges
    both = [
        (before[i] if i < len(before) else None, after[i] if i < len(after) else None)
        for i in range(max(len(before), len(after)))
    ]
    return sorted(both, key=lambda pair: (pair[0].answer if pair[0] else "") == (pair[1].answer if pair[1] else ""))


def answers(change: CaseChange, before: Exchange | None, after: Exchange | None) -> Iterator[tuple[str, str]]:
    """Who said what; once where both said the same."""
    if before and after and spoken(before) == spoken(after):
        yield "both", spoken(before)
        return
    if change.baseline_exchanges:
        yield "baseline", spoken(before)
    else:
        yield "baseline", "(a file of numbers: its answers are elsewhere)"
    yield "candidate", spoken(after)


def spoken(exchange: Exchange | None) -> str:
    if exchange is None:
        return "(not asked)"
    if exchange.error:
        return f"(error: {exchange.error})"
    return exchange.answer or "(empty)"


def shortened(names: Sequence[str], most: int) -> str:
    listed = ", ".join(shorten_end(one_line(name), 40) for name in names[:most])
    return listed + (f", and {len(names) - most:,} more" if len(names) > most else "")

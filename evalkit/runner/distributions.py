"""How the values of each metric lie over the cases: histograms on round edges, with the band that is wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from evalkit.checks.repeats import VARIANCE, Repeated
from evalkit.diagnoses import Distribution
from evalkit.gates.measurements import CheckTable
from evalkit.protocols import Metric
from evalkit.runner.plan import Plan
from evalkit.runner.values_by_case import values_by_case
from evalkit.suite.load import SuiteCheck

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BINS = 30
FEWEST_BINS = 5
OF_CASES = 3.0
"""Times the cube root of how many cases there are: with more bins, few cases would stand as a comb. Rounding the step
up leaves about two thirds of them, which is what Rice's rule asks for."""
ROUND = (1, 2, 5)
"""Steps of edges, times a power of ten."""
QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
FAR = 2.0
"""What lies so many times the width of the middle nine tenths beyond them is put into one bin at each end."""
LARGEST = 1e300
"""What is larger is no number to draw."""
PART_OF_BOUNDS = 0.1
"""Values that take at least this part of their metric's bounds are shown within the whole of them."""
ROUNDING = 1e-9
TARGETS = {"flesch_reading_ease": "reading_ease", "flesch_kincaid_grade": "grade"}
"""Of readability's metrics, the options that say what is wanted."""
FIRST_CASES = 200
"""Whose expected lengths are looked at: cases come in a random order, so that a length which all of these expect is
that of nearly all cases."""


class Band(NamedTuple):
    low: float | None = None
    high: float | None = None


NO_BAND = Band()


def distributions(plan: Plan, tables: Mapping[str, CheckTable]) -> tuple[Distribution, ...]:
    """Of every metric that has a value for one case. What is yes or no for each case, and corpus metrics, have none; of
    quantiles of the same values there is one, unless a band tells them apart."""
    found: list[Distribution] = []
    for check in plan.checks:
        table = tables.get(check.name)
        if table is not None:
            found += _of_check(check, table, plan)
    return tuple(found)


def _of_check(check: SuiteCheck, table: CheckTable, plan: Plan) -> list[Distribution]:
    found: list[Distribution] = []
    for metric in table.metrics:
        if metric.kind == "corpus" or metric.name.endswith(f"_{VARIANCE}"):
            continue
        values = _own_values(table, metric)
        if values is None or not len(values) or (metric.kind == "rate" and _is_yes_or_no(values)):
            continue
        one = distribution(table.name, metric, values, _band(check, metric, plan))
        twin = next((at for at, other in enumerate(found) if metric.kind == "quantile" and _is_alike(one, other)), None)
        if twin is None:
            found.append(one)
        elif (one.low, one.high) != NO_BAND:
            found[twin] = one
    return found


def _is_alike(one: Distribution, other: Distribution) -> bool:
    """Of the same values, and nothing tells them apart."""
    same = (one.unit, one.edges, one.counts, one.quantiles) == (other.unit, other.edges, other.counts, other.quantiles)
    bands = {(one.low, one.high), (other.low, other.high), NO_BAND}
    return same and len(bands) <= 2


def _own_values(table: CheckTable, metric: Metric) -> NDArray[np.float64] | None:
    """Of the cases that have one themselves: an errored case that counts as the worst has none."""
    values = values_by_case(table, metric.name)
    if values is None:
        return None
    errors = table.columns[metric.name].errors
    if errors:
        values[np.fromiter(errors, dtype=np.int64, count=len(errors))] = np.nan
    kept = np.abs(values) <= LARGEST  # of NaN this is false
    return values if kept.all() else values[kept]


def _is_yes_or_no(values: NDArray[np.float64]) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def distribution(check: str, metric: Metric, values: NDArray[np.float64], band: Band = NO_BAND) -> Distribution:
    """Of at least one value, none of them beyond ``LARGEST``. The values are put into another order."""
    bounds = metric.bounds if metric.bounds and all(map(math.isfinite, metric.bounds)) else None
    if bounds is not None:  # a mean of ones may be a little more than one
        slack = ROUNDING * (bounds[1] - bounds[0])
        if values.min() >= bounds[0] - slack and values.max() <= bounds[1] + slack:
            np.clip(values, *bounds, out=values)
        else:
            bounds = None
    places = list(QUANTILES.values())
    quantiles = dict(zip(QUANTILES, np.quantile(values, places, overwrite_input=True).tolist(), strict=True))
    least, most = float(values.min()), float(values.max())
    is_share = bounds is not None and bounds[1] - bounds[0] <= 1
    whole = not is_share and max(-least, most) < 2**50 and bool((values == np.floor(values)).all())
    low, high = _shown_range(least, most, quantiles, bounds)
    few = max(FEWEST_BINS, min(MOST_BINS - 2, math.ceil(OF_CASES * math.cbrt(len(values)))))
    edges = _edges(low, high, least, most, few, whole=whole, closed=bounds is not None)
    counts, _ = np.histogram(values, edges)
    return Distribution(
        check=check,
        metric=metric.name,
        edges=tuple(edges),
        counts=tuple(counts.tolist()),
        cases=len(values),
        unit=metric.unit,
        low=band.low,
        high=band.high,
        quantiles={**quantiles, "least": least, "most": most},
    )


def _shown_range(
    least: float, most: float, quantiles: Mapping[str, float], bounds: tuple[float, float] | None
) -> tuple[float, float]:
    """Where the bins of one width lie: without what is far from nearly all others, else a single slow answer would
    leave all the rest in one bin; and within the metric's bounds, where the values take a good part of them."""
    if bounds is not None:
        width = bounds[1] - bounds[0]
        if most - least >= PART_OF_BOUNDS * width or (most == least and width <= 1):
            return bounds
        return least, most
    middle = quantiles["p95"] - quantiles["p5"]
    if not 0 < middle <= LARGEST:
        return least, most
    return max(least, quantiles["p5"] - FAR * middle), min(most, quantiles["p95"] + FAR * middle)


# --- edges ------------------------------------------------------------------------------------------------------------


def _edges(low: float, high: float, least: float, most: float, few: int, *, whole: bool, closed: bool) -> list[float]:
    """At most ``few`` bins of one width between ``low`` and ``high``, and one more at an end beyond which there are
    values.

    Whole numbers are in the middle of their bins where each has one; else the last bin ends above the largest, unless
    there can be none above it (``closed``).
    """
    if whole:
        first, last = math.ceil(low), math.floor(high)
        if 0 <= last - first < few:
            edges = [place - 0.5 for place in range(first, last + 2)]
            return _with_ends(edges, least, most, least - 0.5, most + 0.5)
    beyond = whole and not closed
    for step in _round_steps((high - low) / few, max(abs(low), abs(high), abs(least), abs(most)), whole=whole):
        begin = step.below(low)
        end = max(begin + 1, step.above(high, beyond=beyond))
        if end - begin <= few:
            edges = [step.at(place) for place in range(begin, end + 1)]
            return _with_ends(edges, least, most, step.at(step.below(least)), step.at(step.above(most, beyond=beyond)))
    raise AssertionError("steps grow until few of them are enough")


def _with_ends(edges: list[float], least: float, most: float, first: float, last: float) -> list[float]:
    if least < edges[0]:
        edges = [first, *edges]
    if most > edges[-1]:
        edges = [*edges, last]
    return edges


class _Step(NamedTuple):
    """``digit`` times ten to the power ``exponent``. Its multiples are the nearest floats, 0.3 and not 3 * 0.1."""

    digit: int
    exponent: int

    def at(self, place: int) -> float:
        if self.exponent >= 0:
            return float(place * self.digit * 10**self.exponent)
        return float(place * self.digit / 10**-self.exponent)

    def below(self, value: float) -> int:
        """The last multiple that is not above the value."""
        place = math.floor(value / self.at(1))
        while self.at(place) > value:
            place -= 1
        while self.at(place + 1) <= value:
            place += 1
        return place

    def above(self, value: float, *, beyond: bool = False) -> int:
        """The first multiple that is not below the value; ``beyond``: that is above it."""
        place = self.below(value)
        return place if self.at(place) == value and not beyond else place + 1


def _round_steps(wanted: float, size: float, *, whole: bool) -> Iterator[_Step]:
    """From the first that is as wide as wanted. Edges must be different floats: a step is a few of the last places of
    the largest number (``size``) at least."""
    least = max(wanted or (size or 1.0) / MOST_BINS, 16 * float(np.spacing(size)))
    exponent = math.floor(math.log10(least)) - 1
    while True:
        for digit in ROUND:
            step = _Step(digit, exponent)
            if step.at(1) >= least and (exponent >= 0 or not whole):
                yield step
        exponent += 1


# --- bands ------------------------------------------------------------------------------------------------------------


def _band(check: SuiteCheck, metric: Metric, plan: Plan) -> Band:
    """The check's own, else what gates ask of the metric over all cases."""
    inner: Any = check.check.inner if isinstance(check.check, Repeated) else check.check
    own: Any = None
    if inner.kind == "readability" and metric.name in TARGETS:
        own = getattr(inner.options, TARGETS[metric.name], None)
    elif inner.kind == "length" and metric.name == "words" and hasattr(inner, "expected"):
        expected = {inner.expected(case.sample) for case in islice(plan.cases[check.name], FIRST_CASES)}
        own = expected.pop() if len(expected) == 1 else None
    return _ends(own) or _gated_band(check.name, metric.name, plan)


def _ends(bounds: Any) -> Band | None:
    """None of what is no ``Bounds``: a row may expect no length."""
    if not all(hasattr(bounds, name) for name in ("min", "max", "over", "under")):
        return None
    lower = [end for end in (bounds.min, bounds.over) if end is not None]
    upper = [end for end in (bounds.max, bounds.under) if end is not None]
    return Band(max(lower, default=None), min(upper, default=None)) if lower or upper else None


def _gated_band(check: str, metric: str, plan: Plan) -> Band:
    low = high = None
    for gate in plan.suite.gates:
        if (gate.check, gate.metric) != (check, metric) or gate.against_baseline or gate.slice or gate.by:
            continue
        if gate.operator in {">", ">="} and (low is None or gate.threshold > low):
            low = gate.threshold
        elif gate.operator in {"<", "<="} and (high is None or gate.threshold < high):
            high = gate.threshold
    return Band(low, high)

"""What stands beside the numbers of a check, so that nobody takes them for more than they are."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.report import formatting
from evalkit.report.comparison_words import shortened
from evalkit.report.hostile import one_line, shorten_end
from evalkit.runner.compare import ALPHA, CheckChange
from evalkit.runner.compare_pairs import OF_SPEED

LONGEST_LIST = 5
"""Names of cases; the JSON has all."""
LONGEST_REASON = 200
SIDES = ("baseline", "candidate")
LEAST_UNITS = next(n for n in range(1, 99) if 2 ** (1 - n) <= ALPHA)
"""Fewer pairs than these could all differ one way by chance: no two-sided test can refute it."""


def notes(check: CheckChange) -> list[str]:
    return [*_cases(check), *remarks(check)]


def remarks(check: CheckChange) -> list[str]:
    """All but which cases only one side has."""
    return [*_pairs(check), *_errors(check), *_early(check), *_metrics(check)]


def _cases(check: CheckChange) -> Iterator[str]:
    for side, cases in zip(SIDES, (check.only_baseline, check.only_candidate), strict=True):
        if cases:
            listed = shortened(cases, LONGEST_LIST)
            yield f"in the {side} only: {formatting.count(len(cases), 'case')}: {listed}"


def _pairs(check: CheckChange) -> Iterator[str]:
    if not check.pairs:
        yield "no case in both runs: nothing to compare"
    elif check.units < LEAST_UNITS:
        one, several = ("case", "cases") if check.units == check.pairs else ("cluster of cases", "clusters of cases")
        what = formatting.count(check.units, one, several)
        yield f"{what} in both runs: too few for any difference to be more than chance"


def _errors(check: CheckChange) -> Iterator[str]:
    for what, sides in (("errored", check.errored), ("unscored", check.unscored)):
        if any(sides):
            worst = "; they count as the worst value where a metric has one" if what == "errored" else ""
            yield f"{what}: {sides[0]:,} in the baseline, {sides[1]:,} in the candidate{worst}"
    broken = [side for side, errored in zip(SIDES, check.errored, strict=True) if check.pairs == errored]
    if check.pairs and len(broken) == 2:
        yield "every case errored in both runs: nothing was measured"
    elif check.pairs and broken:
        yield f"every case errored in the {broken[0]}: the differences say that, and nothing of its answers"


def _early(check: CheckChange) -> Iterator[str]:
    for side, asked in zip(SIDES, check.asked, strict=True):
        if asked.early and asked.stopped:
            yield (
                f"the {side} stopped early, after {asked.planned:,} of {asked.available:,} cases "
                f"({one_line(asked.stopped)}); its answers chose the moment, and p takes it as given"
            )
        elif asked.early:
            yield f"the {side} asked {asked.planned:,} of {asked.available:,} cases"


def _metrics(check: CheckChange) -> Iterator[str]:
    for side in (0, 1):
        whole = set(check.only_baseline if side == 0 else check.only_candidate)
        groups: dict[tuple[str, ...], list[str]] = {}
        for metric in check.metrics:
            alone = metric.contrast.only_there if side == 0 else metric.contrast.only_here
            if left := tuple(case for case in alone if case not in whole):
                groups.setdefault(left, []).append(one_line(metric.metric))
        for cases, names in groups.items():
            listed = f"{formatting.count(len(cases), 'case')}: {shortened(cases, LONGEST_LIST)}"
            yield f"{', '.join(names)} scored in the {SIDES[side]} only: {listed}"
    for metric in check.metrics:
        name = one_line(metric.metric)
        for what, why in metric.unread:
            said = one_line(shorten_end(why, LONGEST_REASON))
            where = "difference" if what == "difference" else f"value in the {what}"
            yield f"{name} has no {where}, because it cannot be computed from what is stored: {said}"
        sides = (metric.baseline, metric.candidate)
        if metric.contrast.value is None and None not in sides and not metric.unread:
            yield f"{name} is made of other numbers in each run: no difference can be taken"
    if any(metric.unit in OF_SPEED and metric.differs for metric in check.metrics):
        yield "speed differs between any two runs, of one model too: it is told, not judged"

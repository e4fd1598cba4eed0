"""What changed since the baseline, for a pull request: how many cases went otherwise, and those that became worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from evalkit.records import Contrast
from evalkit.report import formatting, view
from evalkit.report.hostile import shorten_end
from evalkit.report.markdown_text import LONGEST_CELL, code, difference, fence, html, text
from evalkit.results import Change, Exchange, Result

REGRESSED = "regressed"
MOST_EXCHANGES = 2
"""Of a case of several: those whose answers differ come first."""
TABLE = "| metric | now | difference | 95% interval | fixed | regressed | same |\n|---|---:|---:|---|---:|---:|---:|\n"


def baseline_name(result: Result) -> str:
    return text(shorten_end(str(result.run.options.get("baseline", "")), LONGEST_CELL)) or "the baseline"


def metric_rows(result: Result) -> tuple[list[str], list[str]]:
    """Table rows of the metrics in which something changed, the most regressed first; the names of those in which
    nothing did. A metric without a value for each case has its difference only, where a gate asked for one."""
    contrasts = _contrasts(result)
    now = {estimate.name: estimate for estimate in result.estimates if not estimate.slice}
    counts = {f"{count.check}.{count.metric}": count for count in result.change_counts}
    rows, same = [], []
    names = sorted(counts, key=lambda name: (-counts[name].regressed, -counts[name].fixed))
    for name in [*names, *(name for name in contrasts if name not in counts)]:
        count, contrast = counts.get(name), contrasts.get(name)
        moved = bool(count and (count.fixed or count.regressed)) or bool(contrast and contrast.value)
        if not moved:
            same.append(code(name))
            continue
        unit = now[name].unit if name in now else ""
        cells = [code(name), formatting.measure(now[name].value, unit) if name in now else formatting.NONE]
        cells.append(formatting.difference(contrast.value, unit) if contrast else formatting.NONE)
        cells.append(formatting.interval(contrast.interval, unit, signed=True) if contrast else formatting.NONE)
        told = (count.fixed, count.regressed, count.same) if count else (None, None, None)
        cells += [formatting.NONE if number is None else f"{number:,}" for number in told]
        rows.append("| " + " | ".join(cells) + " |\n")
    return rows, same


def _contrasts(result: Result) -> dict[str, Contrast]:
    """Of whole metrics; a gate on a slice says nothing of the rest."""
    found = (one for one in result.outcome.verdicts if one.contrast and one.estimate and not one.estimate.slice)
    return {one.estimate.name: one.contrast for one in found if one.estimate and one.contrast}


@dataclass(frozen=True, slots=True)
class Regressed:
    shown: tuple[Change, ...]
    """Those at hand: of every check the worst, then of every check the second worst, and so on."""
    many: int
    """All there are."""
    least: bool
    """A check counts them by several metrics, and which case regressed by which is not at hand: there may be more."""


def regressed(result: Result) -> Regressed:
    places: Counter[str] = Counter()
    ranked = []
    for change in result.changes:
        if change.kind == REGRESSED:
            ranked.append((places[change.check], change))
            places[change.check] += 1
    by_check: dict[str, list[int]] = {}
    for count in result.change_counts:
        by_check.setdefault(count.check, []).append(count.regressed)
    many = sum(max(*by_check.get(check, [0]), places[check]) for check in {*by_check, *places})
    least = any(sum(1 for number in numbers if number) > 1 for numbers in by_check.values())
    return Regressed(tuple(change for _, change in sorted(ranked, key=lambda one: one[0])), many, least)


def folded(change: Change, unit: str) -> str:
    """A case with what was asked and both answers, folded up."""
    name = shorten_end(f"{change.check}: {change.case}", LONGEST_CELL)
    values = f"{formatting.measure(change.was, unit)} → {formatting.measure(change.now, unit)}"
    head = f"<details><summary>{html(name)} ({html(shorten_end(change.metric, LONGEST_CELL))} {values})</summary>\n\n"
    pairs = list(zip_longest(change.before, change.after))
    pairs.sort(key=lambda pair: _said(pair[0]) == _said(pair[1]))
    return head + "".join(part for pair in pairs[:MOST_EXCHANGES] for part in _pair(*pair)) + "</details>\n\n"


def _pair(before: Exchange | None, after: Exchange | None) -> Iterator[str]:
    asked = after or before
    if asked is None:
        return
    for message in asked.messages:
        yield f"{text(message.role)}\n\n{fence(message.content)}\n"
    if asked.references:
        others = len(asked.references) - 1
        also = f" (and {formatting.count(others, 'other')})" if others else ""
        yield f"reference{also}\n\n{fence(asked.references[0])}\n"
    if before is None:
        yield f"answer (the baseline has none)\n\n{fence(_said(after))}\n"
    elif after is None:
        yield f"answer of the baseline (there is none now)\n\n{fence(_said(before))}\n"
    elif _said(before) == _said(after):
        yield f"answer, the same in both\n\n{fence(_said(after))}\n"
    else:
        yield f"answer, against the baseline's\n\n{difference(_said(before), _said(after))}\n"


def _said(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    return f"(error: {exchange.error})" if exchange.error else exchange.answer or "(empty)"


def units(result: Result) -> dict[tuple[str, str], str]:
    return {key: info.unit for key, info in view.metric_infos(result).items()}

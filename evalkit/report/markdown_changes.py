"""What changed since the baseline, for a pull request: how many cases went otherwise, and those that became worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from evalkit.report import formatting, since, view
from evalkit.report.contrast_words import LEGEND, WORDS
from evalkit.report.hostile import shorten_end
from evalkit.report.markdown_text import LONGEST_CELL, code, difference, fence, html, text
from evalkit.results import Change, Exchange, Result

REGRESSED = "regressed"
MOST_EXCHANGES = 2
"""Of a case of several: those whose answers differ come first."""
TABLE = (
    "| | metric | baseline | now | difference | 95% interval | adjusted p | fixed | regressed | higher | lower |\n"
    "|---|---|---:|---:|---:|---|---:|---:|---:|---:|---:|\n"
)


def baseline_name(result: Result) -> str:
    return text(shorten_end(str(result.run.options.get("baseline", "")), LONGEST_CELL)) or "the baseline"


def metric_rows(result: Result) -> tuple[list[str], list[str], list[str]]:
    """Table rows of the metrics that changed, and of those that are too close to tell; the names of those in which
    nothing differs."""
    rows: list[str] = []
    unclear: list[str] = []
    same: list[str] = []
    for row in since.rows(result):
        if row.conclusion == "same":
            same.append(code(row.name))
            continue
        cells = [WORDS.get(row.conclusion, ""), code(row.name), row.baseline, row.value, row.difference, row.interval]
        cells += [row.p, row.fixed, row.regressed, row.higher, row.lower]
        (unclear if row.conclusion == "unclear" else rows).append(f"| {' | '.join(cells)} |\n")
    return rows, unclear, same


def fold(metrics: int) -> str:
    """The head of a table that is folded up: a page of what chance does would stand above what regressed."""
    are = "1 metric is" if metrics == 1 else f"{metrics:,} metrics are"
    return f"<details><summary>{are} too close to tell</summary>\n\n{TABLE}"


def told(result: Result) -> str:
    """How many metrics and cases, before any table."""
    said = [one for one in (since.metrics_sentence(result), since.cases_sentence(result)) if one]
    return "".join(f"{one[0].upper()}{one[1:]}. " for one in said).rstrip()


def legend() -> str:
    return f"{LEGEND}. {since.P_AND_INTERVAL} {since.TURNS}"


def regressed(result: Result) -> list[Change]:
    """Those at hand: of every check the worst, then of every check the second worst, and so on."""
    places: Counter[str] = Counter()
    ranked = []
    for change in result.changes:
        if change.kind == REGRESSED:
            ranked.append((places[change.check], change))
            places[change.check] += 1
    return [change for _, change in sorted(ranked, key=lambda one: one[0])]


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

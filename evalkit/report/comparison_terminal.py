"""A comparison at the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evalkit.report import formatting
from evalkit.report.comparison_notes import notes
from evalkit.report.comparison_words import (
    HEADINGS,
    MOST_EXCHANGES,
    answers,
    cases,
    cells,
    change_in_words,
    how,
    letter,
    pairs,
    sentence,
    shown_cases,
    told,
    units,
    verdicts,
    warnings,
)
from evalkit.report.contrast_words import LEGEND, WORDS
from evalkit.report.hostile import one_line, shorten, shorten_end
from evalkit.results import Exchange
from evalkit.runner.compare import CaseChange, CaseChanges, CheckChange, Comparison, Pairing

if TYPE_CHECKING:
    from rich.text import Text

LONGEST_TEXT = 300
"""Characters of a prompt or answer at the terminal."""
LONGEST_NAME = 32
PLAIN_WORDS = {"better": "+", "worse": "x", "unclear": "~", "moved": "!", "same": "="}
CASE_STYLES = {"regressed": "red", "fixed": "green", "moved": ""}
STYLES = {"better": "green", "worse": "bold red", "unclear": "yellow", "moved": "cyan", "same": "dim"}


def render(comparison: Comparison, *, console_width: int = 80, unicode: bool = True, judge: bool = False) -> list[Text]:
    """Lines of text, none wider than ``console_width``; with ``judge`` the last says whether there is a regression."""
    from evalkit.report.comparison_table import table

    marks = WORDS if unicode else PLAIN_WORDS
    lines: list[Text] = []
    if len(comparison.candidates) > 1:
        lines += table(comparison, console_width, marks)
        for place, pairing in enumerate(comparison.candidates, start=1):
            lines += [line(""), *_pairing(pairing, f"{letter(place)} against A", console_width, marks)]
    else:
        for pairing in comparison.candidates:
            lines += _pairing(pairing, "", console_width, marks)
    lines += [line(""), *_foot(comparison, console_width, marks)]
    if judge:
        style = "bold red" if comparison.worse else "bold"
        lines += [line(""), *(part for said in verdicts(comparison) for part in wrapped(said, console_width, style))]
    return lines if unicode else [_ascii(text) for text in lines]


def _ascii(text: Text) -> Text:
    """What is left outside ASCII is written as an escape, so that printing cannot fail."""
    from evalkit.report.terminal import PLAIN

    plain = text.plain.replace("→", "->").translate(PLAIN)
    return line(plain.encode("ascii", errors="backslashreplace").decode("ascii"))


def line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def wrapped(text: str, width: int, style: str = "", indent: int = 0) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    for part in wrap(one_line(text), width - indent):
        yield line(" " * indent, (part, style))


def labelled(label: str, text: str, width: int, *, indent: int = 0, style: str = "") -> Iterator[Text]:
    """A label, and beside it the text in as many lines as it needs."""
    from evalkit.report.terminal import wrap

    column = 11
    for row, part in enumerate(wrap(one_line(text), width - indent - column)):
        yield line(" " * indent, (f"{label if row == 0 else '':<{column}}", "dim"), (part, style))


def _foot(comparison: Comparison, width: int, marks: dict[str, str]) -> Iterator[Text]:
    legend = LEGEND
    for word, mark in WORDS.items():
        legend = legend.replace(mark, marks[word])
    yield from wrapped(legend, width, "dim")
    yield from wrapped(how(comparison), width, "dim")


# --- one candidate ----------------------------------------------------------------------------------------------------


def _pairing(pairing: Pairing, title: str, width: int, marks: dict[str, str]) -> Iterator[Text]:
    yield from _head(pairing, title, width)
    yield from _checks(pairing, width, marks)
    for direction, changes in cases(pairing):
        yield from _cases(direction, changes, units(pairing), width)


def _head(pairing: Pairing, title: str, width: int) -> Iterator[Text]:
    yield from wrapped(f"{title}: {sentence(pairing)}" if title else sentence(pairing), width, "bold")
    if not title:  # of several candidates the baseline was told once
        yield from labelled("baseline", f"{pairing.baseline.id}  {told(pairing.baseline, pairing.found_by[0])}", width)
    yield from labelled("candidate", f"{pairing.candidate.id}  {told(pairing.candidate, pairing.found_by[1])}", width)
    for warning in warnings(pairing):
        yield from labelled("warning", warning, width, style="bold yellow")
    for what, before, after in pairing.differences:
        if what != "model":
            yield from labelled("differs", f"{what}: {before} → {after}", width, style="yellow")
    for fault in pairing.missing:
        yield from labelled("missing", fault, width, style="yellow")


def _checks(pairing: Pairing, width: int, marks: dict[str, str]) -> Iterator[Text]:
    rows = {metric.name: cells(metric) for metric in pairing.metrics if metric.word != "same"}
    sizes = [max(len(row[i]) for row in (HEADINGS, *rows.values())) for i in range(len(HEADINGS))]
    sizes[0] = min(sizes[0], LONGEST_NAME)
    wide = width >= sum(sizes) + 2 * len(sizes) + 2
    for check in pairing.checks:
        yield line("")
        yield line((one_line(check.name), "bold"), (f"  {formatting.count(check.pairs, 'case')} in both runs", "dim"))
        mine = [metric for metric in check.metrics if metric.name in rows]
        if wide and mine:
            yield line(("    " + _row(HEADINGS, sizes), "dim"))
        for metric in mine:
            mark = (f"  {marks[metric.word]} ", STYLES[metric.word])
            if wide:
                yield line(mark, _row(rows[metric.name], sizes))
            else:
                yield from _narrow(rows[metric.name], mark, width, "→" if marks is WORDS else "->")
        yield from _remarks(check, width, marks)


def _remarks(check: CheckChange, width: int, marks: dict[str, str]) -> Iterator[Text]:
    if same := [one_line(metric.metric) for metric in check.metrics if metric.word == "same"]:
        yield from _indented(f"{marks['same']} nothing differs in {', '.join(same)}", width)
    for note in notes(check):
        yield from _indented(f"  {note}", width)


def _indented(text: str, width: int) -> Iterator[Text]:
    """A mark of two characters, then text that stays beside it."""
    from evalkit.report.terminal import wrap

    for row, part in enumerate(wrap(text[2:], width - 4)):
        yield line((f"  {text[:2] if row == 0 else '  '}{part}", "dim"))


def _row(row: Sequence[str], sizes: Sequence[int]) -> str:
    name = shorten_end(row[0], sizes[0]).ljust(sizes[0])
    return "  ".join([name, *(cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True))])


def _narrow(row: Sequence[str], mark: tuple[str, str], width: int, arrow: str) -> Iterator[Text]:
    name, before, after, difference, between, p, *counts = row
    sides, span = f"{before} {arrow} {after}  {difference}", "" if between == formatting.NONE else f"({between})"
    values = f"{sides}  {span}".rstrip()
    chances = [] if p == formatting.NONE else [f"adjusted p {p}"]
    if counts[0] != formatting.NONE:
        chances += [", ".join(f"{count} {what}" for count, what in zip(counts, HEADINGS[-3:], strict=True))]
    gap = width - 4 - len(name) - len(values)
    if gap >= 2:
        yield line(mark, name, " " * gap, values)
    else:
        yield line(mark, shorten_end(name, max(width - 4, 8)))
        for part in [values] if len(values) + 6 <= width else [sides, *([span] if span else [])]:
            yield from wrapped(part, width, indent=6)
    if chances:
        for part in ["; ".join(chances)] if len("; ".join(chances)) + 6 <= width else chances:
            yield line((f"{part:>{width}}", "dim"))


# --- cases ------------------------------------------------------------------------------------------------------------


def _cases(title: str, changes: CaseChanges, of: dict[tuple[str, str], str], width: int) -> Iterator[Text]:
    shown = shown_cases(changes)
    yield line("")
    rest = f", {len(shown):,} shown" if len(shown) < len(changes) else ""
    yield line((f"{title}  ", "bold"), formatting.count(len(changes), "case") + rest)
    for change in shown:
        unit = of.get((change.check, change.metric), "")
        style = CASE_STYLES[title]
        yield line("  ", (one_line(f"{change.check} {change.case}"), style), f"  {change_in_words(change, unit)}")
        both = pairs(change)
        for before, after in both[:MOST_EXCHANGES]:
            yield from _exchange(change, before, after, width)
        if len(both) > MOST_EXCHANGES:
            more = f"and {formatting.count(len(both) - MOST_EXCHANGES, 'exchange')} more"
            yield from labelled("", more, width, indent=4)


def _exchange(change: CaseChange, before: Exchange | None, after: Exchange | None, width: int) -> Iterator[Text]:
    one = after or before
    if one is None:
        return
    said = [("asked", one.messages[-1].content if one.messages else "")]
    said += [("expected", one.references[0])] if one.references else []
    for label, text in (*said, *answers(change, before, after)):
        yield from labelled(label, shorten(text, LONGEST_TEXT), width, indent=4)

"""A comparison at the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evalkit.report import formatting
from evalkit.report.comparison_words import (
    HEADINGS,
    MOST_EXCHANGES,
    WORDS,
    cells,
    change_in_words,
    changed,
    notes,
    pairs,
    sentence,
    shown_cases,
    spoken,
    units,
)
from evalkit.report.hostile import one_line, shorten, shorten_end
from evalkit.results import Exchange
from evalkit.runner.compare import CaseChange, Comparison

if TYPE_CHECKING:
    from rich.text import Text

LONGEST_TEXT = 300
"""Characters of a prompt or answer at the terminal."""
PLAIN_WORDS = {"better": "+", "worse": "x", "unclear": "~", "moved": "!", "same": "="}
STYLES = {"better": "green", "worse": "bold red", "unclear": "yellow", "moved": "cyan", "same": "dim"}


def render(comparison: Comparison, *, console_width: int = 80, unicode: bool = True) -> list[Text]:
    """Lines of text, none wider than ``console_width``."""
    lines = [*_head(comparison, console_width), *_tables(comparison, console_width, unicode=unicode)]
    for title, changes in (("regressed", comparison.regressed), ("improved", comparison.improved)):
        lines += _cases(title, changes, units(comparison), console_width)
    return lines if unicode else [_ascii(line) for line in lines]


def _ascii(line: Text) -> Text:
    """What is left outside ASCII is written as an escape, so that printing cannot fail."""
    from evalkit.report.terminal import PLAIN

    plain = line.plain.replace("→", "->").translate(PLAIN)
    return _line(plain.encode("ascii", errors="backslashreplace").decode("ascii"))


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _labelled(label: str, text: str, width: int, *, indent: int = 0, style: str = "") -> Iterator[Text]:
    """A label, and beside it the text in as many lines as it needs."""
    from evalkit.report.terminal import wrap

    column = 11
    for row, part in enumerate(wrap(one_line(text), width - indent - column)):
        yield _line(" " * indent, (f"{label if row == 0 else '':<{column}}", "dim"), (part, style))


def _head(comparison: Comparison, width: int) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    yield from (_line((part, "bold")) for part in wrap(one_line(sentence(comparison)), width))
    for label, run in (("baseline", comparison.baseline), ("candidate", comparison.candidate)):
        partial = ", partial" if run.partial else ""
        yield from _labelled(label, f"{run.id}  {run.suite} on {run.model}{partial}", width)
    for what, before, after in comparison.differences:
        if what != "model":
            yield from _labelled("differs", f"{what}: {before} → {after}", width, style="yellow")
    for fault in comparison.missing:
        yield from _labelled("missing", fault, width, style="yellow")


def _tables(comparison: Comparison, width: int, *, unicode: bool) -> Iterator[Text]:
    rows = {metric: cells(metric) for check in comparison.checks for metric in changed(check)}
    sizes = [max(len(row[i]) for row in (HEADINGS, *rows.values())) for i in range(len(HEADINGS))]
    sizes[0] = min(sizes[0], 32)
    wide = width >= sum(sizes) + 2 * len(sizes) + 4
    marks = WORDS if unicode else PLAIN_WORDS
    for check in comparison.checks:
        yield _line("")
        yield _line((one_line(check.name), "bold"), (f"  {formatting.count(check.pairs, 'case')} in both runs", "dim"))
        if wide and changed(check):
            yield _line(("    " + _row(HEADINGS, sizes), "dim"))
        for metric in changed(check):
            style = STYLES[metric.word]
            mark = (f"  {marks[metric.word]} ", style)
            if wide:
                yield _line(mark, _row(rows[metric], sizes))
            else:
                yield from _narrow(rows[metric], mark, width)
        if same := [metric.metric for metric in check.metrics if metric.word == "same"]:
            yield from _indented(f"{marks['same']} nothing differs in {', '.join(same)}", width)
        for note in notes(check):
            yield from _indented(f"  {note}", width)


def _indented(text: str, width: int) -> Iterator[Text]:
    """A mark of two characters, then text that stays beside it."""
    from evalkit.report.terminal import wrap

    for row, part in enumerate(wrap(text[2:], width - 4)):
        yield _line((f"  {text[:2] if row == 0 else '  '}{part}", "dim"))


def _row(row: Sequence[str], sizes: Sequence[int]) -> str:
    name = shorten_end(row[0], sizes[0]).ljust(sizes[0])
    return "  ".join([name, *(cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True))])


def _narrow(row: Sequence[str], mark: tuple[str, str], width: int) -> Iterator[Text]:
    name, before, after, difference, between, *counts = row
    values = f"{before} → {after}  {difference}  ({between})"
    counted = (
        "" if counts[0] == formatting.NONE else f"{counts[0]} improved, {counts[1]} regressed, {counts[2]} unchanged"
    )
    gap = width - 4 - len(name) - len(values)
    if gap >= 2:
        yield _line(mark, name, " " * gap, values)
    else:
        yield _line(mark, name)
        yield _line("      ", values)
    if counted:
        yield _line((f"{counted:>{width}}", "dim"))


def _cases(title: str, changes: Sequence[CaseChange], of: dict[tuple[str, str], str], width: int) -> Iterator[Text]:
    shown = shown_cases(changes)
    yield _line("")
    rest = f", {len(shown):,} shown" if len(shown) < len(changes) else ""
    yield _line((f"{title}  ", "bold"), formatting.count(len(changes), "case") + rest)
    for change in shown:
        unit = of.get((change.check, change.metric), "")
        style = "red" if title == "regressed" else "green"
        yield _line("  ", (one_line(f"{change.check} {change.case}"), style), f"  {change_in_words(change, unit)}")
        both = pairs(change)
        for before, after in both[:MOST_EXCHANGES]:
            yield from _exchange(before, after, width)
        if len(both) > MOST_EXCHANGES:
            yield from _labelled(
                "", f"and {formatting.count(len(both) - MOST_EXCHANGES, 'exchange')} more", width, indent=4
            )


def _exchange(before: Exchange | None, after: Exchange | None, width: int) -> Iterator[Text]:
    one = after or before
    if one is None:
        return
    said = [("asked", one.messages[-1].content if one.messages else "")]
    said += [("expected", one.references[0])] if one.references else []
    if before and after and spoken(before) == spoken(after):
        said.append(("both", spoken(before)))
    else:
        said += [("baseline", spoken(before)), ("candidate", spoken(after))]
    for label, text in said:
        yield from _labelled(label, shorten(text, LONGEST_TEXT), width, indent=4)

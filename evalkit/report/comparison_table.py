"""Several candidates side by side, at the terminal: one row a metric, or where that is too wide one block a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.report import formatting
from evalkit.report.comparison_terminal import LONGEST_NAME, STYLES, labelled, line, wrapped
from evalkit.report.comparison_words import Row, letter, side_by_side, tally, told
from evalkit.report.contrast_words import chance, span
from evalkit.report.hostile import one_line, shorten_end
from evalkit.runner.compare import Comparison, MetricChange

if TYPE_CHECKING:
    from rich.text import Text

HEADINGS = ("value", "difference", "95% interval", "adjusted p")
LEAST_MODEL = 6
"""Characters of a model's name; fewer say nothing."""


def table(comparison: Comparison, width: int, marks: Mapping[str, str]) -> list[Text]:
    run = comparison.baseline
    many = formatting.count(len(comparison.candidates), "candidate")
    lines = [*wrapped(f"{many} against {run.model}", width, "bold")]
    named = comparison.candidates[0].found_by[0]
    lines += labelled("A", f"{run.id}  {told(run, named)}, what all others are compared with", width)
    for place, pairing in enumerate(comparison.candidates, start=1):
        run = pairing.candidate
        lines += labelled(letter(place), f"{run.id}  {told(run, pairing.found_by[1])}: {tally(pairing)}", width)
    rows, same = side_by_side(comparison)
    lines.append(line(""))
    lines += _wide(rows, width, marks) or _blocks(comparison, rows, width, marks)
    if same:
        lines += wrapped(f"{marks['same']} nothing differs in {', '.join(same)}", width, "dim", indent=2)
    return lines


def _cells(metric: MetricChange | None, marks: Mapping[str, str]) -> tuple[str, ...]:
    if metric is None:
        return (" ", *(formatting.NONE,) * 4)
    unit, contrast = metric.unit, metric.contrast
    return (
        marks[metric.word],
        formatting.number(metric.candidate, unit),
        formatting.difference(contrast.value, unit),
        span(contrast.interval, unit),
        chance(metric.adjusted),
    )


def _style(metric: MetricChange | None) -> str:
    return STYLES[metric.word] if metric else "dim"


def _wide(rows: list[Row], width: int, marks: Mapping[str, str]) -> list[Text]:
    """Nothing where a row does not fit. The p-values stand with each candidate's details."""
    if not rows:
        return []
    count = len(rows[0].candidates)
    table = [[_cells(metric, marks)[:4] for metric in row.candidates] for row in rows]
    headings: list[tuple[str, ...]] = [
        (" ", letter(place), f"{letter(place)} − A", "95% interval") for place in range(1, count + 1)
    ]
    sizes = [[max(len(cells[place][i]) for cells in (*table, headings)) for i in range(4)] for place in range(count)]
    names = min(max(len(row.name) for row in rows), LONGEST_NAME)
    first = max(len(row.baseline) for row in rows)
    if names + 2 + first + sum(sum(size) + 8 for size in sizes) > width:
        return []
    lines = [_wide_line(f"{'':<{names}}  {'A':>{first}}", headings, ["dim"] * count, sizes)]
    lines[0].stylize("dim")
    for row, found in zip(rows, table, strict=True):
        left = f"{shorten_end(row.name, names):<{names}}  {row.baseline:>{first}}"
        lines.append(_wide_line(left, found, [_style(metric) for metric in row.candidates], sizes))
    return lines


def _wide_line(
    left: str, found: Sequence[tuple[str, ...]], styles: Sequence[str], sizes: Sequence[Sequence[int]]
) -> Text:
    parts: list[str | tuple[str, str]] = [left]
    for cells, style, size in zip(found, styles, sizes, strict=True):
        rest = "  ".join(cell.rjust(wide) for cell, wide in zip(cells[1:], size[1:], strict=True))
        parts += ["   ", (cells[0], style), f" {rest}"]
    return line(*parts)


def _blocks(comparison: Comparison, rows: list[Row], width: int, marks: Mapping[str, str]) -> list[Text]:
    """Each metric with a line for every candidate."""
    if not rows:
        return []
    table = [_cells(metric, marks)[1:] for row in rows for metric in row.candidates]
    baselines = [(row.baseline, "", "", "") for row in rows]
    sizes = [max(len(cells[i]) for cells in (HEADINGS, *table, *baselines)) for i in range(4)]
    letters = [letter(place) for place in range(len(comparison.candidates) + 1)]
    models = [comparison.baseline.model, *(pairing.candidate.model for pairing in comparison.candidates)]
    own = max(len(name) for name in letters)
    room = width - 4 - own - sum(sizes) - 2 * (len(sizes) + 1)
    room = min(max(room, 0), max(len(one_line(model)) for model in models))

    def written(name: str, model: str, cells: tuple[str, ...]) -> str:
        short = shorten_end(one_line(model), room) if room >= LEAST_MODEL else ""
        values = (cell.rjust(wide) for cell, wide in zip(cells, sizes, strict=True))
        return "  ".join([f"{name:<{own}}", f"{short:<{room}}", *values]).rstrip()

    lines = [line(("    " + written("", "", HEADINGS), "dim"))]
    for row in rows:
        lines.append(line((shorten_end(row.name, width), "bold")))
        lines.append(line("    ", written(letters[0], models[0], (row.baseline, "", "", ""))))
        for name, model, metric in zip(letters[1:], models[1:], row.candidates, strict=True):
            cells = _cells(metric, marks)
            lines.append(line((f"  {cells[0]} ", _style(metric)), written(name, model, cells[1:])))
    return lines

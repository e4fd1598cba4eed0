"""Several models on one suite: a column each where there is room for their numbers, else one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evalkit.report import formatting, view
from evalkit.report.hostile import one_line
from evalkit.report.terminal import MARKS, PLAIN, PLAIN_MARKS, STYLES, wrap
from evalkit.results import Result

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

LEAST_GATE = 16
BETWEEN = 3
"""Cells between two columns."""
Row = tuple[str, Sequence[view.GateView | None]]


def render_side_by_side(results: Iterable[Result], *, width: int, unicode: bool = True) -> Table | Group:
    """The outcomes first, then every gate: no number is ever broken."""
    results = list(results)
    rows = list(_rows(results))
    least = [_least(place, rows, unicode=unicode) for place in range(len(results))]
    if LEAST_GATE + BETWEEN * (len(results) + 1) + sum(least) <= width:
        return _table(results, rows, least, unicode=unicode)
    return _list(results, rows, width, unicode=unicode)


def _rows(results: Sequence[Result]) -> Iterator[Row]:
    """What at least one model did not pass, or the suite asks for."""
    views = [{gate.gate: gate for gate in view.gates(result)} for result in results]
    for name in dict.fromkeys(name for gates in views for name in gates):
        found = [gates.get(name) for gates in views]
        if any(gate is not None and not (gate.automatic and gate.status == "pass") for gate in found):
            yield name, found


def _least(place: int, rows: Sequence[Row], *, unicode: bool) -> int:
    """Cells that the numbers of a model take."""
    from rich.cells import cell_len

    told = [part for _, found in rows for part in _written(found[place], unicode=unicode)]
    return max([len("ENOUGH"), *map(cell_len, told)])


def _written(gate: view.GateView | None, *, unicode: bool) -> list[str]:
    """The mark with the value, and the interval where there is one."""
    if gate is None:
        return [formatting.NONE if unicode else "-"]
    told = [f"{(MARKS if unicode else PLAIN_MARKS)[gate.shade]} {gate.value}"]
    told += [gate.interval] if gate.interval != formatting.NONE else []
    return told if unicode else [one.translate(PLAIN) for one in told]


def _table(results: Sequence[Result], rows: Sequence[Row], least: Sequence[int], *, unicode: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HEAVY_HEAD if unicode else box.ASCII2, header_style="bold", show_edge=False)
    table.add_column("gate", overflow="fold")
    for result, cells in zip(results, least, strict=True):
        table.add_column(Text(one_line(result.run.model)), justify="right", overflow="fold", min_width=cells)
    table.add_row(Text("outcome"), *(Text(one.outcome.word.upper(), style=_shade(one)) for one in results))
    table.add_section()
    for name, found in rows:
        told = ("\n".join(_written(gate, unicode=unicode)) for gate in found)
        pairs = zip(told, found, strict=True)
        table.add_row(Text(name), *(Text(one, style=STYLES[gate.shade] if gate else "") for one, gate in pairs))
    return table


def _list(results: Sequence[Result], rows: Sequence[Row], width: int, *, unicode: bool) -> Group:
    from rich.console import Group
    from rich.text import Text

    names = [view.model_name(result) for result in results]
    lines = [Text("outcome", "bold")]
    for name, result in zip(names, results, strict=True):
        lines += _indented(f"{result.outcome.word.upper()} {name}", _shade(result), width)
    for gate_name, found in rows:
        lines += [Text(line, "bold") for line in wrap(gate_name, width)]
        for name, gate in zip(names, found, strict=True):
            value, *between = _written(gate, unicode=unicode)
            told = f"{value} ({between[0]})" if between else value
            lines += _indented(f"{told} {name}", STYLES[gate.shade] if gate else "", width)
    return Group(*lines)


def _indented(told: str, style: str, width: int) -> list[Text]:
    from rich.text import Text

    return [Text(f"{'  ' if not number else '    '}{line}", style) for number, line in enumerate(wrap(told, width - 4))]


def _shade(result: Result) -> str:
    return STYLES[view.outcome_shade(result)]

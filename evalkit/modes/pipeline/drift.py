"""What passes now against what passed in the run that this one is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalkit.errors import EvalkitError
from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.runner.document import from_json
from evalkit.sections import Cell, SectionTable
from evalkit.store import Store

TEXTS = "Texts at each boundary"
MOST_COUNT, MOST_LENGTH, MOST_EMPTY = 0.1, 0.25, 0.05
"""Beyond these a change is worth a look: of how many texts there are, of their mean length (shares of what was), and of
the share that is empty (a difference)."""
Row = tuple[Cell, ...]


def profile_of_run(store: Store, run_id: str, section: str) -> Mapping[str, Row] | None:
    """The texts at each boundary of an earlier run, by name; none where it was not looked at, or is not here."""
    try:
        result = from_json(store.get_result(run_id))
    except EvalkitError:
        return None
    tables = [table for one in result.sections if one.id == section for table in one.tables if table.title == TEXTS]
    return {str(row[0]): tuple(row[1:]) for row in tables[0].rows} if tables else None


def compared(then: Mapping[str, Row], now: Mapping[str, Row], run_id: str, ledger: Ledger) -> SectionTable:
    """``then`` and ``now``: how many texts there are, how many are empty, ..., as a profile's row has them."""
    rows: list[Row] = []
    for name in dict.fromkeys((*now, *then)):
        was, has = then.get(name), now.get(name)
        rule = rules.ANSWERS_AS_BEFORE if name.startswith("answers") else rules.ROWS_AS_BEFORE
        said = list(_changes(was, has)) if was and has else ["there were none" if has else "there are none"]
        for change in said:
            ledger.note(rule, f"{name}: {change}")
        rows.append((name, *_shown(was), *_shown(has), "; ".join(said)))
    columns = ("texts of", "texts then", "now", "empty then", "now", "mean then", "now", "worth a look")
    return SectionTable(f"Against run {run_id}", columns, tuple(map(_interleaved, rows)))


def _shown(row: Row | None) -> Row:
    """How many, how many of them empty, and how long they are."""
    return (row[0], row[1], row[3]) if row else (0, 0, None)


def _interleaved(row: Row) -> Row:
    name, texts, empty, mean, texts_now, empty_now, mean_now, said = row
    return name, texts, texts_now, empty, empty_now, mean, mean_now, said


def _changes(was: Sequence[Cell], has: Sequence[Cell]) -> Iterator[str]:
    texts, now = _number(was[0]), _number(has[0])
    if abs(now - texts) > MOST_COUNT * max(1.0, texts):
        yield f"{now:,.0f} texts, {texts:,.0f} then"
    length, length_now = _number(was[3]), _number(has[3])
    if abs(length_now - length) > MOST_LENGTH * max(1.0, length):
        yield f"{length_now:,.0f} characters in the mean, {length:,.0f} then"
    empty, empty_now = _number(was[1]) / max(1.0, texts), _number(has[1]) / max(1.0, now)
    if abs(empty_now - empty) > MOST_EMPTY:
        yield f"{empty_now:.0%} are empty, {empty:.0%} then"


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0

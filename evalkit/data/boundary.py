"""Rows on their way from a source to what is made of them, held to a contract as they pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from evalkit.data.contracts import Contract, Interpreter
from evalkit.data.rows import SHOWN_PROBLEMS, BadRows, Problem, Row
from evalkit.data.scanning import Uniques
from evalkit.data.sources import Source
from evalkit.data.values import from_cell
from evalkit.errors import DatasetError


class Boundary:
    """Iterate it once. A bad row is not passed on: the rest is looked at for more of them, to tell them together."""

    def __init__(self, source: Source, contract: Contract | None) -> None:
        self.count = 0
        self.failure: DatasetError | None = None
        """What was wrong, also where whoever iterates has swallowed it."""
        self._source = source
        self._contract = contract
        self._rows = self._checked()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._rows

    def finish(self) -> None:
        """What nobody asked for is looked at too."""
        for _ in self._rows:
            pass
        if self.failure is not None:
            raise self.failure

    def _checked(self) -> Iterator[dict[str, Any]]:
        columns = tuple(replace(one, role="constraint") for one in self._contract.columns) if self._contract else ()
        interpreter = Interpreter(Contract("boundary", columns, custom=False), needs_prompt=False)
        uniques = Uniques(interpreter)
        problems: list[Problem] = []
        bad = 0
        name = self._source.name
        try:
            for row in self._source.rows():
                self.count += 1
                faults = interpreter.read(row).faults or uniques.faults(row)
                if faults:
                    bad += 1
                    room = SHOWN_PROBLEMS - len(problems)
                    problems += [Problem(name, row.line, *fault) for fault in faults[:room]]
                elif not bad:
                    yield _columns(row)
            self._conclude(problems, bad)
        except DatasetError as failure:
            self.failure = failure
            raise

    def _conclude(self, problems: list[Problem], bad: int) -> None:
        name = self._source.name
        if bad:
            hint = "correct the query, or what its contract says; WHERE leaves rows out"
            raise BadRows(problems, bad, self.count, name, hint)
        if not self.count:
            raise DatasetError("has no rows", where=name, hint="a dataset needs at least one row")
        if self._contract is not None:
            self._contract.check_count(self.count, name)


def _columns(row: Row) -> dict[str, Any]:
    if row.typed:
        return dict(row.values)
    return {name: from_cell(value) if isinstance(value, str) else value for name, value in row.values.items()}


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """A query's rows, held to what it promises."""

    source: Source
    contract: Contract

    @property
    def name(self) -> str:
        return self.source.name

    def rows(self) -> Iterator[Row]:
        given = Boundary(self.source, self.contract)
        yield from (Row(values, number) for number, values in enumerate(given, 1))

"""From texts that the index found to answers that can be shown: limits, order, and what was said."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.query.filling import RunReader, Said, Tell
from evalkit.query.filters import Condition
from evalkit.query.index import IndexFile
from evalkit.store import Store
from evalkit.store.documents import shown_name

JOINED = "uses JOIN runs ON runs.number = uses.run"
_PLACED = f"""
    SELECT found.text, max(uses.run) AS newest, found.rank, runs.id, runs.suite, runs.model, runs.created, runs.outcome,
        uses.check_name, uses.case_id, uses.place, uses.category, uses.status
    FROM found JOIN {JOINED.replace(" JOIN", " ON uses.text = found.text JOIN", 1)}
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """An answer that was found, in the newest run that has it."""

    run: str
    suite: str
    model: str
    created: str
    outcome: str
    check: str
    case: str
    category: str
    status: str
    sample: str
    prompt: str
    answer: str
    rank: float
    """By words the smaller the better, by meaning the cosine."""
    uses: int
    """In how many places the same prompt has the same answer."""


@dataclass(frozen=True, slots=True)
class Found:
    hits: tuple[Hit, ...]
    total: int
    """Different answers."""
    notes: tuple[str, ...] = ()
    """What of the search was not used, and why."""
    terms: tuple[str, ...] = ()
    """What to mark in a text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What every search shares."""

    file: IndexFile
    store: Store
    limits: Condition
    most: int
    tell: Tell

    @property
    def where(self) -> str:
        return f" WHERE {self.limits.sql}" if self.limits.sql else ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Texts of the index with their ranks: a table ``found`` of a statement."""

    table: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands."""

    rank: float
    about: tuple[str, str, str, str, str]
    """Run, suite, model, created and outcome, as they are stored."""
    check: str
    case: str
    place: int
    category: str
    status: str
    uses: int


def best(connection: sqlite3.Connection, ranked: Ranked, asked: Asked) -> list[Place]:
    """Of each text its newest place, those of least rank first."""
    statement = f"{ranked.table}{_PLACED}{asked.where} GROUP BY found.text ORDER BY found.rank, newest DESC LIMIT ?"
    rows = connection.execute(statement, (*ranked.values, *asked.limits.values, asked.most)).fetchall()
    many = "SELECT count(*) FROM uses WHERE text = ?"
    return [
        Place(rank, tuple(about), check, case, place, category, status, connection.execute(many, (text,)).fetchone()[0])
        for text, _, rank, *about, check, case, place, category, status in rows
    ]


def count(connection: sqlite3.Connection, ranked: Ranked, asked: Asked) -> int:
    """Texts that there are."""
    inside = f"SELECT uses.text FROM {JOINED}{asked.where}" if asked.limits.sql else "SELECT uses.text FROM uses"
    statement = f"{ranked.table} SELECT count(*) FROM found WHERE text IN ({inside})"
    return int(connection.execute(statement, (*ranked.values, *asked.limits.values)).fetchone()[0])


def shown(store: Store, places: Sequence[Place]) -> tuple[Hit, ...]:
    """With their texts, read together for each run and check."""
    groups: dict[str, dict[str, list[str]]] = {}
    for one in places:
        groups.setdefault(one.about[0], {}).setdefault(one.check, []).append(shown_name(one.case))
    said: dict[tuple[str, str, str, int], Said] = {}
    for run, checks in groups.items():
        reader = RunReader(store, shown_name(run))
        for check, cases in checks.items():
            found = reader.of_cases(shown_name(check), list(dict.fromkeys(cases)))
            said.update({(run, check, case, place): one for (case, place), one in found.items()})
    # a run that was purged a moment ago has no texts
    return tuple(
        _hit(one, text)
        for one in places
        if (text := said.get((one.about[0], one.check, shown_name(one.case), one.place))) is not None
    )


def _hit(one: Place, said: Said) -> Hit:
    run, suite, model, created, outcome = map(shown_name, one.about)
    return Hit(
        run=run,
        suite=suite,
        model=model,
        created=created,
        outcome=outcome,
        check=shown_name(one.check),
        case=shown_name(one.case),
        category=shown_name(one.category),
        status=one.status,
        sample=said.exchange.sample,
        prompt=said.prompt,
        answer=said.answer,
        rank=one.rank,
        uses=one.uses,
    )

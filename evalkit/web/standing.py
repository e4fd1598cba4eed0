"""Where a run stands, in words and numbers: for the list of runs, for its own page, and for the streams of both."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evalkit.report import formatting
from evalkit.report.hostile import one_line
from evalkit.store.looking import Listed, count_scores

if TYPE_CHECKING:
    from evalkit.web.workbench import Workbench

MOST_COUNTED = 100_000
SHADES = {"good enough": "pass", "not good enough": "fail", "running": "plain", "planned": "plain"}
MARKS = {"pass": "✓", "fail": "✗", "unsure": "~", "plain": "…"}
OPEN = frozenset({"planned", "running"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Plain values, harmless as text: a template and a script show the same."""

    number: int
    id: str
    suite: str
    model: str
    state: str
    word: str
    """The outcome's, or the state of a run that has none."""
    shade: str
    mark: str
    cases: str
    started: str
    took: str
    partial: bool
    live: bool
    share: float | None = None
    """Of the cases, what is done: of a run under way whose plan is known."""
    said: str = ""
    """``124 of 400 cases, about 12 s left``"""

    def fields(self) -> dict[str, Any]:
        return asdict(self)


def standing(bench: Workbench, run: Listed) -> Standing:
    word = run.outcome or (_outcome(bench, run) if run.state == "finished" else run.state)
    shade = SHADES.get(word, "unsure")
    return Standing(
        number=run.number,
        id=run.id,
        suite=one_line(run.suite),
        model=one_line(run.model),
        state=run.state,
        word=one_line(word),
        shade=shade,
        mark=MARKS[shade],
        cases=_cases(bench, run),
        started=moment(run.created),
        took=_took(run),
        partial=run.partial,
        live=run.state in OPEN,
    )


def _outcome(bench: Workbench, run: Listed) -> str:
    """A database may hold runs that were finished without noting the word beside them: it is read once."""

    def read() -> str:
        document: Mapping[str, Any] = json.loads(bench.store.get_result(run.id))
        return str(document["outcome"]["word"])

    return bench.outcomes.get(run.id, read)


def _cases(bench: Workbench, run: Listed) -> str:
    def count() -> int:
        return count_scores(bench.store, run.id, MOST_COUNTED + 1)

    many = count() if run.state in OPEN else bench.counts.get(f"{run.id} {run.state} {run.heartbeat}", count)
    return f"{MOST_COUNTED:,}+" if many > MOST_COUNTED else f"{many:,}"


def _took(run: Listed) -> str:
    begun = seconds_of(run.created)
    ended = time.time() if run.state in OPEN else seconds_of(run.finished)
    if begun is None or ended is None:
        return ""
    return formatting.duration(max(ended - begun, 0.0))


def seconds_of(written: str) -> float | None:
    try:
        return datetime.fromisoformat(written).timestamp()
    except ValueError:
        return None


def moment(written: str) -> str:
    """``22 Nov 2026, 08:15`` in UTC, as it is stored."""
    try:
        return f"{datetime.fromisoformat(written):%-d %b %Y, %H:%M}"
    except ValueError:
        return one_line(written)

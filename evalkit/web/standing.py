"""Where a run stands, in words and numbers: for the list of runs, for its own page, and for the streams of both."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evalkit.report import formatting, so_far
from evalkit.report.hostile import one_line, shorten_end
from evalkit.runner.under_way import LOADING
from evalkit.store.looking import Listed, causes_of_ends, count_scores

if TYPE_CHECKING:
    from evalkit.web.workbench import Workbench

MOST_COUNTED = 100_000
SHADES = {"good enough": "pass", "not good enough": "fail", "running": "plain", "planned": "plain"}
MARKS = {"pass": "✓", "fail": "✗", "unsure": "~", "plain": "…"}
OPEN = frozenset({"planned", "running"})
NUMBERS = ("cases", "done", "seconds", "needed", "asked", "reused", "output_tokens")
LISTS = ("checks", "stopped", "gates", "decided")
Fields = dict[str, str | float | bool | None]
"""What a page shows by name: a template writes them first, a script keeps them up to date."""


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
    day: str
    started: str
    """The time of that day."""
    took: str
    partial: bool
    live: bool
    share: float | None = None
    """Of the cases, what is done: of a run under way that has told."""
    gates: str = ""
    """How many failed or passed, of a finished run that noted it and whose outcome is still the same."""
    said: str = ""
    """``124 of 400 cases, 12 s left``"""

    def fields(self) -> Fields:
        return asdict(self)


def standings(bench: Workbench, runs: Sequence[Listed]) -> list[Standing]:
    told = bench.store.get_progress(run.id for run in runs if run.state in OPEN)
    causes = causes_of_ends(bench.store, (run.id for run in runs if run.state not in OPEN))
    return [
        replace(standing(bench, run, read(told.get(run.id, ""))), gates=_gates(run.outcome, causes.get(run.id, "")))
        for run in runs
    ]


def _gates(word: str, cause: str) -> str:
    """``2 of 14 gates failed``, without their names."""
    noted, _, reason = cause.partition(": ")
    return one_line(shorten_end(reason.partition(": ")[0], 100)) if word and noted == word else ""


def standing(bench: Workbench, run: Listed, told: Mapping[str, Any]) -> Standing:
    day, _, started = moment(run.created).partition(", ")
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
        cases=f"{told['done']:,.0f}" if told else _cases(bench, run),
        day=day,
        started=started,
        took=_took(run),
        partial=run.partial,
        live=run.state in OPEN,
        share=share(told.get("done"), told.get("cases")),
        said=said(told),
    )


def read(document: str) -> dict[str, Any]:
    """What the run itself told; nothing of one that has only begun, or that told what this evalkit does not know."""
    try:
        told = json.loads(document) if document else {}
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    known = all(type(told.get(name)) in {int, float} for name in NUMBERS)
    return told if known and all(isinstance(told.get(name), list) for name in LISTS) else {}


def share(done: float | None, of: float | None) -> float | None:
    return round(min(done / of, 1.0), 4) if of and done is not None else None


def said(told: Mapping[str, Any]) -> str:
    if not told:
        return "getting ready"
    if str(told.get("stage", "")).startswith(LOADING):
        return one_line(told["stage"])
    counted = f"{told['done']:,.0f} of {formatting.count(told['cases'], 'case')}"
    return ", ".join(filter(None, [counted, time_left(told)]))


def time_left(told: Mapping[str, Any]) -> str:
    """As the run itself reckons it: the terminal says the same."""
    left = told.get("left")
    return so_far.time_left(left, at_most=bool(told["decided"])) if type(left) in {int, float} else ""


def _outcome(bench: Workbench, run: Listed) -> str:
    """A database may hold runs that were finished without noting the word beside them: it is read once."""

    def look() -> str:
        document: Mapping[str, Any] = json.loads(bench.store.get_result(run.id))
        return str(document["outcome"]["word"])

    return bench.outcomes.get(run.id, look)


def _cases(bench: Workbench, run: Listed) -> str:
    def count() -> int:
        return count_scores(bench.store, run.id, MOST_COUNTED + 1)

    many = count() if run.state in OPEN else bench.counts.get(f"{run.id} {run.state} {run.heartbeat}", count)
    return f"{MOST_COUNTED:,}+" if many > MOST_COUNTED else f"{many:,}"


def _took(run: Listed) -> str:
    """Of what ended without a word, until it was last heard of."""
    begun, finished = seconds_of(run.created), seconds_of(run.finished)
    if begun is None:
        return ""
    if run.state in OPEN or finished:
        return formatting.whole_seconds((finished or time.time()) - begun)
    return f"at least {formatting.whole_seconds(run.heartbeat - begun)}"


def seconds_of(written: str) -> float | None:
    try:
        return datetime.fromisoformat(written).timestamp()
    except ValueError:
        return None


def moment(written: str) -> str:
    """``22 Nov 2026, 08:15`` in UTC, as it is stored."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return one_line(written)
    return f"{found.day} {found:%b %Y, %H:%M}"

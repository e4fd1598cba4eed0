"""Beneath the verdict, a line each: how far the numbers can be trusted, and what changed since the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.errors import ExitCode
from evalkit.records import Word
from evalkit.report import formatting, since, view
from evalkit.report.hostile import one_line
from evalkit.results import Result

MEASURED = {ExitCode.OK, ExitCode.NOT_GOOD_ENOUGH, ExitCode.UNSURE}
"""How a run ends that can be a baseline."""
LONGEST = 24
"""Of a baseline's name that stands at the left."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    text: str
    command: str = ""
    option: str = ""
    """Of later runs."""


def lines(result: Result) -> list[Line]:
    if view.asks_no_model(result):
        return []
    return [Line("how sure", _sentence(_doubts(result))), _since(result)]


def _doubts(result: Result) -> Iterator[str]:
    declared = [one for one in result.outcome.verdicts if not one.automatic] or list(result.outcome.verdicts)
    unsure = sum(one.word is Word.UNSURE for one in declared)
    if declared:
        yield _decided(len(declared) - unsure, len(declared))
    unscored = sum(check.counts.unscored - check.counts.inapplicable for check in result.checks)
    errored = sum(check.counts.errored for check in result.checks)
    if unscored or errored:
        yield f"{formatting.count(unscored, 'measurement')} unscored, {errored:,} errored"
    elif result.checks:
        yield "every planned measurement was scored"
    worse = sum(one.flagged for one in result.diagnoses)
    if worse:
        yield f"{formatting.count(worse, 'slice')} {'is' if worse == 1 else 'are'} worse than the rest beyond chance"
    warned = len(view.notices(result))
    if warned:
        yield formatting.count(warned, "warning")


def _decided(sure: int, gates: int) -> str:
    if gates == 1:
        return f"the cases {'decide' if sure else 'cannot decide'} the only gate"
    if sure in {0, gates}:
        return f"the cases decide {'all' if sure else 'none of'} {gates:,} gates"
    return f"the cases decide {sure:,} of {gates:,} gates"


def _since(result: Result) -> Line:
    named = one_line(str(result.run.options.get("baseline") or ""))
    told = [said for said in (since.metrics_sentence(result), since.cases_sentence(result)) if said]
    name = "since the baseline"
    if told:
        return Line(f"since {named}" if 0 < len(named) <= LONGEST else name, _sentence(told))
    if named:
        return Line(name, f"Nothing can be compared with {named}: nothing was measured alike on the same data.")
    if result.run.partial:
        return Line(name, "No baseline was named, and a partial run cannot be one.")
    if result.outcome.exit_code not in MEASURED:
        return Line(name, "No baseline was named.")
    return Line(
        name,
        "No baseline was named. To compare later runs with this one:",
        f"evalkit baseline set {one_line(result.run.id)} --as main",
        "--baseline main",
    )


def _sentence(parts: Iterator[str] | list[str]) -> str:
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}." if said else "Nothing was decided."

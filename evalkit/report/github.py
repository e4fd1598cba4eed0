"""What GitHub shows beside the lines of a suite: a workflow command for every gate that did not pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evalkit.errors import ExitCode
from evalkit.records import Word
from evalkit.report import formatting, view
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.places import place_of
from evalkit.results import Result

MOST = 10
"""Of a level that GitHub shows of one step."""
LONGEST = 1000
WITHOUT_A_GATE = {ExitCode.WRONG_INPUT, ExitCode.NOT_MEASURED, ExitCode.NOTHING_EVALUATED, ExitCode.INTERRUPTED}
LEVELS = {Word.FAIL: ("error", "failed"), Word.UNSURE: ("warning", "undecided")}
IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def commands(result: Result, root: Path) -> Iterator[str]:
    """A line each. Errors for gates that count as failed, warnings for undecided ones, at most ten of a level: where
    there are more, the tenth says how many. ``root``: of the repository."""
    suite = one_line(result.run.suite)
    if result.outcome.exit_code in WITHOUT_A_GATE:
        yield command("error", f"{result.outcome.word}: {result.outcome.reason}", title=suite)
    gates = view.gates(result)
    for counts_as, (level, word) in LEVELS.items():
        chosen = [gate for gate in gates if gate.counts_as is counts_as]
        shown = chosen if len(chosen) <= MOST else chosen[: MOST - 1]
        for gate in shown:
            yield command(level, _sentence(gate), **_where(gate, root), title=f"{suite}: gate {word}")
        if left := chosen[len(shown) :]:
            named = ", ".join(gate.gate for gate in left)
            more = formatting.count(len(left), "more gate")
            yield command(level, f"{more} {word}: {named}", title=suite)


def _sentence(gate: view.GateView) -> str:
    between = f" ({gate.interval})" if gate.confidence else ""
    return f"{gate.gate}: {gate.value}{between}. {gate.reason}"


def _where(gate: view.GateView, root: Path) -> Mapping[str, str]:
    place = place_of(gate, root)
    return {"file": place.path, "line": str(place.line)} if place else {}


def command(level: str, message: str, **properties: str) -> str:
    """``::error file=suites/x.yaml,line=14,title=...::...``: one line, whatever is in it."""
    listed = ",".join(f"{name}={one_line(value).translate(IN_PROPERTY)}" for name, value in properties.items() if value)
    return f"::{level} {listed}::{shorten_end(one_line(message), LONGEST).translate(IN_DATA)}"

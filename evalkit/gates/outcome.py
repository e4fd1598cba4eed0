"""Verdicts become one outcome: one word, one exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evalkit.errors import PRECEDENCE, ExitCode
from evalkit.gates.measurements import Measurements
from evalkit.records import Counts, Outcome, Verdict, Word

WORDS = {
    ExitCode.OK: "good enough",
    ExitCode.NOT_GOOD_ENOUGH: "not good enough",
    ExitCode.WRONG_INPUT: "wrong input",
    ExitCode.NOT_MEASURED: "not measured",
    ExitCode.UNSURE: "unsure",
    ExitCode.NOTHING_EVALUATED: "nothing evaluated",
    ExitCode.INTERRUPTED: "interrupted",
}
MOST_NAMES = 4
"""Gates that a reason names; the verdicts have all."""


def total(measurements: Measurements) -> Counts:
    counts = [table.counts for table in measurements.values()]
    return Counts(
        planned=sum(c.planned for c in counts),
        scored=sum(c.scored for c in counts),
        unscored=sum(c.unscored for c in counts),
        errored=sum(c.errored for c in counts),
    )


def conclude(verdicts: Sequence[Verdict], measurements: Measurements, tolerance: float) -> Outcome:
    """The suite's result. Errors beyond tolerance in any check outweigh every verdict made in spite of them."""
    codes: dict[ExitCode, str] = {}
    counts = total(measurements)
    if counts.scored == 0 and counts.errored == 0:
        codes[ExitCode.NOTHING_EVALUATED] = f"none of {counts.planned} planned measurements was scored"
    for name, table in measurements.items():
        errored, planned = table.counts.errored, table.counts.planned
        lost = errored + table.errored_attempts
        if planned and lost / planned > tolerance:
            what = (
                f"{lost / planned:.1%} of the attempts" if table.errored_attempts else f"{errored} of {planned} cases"
            )
            codes.setdefault(ExitCode.NOT_MEASURED, f"{what} of {name} errored; tolerated are {tolerance:.0%}")
    return _concluded(verdicts, codes)


def no_better_than(outcome: Outcome, code: int, why: str) -> Outcome:
    """The outcome in the light of what happened beside its verdicts, which its reason names."""
    worst = worst_code((outcome.exit_code, code))
    if worst == outcome.exit_code:
        return replace(outcome, reason=f"{outcome.reason}; {why}", beside=why, beside_code=int(code))
    reason = f"{why}; by itself: {outcome.reason}"
    return Outcome(WORDS[worst], int(worst), reason, outcome.verdicts, beside=why, beside_code=int(code))


def reconclude(outcome: Outcome, verdicts: Sequence[Verdict]) -> Outcome:
    """The same run's outcome with other verdicts. What it could not measure, it has still not, and what else it is no
    better than is still so."""
    unmeasured = {ExitCode.NOT_MEASURED, ExitCode.NOTHING_EVALUATED}
    if outcome.exit_code in unmeasured and outcome.exit_code != outcome.beside_code:
        return replace(outcome, verdicts=tuple(verdicts))
    found = _concluded(verdicts, {})
    return no_better_than(found, outcome.beside_code, outcome.beside) if outcome.beside else found


def _concluded(verdicts: Sequence[Verdict], codes: dict[ExitCode, str]) -> Outcome:
    """``codes``: what was not measured, and why."""
    failed = [v for v in verdicts if v.counts_as is Word.FAIL]
    unsure = [v for v in verdicts if v.counts_as is Word.UNSURE]
    if failed:
        codes[ExitCode.NOT_GOOD_ENOUGH] = _failed(verdicts)
    if unsure:
        codes[ExitCode.UNSURE] = _undecided(verdicts)
    code = worst_code(codes)
    return Outcome(
        WORDS[code],
        int(code),
        codes.get(code, _passed(verdicts)),
        tuple(verdicts),
    )


def _passed(verdicts: Sequence[Verdict]) -> str:
    """Nobody should take for proven what only counts as passed."""
    counted = _declared(verdicts)
    unsure = sum(verdict.word is Word.UNSURE for verdict in counted)
    if len(counted) == 1:
        return "its only gate is unsure, and counts as passed" if unsure else "its only gate passed"
    return f"all {len(counted)} gates " + (f"count as passed, {unsure} of them unsure" if unsure else "passed")


def _failed(verdicts: Sequence[Verdict]) -> str:
    said = []
    for kind, every in _kinds(verdicts):
        failed = [verdict for verdict in every if verdict.counts_as is Word.FAIL]
        unsure = sum(verdict.word is Word.UNSURE for verdict in failed)
        of = _of(len(failed), len(every), kind)
        if failed and not unsure:
            said.append(f"{of} failed: {_names(failed)}")
        elif failed:
            doubt = f", {unsure} of them unsure" if unsure < len(failed) else ", unsure"
            said.append(f"{of} {'counts' if len(failed) == 1 else 'count'} as failed{doubt}: {_names(failed)}")
    return "; ".join(said)


def _undecided(verdicts: Sequence[Verdict]) -> str:
    said = []
    for kind, every in _kinds(verdicts):
        unsure = [verdict for verdict in every if verdict.counts_as is Word.UNSURE]
        if unsure:
            said.append(f"{_of(len(unsure), len(every), kind)} cannot be decided on these cases: {_names(unsure)}")
    return "; ".join(said)


def _kinds(verdicts: Sequence[Verdict]) -> list[tuple[str, list[Verdict]]]:
    """Gates of the suite, and those on coverage that every check has: nobody wrote them, so they count apart."""
    automatic = [verdict for verdict in verdicts if verdict.automatic]
    return [("gate", [verdict for verdict in verdicts if not verdict.automatic]), ("automatic gate", automatic)]


def _declared(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    return [verdict for verdict in verdicts if not verdict.automatic] or verdicts


def _names(verdicts: Sequence[Verdict]) -> str:
    named = list(dict.fromkeys(verdict.gate.rpartition(verdict.operator)[0].strip() for verdict in verdicts))
    more = f" and {len(named) - MOST_NAMES} more" if len(named) > MOST_NAMES else ""
    return ", ".join(named[:MOST_NAMES]) + more


def _of(some: int, gates: int, kind: str = "gate") -> str:
    return f"the only {kind}" if some == gates == 1 else f"{some} of {gates} {kind}s"


def worst_code(codes: Iterable[int]) -> ExitCode:
    """The first in the order of precedence."""
    present = set(codes)
    return next((code for code in PRECEDENCE if code in present), ExitCode.OK)

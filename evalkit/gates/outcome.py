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


def reconclude(outcome: Outcome, verdicts: Sequence[Verdict]) -> Outcome:
    """The same run's outcome with other verdicts. What it could not measure, it has still not measured."""
    if outcome.exit_code in {ExitCode.NOT_MEASURED, ExitCode.NOTHING_EVALUATED}:
        return replace(outcome, verdicts=tuple(verdicts))
    return _concluded(verdicts, {})


def _concluded(verdicts: Sequence[Verdict], codes: dict[ExitCode, str]) -> Outcome:
    """``codes``: what was not measured, and why."""
    failed = [v for v in verdicts if v.counts_as is Word.FAIL]
    unsure = [v for v in verdicts if v.counts_as is Word.UNSURE]
    if failed:
        codes[ExitCode.NOT_GOOD_ENOUGH] = _failed(failed, len(verdicts))
    if unsure:
        codes[ExitCode.UNSURE] = f"{_of(len(unsure), len(verdicts))} cannot be decided on these cases"
    code = worst_code(codes)
    return Outcome(
        WORDS[code],
        int(code),
        codes.get(code, _passed(verdicts)),
        tuple(verdicts),
    )


def _passed(verdicts: Sequence[Verdict]) -> str:
    """Nobody should take for proven what only counts as passed."""
    unsure = sum(verdict.word is Word.UNSURE for verdict in verdicts)
    if len(verdicts) == 1:
        return "its only gate is unsure, and counts as passed" if unsure else "its only gate passed"
    return f"all {len(verdicts)} gates " + (f"count as passed, {unsure} of them unsure" if unsure else "passed")


def _failed(failed: Sequence[Verdict], gates: int) -> str:
    unsure = sum(verdict.word is Word.UNSURE for verdict in failed)
    if not unsure:
        return f"{_of(len(failed), gates)} failed"
    counted = f"{_of(len(failed), gates)} {'counts' if len(failed) == 1 else 'count'} as failed"
    if unsure < len(failed):
        return f"{counted}, {unsure} of them unsure"
    return f"{counted}, and {'is' if unsure == 1 else 'all are'} unsure"


def _of(some: int, gates: int) -> str:
    return "the only gate" if some == gates == 1 else f"{some} of {gates} gates"


def worst_code(codes: Iterable[int]) -> ExitCode:
    """The first in the order of precedence."""
    present = set(codes)
    return next((code for code in PRECEDENCE if code in present), ExitCode.OK)

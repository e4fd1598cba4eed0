"""What to do next, in a few lines: what failed and where to read it, what would settle it, who is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.records import Word
from evalkit.report import errors, formatting, since, view
from evalkit.report.hostile import one_line
from evalkit.results import Result

MOST_GATES = 4
"""Failed and undecided gates that are named; all are under the gates."""


@dataclass(frozen=True, slots=True)
class Step:
    text: str
    command: str = ""
    gate: str = ""
    """Named before the text."""
    shade: str = ""
    reads: str = ""
    """Words of a link to cases: of ``check``, or of ``kind``."""
    check: str = ""
    kind: str = ""


def steps(result: Result) -> list[Step]:
    return [
        *_failed(result),
        *_undecided(result),
        *_errored(result),
        *_regressed(result),
        *_people(result),
        *_all(result),
    ]


def _failed(result: Result) -> Iterator[Step]:
    infos = view.metric_infos(result)
    failed = [view.gate_view(one, infos) for one in result.outcome.verdicts if one.counts_as is Word.FAIL]
    listed = {one.check for one in (*result.findings, *result.sampled)}
    for gate in failed[:MOST_GATES]:
        reads = "Read its worst cases" if gate.check in listed else ""
        said = "cannot be told and counts as failed" if gate.word is Word.UNSURE else "failed"
        at = "" if gate.value == formatting.NONE else f" at {gate.value}"
        yield Step(f"{said}{at}.", gate=gate.gate, shade="fail", reads=reads, check=one_line(gate.check))
    if len(failed) > MOST_GATES:
        yield Step(f"{formatting.count(len(failed) - MOST_GATES, 'more gate')} failed: they are in the table above.")


def _undecided(result: Result) -> Iterator[Step]:
    unsure = [one for one in result.outcome.verdicts if one.word is Word.UNSURE and one.counts_as is not Word.FAIL]
    for verdict in unsure[:MOST_GATES]:
        more = (
            f": about {formatting.count(verdict.more_cases, 'more case')} would settle it" if verdict.more_cases else ""
        )
        yield Step(f"is unsure{more}.", gate=one_line(verdict.gate), shade="unsure")


def _errored(result: Result) -> Iterator[Step]:
    _, errored, reasons = view.fates(result)
    if errored:
        said = formatting.reasons(reasons, 2)
        told = f"{formatting.count(errored, 'measurement')} errored{f' ({said})' if said else ''}"
        command = one_line(result.reproduce)
        end = ":" if command else "."
        told = errors.headline(result) or told
        yield Step(f"{told}. Errors are not kept: the same command asks again{end}", command)


def _regressed(result: Result) -> Iterator[Step]:
    listed = sum(one.kind == "regressed" for one in result.changes)
    regressed = since.regressed_cases(result) or listed
    if regressed:
        them = "it" if regressed == 1 else "them"
        reads = f"Read {them if listed == regressed else f'{listed:,} of them'}" if listed else ""
        said = f"{formatting.count(regressed, 'case')} regressed since the baseline."
        yield Step(said, reads=reads, kind="regressed" if listed else "")


def _people(result: Result) -> Iterator[Step]:
    waiting = sum(one.outstanding for one in result.reviews)
    if waiting:
        yield Step(
            f"{formatting.count(waiting, 'answer')} wait for people:", f"evalkit review {one_line(result.run.id)}"
        )


def _all(result: Result) -> Iterator[Step]:
    identifier = one_line(result.run.id)
    if result.outcome.passed and not result.run.partial and not result.change_counts:
        yield Step("Keep it for later runs to be compared with:", f"evalkit baseline set {identifier} --as main")
    if result.usage.cases:
        cases = "the only case" if result.usage.cases == 1 else f"all {result.usage.cases:,} cases"
        yield Step(f"See {cases} in a browser:", f"evalkit view {identifier}")

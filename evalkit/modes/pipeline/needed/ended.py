"""What became of the suites that a suite needs, and what follows for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from evalkit.gates.outcome import WORDS, no_better_than, worst_code
from evalkit.modes.mode import Asked
from evalkit.modes.unkept import unkept
from evalkit.records import Outcome, Verdict, Word
from evalkit.results import Result
from evalkit.runner.attending import Attendant, Concluded
from evalkit.sections import Advice, Section, SectionTable

PASSED, EARLIER, FAILED, STOPPED, WRONG, NOT_RUN = (
    *("passed", "passed before", "did not pass", "stopped", "could not run", "not run"),
)
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Ended:
    """A suite that was needed."""

    name: str
    needs: tuple[str, ...]
    became: str
    code: int
    reason: str
    run: str = ""
    seconds: float = 0.0
    peak_mb: float | None = None

    @property
    def passed(self) -> bool:
        return self.became in (PASSED, EARLIER)

    @property
    def said(self) -> str:
        run = f", run {self.run}" if self.run else ""
        return f"'{self.name}' {self.became}: {self.reason}{run}"


class Needed(Attendant):
    """Tells of the needed suites in the report of the one that needs them, whose outcome is no better than theirs."""

    def __init__(self, ended: Sequence[Ended]) -> None:
        self._ended = ended

    def decided(self, outcome: Outcome) -> Outcome:
        failed = [one for one in self._ended if not one.passed]
        if not failed:
            return outcome
        return no_better_than(outcome, worst_code(one.code for one in failed), f"of what it needs, {_listed(failed)}")

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        return (section(self._ended),)


def _listed(failed: Sequence[Ended]) -> str:
    return "; ".join(one.said for one in failed if one.became != NOT_RUN)


def section(ended: Sequence[Ended]) -> Section:
    failed = [one for one in ended if not one.passed]
    rows = tuple(
        (one.name, ", ".join(one.needs), one.became, one.reason[:LONGEST], one.run, one.seconds, one.peak_mb)
        for one in ended
    )
    columns = ("suite", "needs", "became", "why", "run", "seconds", "peak MB")
    some = "The suite" if len(ended) == 1 else f"All {len(ended)} suites"
    sentence = f"{some} that this one needs passed: {', '.join(one.name for one in ended)}."
    if failed:
        sentence = f"{len(failed)} of {len(ended)} needed suites did not pass. {_listed(failed)[:LONGEST]}."
    table = SectionTable("Needed suites, in their order", columns, rows)
    state = "broken" if failed else "held"
    return Section("needs", "Suites that this one needs", sentence, state, (table,), advice=tuple(_advice(failed)))


def _advice(failed: Sequence[Ended]) -> Iterator[Advice]:
    for one in failed:
        if one.run and one.became == FAILED:
            yield Advice(f"See what '{one.name}' found.", f"it {one.became}: {one.reason}", f"evalkit show {one.run}")


def not_run(asked: Asked, ended: Sequence[Ended]) -> Result:
    """The result of a suite that was not run, for another that it needs."""
    failed = [one for one in ended if not one.passed]
    code = worst_code(one.code for one in failed)
    reason = f"nothing was asked, for a suite that it needs did not pass: {_listed(failed)}"
    outcome = Outcome(WORDS[code], int(code), reason, tuple(map(_verdict, ended)))
    seconds = round(sum(one.seconds for one in ended), 3)
    result = unkept(asked.suite, asked.model, "not-run", outcome, (section(ended),), seconds=seconds)
    options = asked.options
    return replace(result, reproduce=options.reproduce, mode=options.mode, mode_reason=options.mode_reason)


def _verdict(one: Ended) -> Verdict:
    word = Word.PASS if one.passed else Word.FAIL
    return Verdict(f"needs {one.name}", word, word, f"{one.became}: {one.reason}"[:LONGEST], about="suite")

"""What a self-test found, as a result's nouns: a verdict for every check, and a section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.modes.isolation.selftest import Selftest, SharedFailure
from evalkit.modes.isolation.trial import FAIL, PASS, SKIP, Trial
from evalkit.records import Verdict, Word
from evalkit.sections import Section, SectionTable

KINDS = ("standard", "edge", "error", "performance")
NO_MODEL = "No model was evaluated."
MOST_FAILURES = 50
MOST_TRIALS = 2000
LONGEST = 400


def holds(found: Selftest) -> str:
    """One sentence's worth, without a full stop."""
    counts = found.counts()
    checks = len(dict.fromkeys(trial.check for trial in found.trials))
    failing = len(dict.fromkeys(trial.check for trial in found.failed))
    tried = counts[PASS] + counts[FAIL]
    of_checks = f"{checks:,} check{'' if checks == 1 else 's'}"
    if found.passed:
        said = f"{of_checks} {'holds' if checks == 1 else 'hold'} in all {tried:,} trial{'' if tried == 1 else 's'}"
    elif not tried:
        return f"no scenario had anything to try on {of_checks}"
    else:
        does = "does" if failing == 1 else "do"
        said = f"{failing:,} of {of_checks} {does} not hold: {counts[FAIL]:,} of {tried:,} trials failed"
    return f"{said}, {counts[SKIP]:,} had nothing to try" if counts[SKIP] else said


def by_check(trials: Sequence[Trial]) -> Iterator[tuple[str, list[Trial]]]:
    for check in dict.fromkeys(trial.check for trial in trials):
        yield check, [trial for trial in trials if trial.check == check]


def verdicts(found: Selftest) -> Iterator[Verdict]:
    """One for every check: whether it holds in all scenarios that concern it."""
    for check, trials in by_check(found.trials):
        tried = [trial for trial in trials if trial.word != SKIP]
        failed = [trial for trial in tried if trial.word == FAIL]
        if failed:
            word = Word.FAIL
            reason = f"{len(failed):,} of {len(tried):,} trials failed, first {failed[0].scenario}: {failed[0].why}"
        elif tried:
            word, reason = Word.PASS, f"all {len(tried):,} trials hold"
        else:
            word, reason = Word.FAIL, "no scenario had anything to try"
        yield Verdict(f"{check} holds", word, word, reason[:LONGEST], about="made rows")


def section(found: Selftest, *, title: str = "Checks tried alone") -> Section:
    failures = tuple(_failure(pattern) for pattern in found.patterns[:MOST_FAILURES])
    tables = [SectionTable("Checks", ("check", *KINDS, "nothing to try", "seconds", "peak MB"), tuple(_rows(found)))]
    if failures:
        columns = ("cause", "what happened", "checks", "scenarios", "trials")
        beyond = len(found.patterns) - len(failures)
        tables.insert(0, SectionTable("What failed", columns, failures, beyond=beyond))
    shown = found.trials[:MOST_TRIALS]
    became = tuple((t.check, t.scenario, t.of, t.word, t.why[:LONGEST], t.cases, t.seconds) for t in shown)
    told = ("check", "scenario", "kind", "became", "why", "cases", "seconds")
    tables.append(SectionTable("All trials", told, became, beyond=len(found.trials) - len(shown)))
    said = holds(found)
    sentence = f"{said[:1].upper()}{said[1:]}. Rows are made and models are mocks: nothing here is about a model."
    return Section("isolation", title, sentence, "held" if found.passed else "broken", tuple(tables))


def _failure(pattern: SharedFailure) -> tuple[str, str, str, str, int]:
    checks, scenarios = ", ".join(pattern.checks), ", ".join(pattern.scenarios)
    return pattern.cause, pattern.why[:LONGEST], checks, scenarios, pattern.count


def _rows(found: Selftest) -> Iterator[tuple[str | float, ...]]:
    for check, trials in by_check(found.trials):
        seconds, peak = sum(trial.seconds for trial in trials), max(trial.peak_mb for trial in trials)
        untried = sum(trial.word == SKIP for trial in trials)
        yield check, *(_tally(trials, kind) for kind in KINDS), untried, round(seconds, 1), round(peak)


def _tally(trials: Sequence[Trial], kind: str) -> str:
    tried = [trial for trial in trials if trial.of == kind and trial.word != SKIP]
    return f"{sum(trial.word == PASS for trial in tried):,} of {len(tried):,}" if tried else "-"

"""Where the model is worst: its cases by their own labels, by length, by language and by what their prompts are about.

Every slice is tested against the rest of its check as the report's own slices are (``runner/diagnose.py``), all of them
together, so that looking at many finds no more by chance than is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evalkit.diagnoses import SliceDiagnosis
from evalkit.gates.columns import label_text
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import rate
from evalkit.metrics.language import detect
from evalkit.modes.deep_dive.reading import ReadCase
from evalkit.modes.deep_dive.topics import topics, vocabulary
from evalkit.records import Score, Status
from evalkit.results import Run
from evalkit.runner.attending import Concluded
from evalkit.runner.compare_turned import telling_metrics
from evalkit.runner.diagnose import MOST_SLICES, diagnose
from evalkit.runner.targets import Targets, met_by, targets_of_gates
from evalkit.runner.values_by_case import values_by_case
from evalkit.stats.multiplicity import benjamini_hochberg

Q = 0.10
"""Share of findings that may be false, in the mean: of slices together, and of words together."""
MOST_LABELS = 12
ERRORED = "errored"
PROMPT, ANSWER, LANGUAGE, TOPIC = "length of prompt", "length of answer", "language", "prompts about"
SHORTEST = 64
"""Characters; lengths are told in doublings of it."""
MOST_CHARACTERS = 4000
"""Of a prompt, among which words are looked for."""
LEAST_CASES = 12
"""Of a check, for slices of it to be looked for."""


@dataclass(slots=True)
class CheckCases:
    """The cases of a check that were read, in order: their scores by the labels that were found for them."""

    table: CheckTable
    labels: list[dict[str, str]] = field(default_factory=list)
    judged: list[tuple[str, str, Any]] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WordTest:
    """Cases whose prompt has a word, against those whose prompt has not."""

    check: str
    word: str
    cases: int
    failing: float
    """Share of those with the word."""
    others_failing: float
    p_value: float
    flagged: bool


@dataclass(frozen=True, slots=True)
class Worst:
    tests: tuple[SliceDiagnosis, ...] = ()
    words: tuple[WordTest, ...] = ()
    failing: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By check, how many of its cases failed, and how many there are."""
    erring: tuple[SliceDiagnosis, ...] = ()
    """Of checks with errors: shares of cases that errored, tested for themselves."""

    @property
    def flagged(self) -> list[SliceDiagnosis]:
        return [test for test in self.tests if test.flagged]


@dataclass(slots=True)
class Slicing:
    """Takes in cases as they are read; ``worst`` tells at the end."""

    concluded: Concluded
    checks: dict[str, CheckCases] = field(default_factory=dict)

    def add(self, one: ReadCase) -> None:
        known = self.checks.get(one.check)
        if known is None:
            table = self.concluded.tables[one.check]
            known = self.checks[one.check] = CheckCases(CheckTable(table.name, table.kind, table.metrics))
        known.labels.append(_labels(one))
        known.judged.append((one.case, one.cluster, one.score))
        known.prompts.append(one.prompt[:MOST_CHARACTERS])

    def worst(self) -> Worst:
        gates = self.concluded.plan.suite.gates
        could_stop = may_stop(self.concluded.run)
        tables = {}
        for name, cases in self.checks.items():
            if len(cases.judged) < LEAST_CASES:
                continue
            _add_topics(cases)
            tables[name] = cases.table
            rows = [(*judged[:2], labels, judged[2]) for judged, labels in zip(cases.judged, cases.labels, strict=True)]
            cases.table.add_all(rows)
        labels = _frequent(label for name in tables for label in _columns(self.checks[name].labels))
        sequential = list(tables) if could_stop else ()
        tests = diagnose(labels, tables, Q, gates=gates, sequential=sequential)
        by = [label for label in labels if label != ANSWER]  # an errored case has none
        erring = diagnose(
            by, {name: of for name in tables if (of := _errors(self.checks[name]))}, Q, sequential=sequential
        )
        gated = {(gate.check, gate.metric) for gate in gates if not gate.automatic}
        targets = targets_of_gates(gates)
        failing = {name: failing_cases(table, gated, targets) for name, table in tables.items()}
        words: tuple[WordTest, ...] = ()
        if not could_stop:
            words = _flag([test for name in tables for test in _words(name, self.checks[name], failing[name])])
        return Worst(tests, words, {name: (int(bad.sum()), len(bad)) for name, bad in failing.items()}, erring)


def may_stop(run: Run) -> bool:
    """Somebody looked, and would have stopped: p-values mean nothing then."""
    return bool(run.options.get("stop_early") or run.continues)


def _errors(cases: CheckCases) -> CheckTable | None:
    """The check's cases, of which nothing is known but whether they errored; none where none did."""
    errored = [score.status is Status.ERRORED for _, _, score in cases.judged]
    if not any(errored):
        return None
    table = CheckTable(cases.table.name, cases.table.kind, [rate(ERRORED, better="lower")])
    told = zip(cases.judged, cases.labels, errored, strict=True)
    table.add_all([(*one[:2], labels, Score({ERRORED: (float(bad), 1.0)})) for one, labels, bad in told])
    return table


def _labels(one: ReadCase) -> dict[str, str]:
    own = {name: text for name in one.labels if (text := label_text(one.labels, name)) is not None}
    said = "".join(answer.text for answer in one.answers.values())
    found = detect(one.prompt)
    derived = {PROMPT: length_of(one.prompt), LANGUAGE: found.code}
    return {**own, **derived, **({ANSWER: length_of(said)} if said.strip() else {})}  # nothing said explains itself


def length_of(text: str) -> str:
    """Of characters, in doublings."""
    if not text.strip():
        return "empty"
    least, most = 0, SHORTEST
    while len(text) > most:
        least, most = most, most * 2
    return f"{least + 1:,} to {most:,} characters"


def _add_topics(cases: CheckCases) -> None:
    found = topics(cases.prompts)
    if found is not None:
        for labels, group in zip(cases.labels, found.of, strict=True):
            labels[TOPIC] = found.names[group]


def _columns(rows: Sequence[Mapping[str, str]]) -> Iterable[str]:
    """Those that make slices."""
    values: dict[str, set[str]] = {}
    for row in rows:
        for label, value in row.items():
            seen = values.setdefault(label, set())
            if len(seen) <= MOST_SLICES:
                seen.add(value)
    return (label for label, seen in values.items() if 1 < len(seen) <= MOST_SLICES)


def _frequent(labels: Iterable[str]) -> list[str]:
    """The derived ones, and of the rows' own the first so many."""
    every = dict.fromkeys(labels)
    derived = [label for label in (PROMPT, ANSWER, LANGUAGE, TOPIC) if label in every]
    return [*derived, *[label for label in every if label not in derived][:MOST_LABELS]]


def failing_cases(table: CheckTable, gated: set[tuple[str, str]], targets: Targets) -> Any:
    """For every case, whether it errored, or a yes or no of it is wrong, or a value of it misses its gate's target."""
    bad = table.statuses.which(Status.ERRORED).copy()
    for metric in telling_metrics(table, gated):
        values = values_by_case(table, metric.name)
        if values is None:
            continue
        wrong = ~met_by(values, targets.get((table.name, metric.name), ()))
        if metric.kind == "rate" and np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
            wrong = values == (0.0 if metric.better == "higher" else 1.0)
        bad |= wrong & ~np.isnan(values)
    return bad


def _words(check: str, cases: CheckCases, failing: Any) -> list[WordTest]:
    """Fisher's exact test, one-sided, of each word; one case a cluster, for those of one are no separate witnesses."""
    first: dict[str, int] = {}
    for place, (case, cluster, _) in enumerate(cases.judged):
        first.setdefault(cluster or case, place)
    places = np.asarray(list(first.values()))
    bad = failing[places]
    known = vocabulary([cases.prompts[place] for place in places])
    if known is None or not 0 < bad.sum() < len(bad):
        return []
    from scipy.stats import hypergeom

    with_word = known.stands.sum(axis=0)
    both = known.stands[bad].sum(axis=0)
    p_values = hypergeom.sf(both - 1, len(bad), int(bad.sum()), with_word)
    shares = zip(known.words, with_word, both, p_values, strict=True)
    all_bad, every = int(bad.sum()), len(bad)
    return [
        WordTest(check, word, int(n), float(k / n), float((all_bad - k) / (every - n)), min(1.0, float(p)), False)
        for word, n, k, p in shares
    ]


def _flag(tests: Sequence[WordTest]) -> tuple[WordTest, ...]:
    if not tests:
        return ()
    flags = benjamini_hochberg([test.p_value for test in tests], Q)
    marked = [
        WordTest(one.check, one.word, one.cases, one.failing, one.others_failing, one.p_value, flag)
        for one, flag in zip(tests, flags, strict=True)
    ]
    return tuple(sorted(marked, key=lambda one: (not one.flagged, one.p_value, one.check, one.word)))

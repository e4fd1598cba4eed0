"""Errored cases, with what there was to see of each, and grouped by the class of their errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.errors import FailureClass
from evalkit.failures import advice_on, class_of_scores_error
from evalkit.gates.measurements import CheckTable
from evalkit.records import Status, Trace
from evalkit.results import OTHERS, CheckSummary, ErroredCase, ErrorGroup, Exchange, Result, Run
from evalkit.runner.findings import MASKING, cut_short, exchanges_of
from evalkit.runner.tables import batched
from evalkit.store import FailedRequest, Store, StoredScore

if TYPE_CHECKING:
    from evalkit.suite.load import SuiteCheck

EXAMPLES = 3
"""Of a class, that a result holds; the runs database has all."""
LOOKED_AT = 60
"""Errored cases of a check among which examples are looked for."""
MOST_WORDS = 5
"""Different errors of a class that are named."""
TOGETHER = 50
NOTHING = Trace()
_TRIES = re.compile(r" \((\d+) tries\)$")
"""How a server's failure ends: all of them are looked at, and not the examples alone."""
SAID = {"messages", "context", "continuation"}
"""What exchanges have."""


def error_groups(
    store: Store, run: Run, checks: Sequence[SuiteCheck], tables: Mapping[str, CheckTable]
) -> tuple[ErrorGroup, ...]:
    """What errored, by class: what is most frequent first."""
    by_check: dict[FailureClass, Counter[str]] = {}
    says: dict[FailureClass, Counter[str]] = {}
    for check in checks:
        for said, times in tables[check.name].errors.items():
            kind = class_of_scores_error(said)
            by_check.setdefault(kind, Counter())[check.name] += times
            says.setdefault(kind, Counter())[said] += times
    if not says:
        return ()
    masked = any(check.check.kind == MASKING for check in checks)
    examples: dict[FailureClass, list[ErroredCase]] = {kind: [] for kind in says}
    for check in checks:
        table = tables[check.name]
        first = [table.cases[place] for place in table.statuses.first(Status.ERRORED, LOOKED_AT)]
        for one in errored_cases(store, run, check.name, run.datasets[check.dataset], first, masked=masked):
            of_class = examples[class_of_scores_error(one.error)]
            if len(of_class) < EXAMPLES:
                of_class.append(replace(one, exchanges=cut_short(one.exchanges)))
    groups = [_group(kind, by_check[kind], said, examples[kind]) for kind, said in says.items()]
    return tuple(sorted(groups, key=lambda group: (-group.measurements, group.failure)))


def _group(kind: FailureClass, by_check: Counter[str], says: Counter[str], of_class: list[ErroredCase]) -> ErrorGroup:
    advice = advice_on(kind, says)
    tries = [int(found[1]) for found in map(_TRIES.search, says) if found]
    told = dict(says.most_common(MOST_WORDS))
    if more := len(says) - len(told):
        told[f"{more} {OTHERS}"] = says.total() - sum(told.values())
    return ErrorGroup(
        failure=kind,
        cause=advice.cause,
        recommendation=advice.recommendation,
        measurements=says.total(),
        checks=dict(by_check.most_common()),
        says=told,
        retried=advice.transient,
        tries=max([*tries, *(one.tries for one in of_class)], default=1),
        examples=tuple(of_class),
    )


def of_check(group: ErrorGroup, check: str) -> ErrorGroup:
    """What of it is one check's; in which words is not known by check."""
    many = group.checks[check]
    of_it = tuple(one for one in group.examples if one.check == check)
    says = group.says if many == group.measurements else {}
    return replace(group, measurements=many, checks={check: many}, says=says, examples=of_it)


def errored_cases(
    store: Store, run: Run, check: str, fingerprint: str, cases: Iterable[str], *, masked: bool = False
) -> Iterator[ErroredCase]:
    """Of these cases of a check, those that errored, with request, answer and trace; some at a time."""
    for some in batched(cases, TOGETHER):
        stored = [score for score in store.get_scores(run.id, check, some) if score.score.error]
        failed = store.last_attempts(run.id, [key for score in stored for key in score.keys])
        exchanges = exchanges_of(store, fingerprint, stored, masked=masked)
        for score in stored:
            yield _errored(check, score, failed, tuple(exchanges[score.case]))


def all_errored(store: Store, result: Result, check: str = "") -> Iterator[ErroredCase]:
    """Every case of a finished run that errored, check after check."""
    run, masked = result.run, any(one.kind == MASKING for one in result.checks)
    for one in result.checks:
        if one.counts.errored and check in {"", one.name}:
            named = (score.case for score in store.iter_scores(run.id, one.name) if score.score.error)
            yield from errored_cases(store, run, one.name, run.datasets[one.dataset], named, masked=masked)


def in_full(store: Store, result: Result, check: CheckSummary, score: StoredScore) -> ErroredCase:
    """All that is known of one case of a finished run; without an error where it has none."""
    masked = any(one.kind == MASKING for one in result.checks)
    failed = store.last_attempts(result.run.id, score.keys)
    exchanges = exchanges_of(store, result.run.datasets[check.dataset], [score], masked=masked)
    return _errored(check.name, score, failed, tuple(exchanges[score.case]))


def _errored(
    check: str, score: StoredScore, failed: Mapping[str, FailedRequest], exchanges: tuple[Exchange, ...]
) -> ErroredCase:
    found = [failed[key] for key in score.keys if key in failed]
    failures = [one.answer.failure for one in found if one.answer.failure]
    trace = score.score.trace or next((one.trace for one in failures if one.trace), None) or NOTHING
    asked = found[0].request if found else {}
    return ErroredCase(
        check=check,
        case=score.case,
        error=score.score.error,
        tries=max((one.tries for one in failures), default=1),
        request={name: value for name, value in asked.items() if name not in SAID},
        exchanges=exchanges,
        traceback=trace.traceback,
        log=trace.log,
    )

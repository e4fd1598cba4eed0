"""Errored cases, with what there was to see of each, and grouped by the class of their errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.errors import FailureClass
from evalkit.failures import advice_on, class_of_scores_error
from evalkit.gates.measurements import CheckTable
from evalkit.records import Answer, Status, Trace
from evalkit.results import ErroredCase, ErrorGroup, Exchange, Run
from evalkit.runner.findings import MASKING, cut_short, exchanges_of
from evalkit.runner.tables import batched
from evalkit.store import Store, StoredScore

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
    advice = advice_on(kind)
    told = dict(says.most_common(MOST_WORDS))
    if more := len(says) - len(told):
        told[f"{more} other errors"] = says.total() - sum(told.values())
    return ErrorGroup(
        failure=kind,
        cause=advice.cause,
        recommendation=advice.recommendation,
        measurements=says.total(),
        checks=dict(by_check.most_common()),
        says=told,
        retried=advice.transient,
        tries=max((one.tries for one in of_class), default=1),
        examples=tuple(of_class),
    )


def errored_cases(
    store: Store, run: Run, check: str, fingerprint: str, cases: Iterable[str], *, masked: bool = False
) -> Iterator[ErroredCase]:
    """Of these cases of a check, those that errored, with request, answer and trace; some at a time."""
    for some in batched(cases, TOGETHER):
        stored = [score for score in store.get_scores(run.id, check, list(some)) if score.score.error]
        failed = store.last_attempts(run.id, [key for score in stored for key in score.keys])
        exchanges = exchanges_of(store, fingerprint, stored, masked=masked)
        for score in stored:
            yield _errored(check, score, failed, tuple(exchanges[score.case]))


def _errored(
    check: str, score: StoredScore, failed: Mapping[str, Answer], exchanges: tuple[Exchange, ...]
) -> ErroredCase:
    failures = [answer.failure for key in score.keys if (answer := failed.get(key)) and answer.failure]
    trace = score.score.trace or next((one.trace for one in failures if one.trace), None) or NOTHING
    return ErroredCase(
        check=check,
        case=score.case,
        error=score.score.error,
        tries=max((one.tries for one in failures), default=1),
        exchanges=exchanges,
        traceback=trace.traceback,
        log=trace.log,
    )

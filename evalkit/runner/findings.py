"""The cases that a person should read: errored ones, the worst of every check, and some drawn at random, with what was
said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache, partial
from heapq import nsmallest
from random import Random

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Answer, Message, Sample, Status, Verdict
from evalkit.results import Exchange, Finding, Run
from evalkit.runner.tables import batched
from evalkit.runner.targets import Target, targets_of_verdicts
from evalkit.store import Store, StoredScore
from evalkit.suite.load import SuiteCheck

WORST = 6
ERRORED = 3
SMALL = 200
"""Of a check with no more cases, all are listed."""
DRAWN = 60
"""Of a check with more."""
TOGETHER = 50
"""Cases whose texts are read at once."""
MOST_OF_ONE = 32_000
"""Characters of one text that a result holds: the same long answer may stand in the cases of forty checks."""
MOST_TEXT = 1_000_000
"""Characters of a check's cases that were drawn; what would be more is left out."""
ALIKE = 4096
"""Different statistics whose values are remembered while a check's cases are ranked."""
MASKING = "leakage"
"""A run with a check of this kind shows no leak, in the cases of its other checks either."""
SHORTEST_SECRET = 6
"""Characters of what is masked in the prompt as well: fewer may stand in any word."""


def cases_to_read(
    store: Store, run: Run, checks: Sequence[SuiteCheck], tables: Mapping[str, CheckTable], verdicts: Sequence[Verdict]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The worst of every check; and beside them all its other cases where there are few, else some drawn at random."""
    worst: list[Finding] = []
    sampled: list[Finding] = []
    masked = any(check.check.kind == MASKING for check in checks)
    targets = targets_of_verdicts(verdicts)
    for check in checks:
        table = tables[check.name]
        fingerprint = run.datasets[check.dataset]
        metric = _telling_metric(table, verdicts)
        first = _worst(table, metric, targets.get((check.name, metric.name), ()) if metric else ())
        others = _drawn(table, metric, first, f"{fingerprint}\0{run.options.get('seed')}")
        read = partial(_read, store, run, check.name, fingerprint, metric.name if metric else COVERAGE, masked=masked)
        if len(first) + len(others) <= TOGETHER:  # of few cases all are read at once
            both = list(read({**first, **others}))
            worst += both[: len(first)]
            sampled += limited(both[len(first) :])
        else:
            worst += read(first)
            sampled += limited(read(others))
    return tuple(worst), tuple(sampled)


def _read(  # noqa: PLR0917 - the parts of a finding, in their order
    store: Store,
    run: Run,
    check: str,
    fingerprint: str,
    metric: str,
    chosen: Mapping[str, float | None],
    *,
    masked: bool,
) -> Iterator[Finding]:
    """With what was said, some cases at a time: answers may be long."""
    for some in batched(chosen.items(), TOGETHER):
        stored = {score.case: score for score in store.get_scores(run.id, check, [case for case, _ in some])}
        exchanges = exchanges_of(store, fingerprint, stored.values(), masked=masked)
        for case, value in some:
            score = stored[case].score
            yield Finding(
                check=check,
                case=case,
                metric=metric,
                value=value,
                exchanges=cut_short(exchanges[case]),
                evidence=score.evidence,
                status=score.status,
                note=score.error,
            )


def limited(found: Iterable[Finding]) -> Iterator[Finding]:
    """As many as have ``MOST_TEXT`` characters together: a report is read in a browser."""
    left = MOST_TEXT
    for finding in found:
        left -= characters(finding.exchanges)
        if left < 0:
            return
        yield finding


def cut_short(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """As a result holds them: the beginning of a text that is very long, and how much is left out."""
    return tuple(
        one
        if characters([one]) <= MOST_OF_ONE
        else replace(
            one,
            answer=_beginning(one.answer),
            references=tuple(map(_beginning, one.references)),
            messages=tuple(replace(message, content=_beginning(message.content)) for message in one.messages),
        )
        for one in exchanges
    )


def _beginning(text: str) -> str:
    left = len(text) - MOST_OF_ONE
    return text if left <= 0 else f"{text[:MOST_OF_ONE]} […{left:,} more characters in the runs database…]"


def characters(exchanges: Iterable[Exchange]) -> int:
    """Of what was asked and answered."""
    return sum(
        len(one.answer) + sum(map(len, one.references)) + sum(len(message.content) for message in one.messages)
        for one in exchanges
    )


def _telling_metric(table: CheckTable, verdicts: Sequence[Verdict]) -> Metric | None:
    """The metric to rank cases by: that of the check's worst gate, else its first that has a value per case."""
    order = {"fail": 0, "unsure": 1, "pass": 2}
    for verdict in sorted(verdicts, key=lambda verdict: order[verdict.word]):
        one = verdict.estimate
        if one is None or one.check != table.name or one.metric == COVERAGE:
            continue
        column = table.columns.get(one.metric)  # of what people say of its cases there is none
        if column is not None and column.metric.kind != "quantile":
            return column.metric
    return next((metric for metric in table.metrics if metric.kind != "quantile"), None)


def _worst(table: CheckTable, metric: Metric | None, targets: Sequence[Target] = ()) -> dict[str, float | None]:
    """Case to its value, worst first; a few errored cases come before all. Nothing is worst where nothing is bad, and
    what errored is no answer: it counts as the worst, and would leave no place to answers that are bad."""
    chosen: dict[str, float | None] = {table.cases[i]: None for i in table.statuses.first(Status.ERRORED, ERRORED)}
    if metric is None:
        return chosen
    vectors, kept = table.vectors(metric.name, range(len(table.cases)))
    value_of = partial(table.value_of, metric.name)
    remembered = lru_cache(maxsize=ALIKE)(value_of)  # many cases have equal statistics, and sacreBLEU takes its time
    values = ((remembered(vector), i) for vector, i in zip(vectors, kept, strict=True))
    sign = 1 if metric.better == "higher" else -1
    errored = table.statuses.which(Status.ERRORED)
    ranked = (
        (sign * value, i)
        for value, i in values
        if value is not None and not errored[i] and _may_be_bad(metric, value, targets)
    )
    rows = table.columns[metric.name].rows
    for _, i in nsmallest(WORST, ranked):
        if not isinstance(vector := rows[i], str):
            chosen[table.cases[i]] = value_of(vector)
    return chosen


def _may_be_bad(metric: Metric, value: float, targets: Sequence[Target]) -> bool:
    """It misses a target, or could be better: what has no best value is judged by its targets, if it has any."""
    if targets and not all(one.met_by(value) for one in targets):
        return True
    if metric.bounds is None:
        return not targets
    return value != metric.bounds[1 if metric.better == "higher" else 0]


def _drawn(
    table: CheckTable, metric: Metric | None, without: Mapping[str, float | None], seed: str
) -> dict[str, float | None]:
    """Cases by chance, and the value of each; in the order in which they were asked. The same data and seed draw the
    same cases, whatever the model answered."""
    count = len(table.cases)
    places: Iterable[int] = range(count)
    if count > SMALL:
        chance = Random(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest())
        places = sorted(chance.sample(range(count), DRAWN))
    chosen: dict[str, float | None] = {}
    for place in places:
        if (case := table.cases[place]) not in without:
            chosen[case] = None
            row = table.columns[metric.name].rows[place] if metric else ""
            if metric is not None and not isinstance(row, str) and table.statuses[place] is not Status.ERRORED:
                chosen[case] = table.value_of(metric.name, row)
    return chosen


def exchanges_of(
    store: Store, fingerprint: str, scores: Iterable[StoredScore], *, masked: bool = False
) -> dict[str, list[Exchange]]:
    """By case, what was asked and answered; ``masked``: without addresses, numbers and keys, whichever check it was."""
    wanted = list(scores)
    samples = store.get_samples(fingerprint, sorted({name for score in wanted for name in score.samples}))
    answers = store.get_answers(sorted({key for score in wanted for key in score.keys}), {}, run_id="")
    return {score.case: list(_exchange(score, samples, answers, masked=masked)) for score in wanted}


def _exchange(
    score: StoredScore, samples: Mapping[str, Sample], answers: Mapping[str, Answer], *, masked: bool
) -> Iterator[Exchange]:
    """Pair answers with the samples they answer: one each, or several answers to one sample."""
    for position, key in enumerate(score.keys):
        name = score.samples[position] if position < len(score.samples) else score.samples[-1]
        sample, answer = samples.get(name, Sample(name, ())), answers.get(key)
        text = answer.text if answer else ""
        spans = _hidden_spans(score, position)
        if masked:
            from evalkit.metrics.leakage import find  # its patterns are for runs that mask

            spans += [leak.span for leak in find(text)]
        secrets = {secret for span in spans if len(secret := text[slice(*span)]) >= SHORTEST_SECRET}
        yield Exchange(
            sample=name,
            messages=_without_in(_asked(sample, score, position), secrets),
            answer=_masked(text, spans),
            references=tuple(_without(reference, secrets) for reference in sample.references),
            labels=sample.labels,
            finish=answer.finish if answer else "error",
            error="" if answer else score.score.error or "no answer",
        )


def _asked(sample: Sample, score: StoredScore, position: int) -> tuple[Message, ...]:
    """What this answer answers. Of several turns, the evidence ``asked`` has what was said in each."""
    asked = score.score.evidence.get("asked")
    if position and isinstance(asked, list | tuple) and position < len(asked):
        return (Message("user", str(asked[position])),)
    return sample.messages


def _hidden_spans(score: StoredScore, position: int) -> list[tuple[int, int]]:
    """What the check wants nobody to read in this answer: the evidence ``hidden`` has a list of spans an answer.

    Evidence comes from checks that anybody may write: what is not a pair of places hides nothing.
    """
    by_answer = score.score.evidence.get("hidden")
    if not isinstance(by_answer, list | tuple) or position >= len(by_answer):
        return []
    spans = []
    for span in by_answer[position] if isinstance(by_answer[position], list | tuple) else ():
        match span:
            case [int(start), int(end)] if 0 <= start < end:
                spans.append((start, end))
    return spans


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    if not spans:
        return text
    from evalkit.metrics.leakage import hidden

    return hidden(text, spans)


def _without(text: str, secrets: Set[str]) -> str:
    """What is masked in an answer is masked in the prompt and the references beside it as well."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, _masked(secret, [(0, len(secret))]))
    return text


def _without_in(messages: tuple[Message, ...], secrets: Set[str]) -> tuple[Message, ...]:
    if not secrets:
        return messages
    return tuple(replace(message, content=_without(message.content, secrets)) for message in messages)

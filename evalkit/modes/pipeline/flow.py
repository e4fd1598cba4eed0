"""From rows to verdicts in counts: what passes each boundary, what is lost there and why, and where most is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.failures import begins_with_kind
from evalkit.gates.measurements import Measurements
from evalkit.gates.outcome import total
from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.texts import shown
from evalkit.records import Word
from evalkit.runner.attending import Concluded
from evalkit.sections import Stop

if TYPE_CHECKING:
    from evalkit.modes.pipeline.watch import Counted

MOST_REASONS = 4
WORTH_NAMING = 0.005
ROWS_IN_FILES = "rows in files"
BAD_ROWS = "bad rows, left out as the suite says"
CUT, EMPTY, FILTERED = "cut at max_tokens", "empty", "filtered"
ANSWERS = "answers"
"""Requests that are equal, and asked together, have one."""
POOR = frozenset({CUT, EMPTY, FILTERED})
BY_SUITE, EXAMPLES, BY_LIMIT = "left out by the suite", "taken as worked examples", "left out by --limit"
BY_CHOICE = frozenset({BY_SUITE, EXAMPLES, BY_LIMIT})
DECIDED = "not asked, for their gates were decided"
UNUSED_ROWS = "in no case of any check"


@dataclass(frozen=True, slots=True)
class Loss:
    """What was lost between two boundaries, though nobody asked for it."""

    before: str
    after: str
    share: float
    reason: str


@dataclass(frozen=True, slots=True)
class Flow:
    stops: tuple[Stop, ...]
    sentence: str


def flow_of(concluded: Concluded, watched: Counted) -> Flow:
    """``answers`` in detail only where every answer was heard."""
    stops = (
        _of_datasets(watched),
        _of_plan(concluded, watched),
        _of_answers(concluded, watched),
        _of_scores(concluded, watched),
        _of_estimates(concluded, watched),
        _of_verdicts(concluded, watched),
    )
    return Flow(stops, _sentence(stops, concluded, watched))


def _of_datasets(watched: Counted) -> Stop:
    profiles = watched.data.values()
    lost = (
        (BAD_ROWS, sum(one.skipped for one in profiles)),
        (BY_SUITE, sum(one.left_out for one in profiles)),
        (EXAMPLES, sum(one.examples for one in profiles)),
    )
    counts = ((ROWS_IN_FILES, sum(one.file_rows for one in profiles)), ("rows", sum(one.rows for one in profiles)))
    return Stop(rules.DATASET, counts, _some(lost), watched.ledger.state(rules.DATASET))


def _of_plan(concluded: Concluded, watched: Counted) -> Stop:
    plan = concluded.plan
    asked = sum(len(order.places) for order in plan.order.values())
    there = sum(one.rows for one in watched.data.values())
    unused = sum(watched.unused.values())
    lost = ((BY_LIMIT, there - asked), (UNUSED_ROWS, unused))
    return Stop(
        rules.PLAN, (("rows asked", asked), ("cases", plan.count)), _some(lost), watched.ledger.state(rules.PLAN)
    )


def _of_answers(concluded: Concluded, watched: Counted) -> Stop:
    usage, state = concluded.result.usage, watched.ledger.state(rules.ANSWERS)
    heard = watched.answers_heard()
    if heard is None:
        counts: list[tuple[str, int]] = [("requests", usage.needed), ("asked", usage.asked), ("reused", usage.reused)]
        return Stop(rules.ANSWERS, tuple(counts), (), state)
    failed: Counter[str] = Counter()
    for one in heard:
        failed.update({f"failed: {kind}": times for kind, times in one.failed.items()})
    filtered = sum(one.filtered for one in heard)
    counts = [
        ("requests", usage.needed),
        (ANSWERS, sum(one.heard for one in heard) - failed.total()),
        (CUT, sum(one.cut for one in heard)),
        (EMPTY, sum(one.texts.empty for one in heard)),
        *([(FILTERED, filtered)] if filtered else []),
    ]
    return Stop(rules.ANSWERS, tuple(counts), _some(failed.most_common(MOST_REASONS)), state)


def _of_scores(concluded: Concluded, watched: Counted) -> Stop:
    counts = total(concluded.tables)
    lost = [*_reasons(concluded.tables).most_common(MOST_REASONS)]
    unasked = concluded.plan.count - counts.planned
    rest = counts.unscored + counts.errored - sum(times for _, times in lost)
    return Stop(
        rules.SCORES,
        (("cases scored", counts.scored), ("unscored", counts.unscored), ("errored", counts.errored)),
        _some([*((shown(reason), times) for reason, times in lost), ("other reasons", rest), (DECIDED, unasked)]),
        watched.ledger.state(rules.SCORES),
    )


def _reasons(tables: Measurements) -> Counter[str]:
    found: Counter[str] = Counter()
    for table in tables.values():
        found.update(table.reasons)
    return found


def _of_estimates(concluded: Concluded, watched: Counted) -> Stop:
    every = [estimate for estimate in concluded.result.estimates if not estimate.slice]
    gated = {(gate.check, gate.metric) for gate in concluded.plan.suite.gates}
    without = sum(one.value is None and (one.check, one.metric) in gated for one in every)
    lost = (("without a value, though a gate speaks of them", without),)
    valued = sum(one.value is not None for one in every)
    others = len(every) - valued - without
    counts = [("metrics with a value", valued), *([("without one, and without a gate", others)] if others else [])]
    return Stop(rules.ESTIMATES, tuple(counts), _some(lost), watched.ledger.state(rules.ESTIMATES))


def _of_verdicts(concluded: Concluded, watched: Counted) -> Stop:
    words = Counter(verdict.word for verdict in concluded.result.outcome.verdicts)
    counts = (("gates passed", words[Word.PASS]), ("failed", words[Word.FAIL]))
    lost = (("unsure", words[Word.UNSURE]),)
    return Stop(rules.VERDICTS, counts, _some(lost), watched.ledger.state(rules.VERDICTS))


def _some(lost: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple((why, times) for why, times in lost if times > 0)


def _losses(stops: Sequence[Stop], concluded: Concluded) -> list[Loss]:
    """Between each two boundaries, what nobody asked to be left out, and answers that are worth little."""
    dataset, plan, answers, _, estimates, _ = stops
    rows = dict(dataset.counts)[ROWS_IN_FILES]
    bad = [(why, times) for why, times in (*dataset.lost, *plan.lost) if why not in BY_CHOICE]
    poor = [*answers.lost, *((what, times) for what, times in answers.counts if what in POOR)]
    answered = dict(answers.counts).get(ANSWERS, 0) + sum(times for _, times in answers.lost)
    of_checks, planned = _lost_by_checks(concluded), total(concluded.tables).planned
    valueless = sum(times for _, times in estimates.lost)
    found = [
        (rules.DATASET, rules.PLAN, sum(times for _, times in bad), rows, _main(bad)),
        (rules.PLAN, rules.ANSWERS, sum(times for _, times in poor), answered, _main(poor)),
        (rules.ANSWERS, rules.SCORES, of_checks.total(), planned, _main(of_checks.most_common(1))),
        (rules.SCORES, rules.ESTIMATES, valueless, valueless + estimates.counts[0][1], _main(estimates.lost)),
    ]
    return [Loss(before, after, min(1.0, lost / max(1, of)), why) for before, after, lost, of, why in found if lost]


def _lost_by_checks(concluded: Concluded) -> Counter[str]:
    """Why cases have no score, but for those whose request failed: they were lost before."""
    return Counter({why: times for why, times in _reasons(concluded.tables).items() if not begins_with_kind(why)})


def _main(lost: Sequence[tuple[str, int]]) -> str:
    return max(lost, key=lambda one: one[1])[0] if lost else ""


def _sentence(stops: Sequence[Stop], concluded: Concluded, watched: Counted) -> str:
    dataset, plan, answers = stops[:3]
    counts = total(concluded.tables)
    rows, asked = dict(dataset.counts)[ROWS_IN_FILES], dict(plan.counts)["rows asked"]
    chosen = [f"{times:,} {why}" for why, times in (*dataset.lost, *plan.lost) if why in BY_CHOICE]
    of = f"{rows:,} rows"
    if any(profile.is_perturbed for profile in watched.data.values()):
        of += " and variants of them"
    said = [f"Of {of} {asked:,} were asked" + (f" ({', '.join(chosen)})" if chosen else "")]
    told = dict(answers.counts)
    failed = sum(times for _, times in answers.lost)
    if ANSWERS in told:
        parts = [f"{told[CUT]:,} of {told[ANSWERS]:,} answers were cut"]
        parts += [f"{told[EMPTY]:,} were empty"] if told[EMPTY] else []
        parts += [f"{told[FILTERED]:,} were filtered"] if FILTERED in told else []
        parts += [f"{failed:,} requests failed"] if failed else []
        said.append(", ".join(parts))
    if unasked := concluded.plan.count - counts.planned:
        said.append(f"{unasked:,} of {concluded.plan.count:,} cases were {DECIDED}")
    share = counts.unscored / counts.planned if counts.planned else 0.0
    measured = f"{share:.0%} of {counts.planned:,} cases are unscored"
    measured += f" and {counts.errored:,} errored" if counts.errored else ""
    losses = [loss for loss in _losses(stops, concluded) if loss.share > WORTH_NAMING]
    if not losses:
        return "; ".join([*said, measured]) + ": nothing of note is lost on the way."
    worst = max(losses, key=lambda loss: loss.share)
    why = f" ({worst.share:.0%}; '{worst.reason}')" if worst.reason else f" ({worst.share:.0%})"
    return "; ".join([*said, measured]) + f": most is lost at {worst.before} → {worst.after}{why}."

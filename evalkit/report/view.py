"""What every rendering says of a result, in words: made once here, so that the renderings only lay it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.failures import begins_with_class
from evalkit.records import Estimate, Interval, Verdict, Word
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.trust import asked
from evalkit.report.window import Picture, picture
from evalkit.results import Finding, MetricInfo, Result

COVERAGE = "coverage"
OF_PEOPLE = "people.1"
"""Signature of what gates that wait for people speak of: no check measures it."""
STATUS = {
    (Word.PASS, Word.PASS): "pass",
    (Word.FAIL, Word.FAIL): "fail",
    (Word.UNSURE, Word.PASS): "unsure, counts as pass",
    (Word.UNSURE, Word.FAIL): "unsure, counts as fail",
    (Word.UNSURE, Word.UNSURE): "undecided",
}
RANK = {
    (Word.FAIL, Word.FAIL): 0,
    (Word.UNSURE, Word.FAIL): 1,
    (Word.UNSURE, Word.UNSURE): 2,
    (Word.UNSURE, Word.PASS): 3,
}
PASSED = 4
LONGEST_NAME = 80
"""Of a model or a suite in a sentence; more of it stands among the facts of the run."""
LEAST_IN_SLICE = 5
"""Cases of a slice that may be called one of the worst: of fewer, any value is chance."""
WORST_OF = f"of {LEAST_IN_SLICE} cases or more"
PHRASES = {
    ">=": "at least",
    ">": "above",
    "<=": "at most",
    "<": "below",
    "==": "exactly",
}


@dataclass(frozen=True, slots=True)
class GateView:
    gate: str
    word: Word
    counts_as: Word
    status: str
    """``pass``, ``fail``, ``unsure, counts as pass``, ``unsure, counts as fail`` or ``undecided``."""
    value: str
    interval: str
    confidence: str
    target: str
    """``at least 0.95``"""
    target_number: str
    """``0.95``"""
    reason: str
    brief: str
    """The reason without what a picture of the interval says anyway; nothing where it says all."""
    counts: str
    about: str
    automatic: bool
    check: str
    origin: str
    picture: Picture | None

    @property
    def shade(self) -> str:
        """How it is coloured and marked: a gate that counts as failed looks failed, whatever the evidence says."""
        return "fail" if self.counts_as is Word.FAIL else str(self.word)


def gates(result: Result) -> list[GateView]:
    """Those that decide against the model first, otherwise in the order of the suite."""
    infos = metric_infos(result)
    views = [gate_view(verdict, infos) for verdict in result.outcome.verdicts]
    return sorted(views, key=lambda view: RANK.get((view.word, view.counts_as), PASSED))


def metric_infos(result: Result) -> dict[tuple[str, str], MetricInfo]:
    return {(check.name, metric.name): metric for check in result.checks for metric in check.metrics}


def gate_view(verdict: Verdict, infos: dict[tuple[str, str], MetricInfo]) -> GateView:
    """Values stand on the scale that the gate is written in, so that value and target can be compared by eye."""
    unit = gate_unit(verdict)
    value, between = decided_on(verdict)
    against_baseline = "baseline" in verdict.gate.rpartition(verdict.operator)[2]
    comparable = verdict.contrast is not None or not against_baseline
    threshold = verdict.threshold if comparable else None
    if verdict.contrast is not None:
        written, span = formatting.difference(value, unit), formatting.interval(between, unit, signed=True)
        counts = f"{formatting.count(verdict.contrast.pairs, 'pair')}, {verdict.contrast.missing:,} on one side only"
    else:
        written = formatting.measure(value, unit, apart_from=threshold)
        span = formatting.interval(between, unit)
        counts = _counts(verdict.estimate)
    drawn = None
    if value is not None and comparable and verdict.operator != "==":
        share = verdict.contrast is None and is_share(verdict.estimate, infos)
        drawn = picture(value, between, threshold, verdict.operator, share=share, decided_by=verdict.decided_by)
    return GateView(
        gate=one_line(verdict.gate),
        word=verdict.word,
        counts_as=verdict.counts_as,
        status=STATUS.get((verdict.word, verdict.counts_as), f"{verdict.word}, counts as {verdict.counts_as}"),
        value=written,
        interval=span,
        confidence=formatting.confidence(between),
        target=target(verdict, unit),
        target_number=target_number(verdict, unit),
        reason=one_line(verdict.reason),
        brief=_brief(verdict, drawn),
        counts=counts,
        about=verdict.about,
        automatic=verdict.automatic,
        check=verdict.estimate.check if verdict.estimate else "",
        origin=one_line(verdict.origin),
        picture=drawn,
    )


def _counts(estimate: Estimate | None) -> str:
    """Coverage has a value for every case: what was scored is the value itself."""
    if estimate is None:
        return formatting.NONE
    if estimate.metric == COVERAGE:
        return formatting.count(estimate.counts.planned, "planned case")
    return formatting.counts(estimate.counts)


def _brief(verdict: Verdict, drawn: Picture | None) -> str:
    """An interval on one side of its target needs no words where it decided, and some where it did not."""
    told = drawn is not None and verdict.used is None and drawn.crosses == (verdict.word is Word.UNSURE)
    if verdict.word is Word.PASS and told:
        return ""
    if verdict.word is Word.UNSURE and verdict.more_cases and told:
        said = f"about {formatting.count(verdict.more_cases, 'more case')}"
        slices = verdict.estimate.slice if verdict.estimate else {}
        where = ", ".join(f"{label}={value}" for label, value in slices.items())
        return one_line(f"{said} of {where} would settle it" if where else f"{said} would settle it")
    return one_line(verdict.reason)


def gate_unit(verdict: Verdict) -> str:
    """BLEU is printed as 27.4, but beside ``>= 0.20`` it has to be 0.274."""
    unit = verdict.estimate.unit if verdict.estimate else ""
    return "share" if unit == "score100" else unit


def decided_on(verdict: Verdict) -> tuple[float | None, Interval | None]:
    if verdict.contrast is not None:
        return verdict.contrast.value, verdict.contrast.interval
    if verdict.estimate is not None:
        return verdict.estimate.value, verdict.estimate.interval
    return None, None


def target(verdict: Verdict, unit: str) -> str:
    """``at least 0.95``, ``below 5 s``: the number as the suite writes it; a dash where there is none."""
    if verdict.operator not in verdict.gate:
        return "–"
    return f"{PHRASES.get(verdict.operator, verdict.operator)} {target_number(verdict, unit)}"


def target_number(verdict: Verdict, unit: str) -> str:
    written = one_line(verdict.gate.rpartition(verdict.operator)[2].strip())
    return written if "baseline" in written else formatting.with_unit(written, unit)


def is_share(estimate: Estimate | None, infos: dict[tuple[str, str], MetricInfo]) -> bool:
    if estimate is None:
        return False
    info = infos.get((estimate.check, estimate.metric))
    return estimate.unit in {"share", "score100"} or (info is not None and info.bounds == (0.0, 1.0))


def subject(result: Result) -> str:
    """``assistant-quality on smollm2-135m (fp32, cpu)``."""
    details = result.model.details if result.model else {}
    named = [str(details[key]) for key in ("dtype", "device") if details.get(key)]
    return one_line(f"{suite_name(result)} on {model_name(result)}" + (f" ({', '.join(named)})" if named else ""))


def suite_name(result: Result) -> str:
    return shorten_end(one_line(shorten_end(result.run.suite, LONGEST_NAME)), LONGEST_NAME)


def model_name(result: Result) -> str:
    """Of an endpoint the name that its server knows it by: address and options stand among the facts."""
    details = result.model.details if result.model else {}
    named = details.get("model") if details.get("address") else None
    return shorten_end(one_line(shorten_end(str(named or result.run.model), LONGEST_NAME)), LONGEST_NAME)


def sentence(result: Result) -> str:
    """The answer in one sentence, with the outcome's own word in it."""
    word, model, suite = result.outcome.word, model_name(result), suite_name(result)
    sentences = {
        "good enough": f"{model} is good enough for {suite}{doubt(result)}.",
        "not good enough": f"{model} is not good enough for {suite}.",
        "unsure": f"It is unsure whether {model} is good enough for {suite}.",
        "not measured": f"{model} was not measured well enough to judge it by {suite}.",
        "nothing evaluated": f"Nothing was evaluated, so {suite} says nothing about {model}.",
        "interrupted": f"The run was interrupted before {suite} could judge {model}.",
    }
    return sentences.get(word, f"{model} on {suite}: {word}.")


def doubt(result: Result) -> str:
    """What stands behind a word that is no proof: some of its gates are unsure and count as passed."""
    counted = sum(one.word is Word.UNSURE and one.counts_as is Word.PASS for one in result.outcome.verdicts)
    if not counted or not result.outcome.passed:
        return ""
    are = "is unsure and counts as passed" if counted == 1 else "are unsure and count as passed"
    return f"{as_far_as(result)}: {formatting.count(counted, 'gate')} {are}"


def as_far_as(result: Result) -> str:
    return f", as far as {formatting.count(result.usage.cases, 'case')} can tell"


def outcome_shade(result: Result) -> str:
    """``pass``, ``fail``, or ``unsure`` for everything that says nothing about the model."""
    return "pass" if result.outcome.passed else "fail" if result.outcome.exit_code == 1 else "unsure"


def title(result: Result) -> str:
    return result.suite_title or result.run.suite


def asks_no_model(result: Result) -> bool:
    """A result of a mode that evaluates none: there are no cases, and it is kept nowhere."""
    return result.model is None and not result.checks and bool(result.mode)


def effort(result: Result) -> str:
    """``412 cases, 388 questions asked for 1,164 needed, 2 min 41 s``."""
    usage = result.usage
    if asks_no_model(result):
        return f"no model was asked, {formatting.duration(usage.seconds)}"
    questions = f"{formatting.count(usage.asked, 'question')} asked for {usage.needed:,} needed"
    reused = f" ({usage.reused:,} known from before)" if usage.reused else ""
    cases = asked(result) or formatting.count(usage.cases, "case")
    scores = f", {taken_over(result)}" if usage.taken_over else ""
    return f"{cases}, {questions}{reused}{scores}, {formatting.duration(usage.seconds)}"


def taken_over(result: Result) -> str:
    """``300 scores taken over from run 20260301-091500-a1b2c3, 100 made``; nothing where all were made."""
    usage = result.usage
    if not usage.taken_over:
        return ""
    runs = f"run {usage.taken_from[0]}" if len(usage.taken_from) == 1 else f"{len(usage.taken_from):,} runs"
    scores = formatting.count(usage.taken_over, "score")
    return one_line(f"{scores} taken over from {runs}, {usage.cases - usage.taken_over:,} made")


def fates(result: Result) -> tuple[int, int, dict[str, int]]:
    """Unscored and errored measurements over all checks, and why, the most frequent first. What errors say is left to
    their groups, where there are any."""
    reasons: dict[str, int] = {}
    for check in result.checks:
        for reason, times in check.counts.reasons.items():
            if result.errors and begins_with_class(reason):
                continue
            shown = one_line(reason)
            reasons[shown] = reasons.get(shown, 0) + times
    ranked = dict(sorted(reasons.items(), key=lambda item: -item[1]))
    unscored = sum(check.counts.unscored for check in result.checks)
    errored = sum(check.counts.errored for check in result.checks)
    if result.errors and not unscored:
        ranked = {}
    return unscored, errored, ranked


def notices(result: Result) -> list[str]:
    """Everything a person should know before trusting the numbers."""
    said = list(result.warnings)
    for check in result.checks:
        said += [f"{check.name}: {warning}" for warning in check.warnings]
        if check.skipped_rows:
            rows = formatting.count(check.skipped_rows, "row")
            said.append(f"{check.name}: {rows} of dataset {check.dataset} left out as faulty")
    if result.usage.incidents:
        many = formatting.count(result.usage.incidents, "request")
        said.append(f"{many} got two different texts in the store; the first one counts")
    if result.run.partial and not asks_no_model(result):
        said.append("This run is partial (--limit or --only): it cannot be a baseline")
    return list(dict.fromkeys(one_line(warning) for warning in said))


def worst_slices(result: Result, most: int = 4, of_one_check: int = 2) -> list[tuple[str, str]]:
    """The slices that are surely lowest: by the better end of their intervals, so that two cases do not outdo fifty.

    Of one metric a check: a gated one where there is one, else its first; of ``LEAST_IN_SLICE`` cases or more.
    """
    infos = metric_infos(result)
    lowest: list[tuple[float, float, str, str]] = []
    for check in result.checks:
        metric = leading_metric(result, check.name)
        ranked = [
            _slice_of(estimate)
            for estimate in result.estimates
            if estimate.check == check.name and estimate.metric == metric and estimate.slice
            and estimate.value is not None and is_share(estimate, infos) and estimate.counts.scored >= LEAST_IN_SLICE
        ]  # fmt: skip
        lowest += sorted(ranked)[:of_one_check]
    return [(name, value) for _, good, name, value in sorted(lowest)[:most] if good < 1]


def _slice_of(estimate: Estimate) -> tuple[float, float, str, str]:
    """How good it may be, how good it is, its name, and value with interval and cases."""
    value, between = estimate.value or 0.0, estimate.interval
    low, high = (between.low, between.high) if between else (value, value)
    may_be, good = (high, value) if estimate.better == "higher" else (1 - low, 1 - value)
    where = ",".join(estimate.slice.values())
    span = f"{formatting.interval(between, estimate.unit)}, " if between else ""
    cases = formatting.count(estimate.counts.scored, "case")
    written = f"{formatting.number(value, estimate.unit)} ({span}{cases})"
    return may_be, good, one_line(f"{estimate.check}[{where}]"), written


def leading_metric(result: Result, check: str) -> str:
    """Of the gate that went worst, else the check's first."""
    gated = [v.estimate for v in gates_of(result, check) if v.estimate]
    if gated:
        return gated[0].metric
    summary = next((c for c in result.checks if c.name == check), None)
    return summary.metrics[0].name if summary and summary.metrics else ""


def gates_of(result: Result, check: str) -> list[Verdict]:
    """Those of the suite about what the check itself measures, what does not pass first."""
    mine = [
        one
        for one in result.outcome.verdicts
        if one.estimate and one.estimate.check == check and not one.automatic and one.estimate.signature != OF_PEOPLE
        and one.estimate.metric != COVERAGE
    ]  # fmt: skip
    return sorted(mine, key=lambda one: RANK.get((one.word, one.counts_as), PASSED))


def of_check(estimates: Iterable[Estimate], check: str) -> list[Estimate]:
    return [estimate for estimate in estimates if estimate.check == check]


def finding_value(finding: Finding, infos: dict[tuple[str, str], MetricInfo]) -> str:
    info = infos.get((finding.check, finding.metric))
    return formatting.measure(finding.value, info.unit if info else "")

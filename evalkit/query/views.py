"""What can be asked for in SQL: plain tables over what the runs database holds packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.query.dialects import Dialect

_NEWEST = "(SELECT {what} FROM {home}revisions AS newer WHERE newer.run_id = {run} ORDER BY newer.number DESC LIMIT 1)"


@dataclass(frozen=True, slots=True)
class View:
    name: str
    what: str
    columns: Sequence[tuple[str, str]]
    """Each with what it is, in the order in which the view selects them."""
    body: Callable[[Dialect], str]

    def statement(self, dialect: Dialect) -> str:
        names = ", ".join(name for name, _ in self.columns)
        return f"CREATE TEMPORARY VIEW {self.name} ({names}) AS {self.body(dialect)}"


def _runs(d: Dialect) -> str:
    newest = _NEWEST.format(what="newer.outcome", home=d.at_home, run="runs.id")
    name = "(SELECT min(named.name) FROM {home}baselines AS named WHERE named.run_id = runs.id AND named.document = '')"
    return f"""
        SELECT {d.shown("runs.id")}, {d.shown("runs.suite")}, {d.shown("runs.model")},
            CASE WHEN runs.state = 'running' AND {d.silent("runs.heartbeat")} THEN 'interrupted' ELSE runs.state END,
            {d.shown(f"coalesce({newest}, runs.outcome)")}, runs.created, runs.finished, CAST(runs.partial AS integer),
            {d.shown("runs.continues")}, {name.format(home=d.at_home)}, {d.shown("runs.suite_fingerprint")},
            {d.shown("runs.model_fingerprint")}, runs.datasets, runs.options, runs.environment
        FROM {d.at_home}runs"""


def _checks(d: Dialect) -> str:
    one = "part.value"
    counts = ", ".join(d.number(one, f"counts.{name}") for name in ("planned", "scored", "unscored", "errored"))
    return f"""
        SELECT {d.shown("results.run_id")}, {d.text(one, "name")}, {d.text(one, "kind")}, {d.text(one, "dataset")},
            {counts}
        FROM {d.at_home}results
        JOIN {d.at_home}runs ON runs.id = results.run_id,
        {d.each("results.document", "checks", "part")}"""


def _estimates(d: Dialect) -> str:
    one = "part.value"
    counts = ", ".join(d.number(one, f"counts.{name}") for name in ("planned", "scored", "unscored", "errored"))
    return f"""
        SELECT {d.shown("results.run_id")}, {d.text(one, "check")}, {d.text(one, "metric")}, {d.slice(one)},
            {d.number(one, "value")}, {d.number(one, "interval.low")}, {d.number(one, "interval.high")},
            {d.text(one, "interval.method")}, {d.text(one, "unit")}, {d.text(one, "better")}, {counts},
            {d.text(one, "signature")}
        FROM {d.at_home}results
        JOIN {d.at_home}runs ON runs.id = results.run_id,
        {d.each("results.document", "estimates", "part")}"""


def _gates(d: Dialect) -> str:
    one = "part.value"
    newest = _NEWEST.format(what="newer.document", home=d.at_home, run="results.run_id")
    return f"""
        SELECT {d.shown("results.run_id")}, {d.text(one, "gate")}, {d.text(one, "word")}, {d.text(one, "counts_as")},
            {d.number(one, "estimate.value")}, {d.text(one, "operator")}, {d.number(one, "threshold")},
            {d.number(one, "decided_by.low")}, {d.number(one, "decided_by.high")}, {d.text(one, "about")},
            {d.number(one, "p_value")}, {d.number(one, "used")}, {d.number(one, "available")},
            {d.flag(one, "automatic")}, {d.text(one, "reason")}
        FROM {d.at_home}results
        JOIN {d.at_home}runs ON runs.id = results.run_id,
        {d.each(f"coalesce({newest}, results.document)", "verdicts", "part")}"""


def _cases(d: Dialect) -> str:
    measured = (
        f"SELECT 1 FROM {d.entries('scores.document', 'results', 'measured')} WHERE NOT ({d.is_text('measured')})"
    )
    error = d.text("scores.document", "error")
    return f"""
        SELECT {d.shown("scores.run_id")}, {d.shown("scores.check_name")}, {d.shown("scores.case_id")},
            scores.position, {d.shown("scores.cluster")},
            CASE WHEN coalesce({error}, '') <> '' THEN 'errored' WHEN EXISTS ({measured}) THEN 'scored'
                ELSE 'unscored' END,
            coalesce({error}, ''), {d.part("scores.document", "evidence")}
        FROM {d.at_home}scores
        JOIN {d.at_home}runs ON runs.id = scores.run_id"""


def _scores(d: Dialect) -> str:
    known, join = d.knowing_checks()
    item = d.item("measured")
    return f"""
        {known}SELECT {d.shown("scores.run_id")}, {d.shown("scores.check_name")}, {d.shown("scores.case_id")},
            measured.key, CASE WHEN {d.is_text("measured")} THEN NULL ELSE {d.value()} END,
            CASE WHEN {d.is_text("measured")} THEN {item} ELSE '' END,
            CASE WHEN {d.is_text("measured")} THEN NULL ELSE {item} END
        FROM {d.at_home}scores
        JOIN {d.at_home}runs ON runs.id = scores.run_id
        {join}, {d.entries("scores.document", "results", "measured")}"""


def _answers(d: Dialect) -> str:
    known, join = d.knowing_checks()
    case = d.shown("scores.case_id")
    sample = f"CASE scores.samples WHEN '' THEN {case} ELSE {d.at('scores.samples', 'asked.key')} END"
    stored = f"CASE scores.samples WHEN '' THEN scores.case_id ELSE {d.at('scores.samples', 'asked.key')} END"
    of = "answers.document"
    return f"""
        {known}SELECT {d.shown("scores.run_id")}, {d.shown("scores.check_name")}, {case}, asked.key, {sample},
            {d.contents("samples.document")}, {d.text(of, "text")}, {d.text(of, "finish")},
            {d.text(of, "reasoning")}, {d.number(of, "prompt_tokens")}, {d.number(of, "output_tokens")},
            {d.number(of, "timing[0]")},
            {d.shown("answers.run_id")}, {d.moment("answers.made")}, answers.key
        FROM {d.at_home}scores
        JOIN {d.at_home}runs ON runs.id = scores.run_id
        {join} CROSS JOIN {d.words("scores.answer_keys", "asked")}
        JOIN {d.at_home}answers ON answers.key = asked.value
        LEFT JOIN {d.at_home}samples ON samples.dataset = {d.dataset()} AND samples.id = {stored}"""


def _failures(d: Dialect) -> str:
    message = d.text("attempts.document", "failure[1]")
    return f"""
        SELECT {d.shown("attempts.run_id")}, attempts.time, attempts.kind, {message}, attempts.request, attempts.key
        FROM {d.at_home}attempts
        JOIN {d.at_home}runs ON runs.id = attempts.run_id"""


def _events(d: Dialect) -> str:
    """Also of runs in the trash: that they were deleted is one."""
    return f"""
        SELECT {d.shown("events.run_id")}, events.number, events.time, events.before, events.after,
            {d.shown("events.cause")}
        FROM {d.at_home}events"""


def _evidence(d: Dialect) -> str:
    return f"""
        SELECT {d.shown("evidence.run_id")}, evidence.block, {d.shown("evidence.gate")}, evidence.document
        FROM {d.at_home}evidence
        JOIN {d.at_home}runs ON runs.id = evidence.run_id"""


def _baselines(d: Dialect) -> str:
    return f"""
        SELECT baselines.name, {d.shown("baselines.suite")}, {d.shown("baselines.run_id")}, baselines.set_at,
            CASE baselines.document WHEN '' THEN 0 ELSE 1 END
        FROM {d.at_home}baselines"""


RUN = ("run_id", "the run")
CHECK = ("check_name", "the check")
CASE = ("case_id", "the case: mostly the id of its row")
COUNTS = (
    ("planned", "cases"),
    ("scored", "of these with a value"),
    ("unscored", "without one, and why is known"),
    ("errored", "that went wrong"),
)
VIEWS = (
    View(
        "runs",
        "a run",
        (
            RUN,
            ("suite", "its suite"),
            ("model", "the model's reference"),
            ("state", "planned, running, interrupted, failed or finished"),
            ("outcome", "its word, as the newest review has it; empty until it is finished"),
            ("created", "when, UTC"),
            ("finished", "when, UTC; empty until then"),
            ("partial", "1 with --limit or --only"),
            ("continues", "the run that it goes on from"),
            ("baseline", "a name that baselines know it by"),
            ("suite_fingerprint", "of what is asked and how it is judged"),
            ("model_fingerprint", "of the weights, or what stands for them"),
            ("datasets", "fingerprints by name, as JSON"),
            ("options", "what the command line said, as JSON"),
            ("environment", "versions and machine, as JSON"),
        ),
        _runs,
    ),
    View(
        "checks",
        "a check of a finished run",
        (RUN, CHECK, ("kind", "which kind of check"), ("dataset", "what it reads"), *COUNTS),
        _checks,
    ),
    View(
        "estimates",
        "a metric of a finished run, whole or in a slice",
        (
            RUN,
            CHECK,
            ("metric", "its name"),
            ("slice", "such as category=fraud; empty for all cases"),
            ("value", "over the cases"),
            ("low", "of its 95% interval"),
            ("high", "of its 95% interval"),
            ("method", "of the interval"),
            ("unit", "of the value"),
            ("better", "higher or lower"),
            *COUNTS,
            ("signature", "of all that changes the number"),
        ),
        _estimates,
    ),
    View(
        "gates",
        "a gate's verdict in a finished run, as the newest review has it",
        (
            RUN,
            ("gate", "as the suite has it"),
            ("word", "pass, fail or unsure"),
            ("counts_as", "what the outcome takes it for"),
            ("value", "of its metric"),
            ("operator", "such as >="),
            ("threshold", "what is asked for"),
            ("low", "of the interval that decided"),
            ("high", "of the interval that decided"),
            ("about", "population or dataset"),
            ("p_value", "of meeting the target"),
            ("used", "cases asked, where it could stop early"),
            ("available", "cases there were"),
            ("automatic", "1 for the gate on coverage that every check has"),
            ("reason", "in one sentence"),
        ),
        _gates,
    ),
    View(
        "cases",
        "a case that a check has judged",
        (
            RUN,
            CHECK,
            CASE,
            ("position", "in the order of its dataset"),
            ("cluster", "what cases that belong together share"),
            ("status", "scored, unscored or errored"),
            ("error", "why it could not be judged"),
            ("evidence", "what the check found, as JSON"),
        ),
        _cases,
    ),
    View(
        "scores",
        "a metric of a case",
        (
            RUN,
            CHECK,
            CASE,
            ("metric", "its name"),
            ("value", "of this case alone"),
            ("reason", "why it has none"),
            ("statistics", "what is summed over cases, as JSON"),
        ),
        _scores,
    ),
    View(
        "answers",
        "an answer that a case was judged by",
        (
            RUN,
            CHECK,
            CASE,
            ("number", "among the case's answers, from 0"),
            ("sample_id", "the row that was asked"),
            ("prompt", "all that the row's messages say; of further turns see the evidence of cases"),
            ("answer", "as it was scored"),
            ("finish", "stop, length, filtered"),
            ("reasoning", "kept apart from the answer"),
            ("prompt_tokens", "of the request"),
            ("output_tokens", "of the answer"),
            ("seconds", "that its batch took"),
            ("made_by", "the run that asked for it"),
            ("made", "when, UTC"),
            ("answer_key", "of the request; equal for runs that share the answer"),
        ),
        _answers,
    ),
    View(
        "failures",
        "a request that had no answer, each time",
        (
            RUN,
            ("time", "when, UTC"),
            ("kind", "such as network"),
            ("message", "what was said"),
            ("request", "what was asked, as JSON"),
            ("answer_key", "of the request"),
        ),
        _failures,
    ),
    View(
        "events",
        "a change of a run's state, or of its outcome by a review; also of runs in the trash",
        (
            RUN,
            ("number", "in the order in which they happened"),
            ("time", "when, UTC"),
            ("before", "the state"),
            ("after", "the state"),
            ("cause", "in words"),
        ),
        _events,
    ),
    View(
        "evidence",
        "what a block of cases said about a gate, in a run that may stop early",
        (
            RUN,
            ("block", "in the order in which they were done, from 0"),
            ("gate", "as the suite has it"),
            ("said", "cases so far, and logarithms of the wealth for pass and for fail, as JSON"),
        ),
        _evidence,
    ),
    View(
        "baselines",
        "a name that runs are compared with",
        (
            ("name", "the name"),
            ("suite", "of its run"),
            RUN,
            ("set_at", "when, UTC"),
            ("imported", "1 where its numbers came in a file"),
        ),
        _baselines,
    ),
)
"""In the order in which a person meets them."""

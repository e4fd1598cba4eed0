"""evalkit from Python and notebooks: the same stages as the command line, and results that show themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.configuration import Configuration, configure, judge_settings
from evalkit.errors import ConfigurationError
from evalkit.invocation import command_line
from evalkit.modes.mode import Asked
from evalkit.modes.running import run_in_mode
from evalkit.profiles import Profile
from evalkit.records import Estimate, Outcome, Verdict
from evalkit.report.shown import ShownCase, ShownChart, ShownComparison, briefly
from evalkit.results import ErrorGroup, Finding, Result, ReviewSummary
from evalkit.runner.compare import compare_runs
from evalkit.runner.document import to_json
from evalkit.runner.events import Event
from evalkit.runner.logs import case_logs
from evalkit.runner.plan import Scope
from evalkit.runner.profile import recording
from evalkit.runner.revise import result_of
from evalkit.runner.running import RunOptions
from evalkit.store import Store, open_store
from evalkit.suite.find import find_suite
from evalkit.suite.load import Suite
from evalkit.suite.load import load_suite as _load_suite

if TYPE_CHECKING:
    from evalkit.query.finding import Found

KINDS = ("scores", "answers", "estimates", "gates", "findings", "reviews")
"""Of tables that a result becomes."""


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """A finished run: its verdicts and estimates, as objects, a table, JSON or HTML."""

    result: Result
    opened: Callable[[], AbstractContextManager[Store]] | None = field(default=None, compare=False, repr=False)
    """Opens the runs database that has every case of the run; none where the result came from elsewhere."""

    @property
    def id(self) -> str:
        return self.result.run.id

    @property
    def outcome(self) -> Outcome:
        return self.result.outcome

    @property
    def passed(self) -> bool:
        return self.outcome.passed

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self.outcome.verdicts

    @property
    def estimates(self) -> Mapping[str, Estimate]:
        """By name: ``accuracy.rougeL``, ``safety.refusal_rate[category=fraud]``."""
        return {estimate.name: estimate for estimate in self.result.estimates}

    @property
    def findings(self) -> tuple[ShownCase, ...]:
        """The worst cases of every check."""
        return tuple(ShownCase.of(finding, self.result) for finding in self.result.findings)

    @property
    def errors(self) -> tuple[ErrorGroup, ...]:
        """What errored, by class, with cause and what to do."""
        return self.result.errors

    @property
    def reviews(self) -> tuple[ReviewSummary, ...]:
        """What people said of each queue that the suite asks for, as this result knows it: ``revised`` looks again."""
        return self.result.reviews

    def revised(self, revision: int | None = None) -> RunResult:
        """The same run as people's reviews have it by now, or as a revision had it; 0 is the run as it ended."""
        with self._store() as store:
            return RunResult(result_of(store, self.id, revision), self.opened)

    @property
    def profile(self) -> Profile | None:
        """Where the time went until the result was stored, if that was asked for."""
        return self.result.profile

    @property
    def charts(self) -> Mapping[str, ShownChart]:
        """The report's pictures, in its order, by their ids."""
        from evalkit.report.charts import charts

        return {chart.id: ShownChart(chart) for chart in charts(self.result)}

    def to_json(self, *, indent: int | None = None) -> str:
        """The document that ``report.json`` holds."""
        return to_json(self.result, indent=indent)

    def case(self, check: str, case: str) -> ShownCase:
        """Any case of the run, by the name that reports and tables give it."""
        for finding in (*self.result.findings, *self.result.sampled):
            if (finding.check, finding.case) == (check, case):
                return ShownCase.of(finding, self.result)
        from evalkit.runner.findings import MASKING, exchanges_of
        from evalkit.runner.tables import restore

        summary = next((one for one in self.result.checks if one.name == check), None)
        if summary is None:
            names = ", ".join(one.name for one in self.result.checks)
            raise ConfigurationError(f"no check of this run is called '{check}'", where="check", hint=f"known: {names}")
        masked = any(one.kind == MASKING for one in self.result.checks)
        with self._store() as store:
            stored = store.get_scores(self.id, check, [case])
            if not stored:
                hint = ".to_frame('scores') lists the cases"
                raise ConfigurationError(f"check '{check}' has no case '{case}'", where="case", hint=hint)
            score = stored[0].score
            said = exchanges_of(store, self.result.run.datasets[summary.dataset], stored, masked=masked)[case]
        info = next((metric for metric in summary.metrics if metric.kind != "quantile"), None)
        vector = score.results.get(info.name) if info else None
        value = restore(info, {}).value(vector) if info and isinstance(vector, tuple) else None
        name = info.name if info else ""
        found = Finding(check, case, name, value, tuple(said), score.evidence, score.status, score.error)
        return ShownCase.of(found, self.result)

    def to_frame(self, kind: str = "estimates", engine: str = "pandas") -> Any:
        """A table: ``estimates``, ``gates``, ``findings`` (the exchanges of cases that reports show), or, read from the
        runs database, ``scores`` (a row for every case and metric), ``answers`` (for every prompt and answer of every
        case) and ``reviews`` (for every case and reviewer).
        Engines are ``pandas`` (extra ``frames``) and ``polars``.
        """
        from evalkit.report import frames

        frames.require_known("kind", kind, KINDS)
        if kind == "reviews":
            from evalkit.runner.review_files import exported

            with self._store() as store:
                return frames.of_reviews(exported(store, self.id), engine)
        if kind == "answers":
            from evalkit.runner.logs import said_in_cases

            with self._store() as store:
                return frames.of_answers(said_in_cases(store, self.result), engine)
        if kind != "scores":
            return frames.of_result(self.result, kind, engine)
        from evalkit.runner.tables import load_tables

        with self._store() as store:
            return frames.of_scores(load_tables(store, self.result), self.result, engine)

    def _store(self) -> AbstractContextManager[Store]:
        if self.opened is None:
            raise ConfigurationError(
                "this result does not know its runs database", where=self.id, hint="take what evaluate() returned"
            )
        return self.opened()

    def _repr_html_(self) -> str:
        from evalkit.report.notebook import fragment

        return fragment(self.result)

    def __repr__(self) -> str:
        return briefly("run", f"{self.id}: {self}")

    def __str__(self) -> str:
        run = self.result.run
        return f"{run.suite} on {run.model}: {self.outcome.word} ({self.outcome.reason})"


def load_suite(
    suite: str | Path, *, seed: int | None = None, trust_code: bool = False, redact: Sequence[str] = ()
) -> Suite:
    """A suite from a file, or by the name of one that ships with evalkit. Raises ``SuiteError`` with file and line.

    ``trust_code``: functions that it names in ``transform`` may run.
    """
    return _load_suite(find_suite(str(suite)), seed=seed, trust_code=trust_code, redact=redact)


def load_result(run: str = "last", *, store: str | Path | Store | None = None) -> RunResult:
    """A finished run of the runs database: by its id, a unique prefix of it, ``last`` or ``last:SUITE``. As the newest
    revision has it, where people reviewed it."""
    configuration = configure({"store": _url(store)})
    with _store(store, configuration) as opened:
        found = opened.get_run(run, finished=True)
        return RunResult(result_of(opened, found.id), partial(_store, store, configuration))


def evaluate(
    suite: str | Path | Suite,
    *,
    model: str | None = None,
    baseline: str | Path | RunResult = "",
    allow_different: bool = False,
    stop_early: bool | None = None,
    continues: str = "",
    limit: int | None = None,
    only: str | Sequence[str] = (),
    seed: int | None = None,
    replicate: int = 0,
    store: str | Path | Store | None = None,
    report: str | Path | None = None,
    fresh: bool = False,
    strict: bool = False,
    redact: str | Sequence[str] = (),
    profile: bool = False,
    mode: str = "",
    mode_options: Mapping[str, Any] | None = None,
    on_event: Callable[[Event], None] | None = None,
    **settings: Any,
) -> RunResult:
    """Evaluate a model with a suite, as ``evalkit run`` does.

    ``settings`` are the configuration's keys (``device``, ``dtype``, ``batch_size``, ...); what is not given comes from
    ``evalkit.toml`` and ``EVALKIT_*``. Report files are written only where ``report`` names a folder. Verdicts never
    raise; what is wrong with the suite, the data or the model does. ``profile``: the result says where the time went.
    ``on_event`` is told what happens while it happens. ``mode``: how the suite is run, as ``--mode`` says it.
    """
    configuration = configure({"model": model, "limit": limit, "store": _url(store), **settings})
    taken_out = (redact,) if isinstance(redact, str) else tuple(redact)
    loaded = _loaded(suite, seed, taken_out, trust_code=configuration.settings.trust_code)
    reference, model_settings = configuration.model_settings(configuration.settings.model)
    options = RunOptions(
        scope=Scope((only,) if isinstance(only, str) else tuple(only), configuration.settings.limit),
        settings=model_settings,
        judge=judge_settings(configuration, loaded.judge) if loaded.judge else None,
        baseline=_named(baseline),
        allow_different=allow_different,
        stop_early=stop_early,
        continues=continues,
        replicate=replicate,
        seed=seed,
        resume="never" if fresh else "auto",
        strict=strict,
        scoring_workers=configuration.settings.scoring_workers,
        on_event=on_event,
    )
    again = command_line(
        *(str(loaded.path), configuration.settings.model, configuration, options),
        redact=taken_out,
        mode=mode,
        mode_options=[f"{key}={json.dumps(value)}" for key, value in (mode_options or {}).items()],
        profile=profile,
    )
    options = replace(options, reproduce=again)
    recorded = recording() if profile else nullcontext()
    with _store(store, configuration) as opened, recorded:
        result = run_in_mode(Asked(loaded, reference, opened, options), mode, mode_options or {})
        if report is not None:
            from evalkit.report import write_all

            write_all(result, Path(report), case_logs(opened, result))
    return RunResult(result, partial(_store, store, configuration))


def _loaded(suite: str | Path | Suite, seed: int | None, redact: Sequence[str], *, trust_code: bool) -> Suite:
    if not isinstance(suite, Suite):
        return load_suite(suite, seed=seed, trust_code=trust_code, redact=redact)
    if seed is not None:
        raise ConfigurationError(
            "a loaded suite has its seeds already", where="seed", hint="load_suite(NAME, seed=...)"
        )
    if redact:
        hint = "load_suite(NAME, redact=...)"
        raise ConfigurationError("a loaded suite says what it redacts", where="redact", hint=hint)
    return suite


def compare(
    baseline: str | Path | RunResult,
    *candidates: str | Path | RunResult,
    store: str | Path | Store | None = None,
    allow_different: bool = False,
) -> ShownComparison:
    """Each candidate against the baseline, case by case: results, runs, and names and files of baselines.

    Without ``store`` runs are looked for where the first of the results is kept. Refuses different data, metric
    signatures and generation settings, unless ``allow_different``.
    """
    if not candidates:
        raise ConfigurationError("nothing to compare with the baseline", hint="evalkit.compare(BASELINE, CANDIDATE)")
    first, *others = map(_named, (baseline, *candidates))
    results = (run for run in (baseline, *candidates) if isinstance(run, RunResult) and run.opened)
    own = None if store is not None else next(results, None)
    with own._store() if own else _store(store, configure({"store": _url(store)})) as opened:
        found = compare_runs(opened, first, *others, allow_different=allow_different)
    return ShownComparison(found.baseline, found.candidates)


def sql(
    statement: str, *, store: str | Path | Store | None = None, limit: int | None = None, seconds: float = 60.0
) -> list[dict[str, Any]]:
    """The rows of one SELECT over the runs database, as ``evalkit sql`` has them. Nothing is written."""
    from evalkit.query.sql import ask

    with _store(store, configure({"store": _url(store)})) as opened:
        return ask(opened, statement, limit=limit, seconds=seconds).as_maps()


def search(
    text: str,
    *,
    where: str = "",
    run: str | RunResult = "",
    check: str = "",
    since: str = "",
    within: str = "",
    similar: bool = False,
    limit: int = 20,
    store: str | Path | Store | None = None,
) -> Found:
    """Answers across runs, by their words or with ``similar`` by their meaning: ``.hits`` and ``.total``, as
    ``evalkit search`` has them. ``within``: ``answer``, ``prompt``, or both."""
    from evalkit.query import search as searching

    wanted = searching.Wanted(where, _named(run), check, since)
    with _store(store, configure({"store": _url(store)})) as opened:
        return searching.search(opened, text, wanted, within=within, similar=similar, limit=limit)


def _named(run: str | Path | RunResult | None) -> str:
    """As the command line would name it."""
    if not isinstance(run, str | Path | RunResult | None):
        raise ConfigurationError(
            f"a {type(run).__name__} is no run and no baseline",
            where=repr(run)[:40],
            hint="give a result, a run, or a baseline's name or file",
        )
    return run.id if isinstance(run, RunResult) else str(run or "")


def _url(store: str | Path | Store | None) -> str | None:
    return str(store) if isinstance(store, str | Path) else None


def _store(store: str | Path | Store | None, configuration: Configuration) -> AbstractContextManager[Store]:
    """A store that the caller opened stays open."""
    if store is None or isinstance(store, str | Path):
        return open_store(configuration.settings.store)
    return nullcontext(store)

"""One run of one suite on one model, from plan to stored result."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from evalkit.data.rowstore import by_id
from evalkit.errors import Interrupted, ModeBroken, ProcessEnded, ServerSilent, StoreError, SuiteError
from evalkit.failures import log_tail, without_secrets, words_of
from evalkit.gates.measurements import Judged, Measurements
from evalkit.models import ModelSettings, open_backend
from evalkit.protocols import Backend, Loadable, Metric, Paced, Taught
from evalkit.results import Result
from evalkit.runner.ask import Asker, Limits, Tally
from evalkit.runner.attending import Concluded, Listeners
from evalkit.runner.baseline import Baseline, find_baseline
from evalkit.runner.beating import beating
from evalkit.runner.context import fit_context
from evalkit.runner.document import to_json
from evalkit.runner.ending import KEPT, in_order
from evalkit.runner.examine import Examined
from evalkit.runner.plan import Plan, Planned, make_plan
from evalkit.runner.profile import recorder, stage, timed
from evalkit.runner.provable import unprovable_gates
from evalkit.runner.resume import FRESH, begin_run, earlier_evidence, origin_of, run_options, run_to_continue
from evalkit.runner.revise import begin_review
from evalkit.runner.running import AS_USUAL, Running, RunOptions
from evalkit.runner.score_keeping import ScoreKeeper
from evalkit.runner.scoring import Scoring
from evalkit.runner.so_far import Looking
from evalkit.runner.stopping import prepare
from evalkit.runner.summing_up import sum_up
from evalkit.runner.tables import empty_tables
from evalkit.runner.takeover import Takeover
from evalkit.runner.telling import Telling
from evalkit.runner.under_way import DECIDING, Progress, UnderWay
from evalkit.sections import Section, unsound
from evalkit.store import Identity, ScoreRow, Store
from evalkit.suite.load import Suite

SERVED_TOGETHER = 16
"""Blocks of the plan that a server is asked as one, where no gate is looked at after each: at its end it would wait for
the last answer, and takes perhaps more requests at once than there are in one.
"""
LOADED_TOGETHER = 8
"""As many for a model in this process: its batch is full until the last answers of what was asked as one, and a batch
of more rows than a block has costs a small model hardly more.
"""


def run_suite(suite: Suite, model: str, store: Store, options: RunOptions = AS_USUAL) -> Result:
    """Plan, ask, score, decide, store. What is wrong is found, and raised, before anything is asked."""
    started = time.monotonic()
    with stage("load the data"):
        plan = make_plan(suite, options.scope)
    may_stop = suite.stop_early if options.stop_early is None else options.stop_early
    doubts = unprovable_gates(plan, stop_early=may_stop or bool(options.continues))
    if doubts and options.strict:
        raise SuiteError("\n".join(doubts), where=str(suite.path), hint="--strict takes warnings for errors")
    with ExitStack() as opened:
        with stage("open the model"):
            backends = _open_all(model, plan, options, opened)
            plan, cut = fit_context(plan, backends["subject"])
        for attendant in options.attendants:
            opened.callback(attendant.closed)
            attendant.planned(plan, backends)
        baseline = find_baseline(store, plan, options.baseline, allow_different=options.allow_different)
        info, replicate = backends["subject"].info, options.replicate
        continued = run_to_continue(store, plan, info, options.continues, replicate=replicate)
        continues = continued.id if continued else ""
        wanted = run_options(options.scope, replicate, options.seed, stop_early=may_stop, continues=continues)
        judge = backends["judge"].info if "judge" in backends else None
        run = begin_run(store, plan, info, wanted, options.resume, judge=judge)
        plan = replace(plan, renewals=store.renewals(suite.name))
        earlier = earlier_evidence(store, continued, options.scope)
        stopping = prepare(plan, baseline, may_stop=may_stop, earlier=earlier)
        warnings = [*plan.warnings(), *cut, *doubts]
        return _run(Running(plan, backends, store, run, options, started, warnings, stopping), baseline)


def _open_all(model: str, plan: Plan, options: RunOptions, opened: ExitStack) -> dict[str, Backend]:
    """Who answers, by role. Opening loads nothing, but finds what is wrong with a reference."""
    references = {"subject": (model, options.settings)}
    if plan.suite.judge:
        references["judge"] = options.judge or (plan.suite.judge, ModelSettings())
    backends = {}
    for role, (reference, settings) in references.items():
        backend = backends[role] = open_backend(reference, settings)
        opened.callback(_close, backend)
        if isinstance(backend, Taught):
            for dataset in plan.datasets.values():  # whole, so that a limited run shares its answers with a full one
                backend.teach(by_id(dataset.samples))
    return backends


def _close(backend: Backend) -> None:
    with stage("close the model"):
        backend.close()


def _run(running: Running, baseline: Baseline) -> Result:
    """Ask and score all blocks; whatever ends it, the run's state says how."""
    store, run = running.store, running.run
    if running.announcer.listens:
        begun = sum(event.after == "running" for event in store.events(run.id))
        running.announcer.began(running.plan.count, before=begun - 1)
    try:
        with stage("store"):
            for name, dataset in running.plan.datasets.items():
                store.put_samples(dataset.fingerprint, running.plan.samples(name, by_id=True))
            running.takeover = Takeover.begin(store, running.plan, run.id)
        running.timeline.add(time.monotonic() - running.started, 0, 0)
        with in_order(running.ending), log_tail(), beating(store, run.id):
            tables, tally = _measure(running, baseline)
        with stage("estimate and decide"):
            result = sum_up(running, tables, tally, baseline)
            result = begin_review(store, running.plan, tables, result, running.stopping.review_level)
        result = _ended(running, _profiled(_attended(running, tables, result, baseline.run_id)))
        with stage("store"):
            said = {"outcome": result.outcome.word, "reason": result.outcome.reason}
            store.finish(run.id, to_json(result), **said, finished=result.run.finished)
    except (KeyboardInterrupt, Interrupted) as stop:
        _note_end(running, "interrupted", stop)
        again = "the same command without --fresh" if run.options.get(FRESH) else "the same command"
        hint = f"{again} goes on from here"
        if isinstance(stop, ServerSilent):
            raise ServerSilent(stop.message, where=stop.where, hint=hint) from stop
        raise Interrupted(stop.message if isinstance(stop, Interrupted) else KEPT, hint=hint) from stop
    except SystemExit as wanted:
        ended = ProcessEnded(wanted.code)
        _note_end(running, "failed", ended)
        raise ended from wanted
    except BaseException as error:
        _note_end(running, "failed", error)
        raise
    running.announcer.finished(result)  # whatever comes of telling it: the run has ended
    return result


def _attended(running: Running, tables: Measurements, result: Result, against: str) -> Result:
    """With what those who attended the run tell of it."""
    for attendant in running.options.attendants:
        result = replace(result, outcome=attendant.decided(result.outcome))
    concluded = Concluded(running.plan, running.backends, running.store, running.run, tables, result, against)
    for attendant in running.options.attendants:  # who refuses the run does so before others measure for minutes
        attendant.checked(concluded)
    sections: list[Section] = []
    for attendant in running.options.attendants:
        told = list(attendant.concluded(concluded))
        if why := unsound([*sections, *told]):
            raise ModeBroken(f"what {type(attendant).__qualname__} tells of the run cannot be shown: {why}")
        sections += told
    return replace(result, sections=tuple(sections))


def _profiled(result: Result) -> Result:
    """With where its time went until now, if somebody asked."""
    open_one = recorder()
    return result if open_one is None else replace(result, profile=open_one.profile())


def _ended(running: Running, result: Result) -> Result:
    """All was computed: what is reported and what is stored have one end."""
    run = replace(result.run, finished=datetime.now(UTC).isoformat(timespec="milliseconds"))
    usage = replace(result.usage, seconds=round(time.monotonic() - running.started, 3))
    return replace(result, run=run, usage=usage)


def _note_end(running: Running, state: str, error: BaseException) -> None:
    """What ended the run is said to the person even where it cannot be noted; its lease then runs out."""
    cause = without_secrets(
        words_of(error) if isinstance(error, Interrupted) else f"{type(error).__name__}: {words_of(error)}"
    )
    if isinstance(error, KeyboardInterrupt):
        cause = "interrupted by hand"
    cause, _ = running.plan.suite.redaction.text(cause)  # it may quote what was said
    running.troubles.look()
    running.announcer.ended(state, cause, error)
    with suppress(StoreError):
        running.store.transition(running.run.id, state, cause=cause)


def _measure(running: Running, baseline: Baseline) -> tuple[Measurements, Tally]:
    plan, store, run = running.plan, running.store, running.run
    tables = empty_tables(plan)
    telling = Telling(store, run.id, plan, tables, running.stopping.stopped)
    looking = Looking([gate for gate in plan.suite.gates if not gate.automatic], tables, baseline.tables)
    subject = running.backends["subject"]

    def pass_on(progress: Progress, at_once: bool) -> None:
        telling.tell(progress, at_once=at_once)
        _pass_on(running, progress)

    under_way = UnderWay(
        *(plan, run.model, looking, running.stopping, pass_on),
        clock=lambda: time.monotonic() - running.started,
        traffic=lambda: subject.traffic if isinstance(subject, Paced) else "",
    )
    signatures = {check.name: _signature(check.check.metrics) for check in plan.checks}
    asker = _asker(running, under_way)

    def blocks() -> Iterator[tuple[int, list[Planned]]]:
        numbered = enumerate(timed("load the data", plan.blocks()))
        together = 1 if running.stopping.watches else _asked_together(subject)
        while several := list(islice(numbered, together)):
            if running.ending.asked:
                running.ending.cut_short = True
                return
            number, planned = several[0][0], [one for _, of_plan in several for one in of_plan]
            block = under_way.begin(planned, asker.tally)
            if block:
                with stage("store"):
                    running.takeover.look_for(block)
                yield number, block

    scoring = Scoring(plan.checks, plan.count, running.options.scoring_workers, running.takeover.known)
    try:
        with scoring, ScoreKeeper(store, run.id) as kept:
            scored = scoring.blocks(blocks(), asker, ahead=not running.stopping.may_stop)
            for number, block, examined in timed("ask and score", scored, rest="score"):
                for attendant in running.options.attendants:
                    attendant.examined(examined)
                rows = _taken_in(examined, tables, signatures)
                with stage("estimate and decide"):
                    settled = running.stopping.update(tables, number, block)
                    looking.look(running.stopping.decided())
                with stage("store"):
                    kept.add(rows, settled)
                under_way.done += len(block)
                running.troubles.look()
                running.announcer.block(number, len(block), under_way.done, plan.count, asker.tally)
                under_way.show(asker.tally)
    finally:
        asker.close()
    if running.ending.cut_short:
        running.ending.stop_if_asked()
    running.warnings += [*scoring.warnings(), *running.troubles.warnings]
    under_way.show(asker.tally, DECIDING)
    return tables, asker.tally


def _asker(running: Running, under_way: UnderWay) -> Asker:
    suite = running.plan.suite

    def waits(tally: Tally) -> None:
        running.troubles.look()
        under_way.show(tally)

    return Asker(
        *(running.store, running.run.id, running.backends, _identities(running)),
        limits=Limits(suite.minutes, suite.requests),
        redaction=suite.redaction,
        on_answer=under_way.show,
        on_loading=under_way.show_loading,
        on_waiting=waits,
        ending=running.ending,
        hearing=Listeners.among(running.options.attendants),
    )


def _pass_on(running: Running, progress: Progress) -> None:
    timeline = running.timeline
    if progress.seconds >= timeline.due:
        timeline.add(progress.seconds, progress.done, progress.tally.output_tokens)
    running.announcer.stands(progress)
    running.options.on_progress(progress)


def _asked_together(subject: Backend) -> int:
    """Blocks of the plan that pay to be asked as one, where no gate is looked at after each."""
    if isinstance(subject, Paced):
        return SERVED_TOGETHER
    return LOADED_TOGETHER if isinstance(subject, Loadable) else 1


def _signature(metrics: Sequence[Metric]) -> str:
    """What is stored beside every judgement: each signature once, for metrics of one check mostly share theirs."""
    return "\n".join(dict.fromkeys(metric.signature for metric in metrics))


def _taken_in(examined: Sequence[Examined], tables: Measurements, signatures: Mapping[str, str]) -> list[ScoreRow]:
    """A block goes into the tables; what is to be stored of it."""
    rows = []
    judged: dict[str, list[Judged]] = {}
    for one in examined:
        case, name = one.planned.case, one.planned.check.name
        judged.setdefault(name, []).append((case.id, case.cluster, case.labels, one.score))
        rows.append(ScoreRow(name, case, one.planned.position, one.keys, one.score, signatures[name]))
    for name, of_check in judged.items():
        tables[name].add_all(of_check)
    return rows


def _identities(running: Running) -> dict[str, Identity]:
    fresh = bool(running.run.options.get(FRESH))
    identities = {}
    for role, backend in running.backends.items():
        info = backend.info
        identities[role] = Identity(
            info.fingerprint,
            info.revision,
            running.options.replicate,
            run=origin_of(running.store, running.run),
            bound_to_run=fresh or not info.verifiable,
            redaction=running.plan.suite.redaction.identity,
        )
    return identities

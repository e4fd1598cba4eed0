"""One scenario of one check: run, and held to what the scenario expects and to what holds of every run."""

from __future__ import annotations

import math
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.errors import PLUGIN_BREAKS, EvalkitError
from evalkit.failures import is_out_of_memory
from evalkit.modes.isolation.made_rows import Pattern, made_rows, pattern_of, spoiled, written
from evalkit.modes.isolation.scenarios import Scenario
from evalkit.records import Estimate
from evalkit.results import Result
from evalkit.runner.document import from_json, to_json
from evalkit.runner.execute import run_suite
from evalkit.runner.running import RunOptions
from evalkit.store import open_store
from evalkit.suite.load import Suite, SuiteCheck

JUDGE = "mock:judge"
LONGEST_SAYING = 600
LINES_OF_TRACE = 8
NO_ROOM = ("failed to map segment", "can't start new thread")
"""What libraries and threads say that find none to be loaded or begun in."""
PASS, FAIL, SKIP = "pass", "fail", "skip"
TIMED = frozenset({"s", "ms", "seconds", "tokens/s", "MB", "requests/s"})
"""Units of what no two runs measure alike."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one scenario of one check."""

    check: str
    kind: str
    dataset: str
    scenario: str
    of: str
    """Kind of scenario."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    word: str = PASS
    """``pass``, ``fail``, or ``skip`` where the scenario has nothing to try here."""
    cause: str = ""
    """Class of what went wrong: ``crash``, ``time``, ``memory``, ``process``, ``refused``, ``not refused``,
    ``errored``, ``not errored``, ``nothing scored``, ``counts``, ``bounds``, ``document``, ``not the same twice``."""
    why: str = ""
    """One sentence."""
    trace: str = ""
    """Of a crash, where it happened."""
    cases: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0


def begun(check: SuiteCheck, scenario: Scenario) -> Trial:
    kind = str(getattr(check.check, "kind", ""))
    return Trial(check.name, kind, check.dataset, scenario.name, scenario.config.kind, scenario.parameters)


def out_of_memory(check: SuiteCheck, scenario: Scenario) -> Trial:
    allowed = f"{scenario.config.limits.memory_mb:,.0f} MB"
    why = f"it needs more than the {allowed} that it may have"
    return replace(begun(check, scenario), word=FAIL, cause="memory", why=why)


def _lacks_memory(error: BaseException | None) -> bool:
    """Itself, or what it came of."""
    while error is not None:
        if is_out_of_memory(error) or any(words in str(error) for words in NO_ROOM):
            return True
        error = error.__cause__ or error.__context__
    return False


class Unmet(Exception):
    """Something that has to hold does not."""

    def __init__(self, cause: str, why: str) -> None:
        super().__init__(why)
        self.cause = cause
        self.why = why


class NothingToTry(Exception):
    """The scenario does not concern this check."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of made rows ended: with a result, or refused in a sentence."""

    result: Result | None
    said: str = ""

    @property
    def told(self) -> str:
        return self.said[:LONGEST_SAYING]


def try_scenario(suite: Suite, check: SuiteCheck, scenario: Scenario) -> Trial:
    """Never raises: what goes wrong is what it tells."""
    started = time.monotonic()
    trial = begun(check, scenario)
    try:
        cases = _tried(suite, check, scenario)
    except NothingToTry as reason:
        return replace(trial, word=SKIP, why=str(reason))
    except Unmet as unmet:
        trial = replace(trial, word=FAIL, cause=unmet.cause, why=unmet.why)
    except PLUGIN_BREAKS as error:
        if _lacks_memory(error):
            return out_of_memory(check, scenario)
        where = "".join(traceback.format_exception(error)[-LINES_OF_TRACE:])
        said = f"{type(error).__name__}: {error}"[:LONGEST_SAYING]
        trial = replace(trial, word=FAIL, cause="crash", why=said, trace=where)
    else:
        trial = replace(trial, cases=cases)
    return replace(trial, seconds=round(time.monotonic() - started, 3))


def _tried(suite: Suite, check: SuiteCheck, scenario: Scenario) -> int:
    pattern = pattern_of(suite.datasets[check.dataset], suite.path.parent)
    if not pattern.rows:
        raise Unmet("refused", f"dataset '{check.dataset}' has no row that could be read")
    cases = 0
    with tempfile.TemporaryDirectory(prefix="evalkit-scenario-") as folder:
        for number, (column, rows) in enumerate(_sets_of_rows(pattern, check, scenario)):
            spec = written(pattern, rows, Path(folder) / f"rows-{number}.jsonl")
            alone = _alone(suite, check, spec)
            ended = _run(alone, scenario.config.model)
            about = f"column '{column}': " if column else ""
            _hold_to(scenario, ended, about)
            if ended.result is not None:
                _hold_of_every_run(ended.result, about)
                _hold_again(alone, scenario, ended.result, about)
                cases += ended.result.usage.cases
    return cases


def _sets_of_rows(
    pattern: Pattern, check: SuiteCheck, scenario: Scenario
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """One, or one for each column that is spoiled."""
    how, seed = scenario.config.rows, f"{scenario.name} {check.name}"
    if how.spoil is None:
        yield "", made_rows(pattern, how, seed)
        return
    if how.spoil.column == "required":
        columns = [name for name in map(pattern.named, check.required) if name]
        missing = "it wants no column of its own" if not check.required else "the columns it wants are not the file's"
    elif how.spoil.column == "prompt":
        columns, missing = list(pattern.prompts), "no single column is what it asks"
    else:
        columns, missing = list(pattern.references), "its dataset has no references"
    if not columns:
        raise NothingToTry(missing)
    for column in columns:
        yield column, spoiled(made_rows(pattern, how, seed), column, how.spoil.how)


def _alone(suite: Suite, check: SuiteCheck, spec: Any) -> Suite:
    """The suite with nothing but this check on these rows."""
    gates = tuple(gate for gate in suite.gates if gate.automatic and gate.check == check.name)
    return replace(
        suite,
        datasets={check.dataset: spec},
        checks=(check,),
        gates=gates,
        judge=JUDGE if suite.judge else "",
        baseline="",
        stop_early=False,
        slices=(),
        minutes=None,
        requests=None,
        reviews=(),
    )


def _run(suite: Suite, model: str) -> Ended:
    with open_store(":memory:") as store:
        try:
            return Ended(run_suite(suite, model, store, RunOptions(scoring_workers=0)))
        except EvalkitError as error:
            if _lacks_memory(error):
                raise MemoryError from error
            return Ended(None, str(error).replace("\n", "; "))


def _hold_to(scenario: Scenario, ended: Ended, about: str) -> None:
    expected = scenario.config.expect
    if ended.result is None:
        if MemoryError.__name__ in ended.said:
            allowed = f"{scenario.config.limits.memory_mb:,.0f} MB"
            raise Unmet("memory", f"{about}it needs more than the {allowed} that it may have")
        if expected not in {"refused", "told"}:
            raise Unmet("refused", f"{about}it is refused: {ended.told}")
        if not ended.said.strip():
            raise Unmet("refused", f"{about}it is refused without a word")
        return
    counts = ended.result.checks[0].counts
    if expected == "refused":
        raise Unmet("not refused", f"{about}it is not refused: {counts.scored:,} cases are scored")
    if expected == "errored" and counts.errored < counts.planned:
        others = counts.planned - counts.errored
        raise Unmet(
            "not errored", f"{about}{others:,} of {counts.planned:,} cases are no errors, with no answer at all"
        )
    if expected in {"scored", "judged", "told"} and counts.errored:
        reason = next(iter(counts.reasons), "")
        cause = "memory" if MemoryError.__name__ in reason else "errored"
        more = f", in {scenario.config.limits.memory_mb:,.0f} MB" if cause == "memory" else ""
        raise Unmet(cause, f"{about}{counts.errored:,} of {counts.planned:,} cases are errors: {reason}{more}")
    if expected == "scored" and not counts.scored:
        reason = next(iter(counts.reasons), "")
        raise Unmet("nothing scored", f"{about}none of {counts.planned:,} cases is scored: {reason}")


def _hold_of_every_run(result: Result, about: str) -> None:
    (check,) = result.checks
    for counts, whose in [(check.counts, check.name), *((one.counts, one.name) for one in result.estimates)]:
        if counts.scored + counts.unscored + counts.errored != counts.planned:
            told = f"{counts.scored} scored, {counts.unscored} unscored, {counts.errored} errored"
            raise Unmet("counts", f"{about}{whose}: {told}, of {counts.planned} planned")
    bounds = {metric.name: metric.bounds for metric in check.metrics}
    for estimate in result.estimates:
        _hold_in_bounds(estimate, bounds.get(estimate.metric), about)
    if to_json(from_json(to_json(result))) != to_json(result):
        raise Unmet("document", f"{about}what is stored of the run is read back as something else")


def _hold_in_bounds(estimate: Estimate, bounds: tuple[float, float] | None, about: str) -> None:
    if estimate.value is None:
        return
    low, high = bounds or (-math.inf, math.inf)
    beyond = 1e-9 * max(1.0, abs(estimate.value))
    if not math.isfinite(estimate.value) or not low - beyond <= estimate.value <= high + beyond:
        raise Unmet("bounds", f"{about}{estimate.name} is {estimate.value:g}, which it cannot be")
    between = estimate.interval
    if between is not None and not between.low - beyond <= estimate.value <= between.high + beyond:
        inside = f"{between.low:g} to {between.high:g}"
        raise Unmet("bounds", f"{about}{estimate.name} is {estimate.value:g}, outside of its interval {inside}")


def _hold_again(suite: Suite, scenario: Scenario, first: Result, about: str) -> None:
    second = _run(suite, scenario.config.model).result
    timed = {metric.name for metric in first.checks[0].metrics if metric.unit in TIMED}
    here, there = (_values(result, timed) for result in (first, second))
    for name, value in here.items():
        if there.get(name) != value:
            raise Unmet("not the same twice", f"{about}{name} is {value}, and {there.get(name)} when it is run again")


def _values(result: Result | None, timed: set[str]) -> dict[str, float | None]:
    estimates = result.estimates if result else ()
    return {estimate.name: estimate.value for estimate in estimates if estimate.metric not in timed}

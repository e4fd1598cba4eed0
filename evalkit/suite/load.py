"""Suite file → Suite: every name resolved, every value possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from evalkit import plugins
from evalkit.checks.base import AnswerCheck, BaseCheck
from evalkit.checks.repeats import Repeated, attempts_of, why_not_repeated
from evalkit.data import DatasetSpec
from evalkit.errors import EvalkitError, PluginError, SuiteError, did_you_mean
from evalkit.gates.expression import Gate, parse_gate
from evalkit.gates.measurements import COVERAGE
from evalkit.metrics.redaction import NOTHING, Redaction
from evalkit.records import Decoding
from evalkit.suite.datasets import dataset_spec
from evalkit.suite.identity import suite_fingerprint
from evalkit.suite.needs import Need, needs_of
from evalkit.suite.redacting import add_redaction, redaction_of
from evalkit.suite.review import METRICS as OF_PEOPLE
from evalkit.suite.review import ReviewSpec, reviews_of
from evalkit.suite.schema import CheckConfig, GateConfig, Generation, SuiteConfig
from evalkit.suite.source import KeyPath, Source, read_source
from evalkit.suite.validating import validated

if TYPE_CHECKING:
    from evalkit.protocols import Check

MINIMUM_COVERAGE = 0.5
DERIVE = "checks derive from evalkit.checks.base.BaseCheck or AnswerCheck"


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """A check of a suite: the check itself, the dataset it reads and where it was written."""

    check: Check
    dataset: str
    decoding: Decoding
    truncate: str
    required: tuple[str, ...]
    """Columns that the check cannot do without."""
    log: str
    """File in the report folder that lists all its cases, or nothing."""
    origin: str
    attempts: int = 1

    @property
    def name(self) -> str:
        return self.check.name


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    title: str
    path: Path
    datasets: Mapping[str, DatasetSpec]
    checks: tuple[SuiteCheck, ...]
    gates: tuple[Gate, ...]
    """Of what checks measure; those that wait for people are the reviews' own."""
    unsure: str
    baseline: str
    stop_early: bool
    slices: tuple[str, ...]
    judge: str
    tolerance: float
    minutes: float | None
    requests: int | None
    fingerprint: str
    """Of what is asked and how it is judged, not of file names: a moved suite is the same suite."""

    reviews: tuple[ReviewSpec, ...] = ()
    trust_code: bool = False
    """Whether code that the suite names may run."""
    redaction: Redaction = NOTHING
    """What is taken out of answers before they are kept."""
    needs: tuple[Need, ...] = ()
    """Suites that are run before, on the same model."""
    modes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the suite says of ways to run it: by mode, its options. A mode reads its own when it is used."""

    def check(self, name: str) -> SuiteCheck:
        return next(check for check in self.checks if check.name == name)


def load_suite(path: Path, *, seed: int | None = None, trust_code: bool = False, redact: Sequence[str] = ()) -> Suite:
    """``seed`` replaces every generation seed that the file names. ``trust_code``: functions that it names may run.
    ``redact``: kinds of personal data to take out of answers, beside those that the file names."""
    source = read_source(path)
    if seed is not None:
        _reseed(source.data, seed)
    add_redaction(source.data, redact)
    config = validated(SuiteConfig, source.data, source, ())
    datasets = {
        name: dataset_spec(name, dataset, source, trust_code=trust_code) for name, dataset in config.datasets.items()
    }
    checks = tuple(_check(name, check, config, source) for name, check in config.checks.items())
    written = _written_gates(config, source)
    reviews, others = reviews_of(config, checks, written, source)
    return Suite(
        name=config.name,
        title=config.title or config.name,
        path=path,
        datasets=datasets,
        checks=checks,
        gates=_gates(others, checks, config.judge),
        unsure=config.unsure,
        baseline=config.baseline,
        stop_early=config.stop_early,
        slices=tuple(config.slices),
        judge=config.judge,
        tolerance=config.errors.tolerance,
        minutes=config.limits.minutes,
        requests=config.limits.requests,
        fingerprint=suite_fingerprint(config),
        reviews=reviews,
        trust_code=trust_code,
        redaction=redaction_of(config, checks, source),
        needs=needs_of(config, source),
        modes=_modes(config, source),
    )


def _modes(config: SuiteConfig, source: Source) -> Mapping[str, Mapping[str, Any]]:
    """Of modes that there are; nothing of them is imported for that."""
    known = plugins.names("evalkit.modes")
    for name in config.modes:
        if name not in known:
            where = source.where(("modes", name))
            raise SuiteError(f"there is no mode '{name}'", where=where, hint=did_you_mean(name, known, "modes"))
    return config.modes


def _reseed(data: dict[str, Any], seed: int) -> None:
    data["generation"] = {**(data.get("generation") or {}), "seed": seed}
    for check in (data.get("checks") or {}).values():
        if isinstance(check, dict) and isinstance(check.get("generation"), dict):
            check["generation"]["seed"] = seed


def _check(name: str, config: CheckConfig, suite: SuiteConfig, source: Source) -> SuiteCheck:
    keys: KeyPath = ("checks", name)
    kind = config.kind or name
    known = plugins.names("evalkit.checks")
    if kind not in known:
        key = "kind" if config.kind else ""
        raise SuiteError(
            f"check '{name}' is of an unknown kind '{kind}'",
            where=source.where((*keys, key) if key else keys),
            hint=did_you_mean(kind, known, "known kinds"),
        )
    where = source.where(keys)
    check_class: type[BaseCheck] = plugins.load("evalkit.checks", kind, where=where)
    generation = validated(
        Generation, {**suite.generation.model_dump(), **config.generation}, source, (*keys, "generation")
    )
    model = getattr(check_class, "Options", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise PluginError(f"check kind '{kind}' has no Options, a pydantic model", where=where, hint=DERIVE)
    options = validated(
        model,
        config.model_extra or {},
        source,
        keys,
        f" in check '{name}' ({kind})",
        beside=CheckConfig.model_fields,
    )
    stop = tuple(filter(None, [generation.stop])) if isinstance(generation.stop, str) else tuple(generation.stop)
    decoding = Decoding(generation.max_tokens, generation.temperature, generation.top_p, generation.seed, stop)
    try:
        check: Any = check_class(name, decoding, options)
        if config.attempts > 1:
            check = _repeated(check, config.attempts, source.where((*keys, "attempts")))
        measured = [metric.name for metric in check.metrics]
    except EvalkitError:
        raise
    except ValueError as error:
        raise SuiteError(f"check '{name}': {error}", where=where) from error
    except Exception as error:  # a check is a plugin: whatever it raises, the person must learn which it was
        raise PluginError(f"check kind '{kind}': {type(error).__name__}: {error}", where=where, hint=DERIVE) from error
    if len(set(measured)) < len(measured) or COVERAGE in measured:
        raise PluginError(
            f"check kind '{kind}' measures two things under one name: {', '.join([*measured, COVERAGE])}", where=where
        )
    return SuiteCheck(
        check=check,
        dataset=_dataset_of(name, config, suite, source),
        decoding=decoding,
        truncate=generation.truncate,
        required=tuple(getattr(check, "required", ())),
        log=getattr(check, "log", ""),
        origin=source.where(keys),
        attempts=config.attempts,
    )


def _repeated(check: BaseCheck, attempts: int, where: str) -> Repeated:
    reason = why_not_repeated(check)
    if reason or not isinstance(check, AnswerCheck):
        raise SuiteError(f"check '{check.name}' cannot ask each prompt {attempts} times: {reason}", where=where)
    if check.decoding.greedy:
        raise SuiteError(
            f"check '{check.name}' asks each prompt {attempts} times at temperature 0, which gives the same answer "
            "every time",
            where=where,
            hint="set a temperature, such as generation: {temperature: 0.7}, or leave attempts out",
        )
    return Repeated(check, attempts)


def _dataset_of(name: str, config: CheckConfig, suite: SuiteConfig, source: Source) -> str:
    where = source.where(("checks", name, "dataset"))
    if config.dataset:
        if config.dataset not in suite.datasets:
            hint = did_you_mean(config.dataset, suite.datasets, "datasets of this suite")
            raise SuiteError(f"check '{name}' reads an unknown dataset '{config.dataset}'", where=where, hint=hint)
        return config.dataset
    if len(suite.datasets) > 1:
        hint = f"add dataset: one of {', '.join(suite.datasets)}"
        raise SuiteError(f"check '{name}' does not say which dataset it reads", where=where, hint=hint)
    return next(iter(suite.datasets))


def _written_gates(config: SuiteConfig, source: Source) -> list[Gate]:
    gates = []
    for index, entry in enumerate(config.gates):
        text, about = (entry.gate, entry.about) if isinstance(entry, GateConfig) else (entry, None)
        gates.append(parse_gate(text, about=about or config.about, origin=source.where(("gates", index))))
    return gates


def _gates(gates: list[Gate], checks: tuple[SuiteCheck, ...], judge: str) -> tuple[Gate, ...]:
    by_name = {check.name: check for check in checks}
    for gate in gates:
        _resolve(gate, by_name)
    refuse_judge_alone(gates, checks, judge)
    gates = [_told_apart(gate, gates) for gate in gates]
    covered = {gate.check for gate in gates if gate.metric == COVERAGE and not gate.slice and not gate.by}
    for check in checks:
        if check.name not in covered:
            text = f"{check.name}.{COVERAGE} >= {MINIMUM_COVERAGE}"
            gates.append(parse_gate(text, about="dataset", origin=check.origin, automatic=True))
    return tuple(gates)


def refuse_judge_alone(gates: Sequence[Gate], checks: Sequence[SuiteCheck], judge: str, *, part: bool = False) -> None:
    """A judge's opinion of the model decides nothing by itself, unless its check says ``judge_alone: true``.

    ``part``: of the suite, whose other checks were not chosen.
    """
    asking = {check.name: check for check in checks if getattr(check.check, "asks_judge", False)}
    if asking and not judge:
        first = next(iter(asking.values()))
        what = f"check '{first.name}' asks a judge, and the suite names none"
        raise SuiteError(what, where=first.origin, hint="add to the suite: judge: MODEL")
    by_name = {check.name: check for check in checks}
    others = {by_name[gate.check].dataset for gate in gates if gate.check not in asking and gate.metric != COVERAGE}
    for gate in gates:
        if gate.check not in asking or gate.metric == COVERAGE or by_name[gate.check].dataset in others:
            continue
        check = asking[gate.check]
        if not cast("Any", check.check).stands_alone(gate.metric):
            raise SuiteError(
                f"gate '{gate.text}' rests on a judge's opinion alone: no other gate looks at dataset "
                f"'{check.dataset}' without a judge",
                where=gate.origin,
                hint=f"add one, such as a gate on accuracy, or say judge_alone: true in check '{check.name}'"
                + ("; or name with --only one that has such a gate" if part else ""),
            )


def _told_apart(gate: Gate, gates: Sequence[Gate]) -> Gate:
    """A suite may ask the same of the population and of the dataset: two gates, with two texts."""
    twins = any(other.text == gate.text and other.about != gate.about for other in gates)
    return replace(gate, text=f"{gate.text} (about: {gate.about})") if twins else gate


def _resolve(gate: Gate, checks: Mapping[str, SuiteCheck]) -> None:
    if gate.check not in checks:
        raise SuiteError(
            f"gate names a check that this suite does not have: '{gate.check}'",
            where=gate.origin,
            hint=did_you_mean(gate.check, checks, "its checks"),
        )
    names = [metric.name for metric in checks[gate.check].check.metrics] + [COVERAGE]
    if gate.metric not in names:
        of_attempts = attempts_of(gate.metric)
        if of_attempts > 1 and checks[gate.check].attempts == 1:
            raise SuiteError(
                f"gate asks for '{gate.metric}', and check '{gate.check}' asks each prompt once",
                where=gate.origin,
                hint=f"add to the check: attempts: {of_attempts}, and a temperature above 0",
            )
        raise SuiteError(
            f"gate names a metric that check '{gate.check}' does not measure: '{gate.metric}'",
            where=gate.origin,
            hint=did_you_mean(gate.metric, [*names, *get_close_matches(gate.metric, OF_PEOPLE, 1)], "it measures"),
        )

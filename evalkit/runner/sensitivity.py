"""Mutation testing for suites: how bad must a model be until a gate notices?

The suite is tried on a mock that answers from the references, and then on mocks that are spoilt in one way each, more
and more. A gate that nothing makes fail protects nobody; a degradation that fails no gate is one that will ship.
Nothing is stored, and no model is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.checks.base import rows_have
from evalkit.errors import ConfigurationError, did_you_mean
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import CheckTable
from evalkit.models.mock.degraded import DEGRADATIONS
from evalkit.records import Score, Verdict, Word
from evalkit.runner.baseline import Baseline
from evalkit.runner.conclude import decide_gates
from evalkit.runner.mutants import AsksSomebodyElse, Examiner, Mutant
from evalkit.runner.plan import Plan

STRENGTHS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
REFERENCES = "the references"
TESTED, FAILS, UNTESTED = "tested", "fails on the references", "not tested"


@dataclass(frozen=True, slots=True)
class Caught:
    """The weakest degradation of a kind that a gate does not let pass, of those that were tried."""

    degradation: str
    strength: float
    word: Word
    """``fail``: the evidence is against the model; ``unsure``: only the point estimate misses the target, or there is
    no value left to hold against it."""
    value: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class TriedGate:
    gate: str
    check: str
    automatic: bool
    origin: str
    state: str
    """``tested``, ``fails on the references`` or ``not tested``."""
    value: float | None
    """On the references."""
    reason: str
    """Of the verdict on the references, or why the gate was not tested."""
    caught: tuple[Caught, ...] = ()
    """Weakest first."""

    @property
    def dead(self) -> bool:
        """No value that was reached misses its target. Where nothing is scored any gate is held up: that is no merit
        of its target.
        """
        return self.state == TESTED and all(one.value is None for one in self.caught)


@dataclass(frozen=True, slots=True)
class Degradation:
    name: str
    what: str
    """What becomes of the share: ``of the answers are empty``."""
    noticed: bool
    """The score of some case is another than on the references."""
    gates: int
    """That catch it."""
    strength: float | None
    """The weakest at which any gate does."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    suite: str
    title: str
    partial: bool
    """Not the whole suite on all cases with all degradations."""
    cases: int
    seed: int
    strengths: tuple[float, ...]
    gates: tuple[TriedGate, ...]
    degradations: tuple[Degradation, ...]
    warnings: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[TriedGate, ...]:
        return tuple(gate for gate in self.gates if gate.state == FAILS)

    @property
    def untested(self) -> tuple[TriedGate, ...]:
        return tuple(gate for gate in self.gates if gate.state == UNTESTED)

    @property
    def dead(self) -> tuple[TriedGate, ...]:
        return tuple(gate for gate in self.gates if gate.dead)

    @property
    def uncaught(self) -> tuple[Degradation, ...]:
        """Those that change a score, and still pass every gate however strong they are."""
        return tuple(one for one in self.degradations if one.noticed and not one.gates)

    @property
    def unnoticed(self) -> tuple[Degradation, ...]:
        """Those that change no score: the suite does not look for them, or its data cannot show them."""
        return tuple(one for one in self.degradations if not one.noticed)


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried."""

    strengths: tuple[float, ...] = STRENGTHS
    degradations: tuple[str, ...] = tuple(DEGRADATIONS)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.degradations:
            if name not in DEGRADATIONS:
                raise ConfigurationError(
                    f"unknown kind of degradation '{name}'", hint=did_you_mean(name, DEGRADATIONS, "kinds")
                )
        if not self.degradations or not self.strengths:
            raise ConfigurationError("there is nothing to try", hint="name at least one kind and one strength")
        if not all(0 < strength <= 1 for strength in self.strengths):
            raise ConfigurationError("a strength is a share above 0, and 1 at most", hint="for example: 0.05,0.2,1")


def try_suite(
    plan: Plan, trial: Trial = Trial(), on_progress: Callable[[str, float], None] = lambda *_: None
) -> Sensitivity:
    """Every gate of the plan against every degradation of the trial, strength by strength until it is caught."""
    trial = replace(trial, strengths=tuple(sorted(set(trial.strengths))))
    tried = _Tried(plan)
    degradations = [tried.by(name, trial, on_progress) for name in DEGRADATIONS if name in trial.degradations]
    return Sensitivity(
        suite=plan.suite.name,
        title=plan.suite.title,
        partial=plan.scope.partial or len(degradations) < len(DEGRADATIONS),
        cases=plan.count,
        seed=trial.seed,
        strengths=trial.strengths,
        gates=tuple(tried.gates()),
        degradations=tuple(degradations),
        warnings=tuple(_without_references(plan)),
    )


def _without_references(plan: Plan) -> list[str]:
    """The oracle has nothing to say to them, and gates on what it says instead are gates on one fixed sentence."""
    found = []
    for name, dataset in plan.datasets.items():
        without = sum(not sample.references for sample in dataset.samples)
        if without:
            found.append(
                f"{name}: {rows_have(without, len(dataset.samples))} no reference; a fixed sentence answers such rows"
            )
    return found


class _Tried:
    """The state of one trial: what the references score, and what each gate has caught so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._all = [gate for gate in plan.suite.gates if gate.check in plan.cases]
        self._examiners = {check.name: Examiner(plan, check) for check in plan.checks}
        self._why_not: dict[str, str] = {}
        """By check, why its gates cannot be tested."""
        self._scores = self._measure(Mutant("mock:oracle", plan), list(self._examiners))
        self._tables = self._filled(self._scores)
        self._baseline = Baseline(self._tables, REFERENCES)
        self._verdicts = {id(gate): verdict for gate, verdict in self._decide(self._tables)}
        self._caught: dict[int, list[Caught]] = {id(gate): [] for gate in self._all}

    def by(self, name: str, trial: Trial, on_progress: Callable[[str, float], None]) -> Degradation:
        """Stronger and stronger, on what no gate has caught yet."""
        left = [gate for gate in self._all if self._state(gate) == TESTED]
        before, tables = self._scores, dict(self._tables)
        noticed, first, many = False, None, 0
        for strength in trial.strengths:
            checks = list(dict.fromkeys(gate.check for gate in left if gate.check not in self._why_not))
            if not checks:
                break
            on_progress(name, strength)
            mutant = Mutant(f"mock:degraded?{name}={strength!r}&seed={trial.seed}", self._plan)
            scores = self._measure(mutant, checks)
            changed = {check: found for check, found in scores.items() if not _same(found, before[check])}
            before = {**before, **scores}
            tables.update(self._filled(changed))
            noticed = noticed or bool(changed)
            caught = self._not_passed(left, tables) if changed else []
            for gate, verdict in caught:
                self._caught[id(gate)].append(_caught(name, strength, verdict))
            if caught and first is None:
                first = strength
            many += len(caught)
            gone = {id(gate) for gate, _ in caught}
            left = [gate for gate in left if id(gate) not in gone]
        for examiner in self._examiners.values():
            examiner.forget()
        return Degradation(name, DEGRADATIONS[name], noticed, many, first)

    def gates(self) -> list[TriedGate]:
        found = []
        for gate in self._all:
            verdict = self._verdicts.get(id(gate))
            state = self._state(gate)
            found.append(
                TriedGate(
                    gate=gate.text,
                    check=gate.check,
                    automatic=gate.automatic,
                    origin=gate.origin,
                    state=state,
                    value=_value(verdict) if verdict else None,
                    reason=self._reason(gate, state, verdict),
                    # stable: kinds of equal strength stay in the order of DEGRADATIONS
                    caught=tuple(sorted(self._caught[id(gate)], key=lambda one: one.strength))
                    if state == TESTED
                    else (),
                )
            )
        return found

    def _state(self, gate: Gate) -> str:
        if gate.check in self._why_not:
            return UNTESTED
        if self._verdicts[id(gate)].counts_as is Word.PASS:
            return TESTED
        return UNTESTED if _asks_to_beat(gate) else FAILS

    def _reason(self, gate: Gate, state: str, verdict: Verdict | None) -> str:
        if gate.check in self._why_not:
            return self._why_not[gate.check]
        if state == UNTESTED:
            return "asks to beat the baseline, and the references, the baseline here, do not beat themselves"
        return verdict.reason if verdict else ""

    def _measure(self, mutant: Mutant, checks: Sequence[str]) -> dict[str, list[Score]]:
        """By check. One that asks anybody but the mutant is left out from then on."""
        found = {}
        for name in checks:
            try:
                found[name] = self._examiners[name].measure(mutant)
            except AsksSomebodyElse as error:
                self._why_not[name] = f"asks a {error.role}, whose verdict on degraded answers only it can give"
        return found

    def _filled(self, scores: Mapping[str, Sequence[Score]]) -> dict[str, CheckTable]:
        return {name: self._examiners[name].table(rows) for name, rows in scores.items()}

    def _not_passed(self, gates: Sequence[Gate], tables: dict[str, CheckTable]) -> list[tuple[Gate, Verdict]]:
        """Of these gates. Those that are caught already are decided with them, as they were when they were caught: a
        gate alone fails on less than one among many.
        """
        wanted = {id(gate) for gate in gates}
        decided = [(gate, verdict) for gate, verdict in self._decide(tables) if id(gate) in wanted]
        return [(gate, verdict) for gate, verdict in decided if verdict.counts_as is not Word.PASS]

    def _decide(self, tables: dict[str, CheckTable]) -> list[tuple[Gate, Verdict]]:
        """As a run decides them: all together, and a gate on a baseline against what the references score."""
        gates = [gate for gate in self._all if gate.check in tables]
        return list(zip(gates, decide_gates(self._plan, tables, self._baseline), strict=True))


def _asks_to_beat(gate: Gate) -> bool:
    """Superiority over the baseline: equality does not reach it."""
    return gate.against_baseline and not gate.holds(0.0)


def _same(ours: Sequence[Score], theirs: Sequence[Score]) -> bool:
    """Alike for every gate. Most are the very same: comparing those costs nothing."""
    return all(
        one is other or (one.error == other.error and one.results == other.results)
        for one, other in zip(ours, theirs, strict=True)
    )


def _caught(name: str, strength: float, verdict: Verdict) -> Caught:
    word = Word.FAIL if verdict.word is Word.FAIL else Word.UNSURE
    return Caught(name, strength, word, _value(verdict), verdict.reason)


def _value(verdict: Verdict) -> float | None:
    found = verdict.contrast or verdict.estimate
    return found.value if found else None

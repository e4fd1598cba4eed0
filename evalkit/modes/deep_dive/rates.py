"""How fast a model writes by batch size; by concurrency, where it is asked over a network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from evalkit.modes.deep_dive.asking import Timed, opened, timed
from evalkit.modes.deep_dive.budget import Budget
from evalkit.protocols import Backend, Session
from evalkit.records import DEFAULT_CONDITION, Condition, Request

BATCH_SIZE, CONCURRENCY = "batch size", "concurrency"
OWN = "as in the run"
FASTER = 1.2
"""Times as quick as the run's own way that a setting is, for it to be worth asking so."""
WARM_UP = 1
"""Requests of each setting that are asked once and not counted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What the same requests took under one setting, each time."""

    setting: int | None
    """None: as the run asked."""
    requests: int
    times: tuple[Timed, ...] = ()
    why_not: str = ""
    """Why it was not measured."""

    @property
    def name(self) -> str:
        return OWN if self.setting is None else str(self.setting)

    def per_second(self, tokens: bool) -> list[float]:
        done = [(one.output_tokens if tokens else one.requests, one.seconds) for one in self.times]
        return [(many or 0) / seconds for many, seconds in done if seconds > 0]


@dataclass(frozen=True, slots=True)
class Rates:
    by: str
    """``batch size``, ``concurrency``, or nothing where neither can be set."""
    rates: tuple[Rate, ...] = ()
    prompts: int = 0

    @property
    def in_tokens(self) -> bool:
        times = [one for rate in self.rates for one in rate.times]
        return bool(times) and all(one.output_tokens for one in times)

    @property
    def unit(self) -> str:
        return "tokens/s" if self.in_tokens else "requests/s"

    def spread(self, rate: Rate) -> tuple[float, float, float] | None:
        """Least, median and most."""
        found = rate.per_second(self.in_tokens)
        return (min(found), median(found), max(found)) if found else None

    @property
    def own(self) -> Rate | None:
        return next((rate for rate in self.rates if rate.setting is None and rate.times), None)

    @property
    def best(self) -> Rate | None:
        """Of those with a setting, by the median."""
        known = [(spread[1], rate) for rate in self.rates if rate.setting is not None and (spread := self.spread(rate))]
        return max(known, key=lambda one: one[0])[1] if known else None

    @property
    def quicker(self) -> Rate | None:
        """The best one, where it is worth asking so: much quicker, and in its slowest repeat than the run's own way in
        its quickest."""
        own, best = self.own, self.best
        if own is None or best is None or (here := self.spread(own)) is None or (there := self.spread(best)) is None:
            return None
        return best if there[1] >= FASTER * here[1] and there[0] > here[2] else None


@dataclass(slots=True)
class _Measured:
    setting: int | None
    session: Session
    requests: Sequence[Request]
    times: list[Timed] = field(default_factory=list)
    why_not: str = ""

    @property
    def expected(self) -> float:
        return max((one.seconds for one in self.times), default=0.0)


def measure_rates(
    backend: Backend,
    requests: Sequence[Request],
    sizes: Sequence[int],
    repeats: int,
    budget: Budget,
    *,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Rates:
    """The same requests under every setting, over and over and each time in the other order, so that a machine that
    becomes slower meanwhile is no setting's fault. The quickest come first: where time is short, most are measured.
    A setting that looks quicker than the run's own way is measured as often again, and so is that."""
    by = set_by(backend.info.conditions)
    settings: list[int | None] = [None, *(sorted(set(sizes), reverse=True) if by else ())]
    with ExitStack() as stack:
        measured = []
        for setting in settings:
            if setting is not None and setting > len(requests):
                budget.untimed.append(f"{by} {setting}: the plan has {len(requests)} different prompts")
                continue
            session = stack.enter_context(opened(backend, _condition(by, setting)))
            measured.append(_Measured(setting, session, requests))
        _warm(measured, budget)
        for repeat in range(repeats):
            for one in measured if repeat % 2 == 0 else reversed(measured):
                if not one.why_not:
                    _measure(one, budget)
            tell(repeat + 1, repeats)
        quicker = _rates(by, measured, requests).quicker
        if quicker is not None:
            again = [one for one in measured if one.setting in {None, quicker.setting}]
            for repeat in range(repeats):  # the best of several may be so by luck
                for one in again if repeat % 2 == 0 else reversed(again):
                    _measure(one, budget)
    for one in measured:
        if one.why_not or len(one.times) < repeats:
            what = OWN if one.setting is None else f"{by} {one.setting}"
            budget.untimed.append(f"{what}: {one.why_not or f'time for {len(one.times)} of {repeats} repeats'}")
    return _rates(by, measured, requests)


def _rates(by: str, measured: Sequence[_Measured], requests: Sequence[Request]) -> Rates:
    done = (Rate(one.setting, len(requests), tuple(one.times), one.why_not) for one in measured)
    return Rates(by, tuple(sorted(done, key=lambda rate: rate.setting or 0)), len(requests))


def set_by(conditions: Collection[str]) -> str:
    """Nothing where the model can set neither."""
    return BATCH_SIZE if "batch_size" in conditions else CONCURRENCY if "concurrency" in conditions else ""


def _condition(by: str, setting: int | None) -> Condition:
    if setting is None:
        return DEFAULT_CONDITION
    return Condition(batch_size=setting) if by == BATCH_SIZE else Condition(concurrency=setting)


def _warm(measured: Sequence[_Measured], budget: Budget) -> None:
    """What a model does once (loading, trying itself, growing its memory) is not its speed."""
    for one in measured:
        if not budget.allows(WARM_UP):
            return
        found = timed(one.session, one.requests[:WARM_UP], budget)
        if found is not None and found.failed:
            one.why_not = found.failed


def _measure(one: _Measured, budget: Budget) -> None:
    if not budget.allows(len(one.requests), one.expected):
        return
    found = timed(one.session, one.requests, budget)
    if found is not None and found.failed:
        one.why_not = found.failed
    elif found is not None:
        one.times.append(found)

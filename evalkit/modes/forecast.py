"""What running a suite in a mode would do beside the suite itself, known before anything is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.modes.choosing import AUTO, DEEP_DIVE, ISOLATION, Chosen, choose
from evalkit.modes.mode import find_mode, options_of
from evalkit.modes.preflight import untried, wanted
from evalkit.runner.plan import Plan


@dataclass(frozen=True, slots=True)
class Forecast:
    name: str
    reason: str
    asks_the_model: bool = True
    """Isolation does not."""
    tried_first: tuple[str, ...] = ()
    held_before: int = 0
    """Checks that held when they were tried, and are not tried again."""
    requests_beside: int = 0
    """That are asked beside the suite's, at most."""
    seconds_beside: float = 0.0
    """In which they are asked, at most."""


def forecast(
    plan: Plan,
    named: str,
    given: Sequence[str] | Mapping[str, Any] = (),
    *,
    is_mock: bool,
    asked: int,
    conditions: Collection[str],
) -> Forecast:
    """``asked``: requests of the suite itself; ``conditions``: what the model can set."""
    suite = plan.suite
    options: Any = options_of(named, find_mode(named), suite, given) if named else None
    if named == AUTO:
        chosen = choose(suite, AUTO, is_mock=is_mock, deep=options.deep)
        chosen = Chosen(chosen.mode, chosen.reason, options.preflight)
        options = options_of(chosen.mode, find_mode(chosen.mode), suite)
    else:
        chosen = choose(suite, named, is_mock=is_mock)
    checks = wanted(suite, plan.scope.only, chosen.preflight)
    tried = tuple(check.name for check in untried(suite, checks))
    beside, seconds = 0, 0.0
    if chosen.mode == DEEP_DIVE and not is_mock:
        from evalkit.modes.deep_dive.forecast import most_requests_beside

        left = float("inf") if suite.requests is None else max(0, suite.requests - asked)
        beside, seconds = int(min(left, most_requests_beside(options, plan, conditions))), options.seconds
    asks = chosen.mode != ISOLATION
    return Forecast(chosen.mode, chosen.reason, asks, tried, len(checks) - len(tried), beside, seconds)

"""Which mode a suite is run in, and why."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.suite.load import Suite

AUTO, PIPELINE, DEEP_DIVE, ISOLATION = "auto", "pipeline", "deep-dive", "isolation"
OF_SPEED = "performance"
"""The kind of check whose gates ask for a deep dive."""


@dataclass(frozen=True, slots=True)
class Chosen:
    mode: str
    """What is done in the end: of ``auto`` one of the others."""
    reason: str
    """One sentence, without a full stop."""
    preflight: str = "none"
    """Which checks are tried before: ``all``, ``theirs`` (not evalkit's own) or ``none``."""


def choose(suite: Suite, named: str, *, is_mock: bool, profiled: bool = False, deep: str = "gates") -> Chosen:
    """``named``: what the caller asked for. Nothing is the least: the model is asked what the suite asks."""
    if not named:
        return Chosen(PIPELINE, "no mode was named, so the model is asked for no more than the suite asks")
    if named != AUTO:
        return Chosen(named, "it was asked for")
    of_speed = [gate.text for gate in suite.gates if not gate.automatic and _is_of_speed(suite, gate.check)]
    if deep == "always":
        mode, reason = DEEP_DIVE, "a deep dive was asked for"
    elif not of_speed:
        mode, reason = PIPELINE, "the suite has no gate on performance"
    elif deep == "never":
        mode, reason = PIPELINE, "a deep dive was ruled out"
    elif is_mock and not profiled:
        mode, reason = PIPELINE, "the suite has gates on performance, and a mock has no speed of its own"
    else:
        mode, reason = DEEP_DIVE, f"the suite has a gate on performance: {of_speed[0]}"
    return Chosen(mode, reason, "all")


def _is_of_speed(suite: Suite, check: str) -> bool:
    return any(one.name == check and getattr(one.check, "kind", "") == OF_SPEED for one in suite.checks)

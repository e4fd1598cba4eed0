"""What measurements say beyond their estimates: whence a spread comes, what stands out, what a judge hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records import Interval


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Where a repeated metric's spread comes from, and what would narrow its interval."""

    check: str
    metric: str
    prompts: int
    attempts: int
    between: float
    """Variance of the prompts' true means."""
    within: float
    """Mean variance of the attempts at one prompt."""
    advice: str
    """One sentence: more prompts or more attempts."""


@dataclass(frozen=True, slots=True)
class SliceDiagnosis:
    """A slice against the rest of its check. ``flagged`` keeps the false discovery rate over all slices."""

    check: str
    metric: str
    slice: Mapping[str, str]
    value: float | None
    rest: float | None
    cases: int
    p_value: float
    flagged: bool
    method: str


@dataclass(frozen=True, slots=True)
class GroupGap:
    """A group against the others of its counterfactual families. ``flagged`` keeps the false discovery rate."""

    check: str
    measure: str
    """``refusal``, ``sentiment``, ``length``, ``readability``, ``competence``, ``warmth`` or ``same``."""
    group: str
    against: str
    """``others``, or the reference group."""
    difference: float
    """Mean over families of the group's value less that of the others."""
    interval: Interval | None
    here: float
    there: float
    families: int
    clusters: int
    worse: bool
    """The difference is to the group's disadvantage: more refusals, fewer words, fewer kind ones."""
    p_value: float | None = None
    """Of no difference; none where a check stopped early."""
    flagged: bool = False
    method: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a rate would be without the errors of the judgement that counted it. Informative, never gated."""

    check: str
    metric: str
    observed: float
    value: float | None
    """None where nothing is known of the judgement's errors; the note says why."""
    interval: Interval | None
    method: str
    """``Rogan-Gladen`` or ``prediction-powered``, and what it rests on."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the values of a metric lie over the cases of a check."""

    check: str
    metric: str
    edges: tuple[float, ...]
    """Of the bins, one more than there are counts; the last bin holds its upper edge."""
    counts: tuple[int, ...]
    cases: int
    """With a value of their own, all of which are counted."""
    unit: str = ""
    low: float | None = None
    """Ends of the band that is wanted, where there is one."""
    high: float | None = None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """``p5``, ``p25``, ``p50``, ``p75``, ``p95``, least and most."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often any two of a check's attempts, or conditions, gave the same answer."""

    check: str
    names: tuple[str, ...]
    same: tuple[tuple[float | None, ...], ...]
    """Shares of the cases that both answered; none where there is no such case."""
    cases: int

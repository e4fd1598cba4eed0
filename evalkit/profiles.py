"""Where the time of a run went, as a result holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run, and its own parts. What none of them took is a part, too: together they are the whole."""

    name: str
    seconds: float
    """By the clock on the wall."""
    cpu_seconds: float | None
    """Of this process, all threads, system included; none where only the model's own account tells of the stage."""
    times: int = 1
    """How often it was entered; 0 where nobody counted."""
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """Work that went on while the stages did: it is in none of their wall seconds."""

    name: str
    seconds: float | None
    cpu_seconds: float | None


@dataclass(frozen=True, slots=True)
class ModelWork:
    """What one model did in a profiled run. Answers that were known before are none of it."""

    role: str
    model: str
    answers: int
    prompt_tokens: int
    output_tokens: int
    seconds: float
    """In which the run waited for it."""
    prompt_tokens_per_second: float | None = None
    """Of those that were computed, while prompts were read; without such an account none."""
    output_tokens_per_second: float | None = None
    """While answers were written; without such an account, of all the waiting."""
    batches: tuple[tuple[int, int], ...] = ()
    """Batch size, and how many answers were written in batches of it."""
    latency: Mapping[str, float] = field(default_factory=dict)
    """Seconds from the start of a request to its end, of models that answer one by one: median, p90, p99, most."""
    under_way: float | None = None
    """Requests that were under way at once, in the mean."""
    rows: float | None = None
    """Answers that a step of the model wrote at once, in the mean."""
    padding: float | None = None
    """Share of the computed positions that were padding."""
    shared: float | None = None
    """Share of the prompts' tokens that were not computed, since they had been for another prompt."""
    counters: Mapping[str, float] = field(default_factory=dict)
    """All that the model counted itself, by its own names."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of a run went. Never a part of what a run is: two runs that differ in it alone are equal."""

    seconds: float
    cpu_seconds: float | None
    stages: tuple[Stage, ...]
    """They add up to the whole: the last is what no stage took."""
    models: tuple[ModelWork, ...] = ()
    beside: tuple[Beside, ...] = ()

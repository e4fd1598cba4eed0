"""What follows from measured figures: every rule is a function from numbers to advice, or to nothing.

A rule's threshold stands here and in what it says; ``docs/modes.md`` lists all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalkit.modes.deep_dive.rates import FASTER
from evalkit.sections import Advice

LEAST_REPEATS = 2
PADDING = 0.30
MOSTLY = 0.50
CUT, EMPTY = 0.05, 0.02
ERRORS = 0.01
REUSED = 0.50
IDLE = 0.60
TAIL, LEAST_FOR_TAIL = 10.0, 100
LEAST_SECONDS = 5.0
"""A run shorter than this is not worth advice on its time."""
GAP, FEW_CASES = 0.10, 50
DOUBT = 0.25
"""Where nothing is worse, this rule speaks in fewer than one in ten reports."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """None, or nought: it was not measured, or does not apply."""

    command: str = ""
    """That made the run: flags may follow."""
    seconds: float = 0.0
    """Of the run."""
    by: str = ""
    """``batch size`` or ``concurrency``."""
    setting: int | None = None
    """The one that was the quickest."""
    own_rate: float | None = None
    """Tokens a second as the run asked: the median, and the most."""
    own_most: float | None = None
    best_rate: float | None = None
    """At the quickest setting: the median, and the least."""
    best_least: float | None = None
    unit: str = "tokens/s"
    repeats: int = 0
    """Of the one of both that was measured less often."""
    padding: float | None = None
    decode_share: float | None = None
    startup_share: float | None = None
    scoring_share: float | None = None
    asking_share: float | None = None
    cores_used: float | None = None
    cores: int | None = None
    openvino_waits: bool = False
    """Installed, and the model was run by transformers on a processor."""
    answers: int = 0
    cut: int = 0
    empty: int = 0
    reused: int = 0
    p50: float | None = None
    p99: float | None = None
    timed: int = 0
    growth: float | None = None
    growth_low: float | None = None
    growth_allowed: float = 0.0
    scaling: float | None = None
    scaling_surely: float | None = None
    """By the slowest repeat of the smallest volume."""
    scaling_allowed: float = 0.0
    measurements: int = 0
    rate_limited: int = 0
    timed_out: int = 0
    out_of_memory: int = 0
    slice_name: str = ""
    slice_cases: int = 0
    slice_gap: float | None = None
    """By how much it is worse than the rest of its check."""
    slice_p: float | None = None
    slice_false: float | None = None
    """The share of false findings that would make it one (Benjamini-Hochberg)."""


Rule = Callable[[Numbers], Advice | None]


def _with(n: Numbers, flag: str) -> str:
    return f"{n.command} {flag}" if n.command else ""


def quicker_setting(n: Numbers) -> Advice | None:
    if None in {n.own_rate, n.own_most, n.best_rate, n.best_least} or not n.setting or n.repeats < LEAST_REPEATS:
        return None
    own, best, least, most = n.own_rate or 0.0, n.best_rate or 0.0, n.best_least or 0.0, n.own_most or 0.0
    if not own or best / own < FASTER or least <= most:
        return None
    is_batch = n.by == "batch size"
    return Advice(
        f"Ask with a {n.by} of {n.setting}" + ("." if is_batch else f": ?concurrency={n.setting}."),
        f"it wrote {best / own:.1f} times the {n.unit} of the run's own way ({best:,.1f} to {own:,.1f}), "
        f"{FASTER:g} times or more, and its slowest repeat was quicker than the other's quickest",
        _with(n, f"--batch-size {n.setting}") if is_batch else "",
    )


def less_padding(n: Numbers) -> Advice | None:
    if n.padding is None or n.padding <= PADDING:
        return None
    return Advice(
        "Ask prompts of like length together, or take a smaller batch.",
        f"padding was {n.padding:.0%} of all positions that were computed for prompts, more than {PADDING:.0%}",
    )


def other_engine(n: Numbers) -> Advice | None:
    if not n.openvino_waits or n.decode_share is None or n.decode_share <= MOSTLY:
        return None
    return Advice(
        "Try the engine openvino, which is installed.",
        f"writing took {n.decode_share:.0%} of the run by transformers on a processor, more than {MOSTLY:.0%}",
        _with(n, "--engine openvino"),
    )


def longer_answers(n: Numbers) -> Advice | None:
    if not n.answers or n.cut / n.answers <= CUT:
        return None
    return Advice(
        "Raise max_tokens, or ask for shorter answers.",
        f"{n.cut:,} of {n.answers:,} answers ({n.cut / n.answers:.0%}) ran into max_tokens, more than {CUT:.0%}",
    )


def empty_answers(n: Numbers) -> Advice | None:
    if not n.answers or n.empty / n.answers <= EMPTY:
        return None
    return Advice(
        "Read the cases with empty answers: the chat template or a stop text may end them.",
        f"{n.empty:,} of {n.answers:,} answers ({n.empty / n.answers:.0%}) said nothing, more than {EMPTY:.0%}",
    )


def memory_grows(n: Numbers) -> Advice | None:
    if n.growth is None or n.growth_low is None or n.growth_low <= 0 or n.growth < n.growth_allowed:
        return None
    return Advice(
        "Look for what the model's process keeps: a cache has an end, and anything else ends a long run.",
        f"100 requests added {n.growth:.1f} MB, {n.growth_allowed:g} MB or more, and the interval begins at "
        f"{n.growth_low:.1f} MB",
    )


def out_of_proportion(n: Numbers) -> Advice | None:
    if n.scaling is None or n.scaling_surely is None or n.scaling_surely <= n.scaling_allowed:
        return None
    return Advice(
        "Run fewer rows at a time, and look for memory that runs out.",
        f"time grew {n.scaling:.2f} times as fast as the number of rows, and {n.scaling_surely:.2f} times by the "
        f"slowest repeat of the fewest rows, more than {n.scaling_allowed:g} times",
    )


def rate_limited(n: Numbers) -> Advice | None:
    if not n.measurements or n.rate_limited / n.measurements <= ERRORS:
        return None
    return Advice(
        "Lower ?concurrency=N, or raise ?patience=SECONDS.",
        f"{n.rate_limited:,} of {n.measurements:,} measurements errored by a rate limit, more than {ERRORS:.0%}",
    )


def timed_out(n: Numbers) -> Advice | None:
    if not n.measurements or n.timed_out / n.measurements <= ERRORS:
        return None
    return Advice(
        "Raise ?timeout=SECONDS, or lower ?concurrency=N or max_tokens.",
        f"{n.timed_out:,} of {n.measurements:,} measurements errored by a time-out, more than {ERRORS:.0%}",
    )


def out_of_memory(n: Numbers) -> Advice | None:
    if not n.out_of_memory:
        return None
    return Advice(
        "Take a smaller dtype or batch, or a device with more memory.",
        f"{n.out_of_memory:,} of {n.measurements:,} measurements errored for want of memory, more than none",
    )


def old_answers(n: Numbers) -> Advice | None:
    if not n.answers or n.reused / n.answers < REUSED:
        return None
    return Advice(
        "For latencies, ask everything anew.",
        f"{n.reused:,} of {n.answers:,} answers ({n.reused / n.answers:.0%}) were known from earlier runs and have no "
        f"latency of this one, {REUSED:.0%} or more",
        _with(n, "--fresh"),
    )


def slow_start(n: Numbers) -> Advice | None:
    if n.startup_share is None or n.startup_share <= MOSTLY or n.seconds < LEAST_SECONDS:
        return None
    return Advice(
        "Evaluate more at a time: several checks in one suite share a start.",
        f"starting and loading took {n.startup_share:.0%} of {n.seconds:.0f} s, more than {MOSTLY:.0%}",
    )


def slow_scoring(n: Numbers) -> Advice | None:
    if n.scoring_share is None or n.scoring_share <= MOSTLY or n.seconds < LEAST_SECONDS:
        return None
    return Advice(
        "Score in more processes (scoring_workers), or leave out the slowest metric.",
        f"scoring took {n.scoring_share:.0%} of {n.seconds:.0f} s, more than {MOSTLY:.0%}",
    )


def idle_processor(n: Numbers) -> Advice | None:
    if n.cores_used is None or not n.cores or n.asking_share is None or n.seconds < LEAST_SECONDS:
        return None
    if n.asking_share <= MOSTLY or n.cores_used >= IDLE * n.cores:
        return None
    return Advice(
        "See what else the machine does, and give the model more threads: ?threads=N.",
        f"while the model took {n.asking_share:.0%} of the time, {n.cores_used:.1f} of {n.cores} cores were used, "
        f"less than {IDLE:.0%}",
    )


def long_tail(n: Numbers) -> Advice | None:
    if n.p50 is None or n.p99 is None or n.timed < LEAST_FOR_TAIL or n.p99 < TAIL * n.p50:
        return None
    times = f"{n.p99 / n.p50:.0f} times the median"
    return Advice(
        "Read the slowest answers: a lower max_tokens or time-out bounds them.",
        f"one in a hundred of {n.timed:,} answers took {times} or longer, {TAIL:g} times or more",
    )


def more_rows(n: Numbers) -> Advice | None:
    if n.slice_gap is None or n.slice_p is None or n.slice_false is None or n.slice_cases >= FEW_CASES:
        return None
    if n.slice_gap < GAP or n.slice_false > DOUBT:
        return None
    return Advice(
        f"Add rows like {n.slice_name}: whether the model is worse there cannot be told yet.",
        f"its {n.slice_cases} cases, fewer than {FEW_CASES}, are {n.slice_gap:.2f} worse than the rest, {GAP:.2f} or "
        f"more, with p = {n.slice_p:.3f}: among all that was tested a finding where {n.slice_false:.0%} of them may be "
        f"false, {DOUBT:.0%} or less",
    )


RULES: tuple[Rule, ...] = (
    quicker_setting,
    other_engine,
    less_padding,
    idle_processor,
    slow_start,
    slow_scoring,
    old_answers,
    long_tail,
    memory_grows,
    out_of_proportion,
    out_of_memory,
    rate_limited,
    timed_out,
    longer_answers,
    empty_answers,
    more_rows,
)


def advice(numbers: Numbers) -> list[Advice]:
    return [found for rule in RULES if (found := rule(numbers)) is not None]

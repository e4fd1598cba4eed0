"""What models did in a profiled run: counted by what they answered, and by their own account where they keep one."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter
from typing import Any

from evalkit.profiles import Beside, ModelWork, Stage
from evalkit.protocols import Backend
from evalkit.records import Answer

SECONDS = "_seconds"
SUBJECT = "subject"
AT_ONCE = 256
"""Answers that are counted together: one by one it would be a share of what a mock's whole run costs."""
NO_CLOCK = frozenset({"mock"})
"""Backends whose answers say of themselves how long they took, without having taken it."""
QUANTILES = {"median": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}
ROUNDING = 1e-6
"""Seconds by which a model's own account may go beyond the time that was waited for it."""


class Watched:
    """One model from when a recorder first heard of it.

    A backend that keeps an account of its work has ``work``: a mapping or a dataclass of numbers that only grow.
    Those whose names end in ``_seconds`` become parts of the stage of asking (``prefill_seconds``: ``prefill``). From
    ``prompt_tokens`` (all), ``computed_tokens``, ``shared_tokens``, ``padded_tokens``, ``steps`` and ``row_steps`` come
    the shares that people read.
    """

    def __init__(self, role: str, backend: Backend) -> None:
        self.role = role
        self.stage = "ask the model" if role == SUBJECT else f"ask the {role}"
        self._backend = backend
        self._before = counters(backend)
        self._answers = self._prompt_tokens = self._output_tokens = 0
        self._batches: Counter[int] = Counter()
        self._recent: list[Answer] = []
        self._latencies = array("d")

    def count(self, answered: tuple[int, Answer]) -> None:
        self._recent.append(answered[1])
        if len(self._recent) >= AT_ONCE:
            self._add_recent()

    def _add_recent(self) -> None:
        recent, self._recent = self._recent, []
        self._answers += len(recent)
        self._prompt_tokens += sum(filter(None, map(attrgetter("prompt_tokens"), recent)))
        self._output_tokens += sum(filter(None, map(attrgetter("output_tokens"), recent)))
        self._batches.update(map(attrgetter("timing.batch"), recent))
        timings = map(attrgetter("timing"), recent)
        self._latencies.extend(timing.seconds for timing in timings if timing.batch == 1 and timing.seconds > 0)

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """What the backend counts inside is none of what is watched."""
        before = counters(self._backend)
        try:
            yield
        finally:
            for name, value in counters(self._backend).items():
                self._before[name] = self._before.get(name, 0) + value - before.get(name, 0)

    def counted(self) -> dict[str, float]:
        """By the backend's own names, since it is watched."""
        now = counters(self._backend)
        return {name: value - self._before.get(name, 0) for name, value in now.items()}

    def parts(self) -> dict[str, float]:
        """Seconds of asking, by what the backend says that it did."""
        counted = self.counted().items()
        return {name.removesuffix(SECONDS): value for name, value in counted if name.endswith(SECONDS) and value > 0}

    def work(self, stages: Iterable[Stage]) -> ModelWork:
        self._add_recent()
        counted, waited = self.counted(), find(stages, self.stage)
        seconds = waited.seconds if waited else 0.0
        alone = 0 < self._answers == len(self._latencies) and self._backend.info.backend not in NO_CLOCK
        return ModelWork(
            role=self.role,
            model=self._backend.info.reference,
            answers=self._answers,
            prompt_tokens=self._prompt_tokens,
            output_tokens=self._output_tokens,
            seconds=seconds,
            prompt_tokens_per_second=rate(counted.get("computed_tokens"), counted.get("prefill_seconds")),
            output_tokens_per_second=rate(self._output_tokens, counted.get("decode_seconds") or seconds),
            batches=tuple(sorted(self._batches.items())),
            latency=quantiles(self._latencies) if alone else {},
            under_way=rate(sum(self._latencies), seconds) if alone else None,
            rows=rate(counted.get("row_steps"), counted.get("steps")),
            padding=share("padded_tokens", counted, ("padded_tokens", "computed_tokens")),
            shared=share("shared_tokens", counted, ("prompt_tokens",)),
            counters=counted,
        )


def counters(backend: Backend) -> dict[str, float]:
    """Nothing, where the backend keeps no account."""
    work: Any = getattr(backend, "work", None)
    if is_dataclass(work) and not isinstance(work, type):
        work = {each.name: getattr(work, each.name) for each in fields(work)}
    if not isinstance(work, Mapping):
        return {}
    return {str(name): value for name, value in work.items() if isinstance(value, int | float)}


def rate(things: float | None, each: float | None) -> float | None:
    return things / each if things and each else None


def share(part: str, counted: Mapping[str, float], whole: Collection[str]) -> float | None:
    """Of the sum of the named counters; none where one of them is not counted, or all are nothing."""
    if any(name not in counted for name in (part, *whole)):
        return None
    total = sum(counted[name] for name in whole)
    return counted[part] / total if total else None


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The nearest ranks: latencies that were measured, none in between."""
    ranked = sorted(values)
    return {name: ranked[min(len(ranked) - 1, int(q * len(ranked)))] for name, q in QUANTILES.items()}


def find(stages: Iterable[Stage], name: str) -> Stage | None:
    for stage in stages:
        found = stage if stage.name == name else find(stage.stages, name)
        if found is not None:
            return found
    return None


def divided(stage: Stage, models: Collection[Watched]) -> Stage:
    """The stage with what models say of their work as parts of asking them, where it fits into the waiting."""
    for model in models:
        parts = model.parts()
        rest = stage.seconds - sum(parts.values())
        if stage.name == model.stage and parts and rest >= -ROUNDING:
            named = [Stage(name, seconds, None, 0) for name, seconds in parts.items()]
            return replace(stage, stages=(*named, Stage("other", max(0.0, rest), None, 0)))
    return replace(stage, stages=tuple(divided(part, models) for part in stage.stages))


def beside(stages: Sequence[Stage], models: Iterable[Watched], children_cpu: float) -> tuple[Beside, ...]:
    """What models did while other stages went on, and what other processes computed."""
    found = []
    for model in models:
        waited = find(stages, model.stage)
        if waited is None or not waited.stages:
            found += [Beside(f"{model.stage}: {name}", seconds, None) for name, seconds in model.parts().items()]
    if children_cpu > 0:
        found.append(Beside("other processes", None, children_cpu))
    return tuple(found)

"""Performance: how long does an answer take, how fast does it come, and does memory grow?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pydantic import Field

from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.metrics.kinds import Quantity, mean, quantile, ratio
from evalkit.protocols import Conversation
from evalkit.records import DEFAULT_CONDITION, Answer, Case, Condition, Sample, Score, Unscored, Vector

REUSED = "answer of an earlier run"
NOT_HERE = Unscored("engine is not in this process")
NO_COUNT = Unscored("the engine does not count tokens")


class PerformanceOptions(Options):
    every: int = Field(1, ge=1)
    """About one prompt in this many is measured, always the same ones; 1: all."""
    batch_size: int | None = Field(None, ge=1)
    """How many prompts the engine takes at once; none: as many as it likes."""


class Performance(AnswerCheck):
    """Reads the clock of answers that were made in this run; what an earlier run left in the store is not one."""

    kind = "performance"
    Options: ClassVar[type[Options]] = PerformanceOptions

    def measures(self) -> Iterable[Quantity]:
        size = self.options.batch_size
        made = f"batch:{size or 'engine'}" + (f"|every:{self.options.every}" if self.options.every > 1 else "")
        yield mean("latency_mean", better="lower", unit="s", signature=f"seconds|{made}")
        yield quantile("latency_p50", 0.5, unit="s", signature=f"seconds|p50|{made}")
        yield quantile("latency_p95", 0.95, unit="s", signature=f"seconds|p95|{made}")
        yield ratio("tokens_per_second", unit="tokens/s", signature=f"output tokens/engine seconds|{made}")
        yield mean("memory_growth", better="lower", unit="MB", signature=f"resident memory/batch|{made}")

    def cases(self, samples: Iterable[Sample]) -> Iterable[Case]:
        return (case for case in super().cases(samples) if _chosen(case.id, self.options.every))

    def examine(self, case: Case) -> Conversation:
        size = self.options.batch_size
        condition = Condition(batch_size=size) if size else DEFAULT_CONDITION
        (answer,) = yield (self.ask(case.sample, condition=condition, fresh=True),)
        return self.failed(answer) if answer.failure else self.judge(case, answer)

    def judge(self, case: Case, answer: Answer) -> Score:
        if answer.reused:
            return self.unscored(REUSED)
        timing = answer.timing
        seconds, batch = timing.seconds, max(timing.batch, 1)
        engine = seconds / batch if timing.engine_seconds is None else timing.engine_seconds
        results: dict[str, Vector | Unscored] = {
            "latency_mean": one(seconds),
            "latency_p50": (seconds,),
            "latency_p95": (seconds,),
            "tokens_per_second": NO_COUNT if answer.output_tokens is None else (float(answer.output_tokens), engine),
            "memory_growth": NOT_HERE if timing.memory_growth_mb is None else one(timing.memory_growth_mb / batch),
        }
        evidence: dict[str, Any] = {"seconds": round(seconds, 6), "batch": batch, "output_tokens": answer.output_tokens}
        return Score(results, evidence)

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        every = self.options.every
        if every > 1:
            chosen = sum(_chosen(sample.id, every) for sample in samples)
            yield f"one prompt in {every} is measured: {chosen} of {len(samples)}"


def _chosen(case: str, every: int) -> bool:
    """By the case's own name, so that neither the order of rows nor what else is asked changes the choice."""
    return every == 1 or int.from_bytes(hashlib.sha256(case.encode()).digest()[:8]) % every == 0

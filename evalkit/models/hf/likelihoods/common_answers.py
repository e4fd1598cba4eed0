"""Answers to likelihood requests that are read together, with what can be shared shared."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import isnan

from evalkit.errors import ModelError
from evalkit.failures import is_out_of_memory
from evalkit.models.hf.answers import Ready
from evalkit.models.hf.likelihoods.shared_context import SharedContexts
from evalkit.models.hf.memory import free_memory, memory_mb
from evalkit.records import Answer, FailureKind, Timing


def answer_together(
    contexts: SharedContexts, waiting: Sequence[Ready], draining: Callable[[], bool] = lambda: False
) -> Generator[tuple[int, Answer], None, list[Ready]]:
    """Answers by position, and at the end what is left: it has to be read row by row.

    Left are requests that the model cannot be asked together, and those that a pass failed over: alone, each fails or
    succeeds by itself. When memory runs out, passes are made smaller first. ``draining``: whether what is left is to be
    left alone.
    """
    left = [item for item in waiting if item.pair is None or not contexts.can(item.pair)]
    apart = {item.position for item in left}
    todo = [item for item in waiting if item.position not in apart]
    while todo:
        before = memory_mb()
        done: set[int] = set()
        margins = any("margins" in item.wants for item in todo)
        try:
            for scored in contexts.score([item.pair for item in todo if item.pair is not None], margins):
                item = todo[scored.place]
                done.add(scored.place)
                growth = None if before is None else (memory_mb() or before) - before
                timing = Timing(scored.seconds, scored.together, growth)
                yield item.position, answer_of(item, scored.logprobs, scored.margins, timing)
                if draining():
                    return []
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001 - a model's code may raise anything: rows tell whose fault it is
            contexts.forget()
            smaller = None
            if is_out_of_memory(error):
                free_memory(contexts.engine.device)
                smaller = contexts.room.halved()
            if smaller is None:
                left += [item for place, item in enumerate(todo) if place not in done]
                break
            contexts.room = smaller
        todo = [item for place, item in enumerate(todo) if place not in done]
    return left


def answer_of(item: Ready, logprobs: Sequence[float], margins: Sequence[float] | None, timing: Timing) -> Answer:
    if any(map(isnan, logprobs)):
        return Answer.failed(FailureKind.INTERNAL, "the model's logits are not numbers", timing=timing)
    return Answer(
        "",
        prompt_tokens=item.length,
        output_tokens=len(logprobs),
        timing=timing,
        logprobs=tuple(logprobs),
        margins=tuple(margins) if margins is not None and "margins" in item.wants else None,
    )

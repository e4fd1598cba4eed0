"""Prompts that a model cannot hold are found before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evalkit.data.order import Order
from evalkit.data.rowstore import Replaced
from evalkit.errors import DatasetError, SuiteError
from evalkit.protocols import Backend, CountsTokens
from evalkit.records import Message, Sample
from evalkit.runner.plan import Plan, with_messages, with_order
from evalkit.suite.load import SuiteCheck

TEMPLATE_MARGIN = 128
"""Tokens that a chat template may add. A token is at least a byte, so most prompts need no tokenizer to be judged."""
SHOWN = 5

CountTokens = Callable[[Sequence[Message]], int]


def fit_context(plan: Plan, backend: Backend) -> tuple[Plan, list[str]]:
    """The plan with prompts cut where the suite says ``truncate: left`` (and how many), or an error that names them."""
    context = backend.info.context_length
    if context is None or not isinstance(backend, CountsTokens):
        return plan, []
    warnings: list[str] = []
    order = dict(plan.order)
    for name, clusters in plan.order.items():
        readers = [check for check in plan.checks if check.dataset == name]
        _refuse_no_room(readers, context)
        room = context - max(check.decoding.max_tokens for check in readers)
        long = {
            place: sample
            for place, sample in zip(clusters.places, clusters.rows, strict=True)
            if _too_long(sample, room, backend.count_tokens)
        }
        if not long:
            continue
        _refuse_unless_cut(readers, list(long.values()), context, backend.count_tokens)
        shorter = {place: _cut_left(sample, room, backend.count_tokens) for place, sample in long.items()}
        order[name] = Order(Replaced(clusters.samples, shorter), clusters.places, clusters.begins)
        warnings.append(f"{name}: {len(long)} prompts were cut on the left to fit the model's {context:,} tokens")
    return (with_order(plan, order) if warnings else plan), warnings


def _refuse_no_room(readers: Sequence[SuiteCheck], context: int) -> None:
    for check in readers:
        if check.decoding.max_tokens >= context:
            raise SuiteError(
                f"check '{check.name}' asks for {check.decoding.max_tokens:,} tokens of a model whose context holds "
                f"{context:,}, prompt included",
                where=check.origin,
                hint="lower max_tokens",
            )


def _too_long(sample: Sample, room: int, count: CountTokens) -> bool:
    size = sum(len(message.content.encode("utf-8", "replace")) for message in sample.messages)
    return size + TEMPLATE_MARGIN > room and count(sample.messages) > room


def _refuse_unless_cut(readers: Sequence[SuiteCheck], long: Sequence[Sample], context: int, count: CountTokens) -> None:
    for check in readers:
        if check.truncate:
            continue
        rows = ", ".join(f"{sample.id} ({count(sample.messages):,})" for sample in long[:SHOWN])
        more = f" and {len(long) - SHOWN} more" if len(long) > SHOWN else ""
        raise DatasetError(
            f"prompts longer than the model's context of {context:,} tokens less the {check.decoding.max_tokens:,} "
            f"of max_tokens: {rows}{more}",
            where=check.origin,
            hint="shorten them, lower max_tokens, or set generation: {truncate: left}",
        )


def _cut_left(sample: Sample, room: int, count: CountTokens) -> Sample:
    """Keep as much of the end of the last message as fits."""
    text = sample.messages[-1].content
    low, high = 0, len(text)
    while low < high:  # the shortest cut that fits
        middle = (low + high) // 2
        if count(with_messages(sample, text[middle:]).messages) > room:
            low = middle + 1
        else:
            high = middle
    if low == len(text):
        raise DatasetError(
            f"the prompt of row {sample.id} does not fit the model even with its last message cut away",
            where=sample.origin,
            hint="shorten the system message or the conversation before it",
        )
    return with_messages(sample, text[low:])

"""Whether a model can be written so at all, tried on a few tokens: its code may do more with masks, positions, caches
and scores than its settings tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.stream.joint import plain_attention
from evalkit.models.hf.stream.slots import Slots, prefill
from evalkit.models.hf.trial import alike, some_tokens

FEW = 9
KNOWN = frozenset({"gemma", "gpt2", "gpt_neox", "llama", "olmo2", "opt", "phi", "qwen2", "qwen3"})
"""Kinds of models that need no trial, which costs as much as writing five tokens: tests hold what they write."""


def exchangeable(engine: Engine) -> bool:
    """Whether rows that go on from a kept beginning, beside a row of another length, say what each says alone."""
    if getattr(engine.model.config, "model_type", "") in KNOWN:
        return True
    return _alone_or_together(engine, some_tokens(engine, FEW), once=False)


def takes_whole_masks(engine: Engine) -> bool:
    """Whether a mask of rows by heads by tokens by columns is passed on to the attention as it is."""
    return getattr(engine.model.config, "model_type", "") in KNOWN and plain_attention(engine)


def shareable(engine: Engine, tokens: Sequence[int]) -> bool:
    """Whether the beginning may be held once for all rows."""
    few = list(tokens[:FEW])
    return len(few) == FEW and plain_attention(engine) and _alone_or_together(engine, few, once=True)


def _alone_or_together(engine: Engine, few: Sequence[int], once: bool) -> bool:
    import torch

    beginning, rows, last = few[:4], [few[4:7], few[5:6]], few[7:]
    with torch.inference_mode():
        try:
            held = prefill(engine, None, [beginning])
            slots = Slots(engine, held if once else None)
            past = None if once else held
            lengths = [len(row) + (0 if once else len(beginning)) for row in rows]
            slots.add(past, prefill(engine, past, rows, slots.base), [0, 1], lengths)
            logits = slots.step(last)
            own = [_behind(engine, [*beginning, *row, token]) for row, token in zip(rows, last, strict=True)]
        except Exception:  # noqa: BLE001 - a model's code may raise anything: then nothing is done so
            return False
    return alike(engine, logits, torch.stack(own))


def _behind(engine: Engine, tokens: Sequence[int]) -> Any:
    import torch

    return engine.model(input_ids=torch.tensor([list(tokens)], device=engine.device)).logits[0, -1].float()

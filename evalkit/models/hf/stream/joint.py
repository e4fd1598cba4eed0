"""Attention of many rows to one beginning that they all share, held and read once for all of them.

A row's own keys and values are its own; those of the beginning have no row. Scores of both go through one softmax, so
that the sums are those of ordinary attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from evalkit.models.hf.loading.engine import Engine

NAME = "evalkit_joint"
WORTH = 128
"""Tokens of a beginning from which on it is not copied to every row."""
SPECIAL = ("attn_logit_softcapping", "attention_sinks", "sinks")
"""Settings of models whose scores are not plain products."""


def plain_attention(engine: Engine) -> bool:
    """Whether this model's attention is the one below, computed as torch does by default."""
    inner = engine.model.config.get_text_config(decoder=True)
    return getattr(inner, "_attn_implementation", None) == "sdpa" and not any(
        getattr(inner, name, None) for name in SPECIAL
    )


@contextmanager
def joint(engine: Engine) -> Iterator[None]:
    """Within it, the model attends to beginnings that hang on its keys."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if NAME not in ALL_ATTENTION_FUNCTIONS:
        ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
    inner = engine.model.config.get_text_config(decoder=True)
    own = inner._attn_implementation
    inner._attn_implementation = NAME
    try:
        yield
    finally:
        inner._attn_implementation = own


def attend(  # noqa: PLR0917 - what transformers calls it with
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    **special: Any,
) -> tuple[Any, None]:
    """Of ``query`` (rows, heads, tokens, numbers) to the rows' own keys and to ``key.beginning``; ``attention_mask`` is
    true where a row's own key is seen."""
    import torch

    begun = getattr(key, "beginning", None)
    if begun is None or any(special.get(name) is not None for name in ("softcap", "s_aux", "position_bias")):
        raise NotImplementedError(f"attention of {type(module).__name__} to a shared beginning")
    keys, values = begun[0][0], begun[1][0]
    rows, heads, tokens, numbers = query.shape
    groups = key.shape[1]
    each = heads // groups * tokens
    query = query * (numbers**-0.5 if scaling is None else scaling)
    grouped = query.reshape(rows, groups, each, numbers)
    turned = grouped.transpose(0, 1).reshape(groups, rows * each, numbers)
    own, begin = (grouped @ key.transpose(-1, -2)).float(), (turned @ keys.transpose(-1, -2)).float()
    if attention_mask is not None:
        shown = attention_mask.expand(rows, 1, tokens, -1).repeat(1, 1, heads // groups, 1)
        own = own.masked_fill_(~shown, float("-inf"))
    top = torch.maximum(own.amax(-1, keepdim=True), _by_row(begin.amax(-1, keepdim=True), rows))
    own = own.sub_(top).exp_()
    begin = begin.sub_(top.transpose(0, 1).reshape(groups, rows * each, 1)).exp_()
    whole = own.sum(-1, keepdim=True) + _by_row(begin.sum(-1, keepdim=True), rows)
    seen = own.to(value.dtype) @ value + _by_row(begin.to(value.dtype) @ values, rows)
    seen = (seen / whole).to(value.dtype)
    return seen.reshape(rows, heads, tokens, numbers).transpose(1, 2).contiguous(), None


def _by_row(part: Any, rows: int) -> Any:
    """From (groups, rows and tokens, …) to (rows, groups, tokens, …)."""
    groups, _, numbers = part.shape
    return part.reshape(groups, rows, -1, numbers).transpose(0, 1)

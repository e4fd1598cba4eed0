"""Trying a model on a few tokens, where what it makes of masks, positions and pads cannot be read from its settings."""

from __future__ import annotations

from typing import Any

from evalkit.models.hf.loading.engine import Engine


def some_tokens(engine: Engine, count: int) -> list[int]:
    """From all over the vocabulary, the same every time."""
    size = engine.model.config.get_text_config(decoder=True).vocab_size
    return [(7919 * number + 13) % size for number in range(count)]


def alike(engine: Engine, found: Any, expected: Any) -> bool:
    """Whether logits differ by roundings alone. In half precision these are large; what is really another reading
    is off by about as much as logits differ from each other."""
    import torch

    allowed = (1e-3 if engine.model.dtype == torch.float32 else 0.2) * float(expected.std())
    return bool((found - expected).abs().max() <= allowed)

"""Settings of ``generation_config.json`` that change what a model writes greedily."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from evalkit.errors import ModelError

NEUTRAL: Mapping[str, object] = {
    "sequence_bias": None,
    "encoder_repetition_penalty": 1.0,
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "bad_words_ids": None,
    "min_length": 0,
    "min_new_tokens": 0,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "exponential_decay_length_penalty": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "guidance_scale": 1.0,
}
"""By name, the value that has no effect; in the order in which ``generate`` obeys them."""
OBEYED = frozenset(NEUTRAL) - {"guidance_scale"}
"""By transformers' models. That one takes a second pass for every token, over a prompt that nobody has named."""


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that have an effect."""
    return {name: settings[name] for name in NEUTRAL if _has_effect(name, settings.get(name))}


def _has_effect(name: str, value: Any) -> bool:
    return value is not None and value not in (NEUTRAL[name], [])


def refuse_others(settings: Mapping[str, Any], obeyed: Container[str], folder: Path, *, hint: str) -> None:
    """A model that asks for more than is obeyed would write another text than its makers mean."""
    others = [name for name in given(settings) if name not in obeyed]
    if others:
        raise ModelError(f"the model in {folder} asks for {others[0]}, which is not obeyed here", hint=hint)

"""The keys and values of tokens that many texts begin with, read once and then only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.tokens import common


class Stem:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tokens: tuple[int, ...] = ()
        self.read = 0
        """Tokens that went through the model since the beginning."""
        self._cache: Any = None

    def become(self, tokens: Sequence[int]) -> None:
        """Hold these tokens and no others; what is held of them already is not read again."""
        shared = common(tokens, self.tokens)
        if shared < len(self.tokens):
            self._cut(shared)
        if shared < len(tokens):
            self._read(tokens[shared:])
        self.tokens = tuple(tokens)

    def reading(self) -> Any:
        """The cache for a pass behind the stem, of any number of rows, which leaves it as it is."""
        for layer in self._cache.layers:
            layer.grows = False
        return self._cache

    def _cut(self, length: int) -> None:
        self.tokens = self.tokens[:length]
        if not length:
            self._cache = None
            return
        for layer in self._cache.layers:
            layer.keep(length)

    def _read(self, tokens: Sequence[int]) -> None:
        import torch

        growing = self._cache or _empty(self._engine.model.config)
        behind = len(self.tokens)
        self.tokens, self._cache = (), None  # whatever stops the reading leaves a cache that nobody may use
        for layer in growing.layers:
            layer.grows = True
        ids = torch.tensor([list(tokens)], device=self._engine.device)
        options: dict[str, Any] = {"logits_to_keep": 1} if "logits_to_keep" in self._engine.forward else {}
        with torch.inference_mode():
            self._engine.model(
                input_ids=ids,
                attention_mask=torch.ones((1, behind + len(tokens)), dtype=torch.long, device=self._engine.device),
                position_ids=torch.arange(behind, behind + len(tokens), device=self._engine.device).unsqueeze(0),
                past_key_values=growing,
                use_cache=True,
                return_dict=True,
                **options,
            )
        self._cache = growing
        self.read += len(tokens)


def _empty(config: Any) -> Any:
    from transformers.cache_utils import DynamicCache

    made = DynamicCache(config=config)
    layer = _layer_type()
    made.layers = [layer() for _ in made.layers]
    return made


@cache
def _layer_type() -> Any:
    """The class, made when it is first needed: its base lives in a library that is slow to import."""
    import torch
    from transformers.cache_utils import DynamicLayer

    class StemLayer(DynamicLayer):  # type: ignore[misc]
        grows = True
        keys: Any
        values: Any

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                keys, values = key_states, value_states
            else:
                keys, values = (
                    torch.cat([held.expand(new.shape[0], *held.shape[1:]), new], dim=-2)
                    for held, new in ((self.keys, key_states), (self.values, value_states))
                )
            if self.grows:
                self.keys, self.values = keys, values
            return keys, values

        def keep(self, length: int) -> None:
            self.keys, self.values = self.keys[..., :length, :], self.values[..., :length, :]

    return StemLayer

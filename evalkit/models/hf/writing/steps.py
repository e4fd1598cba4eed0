"""One step of a batch at a time: the model is asked for the next token's logits of every row that is still writing.

Prompts are padded on the left, so that every row's next token is in the last column; padding is masked and positions
count from the first real token. A finished row leaves the batch, so that nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.writing.cache import growing_cache

ROWS_APART = frozenset(
    {
        "DynamicLayer",
        "DynamicSlidingWindowLayer",
        "DynamicIndexedLayer",
        "DummyLayer",
        "GrowingLayer",
    }
)
"""Kinds of layers that rows can be taken out of."""


class Steps(Protocol):
    logits: Any
    """Of the next token, float32, one row for every live row."""

    def advance(self, tokens: Sequence[int], keep: Sequence[int]) -> None:
        """Go on with the live rows at positions ``keep``, whose next tokens are ``tokens``."""


def start(engine: Engine, prompts: Sequence[Sequence[int]], use_cache: bool, extra: int = 0) -> Steps:
    """``extra`` pads stand before every prompt, beside those that different lengths need."""
    if engine.seq2seq:
        return Seq2SeqSteps(engine, prompts, use_cache)
    return CausalSteps(engine, prompts, use_cache, extra)


def pad(rows: Sequence[Sequence[int]], token: int, device: str, *, left: bool, extra: int = 0) -> tuple[Any, Any]:
    """``(tokens, mask)`` of rows of different length; ``extra`` columns are pads in every row."""
    import torch

    width = max(len(row) for row in rows) + extra
    tokens = torch.full((len(rows), width), token, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for position, row in enumerate(rows):
        where = slice(width - len(row), width) if left else slice(0, len(row))
        tokens[position, where] = torch.tensor(row, dtype=torch.long)
        mask[position, where] = 1
    return tokens.to(device), mask.to(device)


def positions_of(mask: Any) -> Any:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def can_drop_rows(cache: Any) -> bool:
    """Attention caches can lose rows; recurrent state cannot, and of a cache or a layer of a model's own nobody knows:
    then finished rows are carried along unread."""
    parts = [getattr(cache, name, None) for name in ("self_attention_cache", "cross_attention_cache")]
    if all(part is not None for part in parts):
        return all(can_drop_rows(part) for part in parts)
    if type(cache).__name__ != "DynamicCache":
        return False
    return bool(cache.layers) and {type(layer).__name__ for layer in cache.layers} <= ROWS_APART


class _Batch:
    """Which rows of the model's batch are live, and how the batch loses the others."""

    def __init__(self, engine: Engine, rows: int, use_cache: bool) -> None:
        self.engine = engine
        self.use_cache = use_cache
        self.cache: Any = None
        self.rows = list(range(rows))
        """The batch positions of the live rows, in order."""
        self.width = rows
        self.logits: Any = None

    def _keep(self, keep: Sequence[int]) -> list[int] | None:
        """Take the others out; the batch positions to select everywhere, or none where nothing is to be selected."""
        self.rows = [self.rows[position] for position in keep]
        if len(self.rows) == self.width:
            return None
        if self.cache is not None and not can_drop_rows(self.cache):
            return None
        selected = self.rows
        if self.cache is not None:
            import torch

            self.cache.batch_select_indices(torch.tensor(selected, device=self.engine.device))
        self.rows, self.width = list(range(len(selected))), len(selected)
        return selected

    def _column(self, tokens: Sequence[int]) -> Any:
        """The next tokens as a column of the whole batch; rows that are carried along get a pad."""
        import torch

        column = torch.full((self.width, 1), self.engine.pad_token, dtype=torch.long)
        for position, token in zip(self.rows, tokens, strict=True):
            column[position, 0] = token
        return column.to(self.engine.device)

    def _take(self, output: Any) -> None:
        self.cache = getattr(output, "past_key_values", None) if self.use_cache else None
        last = output.logits[:, -1]
        self.logits = (last if len(self.rows) == self.width else last[self.rows]).float()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"use_cache": self.use_cache, "return_dict": True}
        if "logits_to_keep" in self.engine.forward:
            options["logits_to_keep"] = 1
        if self.cache is not None:
            options["past_key_values"] = self.cache
        return options


class CausalSteps(_Batch):
    def __init__(self, engine: Engine, prompts: Sequence[Sequence[int]], use_cache: bool, extra: int = 0) -> None:
        super().__init__(engine, len(prompts), use_cache)
        self.tokens, self.mask = pad(prompts, engine.pad_token, engine.device, left=True, extra=extra)
        # some models have a cache of their own, which they make themselves
        theirs = getattr(engine.model, "_supports_default_dynamic_cache", lambda: True)
        if use_cache and "past_key_values" in engine.forward and theirs():
            self.cache = growing_cache(engine.model.config)
        self._forward(slice(None))

    def advance(self, tokens: Sequence[int], keep: Sequence[int]) -> None:
        import torch

        selected = self._keep(keep)
        if selected is not None:
            self.tokens, self.mask = self.tokens[selected], self.mask[selected]
        column = self._column(tokens)
        self.tokens = torch.cat([self.tokens, column], dim=1)
        self.mask = torch.cat([self.mask, torch.ones_like(column)], dim=1)
        self._forward(slice(-1, None) if self.cache is not None else slice(None))

    def _forward(self, new: slice) -> None:
        options = self._options()
        if "position_ids" in self.engine.forward:
            options["position_ids"] = positions_of(self.mask)[:, new]
        self._take(self.engine.model(input_ids=self.tokens[:, new], attention_mask=self.mask, **options))


class Seq2SeqSteps(_Batch):
    def __init__(self, engine: Engine, prompts: Sequence[Sequence[int]], use_cache: bool) -> None:
        import torch

        super().__init__(engine, len(prompts), use_cache)
        tokens, self.mask = pad(prompts, engine.pad_token, engine.device, left=False)
        encoder = engine.model.get_encoder()
        self.encoded = encoder(input_ids=tokens, attention_mask=self.mask, return_dict=True)
        first = decoder_start(engine)
        self.tokens = torch.full((len(prompts), 1), first, dtype=torch.long, device=engine.device)
        self._forward()

    def advance(self, tokens: Sequence[int], keep: Sequence[int]) -> None:
        import torch

        selected = self._keep(keep)
        if selected is not None:
            self.tokens, self.mask = self.tokens[selected], self.mask[selected]
            self.encoded.last_hidden_state = self.encoded.last_hidden_state[selected]
        self.tokens = torch.cat([self.tokens, self._column(tokens)], dim=1)
        self._forward()

    def _forward(self) -> None:
        new = slice(-1, None) if self.cache is not None else slice(None)
        options = self._options()
        self._take(
            self.engine.model(
                encoder_outputs=self.encoded,
                attention_mask=self.mask,
                decoder_input_ids=self.tokens[:, new],
                **options,
            )
        )


def decoder_start(engine: Engine) -> int:
    """The token that a seq2seq answer begins with."""
    for owner in (getattr(engine.model, "generation_config", None), engine.model.config):
        for name in ("decoder_start_token_id", "bos_token_id"):
            token = getattr(owner, name, None)
            if isinstance(token, int):
                return token
    return engine.pad_token

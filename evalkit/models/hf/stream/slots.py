"""A key-value cache whose rows come and go: every row begins in the first column and ends where it ends.

A step writes each row's next token behind the row's own last one, so that no row has to be moved when another, longer
or shorter, comes to stand beside it. What lies behind a row's end is masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.stream.joint import joint
from evalkit.models.hf.stream.slot_layers import past_layer, slot_layer
from evalkit.models.hf.writing.cache import ROOM

Layers = list[tuple[Any, Any]]
"""Keys and values of every layer: rows, heads, columns, numbers."""
INDEXED = ("alibi", "attention_types", "position_embedding_type", "relative_attention_num_buckets", "window_size")
"""Settings of models that look at columns and not at positions: for them, columns must end alike."""
STRETCHED = frozenset({"dynamic", "longrope"})
"""Rotations that depend on how long the longest row is: a beginning computed alone would be rotated otherwise."""


def can_stream(engine: Engine) -> bool:
    """Whether rows of this model can be computed beside others of any length, and from a beginning kept before.

    Only plain attention over the whole past, told its positions. Recurrent state, sliding windows, quantised caches and
    encoders are left to the loop of batches, and so is code that comes with a model: nobody knows what it makes of
    positions.
    """
    if engine.seq2seq or not type(engine.model).__module__.startswith("transformers."):
        return False
    if not {"past_key_values", "position_ids"} <= engine.forward:
        return False
    from transformers.cache_utils import DynamicCache, DynamicLayer

    config = engine.model.config
    inner = config.get_text_config(decoder=True)
    if any(getattr(inner, name, None) not in (None, False, "absolute") for name in INDEXED):
        return False
    ropes = getattr(inner, "rope_parameters", None) or {}
    kinds = {ropes.get("rope_type")} | {rope.get("rope_type") for rope in ropes.values() if isinstance(rope, dict)}
    if kinds & STRETCHED or getattr(engine.model.generation_config, "cache_implementation", None):
        return False
    layers = DynamicCache(config=config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


class Slots:
    """The rows that are being written, by slot: ``0`` to ``len(lengths) - 1``."""

    def __init__(self, engine: Engine, base: Layers | None = None, *, whole_masks: bool = False) -> None:
        """``base`` is a beginning of every row, of which no row holds a copy. ``whole_masks``: the model takes masks as
        its attention needs them, and need not make them from shorter ones for every step."""
        from transformers.cache_utils import DynamicCache

        self.lengths: list[int] = []
        """Tokens that each row holds itself."""
        self.base = base
        self.before = _width(base)
        self.engine = engine
        self.alike = True
        """Whether all rows are equally long: then nothing is masked."""
        self.width = 0
        self.rows, self.columns = 0, 0
        self._ends: Any = None
        self._places: dict[tuple[int, int], Any] = {}
        self._whole_masks = base is not None or whole_masks
        self.cache = DynamicCache(config=engine.model.config)
        layer = slot_layer()
        count = len(self.cache.layers)
        self.cache.layers = [layer(self, base[number] if base else None) for number in range(count)]

    @property
    def bytes_a_token(self) -> int | None:
        """Of one row, over all layers: before anything was computed, as the configuration lets expect."""
        return sum(layer.bytes_a_token for layer in self.cache.layers) or _guessed_bytes(self.engine)

    def reserve(self, rows: int, columns: int) -> None:
        """Make room, with what is there kept. What has become far too large, since long rows have left or many, is made
        smaller by the way."""
        if rows <= self.rows and columns <= self.columns:
            return
        columns = max(columns, max(self.lengths, default=0) + 1)
        if rows > self.rows or 2 * rows < self.rows:
            self.rows = max(rows, len(self.lengths))
        if columns > self.columns or 2 * columns < self.columns:
            self.columns = columns + max(ROOM, columns // 4)
        for layer in self.cache.layers:
            layer.enlarge(len(self.lengths), max(self.lengths, default=0))

    def add(self, past: Layers | None, own: Layers | None, which: Sequence[int], lengths: Sequence[int]) -> None:
        """New rows behind the others: what they share beside the base, then row ``which`` of ``own``."""
        first, before, behind = len(self.lengths), _width(past), _width(own)
        self.reserve(first + len(lengths), before + behind + 1)
        where = slice(first, first + len(lengths))
        straight = list(which) == list(range(own[0][0].shape[0] if own else 0))
        for number, layer in enumerate(self.cache.layers):
            if past:
                layer.put(where, slice(0, before), *past[number])
            if own:
                keys, values = own[number]
                picked = (keys, values) if straight else (keys[list(which)], values[list(which)])
                layer.put(where, slice(before, before + behind), *picked)
        self.lengths += lengths

    def step(self, tokens: Sequence[int]) -> Any:
        """The logits behind each row's next token, which is then part of the row."""
        import torch

        engine, count = self.engine, len(self.lengths)
        self.width = max(self.lengths)
        self.reserve(count, self.width + 1)
        self.alike = min(self.lengths) == self.width
        self._ends = torch.tensor(self.lengths, device=engine.device)
        self._places.clear()
        mask: Any = None
        if not self.alike:
            mask = torch.arange(self.width + 1, device=engine.device) <= self._ends.unsqueeze(1)
            mask = mask[:, None, None] if self._whole_masks else mask
        options: dict[str, Any] = {"use_cache": True, "return_dict": True}
        if "logits_to_keep" in engine.forward:
            options["logits_to_keep"] = 1
        column = torch.tensor(tokens, device=engine.device).unsqueeze(1)
        with _attention(engine, self.base):
            output = engine.model(
                input_ids=column,
                attention_mask=mask,
                position_ids=self._ends.unsqueeze(1) + self.before,
                past_key_values=self.cache,
                **options,
            )
        self.lengths = [length + 1 for length in self.lengths]
        return output.logits[:, -1].float()

    def places(self, heads: int, columns: int) -> Any:
        """Where the next column of every row is in a room of so many heads and columns, counted through the whole of
        it: row by row, head by head. The same for all layers of a step."""
        import torch

        if (heads, columns) not in self._places:
            device = self._ends.device
            first = torch.arange(len(self.lengths) * heads, device=device).view(-1, heads) * columns
            self._places[heads, columns] = (first + self._ends.unsqueeze(1)).view(-1)
        return self._places[heads, columns]

    def drop(self, slots: Sequence[int], spoilt: Sequence[int] = ()) -> list[int]:
        """Take rows out: the last ones move into the holes. Returns, for every slot that is left, which it was.

        ``spoilt`` rows hold what is no number: a masked NaN would still spoil the row that comes to lie over it.
        """
        if spoilt:
            for layer in self.cache.layers:
                layer.wipe(spoilt)
        gone = set(slots)
        count = len(self.lengths) - len(gone)
        order = list(range(count))
        tail = [slot for slot in range(count, len(self.lengths)) if slot not in gone]
        for hole in sorted(slot for slot in gone if slot < count):
            moved = tail.pop()
            for layer in self.cache.layers:
                layer.move(moved, hole, self.lengths[moved])
            order[hole] = moved
        self.lengths = [self.lengths[slot] for slot in order]
        return order


def _guessed_bytes(engine: Engine) -> int | None:
    inner = engine.model.config.get_text_config(decoder=True)
    heads = getattr(inner, "num_attention_heads", None)
    layers, wide = getattr(inner, "num_hidden_layers", None), getattr(inner, "hidden_size", None)
    if not (heads and layers and wide):
        return None
    head = getattr(inner, "head_dim", None) or wide // heads
    kept = getattr(inner, "num_key_value_heads", None) or heads
    return int(2 * layers * kept * head * engine.model.dtype.itemsize)


def _width(layers: Layers | None) -> int:
    return int(layers[0][0].shape[-2]) if layers else 0


def behind(layers: Layers | None, count: int) -> Layers | None:
    return [(keys[:, :, count:], values[:, :, count:]) for keys, values in layers] if layers else None


def _attention(engine: Engine, base: Layers | None) -> AbstractContextManager[None]:
    return joint(engine) if base else nullcontext()


def prefill(engine: Engine, past: Layers | None, rows: Sequence[Sequence[int]], base: Layers | None = None) -> Layers:
    """Keys and values of ``rows`` behind a shared ``past``, which is behind ``base``. Padding stands behind the rows,
    where nobody sees it."""
    import torch
    from transformers.cache_utils import DynamicCache

    before, width = _width(past), max(map(len, rows))
    tokens = torch.full((len(rows), width), engine.pad_token, dtype=torch.long)
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row, dtype=torch.long)
    made = DynamicCache(config=engine.model.config)
    layer = past_layer()
    made.layers = [
        layer(past[number] if past else None, base[number] if base else None) for number in range(len(made.layers))
    ]
    mask = None
    if base:
        mask = torch.ones(width, before + width, dtype=torch.bool, device=engine.device).tril(before)[None, None]
    start = before + _width(base)
    body = engine.model.base_model  # no logits are needed
    options: dict[str, Any] = (
        {"logits_to_keep": 1} if body is engine.model and "logits_to_keep" in engine.forward else {}
    )
    with _attention(engine, base):
        body(
            input_ids=tokens.to(engine.device),
            attention_mask=mask,
            position_ids=torch.arange(start, start + width, device=engine.device).expand(len(rows), -1),
            past_key_values=made,
            use_cache=True,
            return_dict=True,
            **options,
        )
    return [(done.keys, done.values) for done in made.layers]

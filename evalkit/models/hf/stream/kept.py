"""Beginnings of prompts that were computed once and are kept for the prompts to come, within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.stream.slots import Layers, prefill
from evalkit.models.hf.stream.trials import shareable
from evalkit.models.hf.tokens import common
from evalkit.models.hf.work import Work

AT_ONCE = 2048
"""Tokens of one beginning that are computed in one pass."""


@dataclass(slots=True, eq=False)
class _Kept:
    tokens: tuple[int, ...]
    layers: Layers
    size: int
    used: int


class KeptBeginnings:
    """Any part from the start serves: what was kept for 1,003 tokens answers for 1,001 of them, too."""

    def __init__(self, limit_bytes: int, work: Work) -> None:
        self._limit = limit_bytes
        self._work = work
        self._kept: list[_Kept] = []
        self._clock = 0
        self._held_once: bool | None = None

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(kept.size for kept in self._kept)

    def held_once(self, engine: Engine, longest: Sequence[int]) -> bool:
        """Whether rows of this model can attend to a beginning that is not copied to each of them; tried once."""
        if self._held_once is None:
            self._held_once = shareable(engine, longest)
        return self._held_once

    def take(self, engine: Engine, tokens: Sequence[int]) -> Layers | None:
        """Keys and values of a beginning, for one row; what is new of it is computed and kept."""
        if not tokens:
            return None
        wanted = tuple(tokens)
        best = max(self._kept, key=lambda kept: common(kept.tokens, wanted), default=None)
        alike = common(best.tokens, wanted) if best is not None else 0
        layers = _first(best.layers, alike) if best is not None and alike else None
        self._clock += 1
        if best is not None:
            best.used = self._clock
        if alike == len(wanted):
            return layers
        for start in range(alike, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            layers = _joined(layers, prefill(engine, layers, [part]))
            self._work.prefills += 1
            self._work.computed_tokens += len(part)
            self._work.shared_tokens -= len(part)  # of one of the prompts that begin so they are not
        if layers is not None:
            self._keep(wanted, layers, best if best is not None and alike == len(best.tokens) else None)
        return layers

    def forget(self) -> None:
        self._kept.clear()

    def _keep(self, tokens: tuple[int, ...], layers: Layers, continued: _Kept | None) -> None:
        size = sum(part.numel() * part.element_size() for layer in layers for part in layer)
        if size > self._limit:
            return
        if continued is not None:
            self._kept.remove(continued)  # it is the start of what is kept now
        while self._kept and self.size + size > self._limit:
            self._kept.remove(min(self._kept, key=lambda kept: kept.used))
        self._kept.append(_Kept(tokens, layers, size, self._clock))


def _first(layers: Layers, count: int) -> Layers:
    return [(keys[:, :, :count], values[:, :, :count]) for keys, values in layers]


def _joined(layers: Layers | None, more: Layers) -> Layers:
    import torch

    if layers is None:
        return more
    pairs = zip(layers, more, strict=True)
    return [(torch.cat([k, key], dim=-2), torch.cat([v, value], dim=-2)) for (k, v), (key, value) in pairs]

"""How a batch is laid out under a padding condition: rightly, or wrongly on purpose.

``left:N`` puts N more pads before every prompt, by the same code that pads any batch: it must not change an answer. The
other layouts make one well-known mistake each, on a path of their own that shares nothing with that code. Where an
engine's padded answers equal those of a mistake, the mistake has a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.writing.steps import Steps, start

MISTAKES = ("right", "unmasked", "positions", "late-positions")
"""Pads behind the prompt; pads that are attended to; positions that count pads; the same, but in the answer only."""
MOST_PADS = 512
_PADDING = re.compile(r"(left|" + "|".join(MISTAKES) + r"):([0-9]{1,4})")


class Unsettable(Exception):
    """A condition that this model cannot be run under; the text names it."""


def known_padding(padding: str) -> bool:
    found = _PADDING.fullmatch(padding)
    return found is not None and 0 < int(found[2]) <= MOST_PADS


def layout(padding: str | None) -> Callable[[Engine, Sequence[Sequence[int]], bool], Steps]:
    """What begins to write, with prompts padded as the condition says (``left:8``)."""
    if padding is None:
        return start
    kind, _, count = padding.partition(":")
    if kind == "left":
        return partial(_padded_left, int(count))
    return partial(_Mistaken, kind, int(count))


def _padded_left(count: int, engine: Engine, prompts: Sequence[Sequence[int]], use_cache: bool) -> Steps:
    if engine.seq2seq:
        raise Unsettable("padding of an encoder's prompts")
    _leave_room(engine, prompts, count)
    return start(engine, prompts, use_cache, count)


def _leave_room(engine: Engine, prompts: Sequence[Sequence[int]], count: int) -> None:
    """Absolute positions end with the context; pads that do not fit it would test nothing but that."""
    if engine.context_length is not None and max(map(len, prompts)) + count >= engine.context_length:
        raise Unsettable(f"{count} more tokens of padding than the context holds")


class _Mistaken:
    """One prompt, read anew for every token: every column keeps the token, mask and position it was given."""

    def __init__(
        self, kind: str, count: int, engine: Engine, prompts: Sequence[Sequence[int]], use_cache: bool
    ) -> None:
        if engine.seq2seq or len(prompts) != 1:
            raise Unsettable(f"padding={kind}:{count} beside other prompts or in an encoder")
        if "position_ids" not in engine.forward and kind.endswith("positions"):
            raise Unsettable(f"padding={kind}:{count}: the model takes no positions")
        _leave_room(engine, prompts, count)
        self._engine, self._kind, self._count = engine, kind, count
        prompt = list(prompts[0])
        pads, length = [engine.pad_token] * count, len(prompt)
        self._tokens = prompt + pads if kind == "right" else pads + prompt
        real, padding = [1] * length, [int(kind == "unmasked")] * count
        self._mask = real + padding if kind == "right" else padding + real
        self._positions = list(range(length + count))
        if kind == "right":
            self._positions = [*range(length), *[length - 1] * count]
        elif kind == "late-positions":
            self._positions = [*[0] * count, *range(length)]
        self._next = length if kind == "right" else length + count
        self.logits: Any = None
        self._forward()

    def advance(self, tokens: Sequence[int], keep: Sequence[int]) -> None:
        self._tokens.append(tokens[0])
        self._mask.append(1)
        self._positions.append(self._next)
        self._next += 1
        self._forward()

    def _forward(self) -> None:
        import torch

        device = self._engine.device
        options: dict[str, Any] = {"use_cache": False, "return_dict": True}
        if "position_ids" in self._engine.forward:
            options["position_ids"] = torch.tensor([self._positions], device=device)
        tokens, mask = (torch.tensor([row], device=device) for row in (self._tokens, self._mask))
        self.logits = self._engine.model(input_ids=tokens, attention_mask=mask, **options).logits[:, -1].float()

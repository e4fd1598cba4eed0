"""Token sequences as one tree: what several of them begin with is there once.

A model reads a tree as one row. Its tokens stand side by side in any order; the mask lets each see those before it on
its own branch, and positions are depths. To every branch this is the text that it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.models.hf.tokens import common


class Tree:
    """Sequences must be added in sorted order: each then leaves the one before it once and for all."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.depths: list[int] = []
        self._chains: list[tuple[int, int, int]] = []
        """``(parent, start, end)``: nodes that follow one another; the first's parent is -1 at the root."""
        self._last: Sequence[int] = ()
        self._path: list[int] = []

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, sequence: Sequence[int]) -> list[int]:
        """The nodes of the sequence, in its order."""
        shared = common(sequence, self._last)
        path = self._path[:shared]
        if shared < len(sequence):
            start = len(self.tokens)
            self.tokens.extend(sequence[shared:])
            self.depths.extend(range(shared, len(sequence)))
            self._chains.append((path[-1] if path else -1, start, len(self.tokens)))
            path = [*path, *range(start, len(self.tokens))]
        self._last, self._path = sequence, path
        return path

    def sees(self) -> Any:
        """A square of truth values: which tokens each token sees, itself among them."""
        import torch

        seen = torch.zeros((len(self), len(self)), dtype=torch.bool)
        for parent, start, end in self._chains:
            if parent >= 0:
                seen[start:end] = seen[parent]
            seen[start:end, start:end] = torch.ones((end - start, end - start), dtype=torch.bool).tril()
        return seen

"""Prompts that go on where another prompt ended: only one of them at a time may be under way.

GenAI gives a prompt the blocks of keys and values that it shares with what was read before, also a last block that is
not full. Two prompts that go on from there then write into the same block, each over the other, and both answers are
wrong: second turns of one conversation, or answers begun differently. Whole blocks are safe, nobody writes to them.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Sequence

from evalkit.models.hf.tokens import Tokens, common

REMEMBERED = 200_000
"""Prompts. The cache of any pipeline holds fewer blocks that are not full."""


class Asked:
    """The prompts that a pipeline was handed, by their hashes."""

    def __init__(self) -> None:
        self._hashes: dict[int, None] = {}
        self._lengths: list[int] = []

    def take_note(self, prompts: Sequence[Tokens]) -> None:
        for prompt in prompts:
            self._hashes[hash(prompt)] = None
            place = bisect_right(self._lengths, len(prompt))
            if not place or self._lengths[place - 1] != len(prompt):
                insort(self._lengths, len(prompt))
        while len(self._hashes) > REMEMBERED:
            del self._hashes[next(iter(self._hashes))]

    def went_on_from(self, prompts: Sequence[Tokens]) -> dict[Tokens, Tokens]:
        """For each prompt that goes on where another ended, and not the only one to do so, the shortest of those.

        Prompts that share a beginning are neighbours when sorted, and what was found of the one holds for the next.
        """
        times = Counter(prompts)
        known = sorted(times)
        alike = [0, *map(common, known, known[1:]), 0]
        found: dict[Tokens, Tokens] = {}
        shortest = tested = 0
        for place, prompt in enumerate(known):
            before, after = alike[place], alike[place + 1]
            shared = len(prompt) if times[prompt] > 1 else max(before, after)
            if not 0 < shortest <= before:
                at_most = min(shared, len(prompt) - 1)
                shortest = self._shortest(prompt, min(before, tested), at_most)
                tested = shortest or at_most
            if shortest:
                found[prompt] = prompt[:shortest]
        return found

    def _shortest(self, prompt: Tokens, longer_than: int, at_most: int) -> int:
        """Length of the shortest earlier prompt that this one begins with, within these bounds, or 0."""
        lengths = self._lengths
        for place in range(bisect_right(lengths, longer_than), bisect_right(lengths, at_most)):
            if hash(prompt[: lengths[place]]) in self._hashes:
                return lengths[place]
        return 0

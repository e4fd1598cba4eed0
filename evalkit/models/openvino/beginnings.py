"""Beginnings of prompts that are read before the prompts themselves, so that each is read once.

GenAI looks up what it has read of a prompt when it is handed the prompt, and by then nobody has read anything of the
examples that a hundred prompts begin with: handed over together, each would read them for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalkit.models.hf.stream.shared import WORTH, beginnings
from evalkit.models.hf.tokens import Tokens

BLOCK = 32
"""Tokens. GenAI keeps keys and values of whole blocks apart from those that somebody still writes to."""


def known_before(prompts: Sequence[Tokens]) -> dict[Tokens, int]:
    """For every prompt, how many of its first tokens are worth reading first: whole blocks, or none."""
    lengths = beginnings(prompts)
    for prompt, times in Counter(prompts).items():
        rest = len(prompt) - 1 - lengths[prompt]
        if (times - 1) * rest >= WORTH:
            lengths[prompt] += rest
    return {prompt: length // BLOCK * BLOCK for prompt, length in lengths.items()}

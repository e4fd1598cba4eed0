"""Which beginnings of prompts are worth computing once: found on tokens, so that a text is never cut inside one.

System prompts, few-shot examples and chat headers are the same for many prompts. Prompts are sorted, and every run of
neighbours that share more than the run around it is a candidate: so two tasks with different examples each get their
own beginning, behind the header that both share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalkit.models.hf.tokens import Tokens, common

WORTH = 80
"""Tokens that a beginning must save. It costs a forward pass of its own, of one row, and its rows one apart from the
other rows: a pass over few tokens takes as long as one over about 40."""


def beginnings(prompts: Iterable[Tokens]) -> dict[Tokens, int]:
    """For every prompt, how many of its first tokens to share; never the last one, whose logits are needed."""
    known = sorted(set(prompts))
    lengths = [0] * len(known)
    for alike, first, last in _runs(known):
        gained = alike - lengths[first]
        if (last - first) * gained >= WORTH:
            lengths[first : last + 1] = [alike] * (last - first + 1)
    return dict(zip(known, lengths, strict=True))


def _runs(known: Sequence[Tokens]) -> list[tuple[int, int, int]]:
    """``(tokens alike, first prompt, last prompt)`` of every run, the wider ones before those inside them."""
    found: list[tuple[int, int, int]] = []
    open_runs: list[tuple[int, int]] = []  # (tokens alike, first prompt), each more alike than the one before
    for place in range(1, len(known) + 1):
        alike = 0
        if place < len(known):
            before, here = known[place - 1], known[place]
            alike = min(common(before, here), len(before) - 1, len(here) - 1)
        first = place - 1
        while open_runs and open_runs[-1][0] > alike:
            more, first = open_runs.pop()
            found.append((more, first, place - 1))
        if alike > 0 and (not open_runs or open_runs[-1][0] < alike):
            open_runs.append((alike, first))
    return sorted(found)

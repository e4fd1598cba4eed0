"""Prompts that are about the same, without a model: words weighed by how rare they are, and the means that they lie
around.

Groups are found from the prompts alone. What became of their cases has no say in it, so that a test of whether they
went worse than others means what it says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evalkit.metrics.language_words import WORDS
from evalkit.metrics.words import is_unspaced, tokens_of_any_script

LEAST_PROMPTS = 24
MOST_PROMPTS = 3000
MOST_WORDS = 600
LEAST_OF_WORD = 3
"""Prompts in which a word must stand: what one row alone says (a name, a secret) is in no group's name."""
MOST_OF_WORD = 0.6
"""Share of the prompts: beyond it a word belongs to the template."""
EACH = 12
"""Prompts that a group should have, in the mean."""
MOST_TOPICS = 8
NAMING = 3
STARTS = 4
_WORD = re.compile(r"[^\W\d_]{3,24}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    words: tuple[str, ...]
    stands: NDArray[np.bool_]
    """A row a prompt, a column a word."""


@dataclass(frozen=True, slots=True)
class Topics:
    names: tuple[str, ...]
    """Words that set each apart from the others."""
    of: NDArray[np.intp]
    """Of each prompt."""


@cache
def frequent_words() -> frozenset[str]:
    """That every text of their language has, whatever it is about."""
    return frozenset().union(*(words for languages in WORDS.values() for words in languages.values()))


def vocabulary(prompts: Sequence[str], without: frozenset[str] = frozenset()) -> Vocabulary | None:
    """The words that may tell prompts apart; none where there are too few of either."""
    if not LEAST_PROMPTS <= len(prompts) <= MOST_PROMPTS:
        return None
    tokens = [{token for token in tokens_of_any_script(prompt) if _is_word(token)} for prompt in prompts]
    found = Counter(token for of_one in tokens for token in of_one)
    most = MOST_OF_WORD * len(prompts)
    kept = sorted(word for word, times in found.items() if LEAST_OF_WORD <= times <= most and word not in without)
    kept = sorted(kept, key=lambda word: -found[word])[:MOST_WORDS]
    if len(kept) < NAMING:
        return None
    place = {word: at for at, word in enumerate(kept)}
    stands = np.zeros((len(prompts), len(kept)), dtype=np.bool_)
    for row, of_one in enumerate(tokens):
        stands[row, [place[token] for token in of_one if token in place]] = True
    return Vocabulary(tuple(kept), stands)


def _is_word(token: str) -> bool:
    """Of a script that sets no words apart, each character for itself."""
    return _WORD.fullmatch(token) is not None or (len(token) == 1 and is_unspaced(token))


def topics(prompts: Sequence[str]) -> Topics | None:
    """By k-means of rows of equal length; the best of some seeded starts. The same prompts give the same groups."""
    known = vocabulary(prompts, frequent_words())
    if known is None:
        return None
    from scipy.cluster.vq import kmeans2

    weights = known.stands * np.log(len(prompts) / known.stands.sum(axis=0))
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    rows = np.divide(weights, lengths, out=np.zeros_like(weights), where=lengths > 0)
    count = min(MOST_TOPICS, max(2, len(prompts) // EACH))
    best, least = np.zeros(len(prompts), dtype=np.intp), np.inf
    for seed in range(STARTS):
        centres, of = kmeans2(rows, _begun(rows, count, np.random.default_rng(seed)), minit="matrix")
        away = float(((rows - centres[of]) ** 2).sum())
        if away < least - 1e-9:
            best, least = of, away
    kept, of = np.unique(best, return_inverse=True)
    if len(kept) < 2:
        return None
    return Topics(tuple(_name(rows, of == group, known.words) for group in range(len(kept))), of)


def _begun(rows: NDArray[np.float64], count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Centres that are far from each other (k-means++)."""
    chosen = [int(random.integers(len(rows)))]
    away = ((rows - rows[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count and away.sum() > 0:
        chosen.append(int(random.choice(len(rows), p=away / away.sum())))
        away = np.minimum(away, ((rows - rows[chosen[-1]]) ** 2).sum(axis=1))
    return rows[chosen]


def _name(rows: NDArray[np.float64], inside: NDArray[np.bool_], words: Sequence[str]) -> str:
    """The words whose mean weight inside is furthest above that outside."""
    ahead = rows[inside].mean(axis=0) - rows[~inside].mean(axis=0)
    chosen = [place for place in np.argsort(-ahead, kind="stable")[:NAMING] if ahead[place] > 0]
    return ", ".join(words[place] for place in chosen) or "none of the frequent words"

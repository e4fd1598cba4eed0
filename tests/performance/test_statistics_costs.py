"""What resampling costs, counted in work that does not depend on what else the machine is doing."""

from __future__ import annotations

import cProfile
import pstats
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evalkit.metrics.corpus import bleu
from evalkit.stats import paired, resampling
from evalkit.stats.bootstrap import Resampling, bootstrap


def statistics(rows: int) -> Any:
    """Like BLEU's: lengths of answer and reference, matched n-grams and all n-grams of four orders."""
    words = np.random.default_rng(rows).integers(6, 30, rows)
    matched = [np.floor(words * share) for share in (0.6, 0.4, 0.3, 0.2)]
    return np.column_stack([words, words + 1, *matched, words, words - 1, words - 2, words - 3]).astype(float)


def calls(ask: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.runcall(ask)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_ten_thousand_resamples_of_ten_thousand_rows_are_few_large_operations() -> None:
    """One count of draws for each resample, a few calls deep, and BLEU of all resamples at once."""
    asked = statistics(10_000)
    assert calls(lambda: bootstrap(bleu, asked, None, Resampling(10_000, seed=3))) <= 12 * 10_000


def test_twice_the_rows_cost_no_more_than_twice_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0

    def counting(random: np.random.Generator, rows: int, count: int) -> Any:
        nonlocal drawn
        drawn += rows * count
        return original(random, rows, count)

    original = resampling._draw
    monkeypatch.setattr(resampling, "_draw", counting)
    amounts = []
    for rows in (2_000, 4_000, 8_000, 16_000):
        resampling._drawn.cache_clear()
        drawn = 0
        bootstrap(bleu, statistics(rows), None, Resampling(200, seed=4))
        amounts.append(drawn)
    resampling._drawn.cache_clear()
    assert amounts == [400_000, 800_000, 200 * resampling.MOST_UNITS, 200 * resampling.MOST_UNITS]


def test_no_product_is_large_enough_to_be_shared_among_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Watched(np.ndarray):  # type: ignore[type-arg]
        def __rmatmul__(self, other: Any) -> Any:
            sizes.append(other.shape[0] * self.size)
            return np.asarray(other) @ np.asarray(self)

    sums = statistics(3_000)
    blocks = list(resampling.counts(3_000, 300, 5))
    found = resampling.resampled_sums(blocks, sums.view(Watched))
    assert max(sizes) <= resampling.PRODUCT_ON_ONE_THREAD
    assert np.array_equal(found, np.concatenate([block.astype(float) @ sums for block in blocks]))


def test_a_bootstraps_memory_does_not_grow_with_its_resamples() -> None:
    asked = statistics(4_000)
    peaks = []
    for resamples in (3_000, 12_000):
        tracemalloc.start()
        bootstrap(bleu, asked, None, Resampling(resamples, seed=6))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= peaks[0] + 12_000 * 8 * 60


def test_the_paired_bootstrap_makes_a_fifth_of_sacrebleus_calls() -> None:
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import PairedTest

    words = [f"word{n}" for n in range(60)]
    random = np.random.default_rng(7)
    a, b, references = ([" ".join(random.choice(words, 15)) + "." for _ in range(400)] for _ in range(3))
    paired.bootstrap("bleu", a[:9], b[:9], references[:9], 10)
    ours = calls(lambda: paired.bootstrap(BLEU(), a, b, references, 1000))

    def peer() -> object:
        return PairedTest([("b", b), ("a", a)], {"m": BLEU()}, [references], "bs", 1000)()

    theirs = calls(peer)
    assert 5 * ours <= theirs

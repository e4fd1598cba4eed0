"""Timings are told as numpy tells them, and warm-up calls do not count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.testing import Timings, measure


@given(st.lists(st.floats(1e-6, 1e4), min_size=2, max_size=60))
def test_what_is_told_is_what_numpy_says(seconds: list[float]) -> None:
    told = Timings(tuple(seconds))
    assert told.mean == pytest.approx(np.mean(seconds))
    assert told.median == pytest.approx(np.median(seconds))
    assert told.p95 == pytest.approx(np.percentile(seconds, 95))
    assert told.std == pytest.approx(np.std(seconds, ddof=1), rel=1e-6, abs=1e-9)
    assert (told.minimum, told.maximum) == (np.min(seconds), np.max(seconds))


def test_warm_up_calls_are_made_and_not_counted() -> None:
    calls: list[int] = []
    ticks = iter(range(100))
    told = measure(lambda: calls.append(1), repeats=4, warm_up=3, clock=lambda: float(next(ticks)))
    assert (len(calls), told.seconds) == (7, (1.0, 1.0, 1.0, 1.0))
    assert next(ticks) == 8


def test_every_repetition_is_measured_by_itself() -> None:
    moments: Iterator[float] = iter([0.0, 1.0, 5.0, 8.0])
    assert measure(int, repeats=2, warm_up=0, clock=lambda: next(moments)).seconds == (1.0, 3.0)


def test_a_single_value_has_no_spread() -> None:
    one = Timings((0.25,))
    assert (one.mean, one.median, one.p95, one.std, one.minimum, one.maximum) == (0.25, 0.25, 0.25, 0.0, 0.25, 0.25)
    assert str(one).startswith("median 250.0 ms  mean 250.0 ms  p95 250.0 ms  std 0.0 ms")


@pytest.mark.parametrize(("repeats", "warm_up"), [(0, 0), (-1, 2), (3, -1)])
def test_what_measures_nothing_is_refused(repeats: int, warm_up: int) -> None:
    with pytest.raises(ValueError, match="measure nothing"):
        measure(int, repeats=repeats, warm_up=warm_up)
    with pytest.raises(ValueError, match="nothing was measured"):
        Timings(())

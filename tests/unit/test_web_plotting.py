"""A metric over runs as a drawing: everything inside, round numbers, and words that say the same."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("starlette")
from hypothesis import given
from hypothesis import strategies as st

from evalkit.web.plotting import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Mark, plot, ticks

values = st.floats(-1e6, 1e6, allow_nan=False)


def mark(value: float | None, low: float | None = None, high: float | None = None, series: int = 0) -> Mark:
    return Mark(value, low, high, "pass", series, "told", "/runs/1", "1 Mar")


@given(st.lists(values, min_size=1, max_size=40), st.none() | values)
def test_every_dot_and_the_target_are_inside(found: list[float], threshold: float | None) -> None:
    drawn = plot([mark(value, value - 1, math.inf) for value in found], threshold, "")
    assert len(drawn.dots) == len(found)
    for dot in drawn.dots:
        assert LEFT <= dot.x <= WIDTH - RIGHT
        assert all(TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1 for y in (dot.y, dot.low, dot.high) if y is not None)
    assert (drawn.target is None) == (threshold is None)


def test_higher_values_are_higher_and_runs_without_a_value_leave_a_gap() -> None:
    drawn = plot([mark(0.1), mark(None), mark(0.9)], None, "share")
    low, high = drawn.dots
    assert high.y < low.y
    assert high.x - low.x == pytest.approx((WIDTH - LEFT - RIGHT) * 2 / 3, abs=0.2)


def test_models_have_lines_and_shapes_of_their_own() -> None:
    drawn = plot([mark(0.1), mark(0.2, series=1), mark(0.3)], None, "")
    assert len(drawn.lines) == 1
    assert drawn.dots[0].shape[-12:] != drawn.dots[1].shape[-12:]


@given(values, st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_distinct(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert len(found) <= 11
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick, _ in found)


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (0.0, 1.0, "share", ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.2, 0.3, "score100", ["20", "22", "24", "26", "28", "30"]),
        (-0.5, 0.5, "", ["−0.4", "−0.2", "0.0", "0.2", "0.4"]),
        (0, 12000, "words", ["0", "5,000", "10,000"]),
    ],
)
def test_ticks_have_as_many_digits_as_they_need(low: float, high: float, unit: str, said: list[str]) -> None:
    assert [text for _, text in ticks(low, high, unit)] == said


def test_words_say_what_the_picture_shows() -> None:
    says = plot([mark(0.5), mark(0.75)], 0.9, "share").says
    assert says == "2 runs, from 0.500 in the first to 0.750 in the last, target 0.900"

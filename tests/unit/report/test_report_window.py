"""The drawn interval says the same as the numbers do."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from evalkit.records import Interval
from evalkit.report.svg import WIDTH, drawing
from evalkit.report.window import ASCII, SHARE, UNICODE, characters, picture

ENDS = st.floats(-1000, 1000)


def draw(value: float, low: float, high: float, threshold: float, *, width: int = 21, strokes=UNICODE) -> str:
    drawn = picture(value, Interval(low, high, 0.95, "wilson"), threshold, ">=")
    assert drawn is not None
    return characters(drawn, width, strokes)


@given(ENDS, ENDS, ENDS, ENDS, st.integers(13, 40))
def test_a_target_is_drawn_on_the_side_where_it_is(a: float, b: float, c: float, threshold: float, width: int) -> None:
    low, value, high = sorted((a, b, c))
    line = draw(value, low, high, threshold, width=width)
    assert len(line) == width
    drawn = [position for position, character in enumerate(line) if character in "├─●┤"]
    assert drawn[-1] - drawn[0] >= 1
    target = line.find("┊")
    if threshold < low:
        assert 0 <= target < drawn[0]
    elif threshold > high:
        assert target > drawn[-1]
    else:
        assert target == -1 or drawn[0] - 1 <= target <= drawn[-1] + 1


def test_an_interval_is_drawn_with_its_target() -> None:
    # drawn from 0.025 to 0.675: 0.1 is 2.1, 0.2 is 4.8, 0.3 is 7.6, 0.6 is 15.9 of 18 cells from the second one
    assert draw(0.2, 0.1, 0.3, 0.6) == "   ├──●──┤       ┊   "
    assert draw(0.2, 0.1, 0.3, 0.6, strokes=ASCII) == "   |--o--|       :   "


def test_an_open_side_has_no_end() -> None:
    assert draw(1.0, -math.inf, 1.5, 2.0)[1] == "<"
    assert ">" in draw(1.0, 0.5, math.inf, 0.1)


def test_without_an_interval_there_is_a_dot_and_a_target() -> None:
    drawn = picture(0.5, None, 0.9, ">=", share=True)
    assert drawn is not None
    assert characters(drawn, 21).split() == ["●", "┊"]


def test_what_has_no_place_is_not_drawn() -> None:
    assert picture(math.nan, None, 0.5) is None
    assert drawing(None, label="", window=SHARE) is None


def test_shares_share_an_axis_from_none_to_all() -> None:
    drawn = drawing(picture(0.5, Interval(0.25, 0.75, 0.95, ""), share=True), label="x", window=SHARE)
    assert drawn is not None
    assert drawn.dot == WIDTH / 2
    assert (drawn.low, drawn.high) == (59.0, 161.0)  # 8 + 204 / 4 and 8 + 204 * 3 / 4
    assert drawn.grid == (8.0, WIDTH / 2, WIDTH - 8.0)


def test_what_leaves_0_to_1_gets_an_axis_of_its_own() -> None:
    drawn = picture(0.5, Interval(-0.2, 0.9, 0.95, ""), 0.4, share=True)
    assert drawn is not None
    assert not drawn.share
    assert drawn.axis.low < -0.2

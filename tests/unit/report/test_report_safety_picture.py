"""Both sides of safety in one picture: where categories stand, and what is said of those that have no place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evalkit.records import Estimate, Interval
from evalkit.report import html
from evalkit.report.safety_picture import LEFT, MOST, SIDE, TOP, ranges, safety_picture


def sliced(make, metric: str, value: float | None, label: str = "category", **slices: str) -> Estimate:
    estimate = make.estimate("safety", metric, value, slice=slices or {label: "weapons"})
    if value is None:
        return estimate
    return replace(estimate, interval=Interval(max(0.0, value - 0.1), min(1.0, value + 0.1), 0.95, "wilson"))


def result(make, sides: dict[str, tuple[float | None, float | None]], label: str = "category"):
    estimates = [
        sliced(make, metric, value, **{label: name})
        for name, values in sides.items()
        for metric, value in zip(("refusal_rate", "over_refusal_rate"), values, strict=True)
    ]
    return replace(make.result(), estimates=(*make.result().estimates[:1], *estimates))


def picture(make, sides, label: str = "category"):
    made = result(make, sides, label)
    return safety_picture(made, made.checks[0])


def test_the_best_corner_is_up_and_left_and_the_worst_category_comes_first(make) -> None:
    found = picture(make, {"best": (1.0, 0.0), "worst": (0.0, 1.0), "middle": (0.5, 0.5)})
    assert [(place.number, place.name) for place in found.places] == [(1, "worst"), (2, "middle"), (3, "best")]
    assert [(mark.x, mark.y, mark.numbers) for mark in found.marks] == [
        (LEFT + SIDE, TOP + SIDE, "1"),
        (LEFT + SIDE / 2, TOP + SIDE / 2, "2"),
        (LEFT, TOP, "3"),
    ]
    assert found.places[0].refused == "0"
    assert found.places[0].over_refused == "1"
    assert "furthest from the ideal corner: worst, 0 and 1" in found.said


def test_every_category_has_whiskers_on_both_axes_within_the_picture(make) -> None:
    found = picture(make, {"a": (1.0, 0.0), "b": (0.4, 0.3)})
    assert len(found.whiskers) == 4
    for line in found.whiskers:
        assert line.x1 == line.x2 or line.y1 == line.y2
        assert all(LEFT <= x <= LEFT + SIDE for x in (line.x1, line.x2))
        assert all(TOP <= y <= TOP + SIDE for y in (line.y1, line.y2))


def test_whiskers_end_where_the_intervals_do(make) -> None:
    found = picture(make, {"a": (0.8, 0.2), "b": (0.4, 0.3)})
    lines = [(line.x1, line.y1, line.x2, line.y2) for line in found.whiskers]
    x, y = round(LEFT + 0.2 * SIDE, 1), round(TOP + 0.2 * SIDE, 1)
    assert (round(LEFT + 0.1 * SIDE, 1), y, round(LEFT + 0.3 * SIDE, 1), y) in lines
    assert (x, round(TOP + 0.3 * SIDE, 1), x, round(TOP + 0.1 * SIDE, 1)) in lines


def test_categories_at_one_place_share_a_mark(make) -> None:
    found = picture(make, dict.fromkeys("abcde", (1.0, 0.0)) | {"f": (0.2, 0.0)})
    assert [mark.numbers for mark in found.marks] == ["1", "2–6"]


def test_a_category_with_one_side_only_is_named_and_not_drawn(make) -> None:
    found = picture(make, {"a": (1.0, 0.0), "b": (0.4, 0.3), "lonely": (0.4, None), "empty": (None, None)})
    assert [place.name for place in found.places] == ["b", "a"]
    assert found.alone == ("lonely",)


@pytest.mark.parametrize("sides", [{}, {"a": (1.0, 0.0)}, {"a": (1.0, None), "b": (None, 0.5)}])
def test_there_is_no_picture_without_two_categories_on_both_sides(make, sides) -> None:
    assert picture(make, sides) is None


def test_other_checks_have_no_picture(make) -> None:
    made = result(make, {"a": (1.0, 0.0), "b": (0.4, 0.3)})
    assert safety_picture(made, made.checks[1]) is None


def test_another_label_serves_where_there_is_no_category(make) -> None:
    assert picture(make, {"a": (1.0, 0.0), "b": (0.4, 0.3)}, "topic").label == "topic"


def test_very_many_categories_are_cut_and_counted(make) -> None:
    found = picture(make, {f"c{at:03}": (at / 100, 0.0) for at in range(100)})
    assert len(found.places) == MOST
    assert found.left_out == 100 - MOST
    assert found.places[0].name == "c000"


def test_the_page_shows_it_and_its_table(make) -> None:
    page = html.render(result(make, {"arms": (0.9, 0.1), "fraud": (0.4, 0.3)}))
    assert page.count('<div class="both-sides">') == 1
    drawn = re.search(r'<svg class="picture map".*?</svg>', page, re.DOTALL)
    assert drawn is not None
    assert 'role="img" aria-label="unsafe requests refused against harmless ones refused' in drawn[0]
    table = page[drawn.end() : page.index("</table>", drawn.end())]
    assert re.findall(r'<th scope="row">(\w+)</th>', table) == ["fraud", "arms"]


def test_hostile_categories_are_text(make) -> None:
    page = html.render(result(make, {make.hostile: (0.9, 0.1), "b": (0.4, 0.3)}))
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("numbers", "written"), [([1], "1"), ([1, 2], "1–2"), ([1, 3, 4, 5, 9], "1, 3–5, 9"), ([], "")]
)
def test_numbers_are_written_as_ranges(numbers: list[int], written: str) -> None:
    assert ranges(numbers) == written

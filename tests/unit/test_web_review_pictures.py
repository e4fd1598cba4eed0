"""What the pictures of a review that is done are drawn from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.records import Interval
from evalkit.runner.review_standing import Queue, Standing
from evalkit.runner.review_summary import summary_of
from evalkit.store import StoredReview
from evalkit.web.review_pictures import MARGIN, WIDTH, pictures

CASES = tuple("abcdefgh")
QUEUE = Queue(
    1, "r", "q", "c", "Good?", {"good": "", "bad": ""}, frozenset({"bad"}), True, 2, CASES,
    {"eligible": 8, "stopped": False, "automatic": None, "clusters": None},
)  # fmt: skip


def standing(ann: str, ben: str) -> Standing:
    """A letter an item: g, b or s."""
    said = {"g": {"label": "good"}, "b": {"label": "bad"}, "s": {"skip": True}}
    pairs = [
        (case, who, letter) for who, of in (("ann", ann), ("ben", ben)) for case, letter in zip(CASES, of, strict=True)
    ]
    return Standing.of(QUEUE, [StoredReview(at, case, who, "", said[x]) for at, (case, who, x) in enumerate(pairs, 1)])


def test_the_bar_holds_every_item_once_and_fills_its_width() -> None:
    now = standing("ggggbbbs", "gggbbbss")
    parts = pictures(now, summary_of(now)).parts
    assert [(part.label, part.items, part.shade) for part in parts] == [
        ("good", 3, "fine"),
        ("bad", 3, "flag"),
        ("disagreed", 1, "divided"),
        ("skipped", 1, "skipped"),
    ]
    assert parts[-1].left + parts[-1].width == pytest.approx(WIDTH)
    assert [part.width for part in parts] == pytest.approx([180, 180, 60, 60])


def test_labels_of_both_are_crossed() -> None:
    now = standing("ggggbbbb", "gggbbbbg")
    crossed = pictures(now, summary_of(now)).crossed
    assert crossed is not None
    assert (crossed.people, crossed.labels, crossed.counts) == (("ann", "ben"), ("good", "bad"), ((3, 1), (1, 3)))
    assert crossed.kappa.startswith("0.500 ")


def test_rates_lie_on_one_axis_from_nought() -> None:
    now = standing("gggggggg", "gggggggg")
    summary = replace(summary_of(now), raw=0.1, refined=0.2, refined_interval=Interval(0.1, 0.4, 0.95, ""))
    rates = pictures(now, summary).rates
    assert rates is not None
    itself, people = rates.dots
    assert itself.at == people.low == pytest.approx(MARGIN + (WIDTH - 2 * MARGIN) * 0.1 / 0.44, abs=0.1)
    assert people.at < people.high < WIDTH - MARGIN
    assert "0.2" in rates.says


def test_of_nothing_there_is_no_picture() -> None:
    now = Standing.of(QUEUE, [])
    found = pictures(now, summary_of(now))
    assert (found.parts, found.rates, found.crossed) == ((), None, None)

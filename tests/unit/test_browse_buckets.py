"""Buckets: values in order, about equally many in each, and a bucket alone for a value that very many share."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from evalkit.web.browse.buckets import FEWEST_CASES, GROUP, MOST, Buckets, cuts_of

values = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=300)


@given(values)
def test_buckets_keep_the_order_of_values(found: list[float]) -> None:
    buckets = Buckets(0, tuple(cuts_of(found)))
    places = [buckets.of(value) for value in sorted(found)]
    assert places == sorted(places)
    assert all(0 < place <= buckets.last for place in places)


def test_a_bucket_holds_about_equally_many_and_a_frequent_value_has_its_own() -> None:
    draw = random.Random(0)
    found = [draw.random() for _ in range(50_000)] + [0.5] * 30_000 + [1.0] * 20_000
    buckets = Buckets(0, tuple(cuts_of(found)))
    sizes: dict[int, int] = {}
    for value in found:
        sizes[buckets.of(value)] = sizes.get(buckets.of(value), 0) + 1
    room = len(found) // MOST
    for bucket, size in sizes.items():
        assert size <= 2 * room or buckets.holds_one_value(bucket)
    assert buckets.holds_one_value(buckets.of(0.5))
    assert buckets.holds_one_value(buckets.of(1.0))
    assert buckets.last <= 2 * MOST + 2


def test_few_cases_are_one_bucket() -> None:
    assert Buckets(0, tuple(cuts_of([float(n) for n in range(FEWEST_CASES)]))).last == 1


@given(values, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_buckets_between_two_values_hold_all_that_lies_between_them(
    found: list[float], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    buckets = Buckets(0, tuple(cuts_of(found)))
    first, last = buckets.between(low, high)
    assert all(first <= buckets.of(value) <= last for value in found if low <= value <= high)


@given(values, st.data())
def test_all_values_of_a_bucket_that_is_no_edge_lie_between(found: list[float], data: st.DataObject) -> None:
    """Ends at values that there are, at the borders of buckets, and anywhere."""
    buckets = Buckets(0, tuple(cuts_of(found)))
    borders = [math.nextafter(cut, way) for cut in buckets.cuts for way in (-math.inf, cut, math.inf)]
    ends = st.sampled_from([*found, *borders]) | st.floats(-1e6, 1e6) | st.none()
    low, high = data.draw(ends), data.draw(ends)
    edges = buckets.edges(low, high)
    first, last = buckets.between(low, high)
    assert len(edges) == len(set(edges))
    assert set(edges) <= {first, last}
    for value in [*found, *borders]:
        bucket = buckets.of(value)
        if first <= bucket <= last and bucket not in edges:
            assert low is None or low <= value
            assert high is None or value <= high


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_words_of_a_span_cover_each_of_its_buckets_once(one: int, other: int) -> None:
    first, last = sorted((one, other))
    buckets = Buckets(7, tuple(map(float, range(400))))
    covered: list[int] = []
    for word in buckets.covering(first, last):
        kind, number = word[3], int(word[4:])
        covered += range(number * GROUP, (number + 1) * GROUP) if kind == "g" else [number]
    assert covered == list(range(first, last + 1))


def test_a_case_without_a_value_is_in_no_bucket() -> None:
    buckets = Buckets(3, (0.0, math.nextafter(0.0, 1)))
    assert buckets.words(None) == (buckets.none,)
    assert buckets.none not in buckets.words(0.0)

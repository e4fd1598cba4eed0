"""Seeded draws, stratified sizes, and the order in which cases are asked."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.data import SampleSpec, order
from evalkit.data.sampling import Pool, allocate
from evalkit.records import Sample


def samples(n: int, per_cluster: int = 1) -> list[Sample]:
    return [Sample(f"r{number}", (), cluster=f"c{number // per_cluster}") for number in range(n)]


def sampled(rows: list[Sample], n: int, seed: int = 0, strata: str = "") -> list[Sample]:
    pool = Pool(SampleSpec(n, "x", seed))
    for number, row in enumerate(rows):
        pool.offer(row, strata[number % len(strata)] if strata else "")
    return pool.drawn()[0]


SIZES = st.dictionaries(st.text(max_size=3), st.integers(0, 500), max_size=8)


@pytest.mark.parametrize(
    ("sizes", "n", "expected"),
    [
        ({"a": 50, "b": 30, "c": 20}, 10, {"a": 5, "b": 3, "c": 2}),
        # 7 * (5/10, 3/10, 2/10) = 3.5, 2.1, 1.4: the half gets the seventh
        ({"a": 5, "b": 3, "c": 2}, 7, {"a": 4, "b": 2, "c": 1}),
        # 4 * (98/100, 1/100, 1/100): the small ones are seen all the same
        ({"a": 98, "b": 1, "c": 1}, 4, {"a": 2, "b": 1, "c": 1}),
        ({"a": 5, "b": 5, "c": 5}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"a": 2, "b": 1}, 10, {"a": 2, "b": 1}),
        ({}, 3, {}),
    ],
)
def test_shares_by_largest_remainder(sizes: dict[str, int], n: int, expected: dict[str, int]) -> None:
    assert allocate(sizes, n) == expected


@given(sizes=SIZES, n=st.integers(0, 1_500))
def test_shares_add_up_fit_and_leave_no_stratum_out(sizes: dict[str, int], n: int) -> None:
    shares = allocate(sizes, n)
    filled = {name: size for name, size in sizes.items() if size}
    assert sum(shares.values()) == min(n, sum(sizes.values()))
    assert all(0 <= share <= sizes[name] for name, share in shares.items())
    if n >= len(filled):
        assert all(shares[name] >= 1 for name in filled)


@given(
    sizes=st.dictionaries(st.text(max_size=3), st.integers(50, 500), min_size=1, max_size=6), n=st.integers(100, 300)
)
def test_shares_are_within_one_of_proportional_where_every_stratum_gets_its_own(sizes: dict[str, int], n: int) -> None:
    total = sum(sizes.values())
    for name, share in allocate(sizes, n).items():
        exact = min(n, total) * sizes[name] / total
        assert math.floor(exact) <= share <= math.ceil(exact)


@given(total=st.integers(1, 60), n=st.integers(1, 80), seed=st.integers(0, 5))
def test_a_sample_is_a_subset_of_that_size_in_the_order_of_the_file(total: int, n: int, seed: int) -> None:
    rows = samples(total)
    drawn = sampled(rows, n, seed)
    assert len(drawn) == min(n, total)
    places = [rows.index(row) for row in drawn]
    assert places == sorted(set(places))


@given(total=st.integers(1, 60), n=st.integers(1, 30), shuffled=st.randoms(use_true_random=False))
def test_neither_the_order_of_the_file_nor_other_rows_decide_who_is_drawn(total: int, n: int, shuffled: object) -> None:
    rows = samples(total)
    mixed = list(rows)
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    kept = {row.id for row in sampled(rows, n)}
    assert {row.id for row in sampled(mixed, n)} == kept
    with_one_more = {row.id for row in sampled([*rows, Sample("new", (), cluster="new")], n)}
    assert len(kept - with_one_more) <= 1


def test_seeds_draw_differently_and_evenly() -> None:
    rows = samples(40)
    counts = Counter(row.id for seed in range(400) for row in sampled(rows, 10, seed))
    # 400 draws at 1/4: 100 expected, standard deviation 8.7; 45 is beyond five of them
    assert len(counts) == 40
    assert all(55 < count < 145 for count in counts.values())


def test_a_stratified_sample_keeps_the_shares() -> None:
    drawn = sampled(samples(100), 10, strata="aaab")
    # 7.5 and 2.5: the tie of remainders goes to the larger stratum
    assert Counter("aaab"[int(row.id[1:]) % 4] for row in drawn) == {"a": 8, "b": 2}


@given(n=st.integers(1, 30))
def test_at_most_one_cluster_is_torn_by_a_sample(n: int) -> None:
    drawn = Counter(row.cluster for row in sampled(samples(30, per_cluster=3), n))
    assert sum(count != 3 for count in drawn.values()) <= 1


CLUSTERED = st.lists(st.tuples(st.integers(0, 8), st.integers()), max_size=30, unique_by=lambda pair: pair[1]).map(
    lambda pairs: [Sample(f"r{number}", (), cluster=f"c{cluster}") for cluster, number in pairs]
)


@given(rows=CLUSTERED, fingerprint=st.text(st.characters(codec="ascii")))
def test_the_order_holds_every_sample_once_with_its_cluster(rows: list[Sample], fingerprint: str) -> None:
    groups = order.permutation(rows, fingerprint)
    assert Counter(sample.id for group in groups for sample in group) == Counter(sample.id for sample in rows)
    assert all(len({sample.cluster for sample in group}) == 1 for group in groups)
    assert len({group[0].cluster for group in groups}) == len(groups)


@given(rows=CLUSTERED, shuffled=st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_rows(rows: list[Sample], shuffled: object) -> None:
    mixed = list(rows)
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    assert order.permutation(rows, "f") == order.permutation(mixed, "f")


@given(rows=CLUSTERED, keep=st.sets(st.integers(0, 8)))
def test_a_subset_keeps_the_order_of_the_whole(rows: list[Sample], keep: set[int]) -> None:
    def kept(sample: Sample) -> bool:
        return int(sample.cluster[1:]) in keep

    whole = [group for group in order.permutation(rows, "f") if kept(group[0])]
    assert order.permutation(filter(kept, rows), "f") == whole


def test_another_fingerprint_is_another_order() -> None:
    orders = {tuple(group[0].id for group in order.permutation(samples(20), name)) for name in ("a", "a", "b", "c")}
    assert len(orders) == 3
    assert tuple(sample.id for sample in samples(20)) not in orders


def test_a_sample_without_a_cluster_stands_for_itself() -> None:
    assert len(order.permutation([Sample("a", ()), Sample("b", ())], "f")) == 2

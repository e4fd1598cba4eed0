"""Sequences of tokens as one tree."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.hf.likelihoods.prefix_tree import Tree
from evalkit.models.hf.tokens import common

SEQUENCES = st.lists(st.lists(st.integers(0, 2), max_size=9).map(tuple), max_size=9)


@given(st.lists(st.integers(0, 2), max_size=40), st.lists(st.integers(0, 2), max_size=40), st.integers(0, 40))
def test_what_two_sequences_begin_with_is_counted_token_by_token(
    first: list[int], second: list[int], kept: int
) -> None:
    second = first[:kept] + second
    expected = 0
    while expected < min(len(first), len(second)) and first[expected] == second[expected]:
        expected += 1
    assert common(first, second) == expected


@given(SEQUENCES)
def test_every_sequence_is_a_path_of_the_tree_and_no_beginning_is_there_twice(sequences: list[tuple[int, ...]]) -> None:
    tree = Tree()
    paths = {sequence: tree.add(sequence) for sequence in sorted(sequences)}
    for sequence, path in paths.items():
        assert tuple(tree.tokens[node] for node in path) == sequence
        assert [tree.depths[node] for node in path] == list(range(len(sequence)))
    assert len(tree) == len({sequence[:end] for sequence in sequences for end in range(1, len(sequence) + 1)})


def test_sequences_with_the_same_beginning_share_its_nodes() -> None:
    tree = Tree()
    paths = [tree.add(sequence) for sequence in ((1, 2, 3), (1, 2, 3, 4), (1, 2, 5))]
    assert paths == [[0, 1, 2], [0, 1, 2, 3], [0, 1, 4]]
    assert all(a[:2] == b[:2] for a, b in pairwise(paths))

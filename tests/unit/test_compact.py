"""What a large run holds of every row: packed, and equal to the plain lists, sets and dictionaries it stands for."""

from __future__ import annotations

import os
import sys
import tempfile
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.compact import WIDEST_AS_COLUMN, WRITTEN_AT_ONCE, Chosen, Found, Seen, Spool, Texts
from evalkit.errors import EvalkitError

ANY_TEXT = st.text(st.characters(), max_size=20)
"""With NUL, lone surrogates and characters beyond the basic plane."""
NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 5)
HALF = st.sampled_from([0, 1, 2, 64, 65, 2**64 - 1]) | st.integers(0, 2**64 - 1)
LONG_NUMBERS = st.builds(lambda high, low: high << 64 | low, HALF, HALF)
"""Many that share a half."""


@given(st.lists(ANY_TEXT))
def test_texts_are_a_list_of_texts(texts: list[str]) -> None:
    packed = Texts(texts)
    assert packed == texts
    assert [packed[at] for at in range(len(texts))] == texts
    assert packed[1:3] == texts[1:3]
    assert packed[-1:] == texts[-1:]


@given(st.lists(ANY_TEXT | st.text(min_size=WIDEST_AS_COLUMN, max_size=WIDEST_AS_COLUMN + 2)))
def test_texts_are_sorted_as_python_sorts_them(texts: list[str]) -> None:
    assert list(Texts(texts).in_order()) == sorted(range(len(texts)), key=texts.__getitem__)


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        Texts(["a"])[1]
    with pytest.raises(IndexError):
        Texts()[-1]


@given(st.lists(NUMBERS))
def test_numbers_are_found_at_all_their_places(numbers: list[int]) -> None:
    found = Found()
    for number in numbers[: len(numbers) // 2]:
        found.append(number)
    assert found.places(7) == [at for at, number in enumerate(numbers[: len(numbers) // 2]) if number == 7]
    for number in numbers[len(numbers) // 2 :]:  # also after it was looked into
        found.append(number)
    for wanted in {*numbers, 3, 2**63}:
        assert found.places(wanted) == [at for at, number in enumerate(numbers) if number == wanted]
    times = Counter(numbers)
    repeated = sorted(tuple(places) for places in found.repeated())
    expected = [tuple(at for at, n in enumerate(numbers) if n == number) for number in times if times[number] > 1]
    assert repeated == sorted(expected)


@given(st.lists(LONG_NUMBERS, max_size=150))
def test_numbers_are_seen_as_a_set_sees_them(numbers: list[int]) -> None:
    seen, known = Seen(), set[int]()
    for number in numbers:
        assert (number in seen) is (number in known)
        assert seen.add(number) is (number not in known)
        known.add(number)
    assert all(number in seen for number in known)


def test_a_number_seen_takes_less_than_half_of_what_a_set_takes() -> None:
    numbers = [hash((i, "high")) % 2**64 << 64 | hash((i, "low")) % 2**64 for i in range(20_000)]
    tracemalloc.start()
    seen = Seen()
    for number in numbers:
        seen.add(number)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken / len(numbers) <= 64
    assert sys.getsizeof(set(numbers)) / len(numbers) + sys.getsizeof(numbers[0]) > 128


@given(st.lists(st.text(max_size=4), max_size=6), st.lists(st.text(max_size=4), max_size=6))
def test_packed_texts_are_equal_where_lists_of_them_are(one: list[str], other: list[str]) -> None:
    assert (Texts(one) == Texts(other)) is (one == other)
    assert (Texts(one) == other) is (one == other)
    assert Texts(one) == Texts(one)


def test_chosen_items_are_those_at_their_places() -> None:
    chosen = Chosen(Texts(["a", "", "é", "d"]), np.array([3, 0, 2]))
    assert chosen == ["d", "a", "é"]
    assert (chosen[-1], chosen[:2], len(chosen)) == ("é", ["d", "a"], 3)


def test_what_is_put_aside_comes_back_whatever_was_written_in_between(tmp_path: Path) -> None:
    pieces = [os.urandom(at % 300) for at in range(3 * WRITTEN_AT_ONCE // 150)]
    spool = Spool()
    for at, piece in enumerate(pieces):
        spool.append(piece)
        assert spool[at // 2] == pieces[at // 2]
    assert spool == pieces


def test_what_is_put_aside_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool()
    spool.append(b"x" * (WRITTEN_AT_ONCE + 1))
    assert spool[0][:1] == b"x"
    assert list(tmp_path.iterdir()) == []


def test_little_is_not_put_aside_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    spool = Spool()
    spool.append(b"few")
    assert spool[0] == b"few"


def test_a_folder_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    spool = Spool()
    with pytest.raises(EvalkitError, match="rows cannot be put aside") as caught:
        spool.append(b"x" * WRITTEN_AT_ONCE)
    assert "TMPDIR" in caught.value.hint
    assert str(tmp_path / "none") in caught.value.where

"""Packed numbers come back to the last bit, and take no more than what tells them apart."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gates import packed
from evalkit.gates.columns import Rows
from evalkit.gates.packed import CHUNK, Packed

FLOATS = st.lists(
    st.floats() | st.sampled_from([0.0, -0.0, 1.0, 255.0, 256.0, -32768.0, 2.0**31 - 1, 2.0**31, 0.1, 2.0**24 + 1])
)
WHOLE = st.lists(st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 255, 256, -1, 2**15, 2**31, 2**53 + 1]))


def bits(numbers: list[float]) -> list[bytes]:
    return [struct.pack("d", number) for number in numbers]


def come_back(typecode: str, numbers: list[Any], begin: int) -> None:
    """In chunks of four, however they came and are asked for: equal when shown, which tells every float apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "CHUNK", 4)
        patch.setattr(packed, "FEW", 2)
        made = Packed(typecode)
        for number in numbers[:begin]:
            made.append(number)
        made.extend(numbers[begin:])
        assert len(made) == len(numbers)
        backwards = np.arange(len(made))[::-1]
        for found in (
            made.between(0, len(made)).tolist(),
            [made[place] for place in range(len(made))],
            [number for at in range(0, len(made), 3) for number in made.between(at, at + 3).tolist()],
            made.at(backwards).tolist()[::-1],
        ):
            assert list(map(repr, found)) == list(map(repr, numbers))
        assert repr(made.at(backwards[:2]).tolist()) == repr(numbers[::-1][:2])


@given(FLOATS, st.integers(0, 9))
def test_fractions_come_back_to_the_last_bit(numbers: list[float], begin: int) -> None:
    come_back("d", numbers, begin)


@given(WHOLE, st.integers(0, 9))
def test_whole_numbers_come_back_as_whole_numbers(numbers: list[int], begin: int) -> None:
    come_back("q", numbers, begin)


@pytest.mark.parametrize(
    ("numbers", "bytes_each"),
    [
        ([1.0] * CHUNK, 8 / CHUNK),
        ([0.0, 1.0] * (CHUNK // 2), 1),
        ([-1.0, 300.0] * (CHUNK // 2), 2),
        ([0.0, 70_000.0] * (CHUNK // 2), 4),
        ([0.5, 0.25] * (CHUNK // 2), 4),
        ([0.0, -0.0] * (CHUNK // 2), 4),
        ([0.1, 1.0] * (CHUNK // 2), 8),
        ([math.nan, 0.1] * (CHUNK // 2), 8),
    ],
)
def test_numbers_take_what_tells_them_apart(numbers: list[float], bytes_each: float) -> None:
    made = Packed("d")
    made.extend(numbers)
    assert made.bytes_held == bytes_each * CHUNK
    assert bits(made.between(0, CHUNK).tolist()) == bits(numbers)


def test_a_number_is_set_among_packed_and_among_last_ones() -> None:
    made = Packed("i", CHUNK + 3)
    made[5], made[CHUNK + 1] = 70_000, 7
    expected = [0] * (CHUNK + 3)
    expected[5], expected[CHUNK + 1] = 70_000, 7
    assert made.between(0, len(made)).tolist() == expected
    assert (made[4], made[5], made[CHUNK + 1]) == (0, 70_000, 7)


def test_a_column_of_ten_counts_takes_ten_bytes_a_case_and_of_fractions_eight_each() -> None:
    counts, shares = Rows(), Rows()
    cases = 4 * CHUNK
    counts.extend([tuple(float((case * part) % 40) for part in range(1, 11)) for case in range(cases)])
    shares.extend([(case / 7, 1.0) for case in range(cases)])
    assert counts.bytes_held <= 10.1 * cases
    assert shares.bytes_held <= 8.1 * cases


def test_a_table_that_grows_leaves_what_was_read_of_it_before_as_it_was() -> None:
    rows = Rows()
    rows.extend([(float(case), 1.0) for case in range(10)])
    vectors, _ = rows.counted(range(10))
    rows.extend([(0.5, 1.0)] * (2 * CHUNK))
    assert list(vectors) == [(float(case), 1.0) for case in range(10)]
    assert np.asarray(vectors).shape == (10, 2)

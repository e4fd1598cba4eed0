"""benchmarks/options.py: numbers that cannot be measured are refused with a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import options


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (options.positive, "1_000", 1000),
        (options.positive_or_none, "0", 0),
        (options.numbers, "32,64", (32, 64)),
        (options.numbers_or_none, "", ()),
        (options.seconds, "0.2", 0.2),
    ],
)
def test_numbers_are_read(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (options.positive, "0"),
        (options.positive, "-3"),
        (options.positive, "1.5"),
        (options.positive_or_none, "-1"),
        (options.numbers, ""),
        (options.numbers, "32,"),
        (options.numbers, "32,0"),
        (options.numbers_or_none, "many"),
        (options.seconds, "0"),
        (options.seconds, "nan"),
        (options.seconds, "inf"),
        (options.seconds, "soon"),
    ],
)
def test_others_are_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is needed, not"):
        read(text)

"""Numbers on the command lines of benchmarks: what cannot be measured is refused before anything is."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """At least 1."""
    try:
        found = int(text.replace("_", ""))
    except ValueError:
        found = 0
    if found < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1 is needed, not {text!r}")
    return found


def positive_or_none(text: str) -> int:
    """At least 0, which leaves something out."""
    return 0 if text.strip() == "0" else positive(text)


def numbers(text: str) -> tuple[int, ...]:
    """At least one, with commas between them."""
    return tuple(positive(word) for word in text.split(","))


def numbers_or_none(text: str) -> tuple[int, ...]:
    """None of them where the text is empty."""
    return tuple(positive(word) for word in text.split(",") if word)


def seconds(text: str) -> float:
    """More than none of them."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"a time of more than 0 is needed, not {text!r}")
    return found

"""What texts are like, counted as they pass: lengths, what is empty or damaged, and what occurs more than once."""

from __future__ import annotations

import re
from collections import Counter

from evalkit.compact import Found

DAMAGED = re.compile("[\x00\ud800-\udfff\ufffd]")
_FINE = 64
"""Lengths up to here are counted as they are; longer ones in steps of a sixty-fourth, so that there are few."""
_FOLLOWING = "[\u0080-\u00bf" + "".join(bytes([one]).decode("cp1252", "ignore") for one in range(0x80, 0xA0)) + "]"
MISREAD = re.compile(f"[\u00c2\u00c3]{_FOLLOWING}|\u00e2{_FOLLOWING}{{2}}|\u00f0[\u0178\u009f]{_FOLLOWING}{{2}}")
"""What accented letters, typographic quotes and emoji become where their UTF-8 is read as Windows-1252 or Latin-1."""
NAMES = {
    "surrogate": "half of a surrogate pair",
    "NUL": "a NUL",
    "replacement": "a replacement character",
    "misread": "UTF-8 that was read as another encoding",
}
"""Of damages."""
MOST_FOLLOWED = 64
LONGEST_FOLLOWED = 500
"""Characters: longer texts are told apart by their beginnings."""
LONGEST_SHOWN = 60


class Lengths:
    """How long texts are, to within two in a hundred, however many there are."""

    __slots__ = ("_counts", "count", "most", "total")

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0
        self.total = 0
        self.most = 0

    def add(self, length: int) -> None:
        self.count += 1
        self.total += length
        self.most = max(self.most, length)
        shift = max(0, length.bit_length() - _FINE.bit_length())
        self._counts[length >> shift << shift] += 1

    @property
    def mean(self) -> float | None:
        return round(self.total / self.count, 1) if self.count else None

    def quantile(self, share: float) -> int | None:
        place = share * (self.count - 1)
        for length, times in sorted(self._counts.items()):
            place -= times
            if place < 0:
                return length
        return None


class Frequent:
    """The texts that occur most often: exact while few different ones come, and never more than was counted."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, text: str) -> None:
        """Misra and Gries: a text that a share of more than 1/65 of all is, is never lost."""
        text, counts = text[:LONGEST_FOLLOWED], self._counts
        if text in counts:
            counts[text] += 1
        elif len(counts) < MOST_FOLLOWED:
            counts[text] = 1
        else:
            self._counts = {known: times - 1 for known, times in counts.items() if times > 1}

    def most(self) -> tuple[str, int]:
        return max(self._counts.items(), key=lambda item: item[1], default=("", 0))


class TextProfile:
    """Of texts of one kind, such as the prompts of a dataset."""

    __slots__ = ("_seen", "empty", "lengths")

    def __init__(self) -> None:
        self.lengths = Lengths()
        self.empty = 0
        self._seen = Found()

    def add(self, text: str) -> None:
        self.lengths.add(len(text))
        if not text or text.isspace():
            self.empty += 1
        self._seen.append(hash(text) & 0xFFFF_FFFF_FFFF_FFFF)

    @property
    def repeated(self) -> int:
        """Texts that are equal to an earlier one."""
        return sum(len(places) - 1 for places in self._seen.repeated())

    def row(self) -> tuple[int | float | None, ...]:
        of = self.lengths
        spread = (of.quantile(0.05), of.quantile(0.5), of.quantile(0.95), of.most if of.count else None)
        return of.count, self.empty, self.repeated, of.mean, *spread


ROW = ("texts", "empty", "equal to another", "mean", "p5", "median", "p95", "most")
"""What a profile's row has."""


def damage(text: str) -> str:
    """What of a text cannot be read by everybody, the worst of it: one of ``NAMES``, or nothing."""
    if text.isascii() and "\x00" not in text:
        return ""
    if DAMAGED.search(text) is None:
        return "misread" if MISREAD.search(text) else ""
    worst = {"\x00": "NUL", "\ufffd": "replacement"}
    kinds = {worst.get(one, "surrogate") for one in DAMAGED.findall(text)}
    return next(kind for kind in ("surrogate", "NUL", "replacement") if kind in kinds)


def shown(text: str) -> str:
    """The beginning of a text, in one line, in characters that every terminal and file takes."""
    line = " ".join(text.split())
    cut = line[:LONGEST_SHOWN] + ("…" if len(line) > LONGEST_SHOWN else "")
    return cut.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")

"""Columns of a table of scores: a few bytes a case, whatever the case was.

A column looks like the list that it stands for; what reads many rows gets them as arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.compact import MadeOnDemand, Places, Texts
from evalkit.gates.packed import Packed
from evalkit.records import Status, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 4096
"""Rows that are objects at the same time, where all are gone through."""
VECTOR, ODD = 0, -1
_NUMBERS = {float: "d", int: "q"}
_TYPES: Mapping[str, type] = {code: kind for kind, code in _NUMBERS.items()}
_STATUSES = tuple(Status)
_PLACE_OF_STATUS = {status: place for place, status in enumerate(_STATUSES)}


def label_text(labels: Mapping[str, Any], label: str) -> str | None:
    """A label's value as gates and slices write it; none where the row has none, or one that makes no slice."""
    value = labels.get(label)
    return str(value) if isinstance(value, str | int | float) and value != "" else None


class Vectors(MadeOnDemand[Vector]):
    """Statistics of some cases of a column: tuples to whoever goes through them, a matrix to numpy. Nothing of them is
    held twice: numbers stay packed until they are looked at, a component after the other."""

    __slots__ = ("_parts", "_places", "_size")

    def __init__(self, parts: Sequence[Packed], size: int, places: NDArray[np.int64] | None = None) -> None:
        """``places``: which rows they are; None: the first ones, so many."""
        self._parts = parts
        self._size = size
        self._places = places

    def __len__(self) -> int:
        return self._size

    def item(self, place: int) -> Vector:
        row = place if self._places is None else int(self._places[place])
        return tuple(part[row] for part in self._parts)

    def _numbers(self, part: Packed) -> NDArray[Any]:
        return part.between(0, self._size) if self._places is None else part.at(self._places)

    def __iter__(self) -> Iterator[Vector]:
        chosen = None if self._places is None else [self._numbers(part) for part in self._parts]
        for begin in range(0, self._size, AT_ONCE):
            end = min(begin + AT_ONCE, self._size)
            if chosen is None:
                yield from zip(*(part.between(begin, end).tolist() for part in self._parts), strict=True)
            else:
                yield from zip(*(numbers[begin:end].tolist() for numbers in chosen), strict=True)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        matrix = np.empty((self._size, len(self._parts)), dtype or np.float64)
        for column, part in enumerate(self._parts):
            matrix[:, column] = self._numbers(part)
        return matrix


class Rows(MadeOnDemand[Vector | str]):
    """A row a case: its vector, or the reason why it has none.

    Vectors of one length and of plain numbers, as nearly all are, stand packed by component; any other stands beside
    them as it is. A reason is kept once.
    """

    __slots__ = ("_codes", "_numbers", "_odd", "_parts", "_reasons")

    def __init__(self) -> None:
        self._codes = Packed("i")
        self._parts: list[Packed] = []
        self._reasons: list[str] = []
        self._numbers: dict[str, int] = {}
        self._odd: dict[int, Vector] = {}

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def bytes_held(self) -> int:
        """By the numbers of its rows."""
        return sum(part.bytes_held for part in (self._codes, *self._parts))

    def append(self, row: Vector | str) -> None:
        place = len(self._codes)
        if isinstance(row, str):
            self._codes.append(self._number(row))
        elif (self._parts or self._begin(row)) and self._put(row):
            self._codes.append(VECTOR)
            return
        else:
            self._codes.append(ODD)
            self._odd[place] = row
        for part in self._parts:
            part.append(0)

    def extend(self, rows: Sequence[Vector | str]) -> None:
        """``append`` each: where all of them are what the column looks like, a component at a time."""
        columns = self._by_component(rows)
        if columns is None:
            for row in rows:
                self.append(row)
            return
        self._codes.extend([self._number(row) if isinstance(row, str) else VECTOR for row in rows])
        for part, column in zip(self._parts, columns, strict=True):
            part.extend(column)

    def _by_component(self, rows: Sequence[Vector | str]) -> list[tuple[Any, ...]] | None:
        """With a nought for each component of a reason; None where a row must be looked at by itself."""
        parts = self._parts
        if not parts or not {tuple, str}.issuperset(map(type, rows)):
            return None
        nothing = tuple(_TYPES[part.typecode]() for part in parts)
        vectors = [nothing if isinstance(row, str) else row for row in rows]
        if set(map(len, vectors)) != {len(parts)}:
            return None
        columns = list(zip(*vectors, strict=True))
        fit = all(_fits(column, part.typecode) for column, part in zip(columns, parts, strict=True))
        return columns if fit else None

    def _begin(self, row: Vector) -> bool:
        """By the first vector: what the others look like."""
        kinds = [_NUMBERS.get(type(number)) for number in row]
        if kinds and all(kinds):
            self._parts = [Packed(kind, len(self._codes)) for kind in kinds if kind]
        return bool(self._parts)

    def _put(self, row: Vector) -> bool:
        if len(row) != len(self._parts):
            return False
        for part, number in zip(self._parts, row, strict=True):
            if _NUMBERS.get(type(number)) != part.typecode or (part.typecode == "q" and not -(2**63) <= number < 2**63):
                return False
        for part, number in zip(self._parts, row, strict=True):
            part.append(number)
        return True

    def _number(self, reason: str) -> int:
        number = self._numbers.get(reason)
        if number is None:
            self._reasons.append(reason)
            number = self._numbers[reason] = len(self._reasons)
        return number

    def item(self, place: int) -> Vector | str:
        code = self._codes[place]
        if code == VECTOR:
            return tuple(part[place] for part in self._parts)
        return self._odd[place] if code == ODD else self._reasons[code - 1]

    def __setitem__(self, place: int, row: Vector | str) -> None:
        self._odd.pop(place, None)
        if isinstance(row, str):
            self._codes[place] = self._number(row)
        else:
            self._codes[place], self._odd[place] = ODD, row

    def _codes_at(self, positions: Sequence[int]) -> tuple[NDArray[np.int64] | None, NDArray[np.int32]]:
        """The positions, None where they are all there are; and their codes."""
        if isinstance(positions, range) and positions == range(len(self._codes)):
            return None, self._codes.between(0, len(self._codes))
        places = np.asarray(positions, dtype=np.int64).reshape(-1)
        return places, self._codes.at(places)

    def counted(self, positions: Sequence[int]) -> tuple[Sequence[Vector], Sequence[int]]:
        """The vectors at these positions, and which of the positions have one."""
        if self._odd:
            kept = [i for i in positions if self._codes[i] <= VECTOR]
            return [row for i in kept if not isinstance(row := self.item(i), str)], kept
        places, codes = self._codes_at(positions)
        counts = codes == VECTOR
        if not counts.all():
            places = np.flatnonzero(counts) if places is None else places[counts]
            positions = Places(places)
        return Vectors(self._parts, len(positions), places), positions

    def reasons(self, positions: Sequence[int]) -> Counter[str]:
        """How often each reason stands at these positions, in the order in which they are first met."""
        _, codes = self._codes_at(positions)
        codes = codes[codes > VECTOR]
        numbers, first, times = np.unique(codes, return_index=True, return_counts=True)
        met = np.argsort(first)
        return Counter(
            {self._reasons[n - 1]: t for n, t in zip(numbers[met].tolist(), times[met].tolist(), strict=True)}
        )

    def without(self, positions: Sequence[int]) -> list[int]:
        """Of these positions those that have a reason and no vector."""
        places, codes = self._codes_at(positions)
        found = np.flatnonzero(codes > VECTOR)
        found_at: list[int] = (found if places is None else places[found]).tolist()
        return found_at


def _fits(column: Sequence[Any], code: str) -> bool:
    """All of these are numbers of an array of this type."""
    if set(map(type, column)) != {_TYPES[code]}:
        return False
    return code != "q" or (min(column) >= -(2**63) and max(column) < 2**63)


class Statuses(MadeOnDemand[Status]):
    __slots__ = ("_codes",)

    def __init__(self) -> None:
        self._codes = bytearray()

    def __len__(self) -> int:
        return len(self._codes)

    def append(self, status: Status) -> None:
        self._codes.append(_PLACE_OF_STATUS[status])

    def item(self, place: int) -> Status:
        return _STATUSES[self._codes[place]]

    def count(self, value: Any) -> int:
        return self._codes.count(_PLACE_OF_STATUS[value])

    def which(self, status: Status) -> NDArray[np.bool_]:
        """For every case, whether it has this status."""
        found: NDArray[np.bool_] = np.frombuffer(bytes(self._codes), dtype=np.uint8) == _PLACE_OF_STATUS[status]
        return found

    def first(self, status: Status, most: int) -> list[int]:
        """Where this status stands first, at most so many times."""
        found: list[int] = []
        at = -1
        while len(found) < most and (at := self._codes.find(_PLACE_OF_STATUS[status], at + 1)) >= 0:
            found.append(at)
        return found


class Alike(MadeOnDemand[str]):
    """Texts that are the first ones of another column, as the cases of checks on the same rows are: nothing is kept
    before one differs."""

    __slots__ = ("_count", "_own", "_texts")

    def __init__(self, texts: Texts | Alike) -> None:
        self._texts = texts
        self._count = 0
        """Of those texts, while there are no others."""
        self._own: Texts | None = None

    def __len__(self) -> int:
        return self._count if self._own is None else len(self._own)

    def append(self, text: str) -> None:
        if self._own is None:
            if self._count < len(self._texts) and self._texts.item(self._count) == text:
                self._count += 1
                return
            self._own = Texts(self)
        self._own.append(text)

    def item(self, place: int) -> str:
        return self._texts.item(place) if self._own is None else self._own.item(place)

    def in_order(self) -> Sequence[int]:
        if self._own is None and self._count == len(self._texts):
            return self._texts.in_order()
        return Texts(self).in_order()


class Clusters(MadeOnDemand[str]):
    """Which cluster each case is in. Most tables have none, or one a case by its name: then nothing is kept."""

    __slots__ = ("_cases", "_empty", "_texts")

    def __init__(self, cases: Texts | Alike) -> None:
        self._cases = cases
        self._empty = 0
        """Cases without a cluster, while there are no others."""
        self._texts: Texts | None = None

    def __len__(self) -> int:
        return len(self._cases)

    def append(self, cluster: str, case: str) -> None:
        """Comes after the case."""
        before = len(self._cases) - 1
        if self._texts is None:
            if not cluster and self._empty == before:
                self._empty += 1
                return
            if cluster == case and not self._empty:
                return
            self._texts = Texts("" if self._empty else self._cases.item(place) for place in range(before))
        self._texts.append(cluster)

    def item(self, place: int) -> str:
        if self._texts is not None:
            return self._texts.item(place)
        return "" if self._empty else self._cases.item(place)

    @property
    def independent(self) -> bool:
        """Every case is surely a cluster of its own. (Its cases' ids are unique.)"""
        return self._texts is None


class Labels:
    """Values by which cases are sliced, each label's as numbers: its texts are kept once."""

    __slots__ = ("_codes", "_count", "_known", "_only", "_texts")

    def __init__(self, only: Iterable[str] | None = None) -> None:
        """``only``: the labels that anybody will ask for; none keeps them all."""
        self._only = None if only is None else tuple(dict.fromkeys(only))
        self._count = 0
        self._codes: dict[str, Packed] = {}
        self._known: dict[str, dict[str, int]] = {}
        self._texts: dict[str, list[str]] = {}

    def append(self, labels: Mapping[str, Any]) -> None:
        for label in labels if self._only is None else self._only:
            text = label_text(labels, label)
            if text is None:
                continue
            codes = self._codes.get(label)
            if codes is None:
                codes = self._codes[label] = Packed("i", self._count)
                self._known[label], self._texts[label] = {}, []
            known = self._known[label]
            code = known.get(text)
            if code is None:
                self._texts[label].append(text)
                code = known[text] = len(self._texts[label])
            if len(codes) < self._count:  # the cases before that had none
                codes.extend(bytes(self._count - len(codes)))
            codes.append(code)
        self._count += 1

    def text(self, place: int, label: str) -> str | None:
        codes = self._codes.get(label)
        code = codes[place] if codes is not None and place < len(codes) else 0
        return self._texts[label][code - 1] if code else None

    def values(self, label: str) -> list[str]:
        return sorted(self._texts.get(label, ()))

    def places(self, wanted: Iterable[tuple[str, str]]) -> Sequence[int]:
        """Of the cases that have all these values."""
        found: NDArray[np.int64] | None = None
        for label, value in wanted:
            code = self._known.get(label, {}).get(value)
            if code is None:
                return Places(np.zeros(0, dtype=np.int64))
            here = np.flatnonzero(self._codes[label].between(0, self._count) == code)
            found = here if found is None else found[np.isin(found, here)]
        return range(self._count) if found is None else Places(found)

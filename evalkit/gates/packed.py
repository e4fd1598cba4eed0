"""Many numbers of one type, each chunk of them in the narrowest form that gives exactly the same numbers back."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 4096
"""Numbers that are packed together; fewer than so many, the last ones, stand as they came."""
FEW = 256
"""Places so few that they are looked up one by one."""
_NARROWER: dict[str, tuple[Any, ...]] = {
    "d": (np.uint8, np.int16, np.int32, np.float32),
    "q": (np.uint8, np.int16, np.int32),
    "i": (np.uint8, np.int16),
}


class Packed:
    """Most statistics are noughts and ones, counts, or the same for every case: eight bytes would be said of a bit.

    ``typecode`` is that of ``array``. What comes out is equal to the last bit to what came in, a negative nought and
    NaN included, and of the same type.
    """

    __slots__ = ("_chunks", "_last", "typecode")

    def __init__(self, typecode: str, noughts: int = 0) -> None:
        self.typecode = typecode
        self._chunks: list[NDArray[Any]] = []
        """One number where a whole chunk is of the same."""
        self._last = array(typecode)
        while noughts:
            some = min(noughts, CHUNK)
            self.extend(array(typecode, bytes(some * self._last.itemsize)))
            noughts -= some

    def __len__(self) -> int:
        return CHUNK * len(self._chunks) + len(self._last)

    @property
    def bytes_held(self) -> int:
        return sum(chunk.nbytes for chunk in self._chunks) + len(self._last) * self._last.itemsize

    def append(self, number: Any) -> None:
        self._last.append(number)
        if len(self._last) >= CHUNK:
            self._pack()

    def extend(self, numbers: Iterable[Any]) -> None:
        self._last.extend(numbers)
        if len(self._last) >= CHUNK:
            self._pack()

    def _pack(self) -> None:
        full = len(self._last) // CHUNK * CHUNK
        for begin in range(0, full, CHUNK):
            self._chunks.append(_narrowed(np.array(self._last[begin : begin + CHUNK])))
        self._last = self._last[full:]

    def __getitem__(self, place: int) -> Any:
        chunk, at = divmod(place, CHUNK)
        if chunk >= len(self._chunks):
            return self._last[at]
        numbers = self._chunks[chunk]
        number = numbers[at if len(numbers) > 1 else 0].item()
        return float(number) if self.typecode == "d" else number

    def __setitem__(self, place: int, number: Any) -> None:
        chunk, at = divmod(place, CHUNK)
        if chunk >= len(self._chunks):
            self._last[at] = number
            return
        numbers = self.between(chunk * CHUNK, (chunk + 1) * CHUNK)
        numbers[at] = number
        self._chunks[chunk] = _narrowed(numbers)

    def between(self, begin: int, end: int) -> NDArray[Any]:
        """As an array of its own, of the type that ``typecode`` says."""
        end = min(end, len(self))
        found = np.empty(max(0, end - begin), dtype=self.typecode)
        for chunk in range(begin // CHUNK, -(-end // CHUNK)):
            first = chunk * CHUNK
            low, high = max(begin, first), min(end, first + CHUNK)
            if chunk >= len(self._chunks):
                found[low - begin : high - begin] = self._last[low - first : high - first]
            else:
                numbers = self._chunks[chunk]
                part = numbers[low - first : high - first] if len(numbers) > 1 else numbers
                found[low - begin : high - begin] = part
        return found

    def at(self, places: NDArray[Any] | Sequence[int]) -> NDArray[Any]:
        """The same of these places."""
        if len(places) <= FEW:
            return np.array([self[place] for place in np.asarray(places).tolist()], dtype=self.typecode)
        return self.between(0, len(self))[places]


def _narrowed(numbers: NDArray[Any]) -> NDArray[Any]:
    exact = numbers.tobytes()
    if exact == numbers[:1].tobytes() * len(numbers):
        return numbers[:1].copy()
    for narrower in _NARROWER[numbers.dtype.char if numbers.dtype.char != "l" else "q"]:
        with np.errstate(invalid="ignore", over="ignore"):  # what does not fit comes out as another number
            tried = numbers.astype(narrower)
            if tried.astype(numbers.dtype).tobytes() == exact:
                return tried
    return numbers

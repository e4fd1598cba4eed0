"""What a large run holds of every row: numbers and short names, packed. Everything longer is written to a file without
a name and read again where it is needed.

Nothing here knows what a row is.
"""

from __future__ import annotations

import os
import tempfile
from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar, overload

from evalkit.errors import EvalkitError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

WIDEST_AS_COLUMN = 48
"""Bytes of the longest of many texts, up to which they are sorted as a column of that width."""
WRITTEN_AT_ONCE = 1 << 18
"""Bytes that a spool keeps until it writes them."""


class MadeOnDemand(Sequence[T_co]):
    """A sequence whose items are made when they are asked for. Equal to any sequence of equal items, as a list is to a
    list; a subclass says ``__len__`` and ``item``."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # like a list: it is compared by what it holds

    @abstractmethod
    def item(self, place: int) -> T_co: ...

    @overload
    def __getitem__(self, place: int) -> T_co: ...
    @overload
    def __getitem__(self, place: slice) -> list[T_co]: ...
    def __getitem__(self, place: int | slice) -> T_co | list[T_co]:
        if isinstance(place, slice):
            return [self.item(at) for at in range(*place.indices(len(self)))]
        count = len(self)
        at = place + count if place < 0 else place
        if not 0 <= at < count:
            raise IndexError(f"{place} of {count}")
        return self.item(at)

    def __iter__(self) -> Iterator[T_co]:
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(ours == theirs for ours, theirs in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self):,}"


class Chosen(MadeOnDemand[T]):
    """Some items of another sequence, by their places."""

    __slots__ = ("_places", "_whole")

    def __init__(self, whole: Sequence[T], places: NDArray[np.integer]) -> None:
        self._whole = whole
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def item(self, place: int) -> T:
        return self._whole[int(self._places[place])]


class Texts(MadeOnDemand[str]):
    """Texts one after the other in one piece of memory: their own bytes and eight more each."""

    __slots__ = ("_bytes", "_ends")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return self._ends == other._ends and self._bytes == other._bytes
        return super().__eq__(other)

    __hash__ = None

    def item(self, place: int) -> str:
        begin = self._ends[place - 1] if place else 0
        return self._bytes[begin : self._ends[place]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        begin = 0
        for end in self._ends:
            yield self._bytes[begin:end].decode("utf-8", "surrogatepass")
            begin = end

    def in_order(self) -> Sequence[int]:
        """The places of the texts, sorted by text."""
        import numpy as np

        lengths = np.diff(np.asarray(self._ends, dtype=np.int64), prepend=0)
        width = int(lengths.max(initial=1))
        if width > WIDEST_AS_COLUMN or 0 in self._bytes:
            return sorted(range(len(self)), key=list(self).__getitem__)
        padded = np.zeros((len(self), width), dtype=np.uint8)
        padded[np.arange(width) < lengths[:, None]] = np.frombuffer(bytes(self._bytes), dtype=np.uint8)
        order = np.argsort(padded.view(f"S{width}").reshape(-1), kind="stable")  # as bytes, UTF-8 sorts as its text
        return Places(order.astype(np.int64, copy=False))


class Places(MadeOnDemand[int]):
    """Positions, in an array of numbers: numpy takes it as it is."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def item(self, place: int) -> int:
        return int(self.numbers[place])

    def __iter__(self) -> Iterator[int]:
        for begin in range(0, len(self.numbers), 4096):  # not all of them as objects at once
            yield from self.numbers[begin : begin + 4096].tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.numbers if dtype is None else self.numbers.astype(dtype, copy=bool(copy))


class Spool(MadeOnDemand[bytes]):
    """Pieces of bytes, written once and read again by number, in a temporary file that has no name: nobody else can
    open it, and it is gone with the process, however that ends. No file is made before there is something to write."""

    __slots__ = ("_ends", "_file", "_unwritten", "_written")

    def __init__(self) -> None:
        self._ends = array("Q")
        self._file: IO[bytes] | None = None
        self._unwritten = bytearray()
        self._written = 0

    def append(self, piece: bytes) -> None:
        self._unwritten += piece
        self._ends.append(self._written + len(self._unwritten))
        if len(self._unwritten) >= WRITTEN_AT_ONCE:
            self._write()

    def __len__(self) -> int:
        return len(self._ends)

    def item(self, place: int) -> bytes:
        begin = self._ends[place - 1] if place else 0
        end = self._ends[place]
        if begin >= self._written:
            return bytes(self._unwritten[begin - self._written : end - self._written])
        if end > self._written:
            self._write()
        assert self._file is not None
        return _read(self._file, end - begin, begin)

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="evalkit-", buffering=0)  # noqa: SIM115 - as long as this
            at = 0
            while at < len(self._unwritten):
                at += self._file.write(memoryview(self._unwritten)[at:])
        except OSError as error:
            raise EvalkitError(
                f"rows cannot be put aside: {error.strerror or error}",
                where=tempfile.gettempdir(),
                hint="free some space there, or name another folder in the environment variable TMPDIR",
            ) from error
        self._written += len(self._unwritten)
        self._unwritten = bytearray()


def _read(file: IO[bytes], size: int, offset: int) -> bytes:
    pread = getattr(os, "pread", None)  # which Windows has not
    if pread is not None:
        piece = pread(file.fileno(), size, offset)
    else:
        here = file.tell()
        file.seek(offset)
        piece = file.read(size)
        file.seek(here)
    if len(piece) != size:
        raise EvalkitError("rows that were put aside cannot be read again", where=tempfile.gettempdir())
    return bytes(piece)


class Found:
    """Numbers (hashes) and at which places they stand: twelve bytes each instead of a dictionary's hundred.

    Places of a number come in the order in which they were added. Equal numbers may be of different things: whoever
    asks compares what stands there.
    """

    __slots__ = ("_numbers", "_places")

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._places: array[int] | None = None
        """Where each number was added; then the numbers are sorted. None: as they were added."""

    def append(self, number: int) -> None:
        if self._places is not None:
            import numpy as np

            numbers = np.empty(len(self._numbers), dtype=np.uint64)
            numbers[np.asarray(self._places)] = np.asarray(self._numbers)
            self._numbers, self._places = array("Q", numbers.tobytes()), None
        self._numbers.append(number)

    def __len__(self) -> int:
        return len(self._numbers)

    def _indexed(self) -> tuple[array[int], array[int]]:
        if self._places is None:
            import numpy as np

            numbers = np.asarray(self._numbers, dtype=np.uint64)
            order = np.argsort(numbers, kind="stable")
            self._places = array("I", order.astype(np.uint32).tobytes())
            self._numbers = array("Q", numbers[order].tobytes())
        return self._numbers, self._places

    def places(self, number: int) -> list[int]:
        ordered, places = self._indexed()
        begin = end = bisect_left(ordered, number)
        while end < len(ordered) and ordered[end] == number:
            end += 1
        return places[begin:end].tolist()

    def repeated(self) -> Iterator[list[int]]:
        """Places that share a number, for every number that occurs more than once."""
        import numpy as np

        ordered, places = self._indexed()
        numbers = np.asarray(ordered, dtype=np.uint64)
        at = 0
        for begin in np.flatnonzero(numbers[1:] == numbers[:-1]).tolist():
            if begin < at:
                continue
            at = begin + 2
            while at < len(ordered) and ordered[at] == ordered[begin]:
                at += 1
            yield places[begin:at].tolist()


class Seen:
    """Which numbers of sixteen bytes were met: 32 to 64 bytes each instead of a set's hundred and more."""

    __slots__ = ("_count", "_high", "_holds_zero", "_low")

    def __init__(self) -> None:
        self._low, self._high = _noughts(64), _noughts(64)
        """The halves of each number: where its lower one says, or in the next free slot after that. A slot of two
        noughts is free."""
        self._count = 0
        self._holds_zero = False

    def __contains__(self, number: int) -> bool:
        return self._is_held(self._slot(number)) if number else self._holds_zero

    def add(self, number: int) -> bool:
        """Whether it is new."""
        if not number:
            is_new, self._holds_zero = not self._holds_zero, True
            return is_new
        slot = self._slot(number)
        if self._is_held(slot):
            return False
        self._high[slot], self._low[slot] = divmod(number, 1 << 64)
        self._count += 1
        if 2 * self._count > len(self._low):
            self._grow()
        return True

    def _is_held(self, slot: int) -> bool:
        return bool(self._low[slot] or self._high[slot])

    def _slot(self, number: int) -> int:
        """Where it is, or would be."""
        high, low = divmod(number, 1 << 64)
        lows, highs = self._low, self._high
        last = len(lows) - 1
        at = low & last
        while (lows[at] != low or highs[at] != high) and (lows[at] or highs[at]):
            at = (at + 1) & last
        return at

    def _grow(self) -> None:
        held = zip(self._low, self._high, strict=True)
        self._low, self._high = _noughts(2 * len(self._low)), _noughts(2 * len(self._low))
        for low, high in held:
            if low or high:
                slot = self._slot(high << 64 | low)
                self._low[slot], self._high[slot] = low, high


def _noughts(count: int) -> array[int]:
    return array("Q", bytes(8 * count))

"""Bytes of a file, plain or compressed, with errors that a person understands."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from evalkit.data.rows import shown
from evalkit.errors import DatasetError, nearest

COMPRESSIONS = (".gz", ".zst")
PIECE = 1 << 14
"""Compressed bytes at a time: each may become a hundred times as many."""
UTF8_BOM = b"\xef\xbb\xbf"
OTHER_ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def missing_file(path: Path) -> DatasetError:
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = nearest(path.name, siblings)
    hint = f"did you mean '{close}'?" if close else f"there is no folder {shown(path.parent)}" if not siblings else ""
    return DatasetError("no such dataset file", where=shown(path), hint=hint or "check the path and its spelling")


class _Unzstd(io.RawIOBase):
    """What a .zst file holds, frame after frame. The library's own reader takes a file that was cut short for a
    shorter one; this one says that its end is missing."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard

        self._raw = raw
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._begun = False
        self._compressed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            if not self._fill():
                return 0
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _fill(self) -> bool:
        """Decompress a little more; False at the end of the file."""
        compressed = self._compressed or self._raw.read(PIECE)
        if not compressed:
            if self._begun:
                raise EOFError("it ends in the middle of a frame")
            return False
        self._ready = memoryview(self._frame.decompress(compressed))
        self._compressed = b""
        self._begun = True
        if self._frame.eof:
            self._compressed = self._frame.unused_data
            self._frame = self._decompressor.decompressobj()
            self._begun = False
        return True


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed bytes. Whatever goes wrong with the file, also while it is read, is a DatasetError."""
    if not path.exists():
        raise missing_file(path)
    if path.is_dir():
        raise DatasetError(
            "is a folder; a dataset of this format is one file",
            where=shown(path),
            hint="name the file; a folder written by save_to_disk is read with format: arrow",
        )
    # zstandard's error class is only known once it is imported, and most files are not compressed
    corrupt: tuple[type[Exception], ...] = (EOFError, gzip.BadGzipFile, zlib.error)
    try:
        with path.open("rb") as raw:
            if path.suffix == ".gz":
                yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
            elif path.suffix == ".zst":
                import zstandard

                corrupt = (*corrupt, zstandard.ZstdError)
                yield io.BufferedReader(_Unzstd(raw), buffer_size=1 << 16)
            else:
                yield raw
    except corrupt as error:
        raise DatasetError(
            f"the compressed file is damaged or not {path.suffix[1:]} at all: {error}",
            where=shown(path),
            hint="write it again, or rename it if it is not compressed",
        ) from error
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror or error}", where=shown(path)) from error


def check_encoding(head: bytes, path: Path) -> None:
    for mark, encoding in OTHER_ENCODINGS.items():
        if head.startswith(mark):
            raise DatasetError(f"is {encoding}, not UTF-8", where=shown(path), hint="save it as UTF-8")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line with its number, its end kept; a UTF-8 byte order mark is dropped."""
    with opened(path) as stream:
        for number, line in enumerate(stream, 1):
            if number == 1:
                check_encoding(line[:4], path)
                yield number, line.removeprefix(UTF8_BOM)
            else:
                yield number, line


def encoding_fault(error: UnicodeDecodeError) -> str:
    return f"is not UTF-8: byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line"

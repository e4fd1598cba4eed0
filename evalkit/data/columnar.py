"""Parquet, Arrow and hub datasets, read in batches by Hugging Face ``datasets`` and its ``pyarrow`` (extra ``hf``).

Files are streamed without a copy in a cache, values as Arrow has them: images and audio are not decoded.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from evalkit.data.opening import COMPRESSIONS, missing_file, opened
from evalkit.data.rows import Row, shown
from evalkit.data.values import plain
from evalkit.errors import DatasetError, MissingExtra, did_you_mean

BATCH = 1_000
PROBE_SECONDS = 10
_HUB = re.compile(r"hub:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^?\s]+))?(?:\?(?P<options>\S*))?")
_OPTIONS = ("config", "split")


def hugging_face_datasets(what: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra(what, "hf") from error
    # a folder of that name beside the working directory is importable too, as an empty namespace
    if not hasattr(datasets, "load_dataset"):
        raise MissingExtra(what, "hf")
    return datasets


def read_parquet(path: str | Path) -> Iterator[Row]:
    """One Parquet file."""
    return _one_file("parquet", Path(path))


def read_arrow(path: str | Path) -> Iterator[Row]:
    """A folder written by ``save_to_disk``, or one Arrow stream file."""
    file = Path(path)
    if not file.is_dir():
        return _one_file("arrow", file)
    return _saved_folder(file)


def _saved_folder(folder: Path) -> Iterator[Row]:
    datasets = hugging_face_datasets("reading an Arrow folder")
    with _failures_named(folder, "is no folder that save_to_disk wrote"), _quiet():
        found = datasets.load_from_disk(str(folder))
    if isinstance(found, datasets.DatasetDict):
        splits = ", ".join(found)
        raise DatasetError(
            f"holds several splits: {splits}",
            where=shown(folder),
            hint=f"name the folder of one of them, such as {shown(folder / next(iter(found), 'test'))}",
        )
    with _failures_named(folder, "cannot be read as Arrow"):
        yield from _rows(found)


def _one_file(kind: str, file: Path) -> Iterator[Row]:
    # straight from pyarrow, which datasets brings: its own streaming reads ahead without bound of a slower consumer
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtra(f"reading {kind} files", "hf") from error
    if not file.exists():
        raise missing_file(file)
    batches = _parquet_batches if kind == "parquet" else _arrow_batches
    with _plain_file(file) as plain, _failures_named(file, f"cannot be read as {kind}"):
        yield from _numbered(batches(pa, str(plain)))


def _parquet_batches(pa: Any, file: str) -> Iterator[Any]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(file, pre_buffer=False, buffer_size=1 << 16) as opened_file:
        yield from opened_file.iter_batches(batch_size=BATCH)


def _arrow_batches(pa: Any, file: str) -> Iterator[Any]:
    """Of an Arrow stream, as ``datasets`` writes it, or an Arrow file."""
    with pa.memory_map(file) as source:
        try:
            yield from pa.ipc.open_stream(source)
        except pa.ArrowInvalid:
            source.seek(0)
            reader = pa.ipc.open_file(source)
            for place in range(reader.num_record_batches):
                yield reader.get_batch(place)


@contextmanager
def _plain_file(file: Path) -> Iterator[Path]:
    """Columnar files are read from their end, so a compressed one is unpacked beside the others of this machine."""
    if file.suffix not in COMPRESSIONS:
        yield file.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
        plain = Path(folder) / file.stem
        with opened(file) as packed, plain.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        yield plain


def read_hub(path: str) -> Iterator[Row]:
    """``hub:ORG/NAME@REVISION?split=test&config=main``; only data is fetched, no code."""
    named = _HUB.fullmatch(str(path))
    if not named:
        raise DatasetError(
            f"is no hub dataset: {path}",
            hint="write hub:ORG/NAME, hub:ORG/NAME@REVISION, hub:ORG/NAME?split=test&config=main",
        )
    options = dict(parse_qsl(named["options"] or "", keep_blank_values=True))
    for option in options:
        if option not in _OPTIONS:
            raise DatasetError(
                f"unknown option '{option}'", where=str(path), hint=did_you_mean(option, _OPTIONS, "options")
            )
    datasets = hugging_face_datasets("reading a dataset from the hub")
    name, revision, config = named["name"], named["revision"], options.get("config")
    with _quiet():
        _probe(name, revision, str(path))
        with _hub_failures(str(path)):
            split = options.get("split") or _only_split(datasets, name, config, revision, str(path))
            found = datasets.load_dataset(name, config, split=split, revision=revision)
    return _rows(found)


def _probe(name: str, revision: str | None, where: str) -> None:
    """One quick question first: the library itself would retry for half a minute before it says there is no network."""
    import huggingface_hub
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        huggingface_hub.HfApi().dataset_info(name, revision=revision, timeout=PROBE_SECONDS)
    except OfflineModeIsEnabled:
        return  # asked to use what was downloaded before
    except Exception as error:
        raise _hub_error(error, where) from error


@contextmanager
def _hub_failures(where: str) -> Iterator[None]:
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:  # network, access, configuration and format errors come from five libraries
        raise _hub_error(error, where) from error


def _hub_error(error: Exception, where: str) -> DatasetError:
    kind = type(error).__name__
    if "Gated" in kind or "401" in str(error)[:80]:
        return DatasetError(
            "is not there, or not for everybody",
            where=where,
            hint="check the name; for a gated dataset accept its terms on the hub and set HF_TOKEN",
        )
    if "NotFound" in kind and "LocalEntry" not in kind:
        return DatasetError("is not on the hub", where=where, hint="check organisation, name and revision")
    if isinstance(error, ValueError):
        return DatasetError(f"cannot be loaded: {_first_line(error)}", where=where, hint="check split and config")
    return DatasetError(
        f"the hub cannot be reached ({kind})",
        where=where,
        hint="check the network; what was downloaded before is used with HF_HUB_OFFLINE=1; or name a local file",
    )


def _only_split(datasets: Any, name: str, config: str | None, revision: str | None, where: str) -> str:
    splits: list[str] = datasets.get_dataset_split_names(name, config, revision=revision)
    if len(splits) == 1:
        return splits[0]
    raise DatasetError(
        f"has several splits: {', '.join(splits)}",
        where=where,
        hint=f"choose one: {where}{'&' if '?' in where else '?'}split=test",
    )


@contextmanager
def _failures_named(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (DatasetError, MissingExtra):
        raise
    except Exception as error:  # pyarrow, fsspec and datasets each have error classes of their own for a broken file
        raise DatasetError(
            f"{what}: {_first_line(error)}", where=shown(path), hint="write it again, or set its format"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """What these libraries log is said again, in one line, by the error that follows."""
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub", "fsspec")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _rows(found: Any) -> Iterator[Row]:
    return _numbered(found.with_format("arrow").iter(batch_size=BATCH))


def _numbered(tables: Iterable[Any]) -> Iterator[Row]:
    number = 0
    for table in tables:
        for start in range(0, table.num_rows, BATCH):
            for values in table.slice(start, BATCH).to_pylist():
                number += 1
                yield Row({name: plain(value) for name, value in values.items()}, number)

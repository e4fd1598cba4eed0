"""Parquet and Arrow as the real libraries write them, plain and compressed; a hub that cannot be reached."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import zstandard

from evalkit.data import DatasetSpec, load, problems, read_rows
from evalkit.errors import DatasetError

pytest.importorskip("datasets", reason="needs the extra hf")

ROWS: list[dict[str, Any]] = [
    {
        "id": f"q{number}",
        "prompt": f"Question {number}?",
        "references": ["a", f"b{number}"],
        "score": number / 2,
        "topic": None,
    }
    for number in range(2_500)
]
ROWS[1]["topic"] = "maths"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import pyarrow as pa
    import pyarrow.parquet

    import datasets

    here = tmp_path_factory.mktemp("columnar [x]")  # brackets: the library takes file names for patterns
    table = pa.Table.from_pylist(ROWS)
    pyarrow.parquet.write_table(table, here / "d.parquet", row_group_size=700)
    with pa.OSFile(str(here / "d.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pa.OSFile(str(here / "file.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    saved = datasets.Dataset.from_list(ROWS)
    saved.save_to_disk(str(here / "saved"))
    datasets.DatasetDict({"train": saved, "test": saved}).save_to_disk(str(here / "splits"))
    (here / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for name in ("d.parquet", "d.arrow"):
        content = (here / name).read_bytes()
        (here / f"{name}.gz").write_bytes(gzip.compress(content))
        (here / f"{name}.zst").write_bytes(zstandard.compress(content))
    return here


PACKED = tuple(name + suffix for name in ("d.parquet", "d.arrow") for suffix in ("", ".gz", ".zst"))
NAMES = (*PACKED, "file.arrow", "saved", "splits/test")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_dataset_as_json_lines(folder: Path, name: str) -> None:
    reference = load(DatasetSpec("d", "d.jsonl"), folder)
    dataset = load(DatasetSpec("d", name), folder)
    assert dataset.fingerprint == reference.fingerprint
    assert [sample.id for sample in dataset.samples] == [sample.id for sample in reference.samples]
    assert dict(dataset.samples[0].labels) == {"score": 0.0}
    assert dict(dataset.samples[1].labels) == {"score": 0.5, "topic": "maths"}


def test_rows_know_their_number(folder: Path) -> None:
    assert [row.line for row in read_rows(folder / "d.parquet")] == list(range(1, 2_501))


def test_a_folder_of_several_splits_names_them(folder: Path) -> None:
    with pytest.raises(DatasetError, match="several splits: train, test") as caught:
        list(read_rows(folder / "splits"))
    assert "splits/train" in caught.value.hint


@pytest.mark.parametrize("name", ["broken.parquet", "broken.arrow"])
def test_a_broken_file_is_a_short_error(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_bytes(b"PAR1 nothing of the kind")
    with pytest.raises(DatasetError, match="cannot be read as") as caught:
        list(read_rows(tmp_path / name))
    assert caught.value.where.endswith(name)
    assert "\n" not in caught.value.message
    assert capfd.readouterr().err == ""


def test_a_folder_that_is_no_dataset_is_a_short_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder that save_to_disk wrote"):
        list(read_rows(tmp_path))
    with pytest.raises(DatasetError, match="no such dataset file"):
        list(read_rows(tmp_path / "d.parquet"))


def test_nan_in_a_column_is_a_problem_with_its_row(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({"prompt": ["a", "b"], "score": [1.0, float("nan")]})
    pyarrow.parquet.write_table(table, tmp_path / "d.parquet")
    assert [(p.line, p.field) for p in problems(tmp_path / "d.parquet")] == [(2, "score")]


def test_times_and_bytes_become_labels_that_are_json(tmp_path: Path) -> None:
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet

    moment = dt.datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a column without a zone
    table = pa.table({"prompt": ["a"], "when": pa.array([moment]), "blob": pa.array([b"\x00\x01"])})
    pyarrow.parquet.write_table(table, tmp_path / "d.parquet")
    labels = load(DatasetSpec("d", "d.parquet"), tmp_path).samples[0].labels
    assert labels["when"] == "2024-01-02T03:04:05"
    assert labels["blob"].startswith("sha256:")


def test_an_unreachable_hub_is_a_short_error_without_delay(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def refuse(*args: object, **_: object) -> None:
        asked.append(args)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(DatasetError, match="the hub cannot be reached") as caught:
        list(read_rows("hub:org/name?split=test"))
    assert "HF_HUB_OFFLINE=1" in caught.value.hint
    assert len(asked) <= 2  # left alone, the library asks six times and waits in between
    assert capfd.readouterr().err == ""

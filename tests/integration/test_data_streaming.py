"""Large files go by in bounded memory, and real files of other people are read as the standard library reads them."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.data import DatasetSpec, load, make, read_rows

ROWS = 200_000
TEXT = "A question of about the usual length, which somebody might really ask a model? " * 3


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200,000 rows, about 60 MB."""
    folder = tmp_path_factory.mktemp("large")
    with (folder / "d.jsonl").open("w") as stream:
        for number in range(ROWS):
            stream.write(
                f'{{"id": "r{number}", "prompt": "{TEXT}{number}", "answer": "{number}", "topic": "t{number % 7}"}}\n'
            )
    return folder / "d.jsonl"


GROWTH = """
import json, re, resource, sys
from pathlib import Path
from evalkit.data import DatasetSpec, SampleSpec, load, problems, read_rows, statistics
path = Path(sys.argv[1])
next(iter(read_rows(path)))  # what readers import is there before anything is measured

def held():
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    # ru_maxrss begins at the peak of whoever started this process, and would grow by nothing beside large tests
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3

before = held()
result = eval(sys.argv[2])
print(json.dumps([result, held() - before]))
"""


def grown(path: Path, work: str) -> tuple[Any, float]:
    """The result of an expression, and by how many MB a fresh process grew over it."""
    command = [sys.executable, "-c", GROWTH, str(path), work]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result, megabytes = json.loads(done.stdout)
    return result, megabytes


def test_reading_holds_one_row_at_a_time(large: Path) -> None:
    count, megabytes = grown(large, "sum(1 for _ in read_rows(path))")
    assert count == ROWS
    assert megabytes < 6


def test_validation_holds_a_hash_an_id(large: Path) -> None:
    found, megabytes = grown(large, "len(list(problems(path)))")
    assert found == 0
    assert megabytes < 35  # a set of 200,000 integers; the rows as objects would be ten times that


def test_statistics_hold_hashes_sketches_and_counts(large: Path) -> None:
    found, megabytes = grown(large, "[(s := statistics(path)).rows, s.unique_inputs]")
    assert found == [ROWS, ROWS]
    assert megabytes < 400  # of 200,000 rows a sketch of 512 bytes, hashes, and pieces that are read from disk


def test_a_sample_holds_what_it_may_still_need(large: Path) -> None:
    work = (
        "[(d := load(DatasetSpec('d', str(path), sample=SampleSpec(500, 'topic')), path.parent)).rows, len(d.samples)]"
    )
    found, megabytes = grown(large, work)
    assert found == [ROWS, 500]
    assert megabytes < 50  # ids, and at most 500 candidates for each of 7 topics


def test_columnar_rows_stream_too(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra hf")
    import pyarrow as pa
    import pyarrow.parquet

    path = tmp_path / "d.parquet"
    with pyarrow.parquet.ParquetWriter(
        path, pa.schema([("prompt", pa.string())]), compression="none", use_dictionary=False
    ) as writer:
        for start in range(0, ROWS, 5_000):
            rows = [f"{TEXT}{number}" for number in range(start, start + 5_000)]
            writer.write_table(pa.table({"prompt": rows}), row_group_size=5_000)
    count, megabytes = grown(path, "sum(1 for _ in read_rows(path))")
    assert count == ROWS
    assert megabytes < 40  # a batch of rows and the buffers of one row group, of a file of 50 MB


def test_made_rows_survive_being_written_compressed_and_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "made.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in make.chat(5_000, 1))
    dataset = load(DatasetSpec("made", "made.jsonl.gz", contract="chat"), tmp_path)
    assert len(dataset.samples) == 5_000
    assert all(sample.references for sample in dataset.samples)


def test_public_csv_files_are_read_as_the_standard_library_reads_them(public_data: Path) -> None:
    csv.field_size_limit(2**31 - 1)
    files = sorted(public_data.rglob("*.csv"))
    assert files
    for path in files:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            expected = [list(row) for row in csv.reader(stream)][1:]
        assert [list(row.values.values()) for row in read_rows(path)] == [row for row in expected if row], path


def test_public_json_lines_are_read_as_the_standard_library_reads_them(public_data: Path) -> None:
    files = sorted(public_data.rglob("*.jsonl"))
    assert files
    for path in files:
        expected = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert [dict(row.values) for row in read_rows(path)] == expected, path


@pytest.mark.parametrize(
    ("path", "options", "rows"),
    [
        ("gsm8k/test.jsonl", {}, 1_319),
        ("alpaca_eval/outputs_claude-2.1.json", {}, 805),
        ("xstest/xstest_prompts.csv", {}, 450),
        ("truthfulqa/TruthfulQA.csv", {"columns": {"prompt": "Question", "references": "Best Answer"}}, 817),
    ],
)
def test_public_datasets_become_samples(public_data: Path, path: str, options: dict[str, Any], rows: int) -> None:
    dataset = load(DatasetSpec("public", path, **options), public_data)
    assert (len(dataset.samples), dataset.skipped) == (rows, 0)

"""Text formats: every row with its line, every bad row with what is wrong, whatever the file looks like."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.data import Row, read_rows
from evalkit.errors import DatasetError, PluginError

ON_DISK = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path) -> list[Any]:
    return [dict(row.values) for row in read_rows(path)]


def faults(path: Path) -> list[tuple[int, str, str]]:
    return [(row.line, row.field, row.fault) for row in read_rows(path) if row.fault]


def error(path: Path, **options: str) -> str:
    with pytest.raises(DatasetError) as caught:
        list(read_rows(path, **options))
    return str(caught.value)


def test_json_lines_keep_their_line_numbers_across_empty_lines_bom_and_crlf(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\r\n\r\n   \n{"a": "\xc3\xa9"}')
    assert [(row.line, dict(row.values)) for row in read_rows(path)] == [(1, {"a": 1}), (4, {"a": "é"})]


def test_a_unicode_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    assert values(written(tmp_path, "a.jsonl", '{"a": "one\u2028two\x85three"}\n')) == [{"a": "one\u2028two\x85three"}]


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        (b"{'a': 'single', 'b': None}", "", "Python dict"),
        (b'{"a": 1', "", "not JSON"),
        (b'{"a": 1}{"a": 2}', "", "Extra data at character 9"),
        (b'["a"]', "", "a list, not a JSON object"),
        (b"null", "", "null, not a JSON object"),
        (b'{"a": "caf\xe9"}', "", "not UTF-8: byte 0xe9 at byte 11"),
        (b'{"a": 1, "a": 2}', "a", "twice"),
        (b'{"a": "x\x00"}', "", "NUL bytes"),
        (b'{"b": 1, "a": "\\ud83d"}', "a", "surrogate"),
        (b"[" * 100_000, "", "nested too deep"),
    ],
)
def test_a_line_that_cannot_be_parsed_is_named_and_reading_goes_on(
    tmp_path: Path, line: bytes, field: str, said: str
) -> None:
    path = written(tmp_path, "a.jsonl", b'{"a": 0}\n' + line + b'\n{"a": 3}\n')
    rows = list(read_rows(path))
    assert [dict(rows[0].values), dict(rows[2].values)] == [{"a": 0}, {"a": 3}]
    assert (rows[1].line, rows[1].field) == (2, field)
    assert said in rows[1].fault


def test_a_whole_surrogate_pair_is_a_character(tmp_path: Path) -> None:
    assert values(written(tmp_path, "a.jsonl", '{"a": "\\ud83d\\ude00"}')) == [{"a": "😀"}]


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00"])
def test_another_unicode_encoding_is_named(tmp_path: Path, mark: bytes) -> None:
    assert "not UTF-8" in error(written(tmp_path, "a.jsonl", mark + b"{\x00}\x00"))
    assert "not UTF-8" in error(written(tmp_path, "a.json", mark + b"[\x00]\x00"))


def test_a_json_list_gives_each_row_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '[\n  {"a": 1},\n\n  {"a":\n 2}, {"a": 3}\n]\n')
    assert [(row.line, row.values["a"]) for row in read_rows(path)] == [(2, 1), (4, 2), (5, 3)]


def test_a_json_object_may_hold_the_rows_in_its_only_list(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '{"version": {"n": [1]}, "data":\n[{"a": 1},\n{"a": 2}], "note": "x"}')
    assert [(row.line, row.values["a"]) for row in read_rows(path)] == [(2, 1), (3, 2)]


def test_a_json_element_that_is_no_object_is_a_bad_row(tmp_path: Path) -> None:
    assert faults(written(tmp_path, "a.json", '[{"a": 1},\n"b"]')) == [
        (2, "", "is text, not a JSON object with named columns")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": 1},\n {"a": }]', "a.json:2: is not JSON"),
        ('[{"a": 1}', "is not JSON"),
        ('[{"a": 1},]', "comma before the closing bracket"),
        ('[{"a": 1}] x', "something follows"),
        ('{"a": 1}\n{"a": 2}\n', "set format: jsonl"),
        ('{"a": [], "b": []}', "2 lists ('a', 'b')"),
        ('{"a": 1}', "no list"),
        ('"text"', "is text, not a list of rows"),
        ('{"a": [1], "a": 2', "is not JSON"),
        ('[{"a": 1, "a": 2}]', "'a' twice"),
        (b'[\n{"a": "\xe9"}]', "a.json:2: is not UTF-8"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_json_document_that_breaks_off_is_an_error_with_its_place(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    assert said in error(written(tmp_path, "a.json", content))


def test_an_empty_json_document_has_no_rows(tmp_path: Path) -> None:
    assert values(written(tmp_path, "a.json", "  \n")) == values(written(tmp_path, "b.json", "[ ]")) == []


def test_csv_cells_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", '\ufeffq,a\r\n"one, ""two""\r\nthree",4\r\n\r\nx,y\r\n')
    rows = list(read_rows(path))
    assert [(row.line, dict(row.values)) for row in rows] == [
        (2, {"q": 'one, "two"\r\nthree', "a": "4"}),
        (5, {"q": "x", "a": "y"}),
    ]
    assert not rows[0].typed


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"1,2,3", "has 3 cells where the header has 2"),
        (b"1", "has 1 cells where the header has 2"),
        (b"caf\xe9,2", "not UTF-8: byte 0xe9"),
        (b"a\x00b,2", "NUL bytes"),
        (b'"a"b,2', "not CSV"),
    ],
)
def test_a_bad_csv_row_is_named_and_reading_goes_on(tmp_path: Path, bad: bytes, said: str) -> None:
    path = written(tmp_path, "a.csv", b"q,a\nu,v\n" + bad + b"\nx,y\n")
    rows = list(read_rows(path))
    assert [row.line for row in rows] == [2, 3, 4]
    assert said in rows[1].fault
    assert dict(rows[2].values) == {"q": "x", "a": "y"}


def test_a_quote_that_is_never_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'q,a\n1,2\n3,"open\n5,6\n')
    assert faults(path) == [(3, "", "opens a quote that is never closed")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "q,a,q\n1,2,3\n", "names 'q' twice"),
        ("a.csv", "q;a\n1;2\n", "separated by ';'"),
        ("a.csv", "q\ta\n1\t2\n", "set format: tsv"),
        ("a.tsv", "q,a\n1,2\n", "set format: csv"),
        ("a.csv", b"q\xe9,a\n1,2\n", "the header is not UTF-8"),
    ],
)
def test_a_csv_header_that_cannot_be_meant_is_refused(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    assert said in error(written(tmp_path, name, content))


def test_a_column_without_a_name_gets_its_position(tmp_path: Path) -> None:
    assert values(written(tmp_path, "a.csv", ",q\n0,x\n")) == [{"column 1": "0", "q": "x"}]


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    assert values(written(tmp_path, "a.csv", f'q,a\n"{long}",1\n')) == [{"q": long, "a": "1"}]


def test_tab_separated_values(tmp_path: Path) -> None:
    assert values(written(tmp_path, "a.tsv", "q\ta\nx, y\t1\n")) == [{"q": "x, y", "a": "1"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.csv", "a.tsv"])
def test_compressed_files_hold_the_same_rows(tmp_path: Path, name: str) -> None:
    content = {
        "json": b'[{"q": "x"}, {"q": "y"}]',
        "csv": b"q\nx\ny\n",
        "tsv": b"q\nx\ny\n",
    }.get(name.rsplit(".", 1)[1], b'{"q": "x"}\n{"q": "y"}\n')
    plain = written(tmp_path, name, content)
    zipped = written(tmp_path, name + ".gz", gzip.compress(content))
    # two frames, as parallel compressors write them
    frames = b"".join(zstandard.compress(part) for part in (content[:7], content[7:]))
    packed = written(tmp_path, name + ".zst", frames)
    assert values(plain) == values(zipped) == values(packed) == [{"q": "x"}, {"q": "y"}]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_damaged_compressed_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    assert "damaged" in error(written(tmp_path, f"a.jsonl.{suffix}", b'{"q": 1}\n'))


@pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("zst", zstandard.compress)])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_compressed_file_that_breaks_off_is_an_error(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes], kept: float
) -> None:
    whole = compress(b"".join(b'{"q": %d}\n' % n for n in range(50_000)))
    assert "damaged" in error(written(tmp_path, f"a.jsonl.{suffix}", whole[: int(len(whole) * kept)]))


def test_a_compressed_file_that_breaks_off_behind_a_row_is_no_shorter_file(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    begun = packer.compress(b'{"q": 1}\n') + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    assert "damaged" in error(written(tmp_path, "a.jsonl.zst", begun))


def test_an_unknown_suffix_names_the_formats_there_are(tmp_path: Path) -> None:
    said = error(written(tmp_path, "a.xlsx", b""))
    assert "'.xlsx' is no known format" in said
    assert "jsonl" in said
    assert "parquet" in said
    assert "no suffix" in error(written(tmp_path, "data", b"{}"))


def test_the_format_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, "data.txt", '{"q": 1}\n')
    assert [dict(row.values) for row in read_rows(path, "jsonl")] == [{"q": 1}]


def test_an_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="unknown reader 'jsonll'") as caught:
        list(read_rows(tmp_path / "a.txt", "jsonll"))
    assert "did you mean 'jsonl'?" in str(caught.value)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, "questions.jsonl", b"")
    assert "did you mean 'questions.jsonl'?" in error(tmp_path / "question.jsonl")
    assert "no such dataset file" in error(tmp_path / "nowhere" / "a.jsonl")
    assert "no such dataset file" in error(tmp_path / "a.weird")


def test_a_folder_read_as_a_file_is_an_error(tmp_path: Path) -> None:
    assert "is a folder" in error(tmp_path, format="jsonl")


def test_a_plugin_may_yield_plain_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.plugins.load", lambda *_, **__: lambda path: [{"q": path}, Row({"q": 2}, 9)])
    assert [(row.line, dict(row.values)) for row in read_rows("x", "mine")] == [(1, {"q": "x"}), (9, {"q": 2})]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@ON_DISK
@given(rows=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5), ascii_only=st.booleans())
def test_whatever_json_writes_is_read_back(tmp_path: Path, rows: list[dict[str, Any]], ascii_only: bool) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    assert values(written(tmp_path, "a.jsonl", lines)) == rows
    assert values(written(tmp_path, "a.json", json.dumps(rows, ensure_ascii=ascii_only, indent=1))) == rows


@ON_DISK
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2),
        max_size=5,
    )
)
def test_whatever_csv_writes_is_read_back(tmp_path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["q", "a"], *rows])
    path = written(tmp_path, "a.csv", text.getvalue())
    assert [list(row.values()) for row in values(path)] == rows


@ON_DISK
@given(content=st.binary(max_size=200), suffix=st.sampled_from(["jsonl", "json", "csv", "tsv", "jsonl.gz", "csv.zst"]))
def test_arbitrary_bytes_never_escape_as_another_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    with contextlib.suppress(DatasetError):
        assert all(isinstance(row, Row) for row in read_rows(written(tmp_path, f"a.{suffix}", content)))


def test_a_carriage_return_alone_ends_no_line(tmp_path: Path) -> None:
    ((line, field, fault),) = faults(written(tmp_path, "a.csv", "a,b\n1,2\r3,4\n5,6\n"))
    assert (line, field) == (2, "")
    assert "carriage return" in fault
    assert "universal-newline" not in fault
